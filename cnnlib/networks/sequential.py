"""Sequential: layers in a row.

A network is itself a layer: ``forward`` runs its layers in order, ``backward``
runs them in reverse. The rest is what one wants from a network: a prediction, a
loss, a gradient, a file.
"""

import numpy as np

from .. import checks, fast
from ..geometry import whole
from ..gradient import copy_as, numerical_gradients
from ..layers import SoftmaxWithLoss
from ..storage import load_arrays, save_arrays
from .blocks import Path
from .summary import table

__all__ = ["Sequential"]


class Sequential(Path):
    """Named layers in order, with a loss at the end.

    Parameters
    ----------
    layers : dict of str to layer
        Anything with ``forward(x, train)`` and ``backward(dout)``.
    last_layer : layer, optional
        The loss; ``SoftmaxWithLoss()`` if not given.
    input_dim : (C, H, W) or (D,), optional
        Shape of one sample, for ``summary()``.

    Attributes
    ----------
    layers : dict of str to layer
    last_layer : layer
    params : dict of str to array
        'W1', 'b1', 'W2'... numbered in the order of the layers; batch
        normalization counts its 'gamma1', 'beta1' on its own.
    grads : dict of str to array
        Gradients of the last ``backward``, under the same names.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import Affine, Relu, Sequential
    >>> net = Sequential({
    ...     "Affine1": Affine(np.ones((4, 3)), np.zeros(3)),
    ...     "Relu1": Relu(),
    ... })
    >>> net.predict(np.ones((2, 4))).shape
    (2, 3)
    """

    def __init__(self, layers, last_layer=None, input_dim=None):
        if not isinstance(layers, dict) or not layers:
            raise TypeError(
                "layers must be a dict such as {'Conv1': Convolution(W, b), "
                "'Relu1': Relu()}: the names are used in summaries and errors."
            )
        super().__init__(layers)
        self.last_layer = SoftmaxWithLoss() if last_layer is None else last_layer
        self.input_dim = input_dim

    def forward(self, x, train=True):
        """Return the scores (N, classes)."""
        return super().forward(self._input(x), train)

    def predict(self, x, batch_size=None):
        """Return the scores (N, classes) in test mode, computed in batches.

        ``batch_size`` limits the memory in use; None takes what is quick.
        """
        x = self._input(x)
        if batch_size is not None:
            batch_size = whole(batch_size, "batch_size", least=1)
        if self.engine == "fast":
            return fast.predict(self.layers, x, batch_size)
        batch_size = batch_size or 100
        batches = (x[i : i + batch_size] for i in range(0, len(x), batch_size))
        return np.concatenate([self.forward(batch, train=False) for batch in batches])

    def loss(self, x, t) -> float:
        """Return the mean loss in test mode."""
        return self.last_layer.forward(self.predict(x), t, train=False)

    def accuracy(self, x, t, batch_size=None) -> float:
        """Return the part of the samples, in [0, 1], that are classified right.

        Every sample counts once, also those of the last, smaller batch. ``t``
        holds labels (N,) or one-hot rows (N, classes).
        """
        scores = self.predict(x, batch_size)
        t = checks.labels(t, scores.shape)
        t = t if t.ndim == 1 else t.argmax(axis=1)
        return float(np.mean(scores.argmax(axis=1) == t))

    def gradient(self, x, t) -> dict:
        """Return the gradient of the loss by parameter name, by backpropagation."""
        return self.loss_and_gradient(x, t)[1]

    def loss_and_gradient(self, x, t):
        """Return the loss in training mode, and the gradient by parameter name."""
        if self.engine == "fast":
            loss = fast.loss_and_gradient(
                self.layers, self.last_layer, self._input(x), t
            )
        else:
            loss = self.last_layer.forward(self.forward(x), t)
            self.backward(self.last_layer.backward())
        return loss, self.grads

    def numerical_gradient(self, x, t) -> dict:
        """Return the gradient of the loss by nudging every parameter: very slow.

        It is computed in float64 on a copy of the network.
        """
        return numerical_gradients(self, x, t)

    def _input(self, x):
        """Return x in the type of the parameters; without any, x decides."""
        x = checks.samples(x, "x")
        if self.params or x.dtype.kind != "f":
            x = x.astype(self.dtype, copy=False)
        return x

    @property
    def dtype(self) -> np.dtype:
        """The type of the parameters; inputs are converted to it."""
        return next(iter(self.params.values()), np.empty(0, np.float32)).dtype

    def astype(self, dtype):
        """Return a copy of the network in another floating type."""
        return copy_as(self, dtype)

    def save_params(self, file_name="params.npz") -> None:
        """Save parameters and running statistics in an .npz file, all or nothing."""
        save_arrays(file_name, self.state())

    def load_params(self, file_name="params.npz") -> None:
        """Load what ``save_params`` saved, after checking all of it.

        Raises
        ------
        FileNotFoundError, ValueError
            If the file is missing, damaged or made by another network. The
            network is then as it was before.
        """
        state = self.state()
        arrays = load_arrays(file_name, expected=state)
        for name, array in arrays.items():
            state[name][...] = array  # in place: the layers hold these same arrays

    def summary(self, input_dim=None) -> str:
        """Return a table of layers: output shape, parameters, multiply-adds.

        Parameters
        ----------
        input_dim : (C, H, W) or (D,), optional
            Shape of one sample, if the network was not built with it.
        """
        input_dim = self.input_dim if input_dim is None else input_dim
        if input_dim is None:
            raise ValueError(
                "the shape of a sample is not known; say it, for example "
                "network.summary(input_dim=(1, 28, 28))."
            )
        return table(self.layers, np.zeros((1, *input_dim), self.dtype))
