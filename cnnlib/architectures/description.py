"""What a description of a network may say: rows, and a name and an input above them.

Only slips of the pen are found here: a description may be impossible. ``tables``
computes it, and says why.
"""

import collections
from dataclasses import dataclass, fields, replace

import numpy as np

__all__ = ["Architecture", "Row"]


@dataclass(frozen=True)
class Row:
    """One layer, described and not built.

    Parameters
    ----------
    name : str
        Its name in this network, such as 'C1'.
    kind : str
        What it does, such as 'convolution'; see ``kinds.KINDS`` for all.
    filters : int
        Of a convolution; of 'zero channels', how many channels come out.
    units : int
        Outputs of an affine layer.
    window : int
        Height and width of filters or of a pooling window, in pixels.
    stride : int, optional
        If not given: 1 for a convolution, the window itself for a pooling.
    pad, dilation, groups, bias
        As in ``Convolution``; ``bias`` is true or false.
    sees : sequence of sequences of int
        Of a sparse convolution: the channels that each filter looks at.
    ratio : float
        Of a dropout layer.
    after : tuple of str
        The rows whose outputs come in; empty means the row above. 'add' and 'concat'
        have several. The image is called 'input'.
    """

    name: str
    kind: str
    filters: int | None = None
    window: int | None = None
    stride: int | None = None
    pad: object = 0
    units: int | None = None
    groups: int = 1
    dilation: int = 1
    bias: bool = True
    sees: tuple | None = None
    ratio: float = 0.5
    after: tuple = ()

    def __str__(self):
        parts = [self.kind]
        if self.window is not None:
            parts[0] += f" {self.window}x{self.window}"
        if self.stride not in (None, 1):
            parts.append(f"stride {self.stride}")
        if self.pad != 0:
            parts.append(f"pad {_pad(self.pad)}")
        if self.dilation != 1:
            parts.append(f"dilation {self.dilation}")
        if self.groups != 1:
            parts.append(f"{self.groups} groups")
        return ", ".join(parts)


def _pad(pad) -> str:
    """Write ((0, 1), (0, 1)) as 0+1: before and after, on both axes."""
    pairs = isinstance(pad, tuple) and all(isinstance(axis, tuple) for axis in pad)
    if pairs and len(set(pad)) == 1:
        return "+".join(map(str, pad[0]))
    return str(pad)


@dataclass(frozen=True)
class Architecture:
    """A network as data.

    Parameters
    ----------
    name : str
    input_dim : (C, H, W)
        Shape of one image.
    rows : sequence of Row
        From the image to the scores.

    Examples
    --------
    >>> from cnnlib.architectures import Architecture, Row, LayerTable
    >>> tiny = Architecture("tiny", (1, 28, 28), [
    ...     Row("Conv1", "convolution", filters=8, window=3),
    ...     Row("Affine1", "affine", units=10),
    ... ])
    >>> LayerTable(tiny)["Conv1"].shape
    (8, 26, 26)
    >>> LayerTable(tiny).parameters
    54170
    """

    name: str
    input_dim: tuple
    rows: tuple

    def __post_init__(self):
        object.__setattr__(self, "rows", tuple(self.rows))
        dim = self.input_dim if np.iterable(self.input_dim) else (self.input_dim,)
        object.__setattr__(self, "input_dim", tuple(dim))  # LayerTable looks at it
        names = collections.Counter(row.name for row in self.rows)
        for name, count in names.items():
            if count > 1 or name == "input":
                raise ValueError(
                    f"two rows are called {name!r} (the image is 'input'): give each "
                    "row a name of its own."
                )

    def __getitem__(self, name):
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(
            f"{self.name} has no row {name!r}; it has {[r.name for r in self.rows]}."
        )

    def with_input(self, input_dim):
        """Return the same network for images of another shape (C, H, W)."""
        return replace(self, input_dim=input_dim)

    def with_row(self, name, **changes):
        """Return the network with one row changed: ``with_row('C1', pad=2)``."""
        known = [field.name for field in fields(Row)]
        unknown = sorted(changes.keys() - set(known))
        if unknown:
            raise TypeError(f"a row has no setting {unknown}; it has {known}.")
        new = replace(self[name], **changes)
        rows = [new if row.name == name else row for row in self.rows]
        return replace(self, rows=rows)

    def with_kind(self, old, new):
        """Return the network with all rows of one kind made another kind."""
        rows = [replace(r, kind=new) if r.kind == old else r for r in self.rows]
        return replace(self, rows=rows)

    def __repr__(self):
        return f"Architecture({self.name!r}, {self.input_dim}, {len(self.rows)} rows)"
