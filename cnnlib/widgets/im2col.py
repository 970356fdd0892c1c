"""Im2colExplorer: a window is a row of col, a row of the product, an output pixel."""

import numpy as np
import traitlets

from ..geometry import resolve
from ..im2col import col2im, im2col
from .base import CourseWidget, Numbers, Whole
from .convolution import times

MOST_DRAWN = 12_000  # pixels of images and outputs together
MOST_COLUMNS = 256


class Im2colExplorer(CourseWidget):
    """See how one matrix product does a whole convolution, and the way back.

    Point at a window, a row of ``col``, a cell of the product or an output pixel: the
    other three light up. The reverse view adds the rows back to the pixels, counts how
    many windows each pixel is in, and has a switch for the famous bug: ``=`` in place
    of ``+=``.

    Parameters
    ----------
    x : array (N, C, H, W), (C, H, W) or (H, W)
        Images. A batch of two with two channels is a good start.
    W : array (FN, C, FH, FW), (C, FH, FW) or (FH, FW)
        Filters, with the channels of the images.
    stride : int
        At least 1, in pixels.
    pad : int
        Zeros on each side, in pixels.

    Attributes
    ----------
    col : array (N*OH*OW, C*FH*FW)
        A window a row, made by ``cnnlib.im2col``.
    filters : array (C*FH*FW, FN)
        A filter a column.
    product : array (N*OH*OW, FN)
        ``col @ filters``.
    output : array (N, FN, OH, OW)
        The product in the shape of images.
    rows : {'ones', 'image', 'gradient'}
        What goes back in the reverse view: ones, ``col`` itself, or the gradient that
        ``Convolution.backward`` sends back if ``dout`` is 1 everywhere.
    dcol : array (N*OH*OW, C*FH*FW)
        The matrix that goes back.
    accumulate : bool
        True for ``+=``, false for the bug.
    dx : array (N, C, H, W)
        What arrives at the pixels: ``cnnlib.col2im``, or the bug.
    overlap : array (H, W)
        How many windows each pixel is in.
    place : tuple of int
        The row of ``col`` and the filter that are explained.

    Raises
    ------
    ValueError
        If a shape is wrong, a number is not finite, the filter does not fit, or there
        is too much to draw.

    References
    ----------
    Saito, section 7.4; notebooks/04_im2col.ipynb.

    Examples
    --------
    >>> import numpy as np
    >>> explorer = Im2colExplorer(np.arange(16).reshape(4, 4), np.ones((3, 3)))
    >>> explorer
    Im2colExplorer: 1x1x4x4, 1 filter 3x3, stride 1, pad 0 -> col 4x9, output 1x1x2x2
    >>> explorer.overlap[0]
    array([1., 2., 2., 1.])
    """

    scripts = ("geometry.js", "unfold.js", "plates.js", "im2col.js")
    styles = ("im2col.css",)

    x = Numbers((2, 3, 4), "images (N, C, H, W), or one: (C, H, W) or (H, W)")
    W = Numbers((2, 3, 4), "filters (FN, C, FH, FW), or one: (C, FH, FW) or (FH, FW)")
    stride = Whole(1, least=1)
    pad = Whole(0, least=0)
    view = traitlets.Enum(("forward", "reverse"), "forward").tag(sync=True)
    rows = traitlets.Enum(("ones", "image", "gradient"), "ones").tag(sync=True)
    accumulate = traitlets.Bool(True).tag(sync=True)
    place = traitlets.Tuple(
        traitlets.Int(min=0), traitlets.Int(min=0), default_value=(0, 0)
    ).tag(sync=True)

    def __init__(self, x, W, stride=1, pad=0, **kwargs):
        super().__init__(x=x, W=W, stride=stride, pad=pad, **kwargs)
        self._resolved()  # a filter that does not fit is refused here, in words
        self._can_be_drawn()

    @traitlets.validate("x", "W")
    def _same_channels(self, proposal):
        """Refuse images and filters whose channels differ."""
        other = "W" if proposal.trait.name == "x" else "x"
        if self.trait_has_value(other):
            mine = four_axes(proposal.value).shape[1]
            theirs = four_axes(getattr(self, other)).shape[1]
            if mine != theirs:
                raise ValueError(
                    f"{proposal.trait.name} has shape {proposal.value.shape}, "
                    f"{mine} channel(s), but {other} has {theirs}; a filter has one "
                    "slice for each channel of the images."
                )
        return proposal.value

    def _can_be_drawn(self):
        """Refuse what would be too small to see and too slow to draw."""
        columns = self.filters.shape[0]
        if columns > MOST_COLUMNS:
            raise ValueError(
                f"col would have {columns} columns; up to {MOST_COLUMNS} can be drawn. "
                "Use a smaller filter or fewer channels."
            )
        drawn = self.images.size + self.output.size
        if drawn > MOST_DRAWN:
            raise ValueError(
                f"images and outputs have {drawn:,} pixels; up to {MOST_DRAWN:,} can "
                "be drawn. Use smaller or fewer images, fewer filters, or a stride."
            )

    @property
    def images(self):
        """The images with all axes, (N, C, H, W)."""
        return four_axes(self.x)

    @property
    def filters(self):
        """A filter a column, (C*FH*FW, FN)."""
        W = four_axes(self.W)
        return W.reshape(len(W), -1).T

    @property
    def col(self):
        """A window a row, (N*OH*OW, C*FH*FW)."""
        return im2col(self.images, *self._window())

    @property
    def product(self):
        """``col @ filters``, (N*OH*OW, FN)."""
        return self.col @ self.filters

    @property
    def output(self):
        """The product in the shape of images, (N, FN, OH, OW)."""
        g = self._resolved()
        maps = self.product.reshape(len(self.images), g.OH, g.OW, -1)
        return maps.transpose(0, 3, 1, 2)

    @property
    def dcol(self):
        """The matrix that goes back, (N*OH*OW, C*FH*FW)."""
        if self.rows == "ones":
            return np.ones_like(self.col)
        if self.rows == "image":
            return self.col
        return np.ones_like(self.product) @ self.filters.T

    @property
    def dx(self):
        """What arrives at the pixels, (N, C, H, W)."""
        back = col2im if self.accumulate else assigned
        return back(self.dcol, self.images.shape, *self._window())

    @property
    def overlap(self):
        """How many windows each pixel is in, (H, W)."""
        ones = np.ones_like(self.col)
        return col2im(ones, self.images.shape, *self._window())[0, 0]

    def _window(self):
        return (*self.W.shape[-2:], self.stride, self.pad)

    def _resolved(self):
        return resolve(*self.x.shape[-2:], *self._window())

    def describe(self) -> str:
        """Say shapes, settings and the size of col in one line."""
        count = self.filters.shape[1]
        parts = [
            times(self.images.shape),
            f"{count} filter{'s' if count > 1 else ''} {times(self.W.shape[-2:])}",
            f"stride {self.stride}",
            f"pad {self.pad}",
        ]
        try:
            col, output = times(self.col.shape), times(self.output.shape)
            result = f"col {col}, output {output}"
        except ValueError:
            result = "the filter does not fit"
        return f"{', '.join(parts)} -> {result}"


def assigned(col, shape, FH, FW, stride, pad):
    """Do what ``col2im`` does, with the famous bug: ``=`` in place of ``+=``."""
    N, C, H, W = shape
    g = resolve(H, W, FH, FW, stride, pad)
    windows = col.reshape(N, g.OH, g.OW, C, FH, FW).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(FH):
        rows = slice(i, i + stride * (g.OH - 1) + 1, stride)
        for j in range(FW):
            cols = slice(j, j + stride * (g.OW - 1) + 1, stride)
            padded[:, :, rows, cols] = windows[:, :, i, j]
    return g.crop(padded)


def four_axes(values):
    """Put the missing axes of one image or one filter in front."""
    return values.reshape((1,) * (4 - values.ndim) + values.shape)
