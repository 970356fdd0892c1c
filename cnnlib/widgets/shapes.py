"""ShapeCalculator: build a stack row by row, and watch shapes, costs and views."""

import dataclasses
import math
import operator

import traitlets

from .. import architectures
from ..architectures import LENET5, Architecture, LayerTable, Row
from .base import CourseWidget, Numbers
from .convolution import times

DEFAULTS = {
    field.name: field.default
    for field in dataclasses.fields(Row)
    if field.name not in ("name", "kind")
}

LONGEST = 25  # rows of a network in the menu: a page holds them all


class ShapeCalculator(CourseWidget):
    """Build a network row by row; shapes, parameters and costs follow at once.

    Add, remove, move and edit rows, or load a famous network. An impossible row says
    why in words. Point at a row: the part of the image that one of its outputs sees is
    drawn.

    Parameters
    ----------
    architecture : Architecture
        Where to start; any description of ``cnnlib.architectures``. Branches and tables
        of channels are shown and counted, and can not be edited in the page. The menu
        has the networks of up to 25 rows; hand over the longer ones here.
    image : array (H, W) or (C, H, W), optional
        A picture under the receptive field.

    Attributes
    ----------
    architecture : Architecture
        The network as it is now. Assign another one to load it.
    table : LayerTable
        All numbers of the page, computed by ``cnnlib.architectures``.
    selected : str
        The name of the row whose receptive field is drawn; empty for the last one.

    Raises
    ------
    TypeError, ValueError
        If this is no architecture, or its input is no image.

    References
    ----------
    notebooks/02_padding_and_stride.ipynb, 07_lenet_and_alexnet.ipynb.

    Examples
    --------
    >>> from cnnlib.architectures import SIMPLE_CONVNET
    >>> calculator = ShapeCalculator(SIMPLE_CONVNET)
    >>> print(calculator.describe())
    SimpleConvNet: 1x28x28 -> 10 in 6 rows, 433,890 parameters, 865,000 multiply-adds
    >>> calculator.architecture = SIMPLE_CONVNET.with_row("Pool1", window=3)
    >>> calculator.table["Pool1"].shape
    (30, 11, 11)
    """

    scripts = ("geometry.js", "layertable.js", "rows.js", "shapes.js")
    styles = ("shapes.css",)

    stack = traitlets.Dict().tag(sync=True)
    catalogue = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    image = Numbers(
        (2, 3), "an image (H, W) or (C, H, W)", default_value=None, allow_none=True
    )

    def __init__(self, architecture=LENET5, image=None, **kwargs):
        known = (getattr(architectures, name) for name in architectures.__all__)
        famous = [
            to_stack(one)
            for one in known
            if isinstance(one, Architecture) and len(one.rows) <= LONGEST
        ]
        super().__init__(
            stack=to_stack(architecture), catalogue=famous, image=image, **kwargs
        )

    @property
    def architecture(self) -> Architecture:
        """The network as it is now."""
        return to_architecture(self.stack)

    @architecture.setter
    def architecture(self, architecture):
        self.stack = to_stack(architecture)

    @property
    def table(self) -> LayerTable:
        """Everything that follows from the rows."""
        return LayerTable(self.architecture)

    def describe(self) -> str:
        """Say input, output, size and cost in one line, and what is impossible."""
        table = self.table
        name, input_dim = table.architecture.name, table.architecture.input_dim
        count = f"{len(table)} row" + ("" if len(table) == 1 else "s")
        if table.problems:
            rows = ", ".join(table.problems)
            return f"{name}: {times(input_dim)}, {count}, impossible: {rows}"
        out = table.lines[-1].shape if len(table) else input_dim
        return (
            f"{name}: {times(input_dim)} -> {times(out)} in {count}, "
            f"{table.parameters:,} parameters, {table.multiply_adds:,} multiply-adds"
        )


def to_stack(architecture) -> dict:
    """Write an architecture as the page keeps it: what is default is left out."""
    if not isinstance(architecture, Architecture):
        raise TypeError(
            f"architecture is a {type(architecture).__name__}; expected an "
            "Architecture, for example cnnlib.architectures.LENET5 or "
            "Architecture(name, input_dim, rows)."
        )
    if len(architecture.input_dim) != 3:
        raise ValueError(
            f"input_dim is {architecture.input_dim}; expected (C, H, W): channels, "
            "height and width of one image."
        )
    LayerTable(dataclasses.replace(architecture, rows=()))  # refuses 0 pixels in words
    rows = [
        {"name": str(row.name), "kind": str(row.kind)}
        | {
            name: _plain(getattr(row, name), f"{name} of row {row.name!r}")
            for name, default in DEFAULTS.items()
            if getattr(row, name) != default
        }
        for row in architecture.rows
    ]
    sizes = [operator.index(size) for size in architecture.input_dim]
    return {"name": str(architecture.name), "input": sizes, "rows": rows}


def to_architecture(stack) -> Architecture:
    """Read what the page keeps."""
    rows = [
        Row(**{name: _tuples(value) for name, value in row.items()})
        for row in stack["rows"]
    ]
    return Architecture(stack["name"], tuple(stack["input"]), rows)


def _plain(value, name):
    """Return a value as JSON can hold it: NumPy's numbers become Python's."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part, name) for part in value]
    if hasattr(value, "__index__"):
        return operator.index(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise TypeError(
        f"{name} is {value!r} ({type(value).__name__}); expected numbers, words, or "
        "tuples of them."
    )


def _tuples(value):
    """Turn the lists of JSON back into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
