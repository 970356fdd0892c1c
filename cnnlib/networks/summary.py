"""The summary of a network: a line a layer, and the branches of its blocks drawn."""

import math

import numpy as np

from ..layer import naming
from .blocks import Branches, Path
from .composite import arrays

HEAD = ("layer", "kind", "output", "parameters", "multiply-adds")


def table(layers, x) -> str:
    """Send one sample through the layers and write down what each one does."""
    rows = []
    _describe(layers, x, rows)
    totals = (sum(row[column] or 0 for row in rows) for column in (3, 4))
    rows.append(("total", "", "", *totals))
    wide = max(12, *(len(name) + 2 for name, *_ in rows))  # names in blocks are long
    lines = [f"{HEAD[0]:<{wide}}{HEAD[1]:<28}{HEAD[2]:<18}{HEAD[3]:>12}{HEAD[4]:>16}"]
    for name, kind, shape, *numbers in rows:
        counts = "".join(
            f"{'' if number is None else format(number, ','):>{width}}"
            for number, width in zip(numbers, (12, 16), strict=True)
        )
        lines.append(f"{name:<{wide}}{kind:<28}{shape:<18}{counts}")
    return "\n".join(lines)


def _describe(layers, x, rows, within="", marks=("", "")):
    """Append a row for each layer, also those inside; return the output.

    ``marks`` stand before the names: the first before the first row, which a line of
    the drawing leads to, the second before the others.
    """
    first = len(rows)
    for name, layer in layers.items():
        mark = marks[len(rows) > first]
        with naming(name):
            if isinstance(layer, Path):
                path = f"{within}{name}."
                x = _describe(layer.layers, x, rows, path, (mark, marks[1]))
            elif isinstance(layer, Branches):
                x = _describe_block(within + name, layer, x, rows, (mark, marks[1]))
            else:
                x = _describe_leaf(mark + within + name, layer, x, rows)
    return x


def _describe_block(name, block, x, rows, marks):
    """Append a row for the block, then its branches, each led to by a line."""
    place = len(rows)
    rows.append(None)  # its shape is known when the branches have run
    outs = {}
    for number, (key, branch) in enumerate(block.branches.items(), start=1):
        last = number == len(block.branches)
        lines = tuple(marks[1] + part for part in (" └ " if last else " ├ ", "   "))
        lines = lines if last else (lines[0], f"{marks[1]} │ ")
        with naming(key):
            layers = branch.layers if isinstance(branch, Path) else {key: branch}
            if not layers:
                shape = _shape(x)
                rows.append((f"{lines[0]}(input)", "identity", shape, 0, 0))
            outs[key] = _describe(layers, x, rows, marks=lines)
    out, *_ = block.join(outs)
    rows[place] = (marks[0] + name, type(block).__name__, _shape(out), None, None)
    return out


def _describe_leaf(name, layer, x, rows):
    """Append a row for one layer; return its output."""
    x = layer.forward(x, train=False)
    parameters = sum(array.size for array in arrays(layer, "parameters").values())
    # each weight is used once for every output pixel
    products = getattr(layer, "W", np.empty(0)).size * math.prod(x.shape[2:])
    rows.append((name, type(layer).__name__, _shape(x), parameters, products))
    return x


def _shape(x):
    return " x ".join(map(str, x.shape[1:]))
