"""Sequential: layers in a row.

A network is itself a layer: ``forward`` runs its layers in order, ``backward``
runs them in reverse. The rest is what one wants from a network: a prediction, a
loss, a gradient, a file.
"""

import collections
import math

import numpy as np

from .. import checks, fast
from ..geometry import whole
from ..gradient import copy_as, numerical_gradients
from ..layer import Layer, naming
from ..layers import SoftmaxWithLoss
from ..storage import load_arrays, save_arrays

__all__ = ["Sequential"]


class Parameters(dict):
    """The parameters of a network by name; assigning writes into the layer.

    The layers hold these same arrays, so ``params["W1"] = new`` copies the numbers
    of ``new`` instead of leaving the layer with the old ones.
    """

    def __setitem__(self, key, value):
        if key not in self:
            raise KeyError(
                f"there is no parameter {key!r}; this network has {list(self)}."
            )
        if np.shape(value) != self[key].shape:
            raise ValueError(
                f"{key} has shape {self[key].shape}; the new value has shape "
                f"{np.shape(value)}. They must be equal."
            )
        self[key][...] = value

    def update(self, *args, **kwargs):
        """Assign several parameters; dict's own would leave the layers alone."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __reduce__(self):
        return dict, (dict(self),)  # what a copy holds belongs to no layer


class Sequential(Layer):
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
        for name, layer in layers.items():
            _check_names_of_parameters(name, layer)
        self.layers = dict(layers)
        self.last_layer = SoftmaxWithLoss() if last_layer is None else last_layer
        self.input_dim = input_dim

    def forward(self, x, train=True):
        """Return the scores (N, classes)."""
        x = self._input(x)
        for name, layer in self.layers.items():
            with naming(name):
                x = layer.forward(x, train)
        return x

    def backward(self, dout):
        """Set the gradients of all layers; return dx in the shape of x."""
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return dout

    def predict(self, x, batch_size=100):
        """Return the scores (N, classes) in test mode, computed in batches."""
        x, batch_size = checks.array(x, "x"), whole(batch_size, "batch_size", least=1)
        if self.engine == "fast":
            return fast.predict(self.layers, self._input(x), batch_size)
        batches = (x[i : i + batch_size] for i in range(0, len(x), batch_size))
        return np.concatenate([self.forward(batch, train=False) for batch in batches])

    def loss(self, x, t) -> float:
        """Return the mean loss in test mode."""
        return self.last_layer.forward(self.predict(x), t, train=False)

    def accuracy(self, x, t, batch_size=100) -> float:
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
        x = checks.array(x, "x")
        if self.params or x.dtype.kind != "f":
            x = x.astype(self.dtype, copy=False)
        return x

    @property
    def engine(self) -> str:
        """'fast' if any layer comes from ``cnnlib.fast``, else 'textbook'."""
        rooms = {type(layer).__module__ for layer in _leaves(self.layers)}
        return "fast" if any(r.startswith(fast.__name__) for r in rooms) else "textbook"

    @property
    def per_sample(self) -> bool:
        """Whether every layer treats each sample alone."""
        return all(
            getattr(layer, "per_sample", False) for layer in self.layers.values()
        )

    @property
    def params(self) -> Parameters:
        """The arrays that training changes, by name."""
        return Parameters(_arrays(self.layers, "parameters"))

    @property
    def grads(self) -> dict:
        """The gradients of the last backward pass, by the names of ``params``."""
        return _arrays(self.layers, "parameters", prefix="d")

    @property
    def dtype(self) -> np.dtype:
        """The type of the parameters; inputs are converted to it."""
        return next(iter(self.params.values()), np.empty(0, np.float32)).dtype

    def astype(self, dtype):
        """Return a copy of the network in another floating type."""
        return copy_as(self, dtype)

    def state(self) -> dict:
        """Return all that is saved: parameters and running statistics, by name."""
        return self.params | _arrays(self.layers, "statistics")

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
        return _table(self.layers, np.zeros((1, *input_dim), self.dtype))


def _check_names_of_parameters(layer_name, layer):
    """Refuse a layer whose arrays would silently never be trained."""
    arrays = [name for name, v in vars(layer).items() if isinstance(v, np.ndarray)]
    if arrays and not hasattr(layer, "parameters"):
        raise TypeError(
            f"layer {layer_name!r} ({type(layer).__name__}) holds the arrays {arrays} "
            "but does not say which of them are trained. Add a line such as "
            'parameters = ("W", "b") to its class, or parameters = () if none is.'
        )


def _leaves(layers):
    """Yield the layers in order, those inside a network in a network too."""
    for layer in layers.values():
        if isinstance(layer, Sequential):
            yield from _leaves(layer.layers)
        else:
            yield layer


def _arrays(layers, kind, prefix=""):
    """Collect arrays of all layers by name: 'W1' is the W of the first that has one.

    ``kind`` is 'parameters' or 'statistics'; ``prefix`` "d" asks for the gradients.
    """
    arrays, counts = {}, collections.Counter()
    for layer in _leaves(layers):
        names = (*getattr(layer, "parameters", ()), *getattr(layer, "statistics", ()))
        counts.update(names[:1])  # W counts convolutions, gamma normalizations
        for name in getattr(layer, kind, ()):
            arrays[f"{name}{counts[names[0]]}"] = getattr(layer, prefix + name)
    return arrays


def _table(layers, x):
    """Send one sample through the layers and write down what each one does."""
    head = ("layer", "kind", "output", "parameters", "multiply-adds")
    rows = []
    _describe(layers, x, rows)
    totals = (sum(column) for column in list(zip(*rows, strict=True))[3:])
    rows.append(("total", "", "", *totals))
    wide = max(12, *(len(name) + 2 for name, *_ in rows))  # names in blocks are long
    lines = [f"{head[0]:<{wide}}{head[1]:<28}{head[2]:<18}{head[3]:>12}{head[4]:>16}"]
    for name, kind, shape, parameters, products in rows:
        counts = f"{parameters:>12,}{products:>16,}"
        lines.append(f"{name:<{wide}}{kind:<28}{shape:<18}{counts}")
    return "\n".join(lines)


def _describe(layers, x, rows, within=""):
    """Append a row for each layer, also those inside a block; return the output."""
    for name, layer in layers.items():
        with naming(name):
            if isinstance(layer, Sequential):
                x = _describe(layer.layers, x, rows, f"{within}{name}.")
                continue
            x = layer.forward(x, train=False)
        arrays = _arrays({name: layer}, "parameters")
        parameters = sum(array.size for array in arrays.values())
        # each weight is used once for every output pixel
        products = getattr(layer, "W", np.empty(0)).size * math.prod(x.shape[2:])
        shape = " x ".join(map(str, x.shape[1:]))
        rows.append((within + name, type(layer).__name__, shape, parameters, products))
    return x
