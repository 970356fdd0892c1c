"""From rows that name their inputs to blocks inside blocks.

A join (an add or a concat) is the end of a block. The block begins at the last row
that all of its inputs come from: its fork. Between the two lie the branches, each a
row of layers, perhaps with blocks of its own.
"""

from ..networks import Add, Concat, Residual

__all__ = ["inputs_of", "nest", "trunk"]

JOINS = ("add", "concat")


def inputs_of(architecture) -> dict:
    """Return for each row the names of the rows whose outputs come in."""
    above = ["input", *(row.name for row in architecture.rows)]
    return {
        row.name: row.after or (before,)
        for row, before in zip(architecture.rows, above, strict=False)
    }


def nest(architecture, built) -> dict:
    """Arrange layers as the rows say; return what comes one after the other.

    Parameters
    ----------
    architecture : Architecture
        Whose rows are all possible.
    built : dict of str to layer
        A layer for each row that joins nothing.

    Returns
    -------
    dict of str to layer

    Raises
    ------
    ValueError
        If a row leads nowhere, or a branch leaves its block.
    """
    inputs = inputs_of(architecture)
    used = {name for names in inputs.values() for name in names}
    last = architecture.rows[-1].name
    for name in inputs:
        if name not in used and name != last:
            raise ValueError(
                f"row {name!r} of {architecture.name} leads nowhere: no row below "
                "takes its output. Take it out, or name it in after=(...)."
            )
    return _Nest(architecture, built, inputs).chain(last, "input")


def trunk(architecture) -> set:
    """Return the names of the rows that no branch leads around.

    Parameters
    ----------
    architecture : Architecture
        Whose rows name only rows above them.
    """
    back = _Nest(architecture, {}, inputs_of(architecture)).back
    names, name = set(), architecture.rows[-1].name
    while name != "input":
        names.add(name)
        name = back[name]
    return names


class _Nest:
    def __init__(self, architecture, built, inputs):
        self.architecture, self.built, self.inputs = architecture, built, inputs
        self.placed = set()
        # from each row one step back to where its inputs come from together
        self.back, self.depth = {}, {"input": 0}
        for name, names in inputs.items():
            self.back[name] = self.fork(names)
            self.depth[name] = self.depth[self.back[name]] + 1

    def fork(self, names):
        """Return the last row that all of these come from, itself among them."""
        names = set(names)
        while len(names) > 1:
            deepest = max(names, key=self.depth.get)
            names = names - {deepest} | {self.back[deepest]}
        return names.pop()

    def chain(self, end, start) -> dict:
        """Return the layers after ``start`` up to ``end``, in order."""
        layers, name = [], end
        while name != start:
            if name in self.placed:
                raise ValueError(
                    f"row {name!r} of {self.architecture.name} would stand in two "
                    "branches. All ways from the beginning of a block have to meet at "
                    "its end, in one add or concat: this network is described, so "
                    "count with LayerTable(...), but can not be built of blocks."
                )
            self.placed.add(name)
            layer = self.built[name] if name in self.built else self.block(name)
            layers.append((name, layer))
            name = self.back[name]
        return dict(reversed(layers))

    def block(self, name):
        """Return the block that ends in this row."""
        ends, start = self.inputs[name], self.back[name]
        branches = [self.chain(end, start) for end in ends]
        if self.architecture[name].kind == "add" and len(branches) == 2:
            main, shortcut = branches if branches[0] else reversed(branches)
            return Residual(main, shortcut)
        kind = Add if self.architecture[name].kind == "add" else Concat
        return kind({_label(name, b, i): b for i, b in enumerate(branches, start=1)})


def _label(block, branch, number) -> str:
    """Name a branch after its first layer, without the name of the block."""
    first = next(iter(branch), "input").removeprefix(f"{block}.")
    return f"{number}: {first}"
