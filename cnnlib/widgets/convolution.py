"""ConvolutionExplorer: the window slides, and the sum of products is written out."""

import numpy as np
import traitlets

from ..conv import Convolution
from ..geometry import conv_output_size
from .base import CourseWidget, Numbers, Real, Whole


class ConvolutionExplorer(CourseWidget):
    """See one filter slide over one image: every product, every place.

    Point at a cell of the output: its window lights up in the input. Point at a cell
    of the input: every output that it feeds lights up. Numbers of the image and of the
    filter can be edited in place.

    Parameters
    ----------
    x : array (H, W) or (C, H, W)
        The image. Up to 16 x 16 pixels the numbers are shown, up to 64 x 64 colours.
    W : array (FH, FW) or (C, FH, FW)
        The filter, with the channels of the image.
    b : float
        The bias, added once to each output.
    stride, dilation : int
        At least 1, in pixels.
    pad : int
        Zeros on each side, in pixels.

    Attributes
    ----------
    output : array (OH, OW)
        What the filter answers, computed by ``cnnlib.Convolution``.
    place : tuple of int
        The row and the column of the output cell that is explained.

    Raises
    ------
    ValueError
        If a shape is wrong, a number is not finite, or the filter does not fit.

    References
    ----------
    Saito, section 7.2; notebooks/01_convolution.ipynb, 02_padding_and_stride.ipynb.

    Examples
    --------
    >>> import numpy as np
    >>> explorer = ConvolutionExplorer(np.eye(5), np.ones((3, 3)), stride=2)
    >>> explorer
    ConvolutionExplorer: image 5x5, filter 3x3, stride 2, pad 0, dilation 1 -> 2x2
    >>> explorer.output
    array([[3., 1.],
           [1., 3.]])
    """

    scripts = ("convolution.js",)

    x = Numbers((2, 3), "an image (H, W) or (C, H, W)")
    W = Numbers((2, 3), "a filter (FH, FW) or (C, FH, FW)")
    b = Real()
    stride = Whole(1, least=1)
    pad = Whole(0, least=0)
    dilation = Whole(1, least=1)
    place = traitlets.Tuple(
        traitlets.Int(min=0), traitlets.Int(min=0), default_value=(0, 0)
    ).tag(sync=True)

    def __init__(self, x, W, b=0, stride=1, pad=0, dilation=1, **kwargs):
        super().__init__(
            x=x, W=W, b=b, stride=stride, pad=pad, dilation=dilation, **kwargs
        )
        self._size()  # a filter that does not fit is refused here, in words

    @traitlets.validate("x", "W")
    def _same_channels(self, proposal):
        """Refuse an image and a filter whose channels differ."""
        other = "W" if proposal.trait.name == "x" else "x"
        if self.trait_has_value(other):
            mine, theirs = channels(proposal.value), channels(getattr(self, other))
            if mine != theirs:
                raise ValueError(
                    f"{proposal.trait.name} has shape {proposal.value.shape}, "
                    f"{mine} channel(s), but {other} has {theirs}; a filter has one "
                    "slice for each channel of the image."
                )
        return proposal.value

    @property
    def output(self):
        """What the filter answers, (OH, OW)."""
        image = self.x.reshape(-1, *self.x.shape[-2:])
        filter_ = self.W.reshape(-1, *self.W.shape[-2:])
        layer = Convolution(
            filter_[np.newaxis],
            np.array([self.b]),
            self.stride,
            self.pad,
            self.dilation,
        )
        return layer.forward(image[np.newaxis], train=False)[0, 0]

    def _size(self) -> tuple[int, int]:
        return tuple(
            conv_output_size(size, window, self.stride, self.pad, self.dilation)
            for size, window in zip(self.x.shape[-2:], self.W.shape[-2:], strict=True)
        )

    def describe(self) -> str:
        """Say shapes, settings and the size of the output in one line."""
        try:
            size = times(self._size())
        except ValueError:
            size = "the filter does not fit"
        return (
            f"image {times(self.x.shape)}, filter {times(self.W.shape)}, "
            f"stride {self.stride}, pad {self.pad}, dilation {self.dilation} -> {size}"
        )


def channels(values) -> int:
    """Count the channels of an image or filter; two axes mean one channel."""
    return 1 if values.ndim == 2 else values.shape[0]


def times(shape) -> str:
    """Write a shape as people say it: 3x28x28."""
    return "x".join(map(str, shape))
