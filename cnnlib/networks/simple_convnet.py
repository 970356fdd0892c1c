"""SimpleConvNet: the network of the book, and how its weights begin."""

import importlib.resources

import numpy as np

from .. import checks
from ..geometry import resolve, resolve_pooling, whole
from ..layer import naming
from .engines import engine_room
from .initial import initial_weights
from .sequential import Sequential

__all__ = ["SimpleConvNet"]


class SimpleConvNet(Sequential):
    """The book's network: convolution, ReLU, pooling, two affine layers.

    ::

        Conv1 - Relu1 - Pool1 - Affine1 - Relu2 - Affine2 - (softmax and loss)

    Parameters
    ----------
    input_dim : (C, H, W)
        Shape of one image.
    conv_param : dict, optional
        'filter_num', 'filter_size', 'pad' and 'stride' of the convolution; what is
        missing is taken from 30 filters of 5x5, pad 0, stride 1.
    hidden_size, output_size : int
        Units of the hidden layer, number of classes.
    weight_init_std : float or {'std', 'xavier', 'sigmoid', 'he', 'relu'}
        Standard deviation of the first weights, or the rule that computes it: 'std'
        is 0.01, 'xavier' = 'sigmoid' is sqrt(1 / n) and 'he' = 'relu' is sqrt(2 / n)
        for n inputs.
    rng : numpy.random.Generator, int or None
        Where the first weights come from; an int is a seed.
    engine : {'fast', 'textbook'}
        Which layers to use. The results agree within rounding.

    Raises
    ------
    ValueError
        If a size is impossible, or a name in ``conv_param`` is unknown.

    Notes
    -----
    All parameters are float32.

    References
    ----------
    Saito, section 7.5; notebooks/05_simple_convnet.ipynb.
    """

    def __init__(
        self,
        input_dim=(1, 28, 28),
        conv_param=None,
        hidden_size=100,
        output_size=10,
        weight_init_std=0.01,
        rng=None,
        engine="fast",
    ):
        C, H, W = _image_dim(input_dim)
        FN, FS, stride, pad = _conv_param(conv_param)
        hidden_size = whole(hidden_size, "hidden_size", least=1)
        output_size = whole(output_size, "output_size", least=1)
        with naming("Conv1"):
            conv = resolve(H, W, FS, FS, stride, pad)
        with naming("Pool1"):
            pool = resolve_pooling(conv.OH, conv.OW, 2, 2)
        features = FN * pool.OH * pool.OW

        rng = checks.as_rng(rng)
        W1 = initial_weights((FN, C, FS, FS), C * FS * FS, weight_init_std, rng)
        W2 = initial_weights((features, hidden_size), features, weight_init_std, rng)
        W3 = initial_weights(
            (hidden_size, output_size), hidden_size, weight_init_std, rng
        )
        b1, b2, b3 = (np.zeros(n, np.float32) for n in (FN, hidden_size, output_size))

        room = engine_room(engine)
        layers = {
            "Conv1": room.Convolution(W1, b1, stride, pad),
            "Relu1": room.Relu(),
            "Pool1": room.Pooling(2, 2, stride=2),
            "Affine1": room.Affine(W2, b2),
            "Relu2": room.Relu(),
            "Affine2": room.Affine(W3, b3),
        }
        super().__init__(layers, room.SoftmaxWithLoss(), (C, H, W))

    @classmethod
    def pretrained(cls, engine="fast"):
        """Return the network that was trained on MNIST for 20 epochs.

        It comes with the package and needs no data and no network. See the README
        for its accuracy and notebooks/05_simple_convnet.ipynb for how it was made.
        """
        network = cls(engine=engine)
        weights = importlib.resources.files("cnnlib") / "weights"
        with importlib.resources.as_file(weights / "simple_convnet_mnist.npz") as file:
            network.load_params(file)
        return network


def _image_dim(input_dim):
    if not isinstance(input_dim, tuple | list) or len(input_dim) != 3:
        raise ValueError(
            f"input_dim is {input_dim!r}; expected (C, H, W), for example (1, 28, 28) "
            "for grey MNIST images."
        )
    return tuple(whole(n, "input_dim", least=1) for n in input_dim)


def _conv_param(conv_param):
    """Return filter_num, filter_size, stride and pad, with the book's defaults."""
    if not isinstance(conv_param, dict | None):
        raise TypeError(
            f"conv_param is {conv_param!r}; expected a dict such as "
            "{'filter_num': 30, 'filter_size': 5, 'pad': 0, 'stride': 1}."
        )
    full = {"filter_num": 30, "filter_size": 5, "stride": 1, "pad": 0}
    unknown = set(conv_param or {}) - set(full)
    if unknown:
        raise ValueError(
            f"conv_param has unknown name(s) {sorted(unknown)}; expected "
            f"{sorted(full)}."
        )
    full |= conv_param or {}
    full["filter_num"] = whole(full["filter_num"], "filter_num", least=1)
    full["filter_size"] = whole(full["filter_size"], "filter_size", least=1)
    return full.values()
