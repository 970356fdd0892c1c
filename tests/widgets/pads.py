"""Networks and drawings that the tests of the digit pad share."""

import numpy as np

import cnnlib
from cnnlib import fast
from cnnlib.architectures import LENET5, LENET5_PAPER, build
from cnnlib.networks import Sequential, SimpleConvNet
from cnnlib.networks.blocks import Add, ZeroChannels


def one():
    """Draw a 1."""
    image = np.zeros((28, 28))
    image[4:24, 13:15] = 1
    return image


def odd_network(engine, rng):
    """Build one of every layer, nested, with settings that are not the default."""
    room = fast if engine == "fast" else cnnlib

    def draw(*shape):
        return rng.normal(0, 0.3, shape).astype(np.float32)

    norm = room.BatchNormalization(draw(6) + 1, draw(6))
    norm.running_mean[:], norm.running_var[:] = draw(6), rng.random(6) + 0.5
    last = room.BatchNormalization(draw(12) + 1, draw(12))
    block = Sequential(
        {
            "Conv": room.Convolution(draw(8, 3, 3, 2), None, (1, 2), "same", (2, 1), 2),
            "Tanh": room.Tanh(),
            "Pool": room.Pooling(3, 2, stride=2, pad=1),
        }
    )
    return Sequential(
        {
            "Conv1": room.Convolution(draw(6, 1, 5, 5), draw(6), pad=((2, 1), (0, 2))),
            "Norm1": norm,
            "Relu1": room.Relu(),
            "Drop1": room.Dropout(0.3),
            "Local": room.LocalResponseNormalization(4, 0.5),
            "Pool1": room.AveragePooling(3, 3, stride=2, pad=1),
            "Block": block,
            "Flat": room.Flatten(),
            "Affine1": room.Affine(draw(8 * 8 * 5, 12), draw(12)),
            "Norm2": last,
            "Sigmoid": room.Sigmoid(),
            "Affine2": room.Affine(draw(12, 10), None),
        }
    )


def blocks(engine, rng):
    """Build a small network with every kind of block, one inside the other."""
    room = fast if engine == "fast" else cnnlib

    def conv(FN, C, FS, **settings):
        W = rng.normal(0, 0.4, (FN, C, FS, FS)).astype(np.float32)
        return room.Convolution(W, rng.normal(size=FN).astype(np.float32), **settings)

    inner = cnnlib.Residual({"C": conv(3, 3, 3, pad=1), "R": room.Relu()})
    shortcut = {
        "Half": room.Pooling(1, 1, stride=2),
        "Zeros": ZeroChannels(7),
    }
    W = rng.normal(0, 0.1, (7, 10)).astype(np.float32)
    return Sequential(
        {
            "Conv1": conv(4, 1, 5, stride=2),
            "Inception": cnnlib.Concat(
                {
                    "1x1": {"C": conv(3, 4, 1), "Block": inner},
                    "single": conv(2, 4, 3, pad=1),
                    "same": {},
                }
            ),
            "Block": cnnlib.Residual({"C": conv(9, 9, 3, pad=1)}),
            "Narrow": conv(5, 9, 1),
            "Down": cnnlib.Residual({"C": conv(7, 5, 3, stride=2, pad=1)}, shortcut),
            "Sum": Add({"a": room.Relu(), "b": {"T": room.Tanh()}, "c": {}}),
            "Mean": room.GlobalAveragePooling(),
            "Affine": room.Affine(W, None),
        }
    )


def ending(pool):
    """Build a network that ends with a global pooling."""
    W = np.random.default_rng(3).normal(size=(10, 1, 5, 5)).astype(np.float32)
    return Sequential({"C": cnnlib.Convolution(W, np.zeros(10)), "P": pool()})


NETWORKS = {
    "fast": lambda rng: SimpleConvNet(rng=rng, weight_init_std="he"),
    "textbook": lambda rng: SimpleConvNet(
        rng=rng, weight_init_std="he", engine="textbook"
    ),
    "LeNet-5": lambda rng: build(LENET5, rng=rng),
    "LeNet-5 of 1998, 32x32": lambda rng: build(LENET5_PAPER, rng=rng),
    "odd, fast": lambda rng: odd_network("fast", rng),
    "odd, textbook": lambda rng: odd_network("textbook", rng),
    "blocks, fast": lambda rng: blocks("fast", rng),
    "blocks, textbook": lambda rng: blocks("textbook", rng),
    "global average": lambda rng: ending(cnnlib.GlobalAveragePooling),
    "global maximum": lambda rng: ending(fast.GlobalMaxPooling),
    "no convolution": lambda rng: Sequential(
        {"A": cnnlib.Affine(rng.normal(size=(784, 10)) / 28, np.zeros(10))},
        None,
        (784,),
    ),
}
