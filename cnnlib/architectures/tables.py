"""From a description to a table: each row with its shape, its cost and its view."""

import math
from dataclasses import dataclass, field

import numpy as np

from ..geometry import receptive_field, span, whole
from .kinds import KINDS
from .nesting import JOINS, inputs_of, trunk
from .printing import FOLLOWS, compare_text, table_text

__all__ = ["LayerTable", "Line", "compare"]

CONVOLUTIONS = {"convolution", "sparse convolution"}


@dataclass(frozen=True)
class Line:
    """One row of a description with all that was computed from it.

    Attributes
    ----------
    row : Row
    shape : tuple or None
        Of the output for one image; None if the row is impossible.
    parameters, multiply_adds, connections : int
    neurons : int
        Outputs, if the row has weights; layers without belong to the row before.
    sees : (int, int)
        The receptive field: height and width of the part of the image that one output
        depends on, away from the border.
    step : int
        Pixels of the image between what two neighbouring outputs look at.
    note : str
        Something that is possible, and perhaps not wanted.
    problem : str
        Why the row is impossible; empty if it is not.
    """

    row: object
    shape: tuple | None = None
    parameters: int = 0
    multiply_adds: int = 0
    connections: int = 0
    neurons: int = 0
    sees: tuple = (1, 1)
    step: int = 1
    note: str = ""
    problem: str = ""
    path: tuple = ()  # the windows so far
    spans: tuple = field(default=(), repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name of the row."""
        return self.row.name

    @property
    def kind(self) -> str:
        """The kind of the row."""
        return self.row.kind

    @property
    def middle(self) -> tuple:
        """The index of the output in the middle: () after an affine layer."""
        return tuple(size // 2 for size in self.shape[1:])

    def view(self, index=()) -> tuple:
        """Return (top, left, height, width) of the pixels that an output depends on.

        Parameters
        ----------
        index : (int, int) or ()
            Row and column of the output; () for units without a place.
        """
        places = zip(self.spans, index or (0, 0), strict=True)
        ends = [(int(first[i]), int(last[i])) for (first, last), i in places]
        (top, bottom), (left, right) = ends
        return top, left, max(bottom - top + 1, 0), max(right - left + 1, 0)


class LayerTable:
    """Everything that follows from a description: print it, or take its numbers.

    Parameters
    ----------
    architecture : Architecture

    Attributes
    ----------
    architecture : Architecture
    lines : list of Line
        One a row. ``table["C1"]`` is the one with this name.
    parameters, multiply_adds, connections, neurons : int
        Totals over all rows.

    Notes
    -----
    An impossible row does not raise: its ``problem`` says why, and so does every row
    that would need its output. ``table.problems`` collects them.

    References
    ----------
    notebooks/07_lenet_and_alexnet.ipynb.
    """

    def __init__(self, architecture):
        self.architecture = architecture
        self.lines = _lines(architecture)

    def __getitem__(self, name):
        for line in self.lines:
            if line.name == name:
                return line
        return self.architecture[name]  # which knows what to say

    def __iter__(self):
        return iter(self.lines)

    def __len__(self):
        return len(self.lines)

    @property
    def problems(self) -> dict:
        """Why rows are impossible, by name."""
        return {line.name: line.problem for line in self.lines if line.problem}

    @property
    def notes(self) -> dict:
        """What is possible and perhaps not wanted, by name."""
        return {line.name: line.note for line in self.lines if line.note}

    @property
    def parameters(self) -> int:
        """Numbers to train."""
        return self.total("parameters")

    @property
    def multiply_adds(self) -> int:
        """Multiplications, each with an addition, for one image."""
        return self.total("multiply_adds")

    @property
    def connections(self) -> int:
        """Wires from a number or a bias to a unit, as papers of 1998 counted."""
        return self.total("connections")

    @property
    def neurons(self) -> int:
        """Outputs of all rows with weights."""
        return self.total("neurons")

    def total(self, column, kinds=None) -> int:
        """Sum a column over all rows, or over those of some kinds only.

        ``table.total("parameters", {"affine"})`` counts affine layers alone.
        """
        lines = [x for x in self.lines if kinds is None or x.kind in kinds]
        return sum(getattr(line, column) for line in lines)

    def shapes(self) -> dict:
        """Return the shapes that an image passes through, by name, the image first.

        Rows that neither have weights nor change the shape are left out, and the rows
        inside of branches: this is what ``plots.network_boxes`` draws.
        """
        shape = self.architecture.input_dim
        shapes = {"image": shape}
        inside = set()
        if not self.problems:
            inside = {line.name for line in self} - trunk(self.architecture)
        for line in self.lines:
            if line.name in inside:
                continue
            if line.shape not in (None, shape) or line.neurons or line.kind in JOINS:
                shape = shapes[line.name] = line.shape
        return shapes

    def text(self, *columns, fold=None) -> str:
        """Return the table as text with the columns of your choice.

        Parameters
        ----------
        columns : str
            Attributes of ``Line`` that are numbers: 'parameters', 'multiply_adds',
            'connections', 'neurons'.
        fold : bool, optional
            Give a block, and all blocks after it that are alike, one line: their
            numbers are added up. None does so if there are more than 40 rows.
        """
        return table_text(self, columns, fold)

    def __str__(self):
        return self.text("parameters", "multiply_adds")

    __repr__ = __str__


def compare(*architectures) -> str:
    """Return networks side by side, one column each, as text.

    Parameters
    ----------
    architectures : Architecture
    """
    tables = [LayerTable(architecture) for architecture in architectures]
    return compare_text(tables, CONVOLUTIONS)


def _lines(architecture):
    """Go through the rows from first to last."""
    if len(architecture.input_dim) != 3:
        raise ValueError(
            f"input_dim is {architecture.input_dim}; expected the three numbers "
            "(C, H, W) of one image, for example (3, 224, 224)."
        )
    C, H, W = (whole(n, "input_dim", least=1) for n in architecture.input_dim)
    known = {"input": Line(None, shape=(C, H, W), spans=(_pixels(H), _pixels(W)))}
    inputs, lines = inputs_of(architecture), []
    for row in architecture.rows:
        try:
            line = _line(row, [_find(name, known) for name in inputs[row.name]])
        except (TypeError, ValueError) as error:
            line = Line(row, problem=str(error))
        known[row.name] = line
        lines.append(line)
    return lines


def _find(name, known):
    if name not in known:
        raise ValueError(f"it comes after {name!r}, and no row above is called so.")
    line = known[name]
    if line.problem:
        raise ValueError(f"{FOLLOWS} {name!r}, which is impossible.")
    return line


def _line(row, inputs):
    """Compute one row from the rows whose outputs come in."""
    if row.kind not in KINDS:
        raise ValueError(f"kind is {row.kind!r}; expected one of {sorted(KINDS)}.")
    if row.kind not in ("add", "concat") and len(inputs) != 1:
        raise ValueError(f"it has {len(inputs)} inputs; only add and concat have more.")
    facts = KINDS[row.kind](row, *(line.shape for line in inputs))
    return Line(
        row,
        facts.shape,
        parameters=facts.weights + facts.biases,
        multiply_adds=facts.multiply_adds,
        connections=facts.connections,
        neurons=math.prod(facts.shape) if facts.multiply_adds else 0,
        note=_note(facts.windows, inputs[0].shape),
        **_view(facts.windows, inputs),
    )


def _view(g, inputs):
    """Return what an output sees, as arguments of ``Line``."""
    widest = max(inputs, key=lambda line: line.sees)
    sees, step, path = widest.sees, widest.step, widest.path
    spans = tuple(_union(both) for both in zip(*(x.spans for x in inputs), strict=True))
    if g == "all":
        spans = tuple(
            (first.min(keepdims=True), last.max(keepdims=True)) for first, last in spans
        )
        sees = tuple(int(last[0] - first[0] + 1) for first, last in spans)
    elif g is not None:
        path = (*path, (g.FH, g.stride[0], g.dilation[0]))
        sees = (receptive_field(path),) * 2
        axes = zip(spans, (g.OH, g.OW), g.pad, strict=True)
        spans = tuple(_through(g, span, places, pad[0]) for span, places, pad in axes)
        step *= g.stride[0]
    return {"sees": sees, "step": step, "path": path, "spans": spans}


def _pixels(size):
    """Let each pixel of the image see itself: first and last pixel, inclusive."""
    return np.arange(size), np.arange(size)


def _union(spans):
    """Join what several inputs see at the same place."""
    first, last = zip(*spans, strict=True)
    return np.minimum.reduce(first), np.maximum.reduce(last)


def _through(g, spans, places, before):
    """Find what each place of a window sees along one axis, leaving out padding."""
    first, last = spans
    taps = np.arange(places)[:, np.newaxis] * g.stride[0] - before
    taps = taps + np.arange(g.FH) * g.dilation[0]  # (places, FH)
    real, taps = (taps >= 0) & (taps < len(first)), taps.clip(0, len(first) - 1)
    nothing = last.max() + 1
    return (
        np.where(real, first[taps], nothing).min(axis=1),
        np.where(real, last[taps], -1).max(axis=1),
    )


def _note(g, shape):
    """Say if there are pixels that are never looked at."""
    if g is None or g == "all":
        return ""
    if g.stride[0] > span(g.FH, g.dilation[0]):
        window = f"a {g.FH}x{g.FW} window with stride {g.stride[0]}"
        return f"{window} sees {g.FH * g.FW} of {g.stride[0] * g.stride[1]} pixels"
    room = shape[1] + sum(g.pad[0]) - span(g.FH, g.dilation[0])
    left = room % g.stride[0]
    missed = left - g.pad[0][1]  # of the rest, padding does not matter
    if missed <= 0:
        return ""
    return (
        f"{room} / {g.stride[0]} leaves a rest of {left}: the last {missed} row(s) and "
        "column(s) are never looked at"
    )
