"""PoolingExplorer: who wins a window, what a shift changes, where the gradient goes."""

import numpy as np
import traitlets

from ..conv import AveragePooling, Pooling
from ..geometry import resolve_pooling
from .base import CourseWidget, Numbers, Whole

LAYERS = {"max": Pooling, "average": AveragePooling}
MOST = 64  # pixels along an axis that can still be pointed at


class PoolingExplorer(CourseWidget):
    """See what pooling keeps of an image, and where the gradient goes.

    Point at an output: its window lights up, the winner in a frame. Shift the image by
    a pixel with the arrow buttons and watch what stays. In the backward view you edit
    ``dout`` and see which pixels get it.

    Parameters
    ----------
    x : array (H, W)
        One channel of an image, up to 64 x 64 pixels.
    window : int
        Height and width of the window, in pixels.
    stride : int, optional
        Default the window itself: windows side by side.
    pad : int
        Pixels on each side; smaller than the window. They never win, and an average
        does not count them.
    kind : {'max', 'average'}
    dout : array (OH, OW), optional
        The gradient that comes back; default 1 for each output. It goes back to this
        default when the size of the output changes.
    shift : (int, int)
        How far the image is moved, down and to the right. What leaves on one side comes
        back on the other, as in ``np.roll``.

    Attributes
    ----------
    shifted : array (H, W)
        The image as it is pooled.
    output : array (OH, OW)
        What is left, computed by ``cnnlib.Pooling`` or ``cnnlib.AveragePooling``.
    stayed : array (OH, OW) of bool
        Which outputs are the same as without the shift.
    gradient : array (H, W)
        Where ``dout`` goes: dx of the shifted image.
    place : tuple of int
        The row and the column of the output that is explained.

    Raises
    ------
    ValueError
        If a shape is wrong, a number is not finite, or the window does not fit.

    References
    ----------
    Saito, sections 7.3 and 7.4.4; notebooks/03_pooling.ipynb.

    Examples
    --------
    >>> import numpy as np
    >>> explorer = PoolingExplorer(np.arange(16).reshape(4, 4))
    >>> explorer
    PoolingExplorer: image 4x4, max of 2x2, stride 2, pad 0 -> 2x2
    >>> explorer.output
    array([[ 5.,  7.],
           [13., 15.]])
    >>> explorer.gradient[1]
    array([0., 1., 0., 1.])
    """

    scripts = ("geometry.js", "pooled.js", "pooling.js")
    styles = ("pooling.css",)

    x = Numbers(2, "one channel (H, W); pooling keeps channels apart, so pass x[0]")
    kind = traitlets.Enum(tuple(LAYERS), "max").tag(sync=True)
    window = Whole(2, least=1)
    stride = Whole(2, least=1)
    pad = Whole(0, least=0)
    shift = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(0, 0)).tag(
        sync=True
    )
    dout = Numbers(2, "a gradient (OH, OW)", default_value=None, allow_none=True)
    view = traitlets.Enum(("forward", "backward"), "forward").tag(sync=True)
    place = traitlets.Tuple(
        traitlets.Int(min=0), traitlets.Int(min=0), default_value=(0, 0)
    ).tag(sync=True)

    def __init__(self, x, window=2, stride=None, pad=0, kind="max", **kwargs):
        dout = kwargs.pop("dout", None)
        stride = window if stride is None else stride
        super().__init__(
            x=x, window=window, stride=stride, pad=pad, kind=kind, **kwargs
        )
        self._size()  # a window that does not fit is refused here, in words
        self.dout = dout

    @traitlets.validate("x")
    def _not_too_large(self, proposal):
        """Refuse an image that nobody can point at."""
        if max(proposal.value.shape) > MOST:
            raise ValueError(
                f"x has shape {proposal.value.shape}; pixels can be told apart up to "
                f"{MOST} x {MOST}. Cut a part out, for example x[:{MOST}, :{MOST}]."
            )
        return proposal.value

    @traitlets.validate("dout")
    def _one_number_an_output(self, proposal):
        """Refuse a gradient that has not the shape of the output."""
        dout = proposal.value
        if dout is not None and dout.shape != self._size():
            raise ValueError(
                f"dout has shape {dout.shape}, but the output has {self._size()}; it "
                "needs one number for each output."
            )
        return dout

    @traitlets.observe("x", "window", "stride", "pad")
    def _forget_dout(self, _):
        """Go back to ones when the size of the output changes."""
        if self.dout is None:
            return
        try:
            size = self._size()
        except ValueError:
            size = None
        if self.dout.shape != size:
            self.dout = None

    @property
    def shifted(self):
        """The image as it is pooled, (H, W)."""
        return np.roll(self.x, self.shift, axis=(0, 1))

    @property
    def output(self):
        """What is left of the shifted image, (OH, OW)."""
        return self._forward(self.shifted)[1]

    @property
    def stayed(self):
        """Which outputs are the same as without the shift, (OH, OW) of bool."""
        before = self._forward(self.x)[1]  # a mean may differ by a rounding
        return np.isclose(self.output, before, rtol=1e-9, atol=1e-12)

    @property
    def gradient(self):
        """Where ``dout`` goes: dx of the shifted image, (H, W)."""
        layer, output = self._forward(self.shifted)
        dout = np.ones(output.shape) if self.dout is None else self.dout
        return layer.backward(dout[np.newaxis, np.newaxis])[0, 0]

    def _forward(self, image):
        layer = LAYERS[self.kind](self.window, self.window, self.stride, self.pad)
        return layer, layer.forward(image[np.newaxis, np.newaxis])[0, 0]

    def _size(self) -> tuple[int, int]:
        g = resolve_pooling(
            *self.x.shape, self.window, self.window, self.stride, self.pad
        )
        return g.OH, g.OW

    def describe(self) -> str:
        """Say shapes, settings and the size of the output in one line."""
        try:
            size = "{}x{}".format(*self._size())
        except ValueError:
            size = "the window does not fit"
        parts = [
            "image {}x{}".format(*self.x.shape),
            f"{self.kind} of {self.window}x{self.window}",
            f"stride {self.stride}",
            f"pad {self.pad}",
        ]
        if any(self.shift):
            parts.append(f"shift {self.shift}")
        return f"{', '.join(parts)} -> {size}"
