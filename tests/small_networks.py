"""Networks and data that several test files share, all of them small."""

import numpy as np

from cnnlib import Sequential, SimpleConvNet
from cnnlib.networks.engines import engine_room

ENGINES = ["textbook", "fast"]  # every test of a network runs with each of them


def simple(engine, input_dim=(1, 8, 8), rng=0, **settings):
    """Return a SimpleConvNet with 3 filters and 10 hidden units."""
    settings = {
        "conv_param": {"filter_num": 3, "filter_size": 3},
        "hidden_size": 10,
        "weight_init_std": "he",
    } | settings
    return SimpleConvNet(input_dim, rng=rng, engine=engine, **settings)


def mixed(engine, rng=0, dropout_rng=3):
    """Return a network with a block, both batch normalizations and dropout.

    For images (2, 6, 6) and 4 classes.
    """
    room = engine_room(engine)
    rng = np.random.default_rng(rng)

    def weights(*shape):
        return rng.normal(0, 0.4, shape).astype(np.float32)

    def norm(size):
        scale, shift = 1 + weights(size) / 4, weights(size)
        return room.BatchNormalization(scale, shift)

    block = Sequential({"Norm": norm(3), "Relu": room.Relu()})
    return Sequential(
        {
            "Conv": room.Convolution(weights(3, 2, 3, 3), weights(3), pad=1),
            "Block": block,
            "Pool": room.Pooling(2, 2),
            "Hidden": room.Affine(weights(27, 7), weights(7)),
            "Norm": norm(7),
            "Dropout": room.Dropout(0.3, rng=dropout_rng),
            "Out": room.Affine(weights(7, 4), weights(4)),
        },
        room.SoftmaxWithLoss(),
        input_dim=(2, 6, 6),
    )


def samples(n, shape=(1, 8, 8), classes=10, seed=1):
    """Return random images in [0, 1] and labels."""
    rng = np.random.default_rng(seed)
    return rng.random((n, *shape), dtype=np.float32), rng.integers(0, classes, n)


class Regression:
    """A network as in the book: params, gradient, loss and accuracy, nothing else."""

    def __init__(self, features, classes):
        self.params = {"W1": np.zeros((features, classes)), "b1": np.zeros(classes)}

    def _probabilities(self, x):
        scores = x.reshape(len(x), -1) @ self.params["W1"] + self.params["b1"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        t = t if t.ndim == 1 else t.argmax(axis=1)
        return float(-np.log(self._probabilities(x)[np.arange(len(t)), t]).mean())

    def accuracy(self, x, t):
        t = t if t.ndim == 1 else t.argmax(axis=1)
        return float(np.mean(self._probabilities(x).argmax(axis=1) == t))

    def gradient(self, x, t):
        t = t if t.ndim == 1 else t.argmax(axis=1)
        d = self._probabilities(x)
        d[np.arange(len(t)), t] -= 1
        d /= len(t)
        return {"W1": x.reshape(len(x), -1).T @ d, "b1": d.sum(axis=0)}


def bits(arrays):
    """Return arrays as bytes, so that == compares bit for bit, nan included."""
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    return {
        name: (array.dtype.str, array.shape, array.tobytes())
        for name, array in arrays.items()
    }
