"""DigitPad: draw a digit, and your own network answers while the stroke is moving."""

import numpy as np
import traitlets

from .. import checks
from ..data import load_digits
from .base import CourseWidget, Numbers
from .exporting import rows_of
from .inside import answer, first_maps, framed, input_size
from .packing import levels, packed
from .placing import SIZE

IN_PAGE = 20  # test digits that go with a page


class DigitPad(CourseWidget):
    """Draw a digit with mouse, pen or finger; the network answers at once.

    The pad places the drawing as MNIST placed its digits (``place_digit``), shows the
    28 x 28 pixels that the network sees, its probabilities, and what its first layers
    make of it. In JupyterLab the answer is NumPy's, from the kernel, with the weights
    of this moment. A page of its own (``to_html``) holds the weights and computes.

    Parameters
    ----------
    network : Sequential
        Any network of the course for images (1, 28, 28). A larger square, such as
        (1, 32, 32), gets zeros around the drawing.
    x : array (N, 1, 28, 28), optional
        Digits for "Load a test digit", in [0, 1]; default ``load_digits``.
    t : array (N,), optional
        Their labels.
    precision : {'float16', 'float32'}
        How a page stores the weights: 'float16' halves the file, and moves the
        probabilities by about 0.001; 'float32' stores what NumPy has.
    rng : numpy.random.Generator, int or None
        Picks the test digits; an int is a seed.

    Attributes
    ----------
    image : array (28, 28)
        What the network sees. Set it to show an image: ``pad.image = x_test[3, 0]``.
    probabilities : array (classes,)
        The network's answer to the image, computed now.
    answer : int or None
        The most probable class; None while the pad is empty.

    Raises
    ------
    TypeError, ValueError
        If the network does not take such images, or an image is not one.

    References
    ----------
    notebooks/05_simple_convnet.ipynb.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import SimpleConvNet
    >>> pad = DigitPad(SimpleConvNet.pretrained())
    >>> pad
    DigitPad: SimpleConvNet, the pad is empty
    >>> stroke = np.zeros((28, 28))
    >>> stroke[4:24, 13:15] = 1
    >>> pad.image = stroke
    >>> pad.answer
    1
    """

    scripts = ("tiles.js", "drawing.js", "network.js", "digit_pad.js")
    styles = ("network.css",)

    image = Numbers((2, 3), "one grey image (28, 28)").tag(echo_update=False)
    reply = traitlets.Dict().tag(sync=True)
    precision = traitlets.Enum(("float16", "float32"), "float16")

    def __init__(
        self, network, x=None, t=None, precision="float16", rng=None, **kwargs
    ):
        self.network = network
        self._size = input_size(network)
        self._x, self._t = _digits(x, t)
        self._rng = checks.as_rng(rng)
        self.asked = 0  # the number of the newest question of the drawing hand
        super().__init__(image=np.zeros((SIZE, SIZE)), precision=precision, **kwargs)
        self.on_msg(self._hear)

    @traitlets.validate("image")
    def _one_image(self, proposal):
        """Return the image as (28, 28), or say what it is instead."""
        image = proposal.value
        if image.ndim == 3 and len(image) == 1:
            image = image[0]
        if image.shape != (SIZE, SIZE):
            raise ValueError(
                f"image has shape {image.shape}; expected (28, 28), for example "
                "x_test[3, 0]. A drawing of another size: place_digit(drawing)."
            )
        if image.min() < 0 or image.max() > 1:
            raise ValueError(
                f"image runs from {image.min():g} to {image.max():g}; expected 0 for "
                "paper to 1 for ink. Bytes from 0 to 255: divide by 255."
            )
        return image

    @traitlets.observe("image")
    def _reply(self, change):
        self.reply = self._answer_for_display()

    @property
    def probabilities(self):
        """How sure the network is of each class, (classes,)."""
        return answer(self.network, self.image, self._size)[0]

    @property
    def answer(self):
        """The most probable class; None while the pad is empty."""
        return int(self.probabilities.argmax()) if self.image.any() else None

    def load(self, number=None):
        """Show a test digit.

        Parameters
        ----------
        number : int, optional
            Its place in ``x``; default one at random.
        """
        x, t = self._test_digits()
        number = int(self._rng.integers(len(x))) if number is None else number
        self.image = x[number, 0]
        if t is not None:  # after the image: the page keeps what it belongs to
            self.send({"label": int(t[number])})

    def describe(self) -> str:
        """Say which network, and what it answers, in one line."""
        kind = type(self.network).__name__
        if not self.image.any():
            return f"{kind}, the pad is empty"
        try:
            y = self.probabilities
        except ValueError as error:
            return f"{kind}, {error}"
        sure = "> 99 %" if y.max() > 0.99 else f"{100 * y.max():.0f} %"
        return f"{kind} says {y.argmax()}, {sure} sure"

    def page_state(self) -> dict:
        """Return what the page needs: also the weights, and some test digits."""
        _, outputs = answer(self.network, self.image, self._size)
        x, t = self._test_digits()
        some = self._rng.permutation(len(x))[:IN_PAGE]
        layers = rows_of(self.network, framed(self.network, self.image, self._size))
        return super().page_state() | {
            "reply": self._answer_for_display(),  # the weights may have changed
            "network": {
                "type": self.precision,
                "size": self._size,
                "layers": [self._packed(row) for row in layers],
                "show": [_last_name(name) for name, _ in self._maps(outputs)],
                "maps": [name for name, _ in self._maps(outputs)],
            },
            "digits": packed(np.rint(x[some, 0] * 255), np.uint8),
            "labels": None if t is None else [int(label) for label in t[some]],
        }

    def _packed(self, row) -> dict:
        """Store the arrays of a row in the type of the page."""
        packed = {}
        for name, value in row.items():
            if isinstance(value, np.ndarray):
                value = self._stored(value, row["layer"])
            elif name == "branches":
                value = [[self._packed(inner) for inner in rows] for rows in value]
            packed[name] = value
        return packed

    def _stored(self, values, layer):
        with np.errstate(over="ignore"):
            stored = values.astype(self.precision)
        if not np.isfinite(stored).all():
            raise ValueError(
                f"layer {layer!r} holds {np.abs(values).max():.3g}, which a page can't "
                f"store as {self.precision}. Did training diverge? Else set "
                "pad.precision = 'float32'."
            )
        return packed(stored, self.precision)

    def _maps(self, outputs):
        return first_maps(self.network, outputs)

    def _answer_for_display(self) -> dict:
        """Answer with plain values and bytes: probabilities, maps, or the problem."""
        reply = {"asked": self.asked, "probabilities": [], "maps": [], "problem": ""}
        try:
            y, outputs = answer(self.network, self.image, self._size)
        except ValueError as error:  # the network was changed since
            return reply | {"problem": str(error)}
        if not np.isfinite(y).all():
            problem = (
                "The network answers NaN: its weights are no numbers any more. "
                "Did training diverge? Try a smaller learning rate."
            )
            return reply | {"problem": problem}
        maps = [_levels(name, values) for name, values in self._maps(outputs)]
        return reply | {"probabilities": [float(p) for p in y], "maps": maps}

    def _test_digits(self):
        if self._x is None:
            (_, _), (x, t) = load_digits()
            self._x, self._t = x, t
        return self._x, self._t

    def _hear(self, widget, content, buffers):
        """Answer the page: a question with its image, or a press of the button.

        A question is a message, not a synced trait: ipywidgets sends the next change
        of a trait only when all that the last one led to has come back. Anything else
        the page says ("seen") is there for the network's sake (digit_pad.js).
        """
        if content == "load":
            self.load()
        elif isinstance(content, dict) and "ask" in content:
            self.asked = content["ask"]
            image = {"shape": [SIZE, SIZE], "data": buffers[0]}
            self.set_state({"image": image})  # as from the page: it is not sent back


def _digits(x, t):
    """Return test digits and their labels, checked; None where none were given."""
    if x is None:
        return None, None
    x = checks.images(x, channels=1)
    if x.shape[2:] != (SIZE, SIZE) or x.min() < 0 or x.max() > 1:
        raise ValueError(
            f"x has shape {x.shape} and runs from {x.min():g} to {x.max():g}; expected "
            "digits (N, 1, 28, 28) in [0, 1], for example x_test."
        )
    if t is not None:
        t = np.asarray(checks.array(t, "t"))
        t = t.argmax(axis=1) if t.ndim == 2 else t
        if t.shape != (len(x),):
            raise ValueError(
                f"t has shape {t.shape} for {len(x)} digits; expected one label each."
            )
    return x, t


def _levels(name, values) -> dict:
    """Write maps between 0, or their least number, and their largest."""
    low, high = float(min(values.min(), 0)), float(values.max())
    return {"name": name, **levels(values, low, high)}


def _last_name(name) -> str:
    """Return the last layer of "Conv1 → Relu1"."""
    return name.split(" → ")[-1]
