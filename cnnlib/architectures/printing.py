"""Tables as text. Blocks that repeat are folded into one line."""

import itertools

from .nesting import JOINS, inputs_of

MANY = 40  # rows; a longer table is folded if nobody says otherwise
FOLLOWS = "it needs the output of"


def table_text(table, columns, fold) -> str:
    """Return a ``LayerTable`` as text; see there."""
    fold = len(table) > MANY if fold is None else fold
    lines = [x for x in table if not x.problem.startswith(FOLLOWS)]
    groups = _groups(table, lines) if fold else [(line.name, [line]) for line in lines]
    entries = [_entry(name, group, columns) for name, group in groups]
    first = max([11, *(len(name) + 2 for name, *_ in entries)])
    second = max([34, *(len(kind) + 2 for _, kind, *_ in entries)])
    width = 15
    form = f"{{:<{first}}}{{:<{second}}}{{:<{width}}}{{:>9}}" + "{:>15}" * len(columns)
    heads = [column.replace("_", "-") for column in columns]
    blank = [""] * len(columns)
    image = by(table.architecture.input_dim)
    texts = [table.architecture.name]
    texts.append(form.format("layer", "kind", "output", "sees", *heads))
    texts.append(form.format("input", "", image, "", *blank))
    for name, kind, shape, sees, cells, remarks in entries:
        if shape is None:
            texts.append(f"{name:<{first}}{kind:<{second}}IMPOSSIBLE, and what follows")
        else:
            texts.append(form.format(name, kind, shape, sees, *cells))
        texts += [f"{'':<{first}}{remark}" for remark in remarks]
    totals = [f"{table.total(column):,}" for column in columns]
    texts.append(form.format("total", "", "", "", *totals))
    return "\n".join(text.rstrip() for text in texts)


def _entry(name, group, columns):
    """Return what is printed of some lines: one layer, or blocks that are alike."""
    last = group[-1]
    if last.problem:
        return name, str(last.row), None, "", [], [last.problem]
    kind = str(last.row) if len(group) == 1 else _contents(group)
    numbers = [sum(getattr(line, column) for line in group) for column in columns]
    cells = [f"{number:,}" if number else "" for number in numbers]
    notes = dict.fromkeys(f"note: {line.note}" for line in group if line.note)
    return name, kind, by(last.shape), by(last.sees), cells, list(notes)


def _groups(table, lines):
    """Put the lines of each block together, and blocks that are alike.

    Returns pairs of a name and the lines. A line outside of all blocks stands alone.
    """
    joins = [line.name for line in lines if line.kind in JOINS]
    blocks = []
    for line in lines:
        home = next((j for j in joins if f"{line.name}.".startswith(f"{j}.")), None)
        if blocks and home and blocks[-1][0] == home:
            blocks[-1][1].append(line)
        else:
            blocks.append((home or line.name, [line]))
    inputs = inputs_of(table.architecture)
    for _, alike in itertools.groupby(blocks, lambda block: _form(*block, inputs)):
        names, groups = zip(*alike, strict=True)
        name = names[0]
        if len(names) > 1:
            name += f" to {names[-1].rpartition('.')[2]}"
        yield name, [line for group in groups for line in group]


def _form(name, group, inputs):
    """Return what two blocks have in common if one line can stand for both."""
    if len(group) == 1:
        return name
    return [
        (
            line.name.removeprefix(name),
            str(line.row),
            line.shape,
            line.parameters,
            [above.removeprefix(name) for above in inputs[line.name] if name in above],
        )
        for line in group
    ]


def _contents(group) -> str:
    """Say how many blocks these are, how they end, and the windows of each branch."""
    joins = [line for line in group if line.kind in JOINS]
    branches = []
    for line in group[: len(group) // len(joins)]:
        if line.row.after or not branches:
            branches.append([])
        if line.kind == "convolution":
            branches[-1].append(f"{line.row.window}x{line.row.window}")
        elif line.row.window not in (None, 1):
            branches[-1].append("pool")
    times = f"{len(joins)} x " if len(joins) > 1 else ""
    windows = " | ".join("-".join(branch) for branch in branches if branch)
    return f"{times}{joins[0].kind} of {windows}"


def compare_text(tables, kinds) -> str:
    """Return networks side by side, one column each, as text.

    ``kinds`` are those that count as convolutions.
    """
    rows = [
        ("", [table.architecture.name for table in tables]),
        ("input", [by(table.architecture.input_dim) for table in tables]),
        ("convolutions", [_count(table, kinds) for table in tables]),
        ("affine layers", [_count(table, {"affine"}) for table in tables]),
        ("neurons", [f"{table.neurons:,}" for table in tables]),
        ("parameters", [f"{table.parameters:,}" for table in tables]),
        ("  of convolutions", [_share(table, "parameters", kinds) for table in tables]),
        ("  as float32", [f"{table.parameters * 4 / 1e6:,.2f} MB" for table in tables]),
        ("multiply-adds", [f"{table.multiply_adds:,}" for table in tables]),
        (
            "  of convolutions",
            [_share(table, "multiply_adds", kinds) for table in tables],
        ),
        ("  a parameter", [_uses(table) for table in tables]),
    ]
    width = max(max(map(len, cells)) for _, cells in rows) + 3
    return "\n".join(
        f"{head:<18}" + "".join(f"{cell:>{width}}" for cell in cells)
        for head, cells in rows
    )


def by(shape) -> str:
    """Return a shape as it is printed: 3x224x224."""
    return "x".join(map(str, shape))


def _count(table, kinds):
    return str(sum(line.kind in kinds for line in table))


def _share(table, column, kinds):
    return f"{table.total(column, kinds) / max(table.total(column), 1):.1%}"


def _uses(table):
    return f"{table.multiply_adds / max(table.parameters, 1):.1f}"
