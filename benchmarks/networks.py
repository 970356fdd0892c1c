"""Whole networks: a training step, inference, an epoch, AlexNet's forward pass."""

import numpy as np

import cnnlib
from cnnlib import fast

from . import book
from .case import Case, Setup, digits, images, mnist
from .timing import local

SMALL = {
    "input_dim": (1, 12, 12),
    "conv_param": {"filter_num": 4},
    "hidden_size": 10,
}
CHECK_RATE = 3e-4  # learning rate of the steps that are compared
STILL_RATE = 1e-7  # of those that are timed: over thousands of steps on one batch
# the loss would become 0 and the averages of Adam subnormal, which is slow


def simple_convnet(setup, engine="textbook"):
    """Return the book's network; it starts with the same weights every time.

    Not with weights of 0.01: gradients are then so small that the first steps of
    Adam depend on its eps, which the book adds at another place.
    """
    sizes = SMALL if setup.tiny else {}
    return cnnlib.SimpleConvNet(**sizes, weight_init_std="he", rng=7, engine=engine)


def training(name, setup, x, t, lr):
    """Return a network of the contender and the optimizer that goes with it."""
    if name == "book":
        return book.SimpleConvNet(simple_convnet(setup).params), book.Adam(lr)
    network = simple_convnet(setup, engine=name)
    return network, trainer(network, (x, t), (x, t), lr).optimizer


def trainer(network, train, test, lr=0.001):
    """Return a silent trainer with Adam, for one epoch in the same order each time."""
    return cnnlib.Trainer(
        network,
        *train,
        *test,
        epochs=1,
        optimizer="Adam",
        optimizer_param={"lr": lr},
        verbose=False,
        rng=7,
    )


def stepper(network, optimizer, x, t):
    """Return a function that takes one training step and returns the loss."""

    def step():
        loss, grads = network.loss_and_gradient(x, t)
        optimizer.update(network.params, grads)
        return loss

    return step


def train_step(batch):
    """Return the ``build`` of: forward, backward and Adam on one batch."""

    def build(setup: Setup):
        x, t = digits(8, 12) if setup.tiny else digits(batch)

        def enter(name):
            step = stepper(*training(name, setup, x, t, STILL_RATE), x, t)
            return local(name, step, lambda: [three_losses(name)])

        def three_losses(name):
            step = stepper(*training(name, setup, x, t, CHECK_RATE), x, t)
            return [step() for _ in range(3)]

        return [enter(name) for name in setup.numpy_names()] + (
            setup.torch_contenders(
                "step",
                x=x,
                t=t,
                params=dict(simple_convnet(setup).params),
                rates=(STILL_RATE, CHECK_RATE),
            )
        )

    return build


def inference(setup: Setup):
    """Scores of 10,000 images; everyone in batches of his own choice."""
    x, _ = digits(50, 12) if setup.tiny else digits(10_000)

    def enter(name):
        if name == "book":
            network = book.SimpleConvNet(simple_convnet(setup).params)
            return local(name, lambda: [in_hundreds(network, x)])
        network = simple_convnet(setup, engine=name)
        return local(name, lambda: [network.predict(x)])

    return [enter(name) for name in setup.numpy_names()] + setup.torch_contenders(
        "inference", x=x, params=dict(simple_convnet(setup).params)
    )


def in_hundreds(network, x):
    """Return the scores, computed in batches of 100 as the book does."""
    return np.concatenate(
        [network.predict(x[i : i + 100]) for i in range(0, len(x), 100)]
    )


def epoch(setup: Setup):
    """Train on all of MNIST once, in batches of 100, and score both of its parts."""
    small = (500, 12), (200, 12, 8)
    parts = [digits(*size) for size in small] if setup.tiny else mnist()
    first = [(x[:1000], t[:1000]) for x, t in parts]  # enough to compare

    def enter(name):
        return local(
            name,
            lambda: one_epoch(name, setup, *parts),
            lambda: one_epoch(name, setup, *first),
        )

    return [enter(name) for name in setup.numpy_names()] + setup.torch_contenders(
        "epoch",
        parts=parts,
        first=first,
        orders=[order(len(x)) for x in (parts[0][0], first[0][0])],
        params=dict(simple_convnet(setup).params),
    )


