"""What every layer shares: the names of its arrays and a short memory.

A layer computes ``forward`` from its input and ``backward`` from the gradient
of its output. Between the two it must remember something, and this is the one
place where it does so.
"""

import contextlib

import numpy as np

from . import checks


class Layer:
    """Base of all layers.

    Attributes
    ----------
    parameters : tuple of str
        Names of the arrays that training changes. The gradient of ``W`` stands
        in ``dW`` after ``backward``.
    statistics : tuple of str
        Names of arrays that are saved with the parameters but not trained.
    per_sample : bool
        True if every sample of a batch is treated alone, so that a batch may be
        cut in two. A layer that does not say so is never cut.
    """

    parameters: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ()
    per_sample = False
    _kept = None

    def keep(self, train, out, *values):
        """Remember values for backward if ``train``, else forget; return ``out``."""
        self._kept = (out.shape, out.dtype, values) if train else None
        return out

    def recall(self, dout):
        """Return ``dout``, checked, followed by the values that forward kept.

        Raises
        ------
        RuntimeError
            If there was no forward pass in training.
        ValueError
            If ``dout`` has not the shape of the output.
        """
        shape, dtype, values = self.kept()
        return (checks.gradient(dout, shape, dtype), *values)

    def kept(self):
        """Return what the last forward pass in training left here."""
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward pass in training "
                "first: call forward(x, train=True), then backward(dout)."
            )
        return self._kept

    def parameters_like(self, x):
        """Return the parameters in the floating type of ``x``: x decides."""
        arrays = [getattr(self, name) for name in self.parameters]
        if x.dtype.kind == "f":
            arrays = [array.astype(x.dtype, copy=False) for array in arrays]
        return arrays

    def like(self, name, gradient):
        """Return a gradient in the floating type of the parameter it belongs to."""
        dtype = getattr(self, name).dtype
        return gradient.astype(dtype, copy=False) if dtype.kind == "f" else gradient

    def __repr__(self):
        shapes = [f"{name} {getattr(self, name).shape}" for name in self.parameters]
        settings = [
            f"{name}={value!r}"
            for name, value in vars(self).items()
            if isinstance(value, int | float | str | tuple)
            and not isinstance(value, np.generic)
            and not name.startswith("_")
            and name not in ("parameters", "statistics")
        ]
        return f"{type(self).__name__}({', '.join(shapes + settings)})"


@contextlib.contextmanager
def naming(layer_name):
    """Let an error say in which layer it happened."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"layer {layer_name!r}: {error}") from None
