"""Printing: a block for each case while it runs, or one table for the README."""

HEADINGS = ("work", "book", "textbook", "fast", "PyTorch", "x book", "x PyTorch")
BLOCK = "  {:<44}{:>10}{:>10}{:>10}{:>9}{:>10}{:>9}"


def facts_text(facts) -> str:
    """Return the facts about the machine, one a line."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {fact}" for name, fact in facts)


def facts_markdown(facts) -> str:
    """Return the facts about the machine as a list."""
    return "\n".join(f"- {name}: {fact}" for name, fact in facts)


def block(case, result) -> str:
    """Return one case as lines: times and speed-ups of everyone, then the verdicts."""
    head = ("", "min", "median", "x book", "(median)", "x PyTorch", "(median)")
    lines = [case.title, BLOCK.format(*head)]
    rivals = [result.best("book"), result.best("PyTorch")]
    for contender in _shown(result):
        least, middle = result.times(contender)
        ratios = [_ratios(result, rival, contender) for rival in rivals]
        cells = [f"{ratio:.2f}" if ratio else "" for pair in ratios for ratio in pair]
        times = (amount(least, case.unit), amount(middle, case.unit))
        lines.append(BLOCK.format(contender.label, *times, *cells))
    rounds = len(next(iter(result.figures.values())))
    verdicts = [
        f"{contender.label}: {verdict}"
        for contender in result.named("fast")
        for verdict in _verdicts(case, result, contender)
    ]
    return "\n".join([*lines, f"  {rounds} rounds. " + "; ".join(verdicts)])


def table(results) -> str:
    """Return all cases as one Markdown table.

    Parameters
    ----------
    results : list of (Case, Result)
    """
    lines = [
        "| " + " | ".join(HEADINGS) + " |",
        "|---|" + "---:|" * (len(HEADINGS) - 1),
    ]
    for case, result in results:
        for contender in result.named("fast") or [None]:
            lines.append(_row(case, result, contender))
    note = (
        "Times are medians. A speed-up is the median (in brackets the minimum) of the "
        "ratios of single rounds, followed by its target. PyTorch is the best of "
        "eager, channels_last and fused Adam."
    )
    return "\n".join([*lines, "", note])


def amount(value, unit) -> str:
    """Return seconds or bytes with three digits and a handy unit."""
    scales = {
        "s": ((1, "s"), (1e-3, "ms"), (1e-6, "us")),
        "B": ((1e6, "MB"), (1e3, "kB"), (1, "B")),
    }[unit]
    scale, name = next((s for s in scales if value >= s[0]), scales[-1])
    value /= scale
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {name}"


def _row(case, result, fast):
    title = case.title + (f", {fast.variant}" if fast and fast.variant else "")
    shown = [result.best("book"), result.best("textbook"), fast, result.best("PyTorch")]
    cells = [amount(result.times(c)[1], case.unit) if c else "" for c in shown]
    if case.limit is not None and fast:
        cells[2] += f" (target {amount(case.limit, case.unit)})"
    for rival, target in ((shown[0], case.book), (shown[3], case.torch)):
        least, middle = _ratios(result, rival, fast)
        cell = f"**{middle:.1f}** ({least:.1f})" if middle else ""
        cells.append(cell + (f" target {target:g}" if target and cell else ""))
    return "| " + " | ".join([title, *cells]) + " |"


def _shown(result):
    """Return one contender of each name, but all of the fast engine."""
    best = (result.best(name) for name in ("book", "textbook"))
    everyone = [*best, *result.named("fast"), result.best("PyTorch")]
    return [contender for contender in everyone if contender]


def _ratios(result, slow, quick):
    if slow is None or quick is None or slow is quick:
        return (None, None)
    return result.ratios(slow, quick)


def _verdicts(case, result, fast):
    """Yield a sentence for each target that can be judged."""
    for name, target in (("book", case.book), ("PyTorch", case.torch)):
        _, reached = _ratios(result, result.best(name), fast)
        if target and reached:
            word = "reached" if reached >= target else "MISSED"
            yield f"target {target:g} x {name} {word} ({reached:.2f})"
    if case.limit:
        _, middle = result.times(fast)
        word = "reached" if middle <= case.limit else "MISSED"
        yield f"target {amount(case.limit, case.unit)} {word}"