def order(n):
    """Return the order in which ``Trainer(..., rng=7)`` takes n samples."""
    return np.random.default_rng(7).permutation(n)


def one_epoch(name, setup, train, test):
    """Train a new network for an epoch; return the losses and both accuracies."""
    if name == "book":
        network = book.SimpleConvNet(simple_convnet(setup).params)
        losses, *accuracies = book.train_epoch(
            network, book.Adam(), *train, *test, order(len(train[0]))
        )
        return [losses, accuracies]
    run = trainer(simple_convnet(setup, engine=name), train, test)
    run.train()
    return [run.train_loss_list, run.train_acc_list + run.test_acc_list]


# AlexNet without groups: kind, then outputs, window, stride and padding.
# fmt: off
ALEXNET = (
    ("conv", 96, 11, 4, 0), ("pool", 3, 2),
    ("conv", 256, 5, 1, 2), ("pool", 3, 2),
    ("conv", 384, 3, 1, 1), ("conv", 384, 3, 1, 1), ("conv", 256, 3, 1, 1),
    ("pool", 3, 2),
    ("affine", 4096), ("affine", 4096), ("affine", 1000),
)
# fmt: on


def alexnet_weights(setup):
    """Return the weights of all layers that have some, and the side of the image."""
    channels, side = 3, 67 if setup.tiny else 227
    size, weights = side, []
    for number, (kind, *numbers) in enumerate(ALEXNET):
        if kind == "pool":
            window, stride = numbers
            size = (size - window) // stride + 1
            continue
        out, *rest = numbers
        out = out // 16 if setup.tiny else out
        window, stride, pad = rest or (size, 1, 0)  # an affine layer sees everything
        inputs = channels * window * window
        shape = (out, channels, window, window) if kind == "conv" else (inputs, out)
        weights.append(images(*shape, seed=number) * np.float32((2 / inputs) ** 0.5))
        size = (size + 2 * pad - window) // stride + 1
        channels = out
    return weights, side


def alexnet_layers(room, weights, dtype):
    """Return the layers of AlexNet, made of the classes of a room, by name."""
    weights = iter(weights)
    layers = {}
    for number, (kind, *numbers) in enumerate(ALEXNET):
        if kind == "pool":
            layers[f"Pool{number}"] = room.Pooling(
                numbers[0], numbers[0], stride=numbers[1]
            )
            continue
        W = next(weights).astype(dtype)
        if kind == "conv":
            b = np.zeros(len(W), dtype)
            layers[f"Conv{number}"] = room.Convolution(W, b, *numbers[2:])
        else:
            layers[f"Affine{number}"] = room.Affine(W, np.zeros(W.shape[1], dtype))
        if number < len(ALEXNET) - 1:
            layers[f"Relu{number}"] = room.Relu()
    return layers


def alexnet(setup: Setup):
    """One image through five convolutions, three poolings, three affine layers."""
    weights, side = alexnet_weights(setup)
    x = images(1, 3, side, side, seed=99)

    def enter(name):
        if name == "book":
            layers = alexnet_layers(book, weights, np.float64).values()
            return local(name, lambda: [book.forward(layers, x)])
        room = fast if name == "fast" else cnnlib
        network = cnnlib.Sequential(alexnet_layers(room, weights, np.float32))
        return local(name, lambda: [network.predict(x)])

    return [enter(name) for name in setup.numpy_names()] + setup.torch_contenders(
        "alexnet", x=x, weights=weights, plan=ALEXNET
    )


CASES = [
    Case("step100", "SimpleConvNet train step, batch 100", train_step(100), 14, 1.3),
    Case("step128", "SimpleConvNet train step, batch 128", train_step(128), 14, 1.3),
    Case("inference", "inference of 10,000 images", inference, 35, 2),
    Case(
        "epoch",
        "one MNIST epoch through Trainer, all 70,000 evaluated",
        epoch,
        book=12,
        torch=1,
        limit=4.5,
        least=2,
        rtol=1e-2,
    ),
    Case("alexnet", "AlexNet-sized forward, 1 image", alexnet, 2.4, 1),
]
