"""The same work in PyTorch, in several variants of which the best one counts.

Only the worker process imports this module. ``prepare`` returns, by variant, a pair
of functions: the call to time, and one that returns the arrays to compare.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

FORMATS = {"eager": torch.contiguous_format, "channels_last": torch.channels_last}
INFERENCE_BATCHES = (50, 100, 200, 500, 1000)


def facts():
    """Return the version and the number of threads."""
    return {"version": torch.__version__, "threads": torch.get_num_threads()}


def prepare(kind, arrays):
    """Return the variants of one kind of work."""
    return KINDS[kind](**arrays)


def convnet(params, memory_format):
    """Return SimpleConvNet with the given parameters (NumPy, in cnnlib's shapes)."""
    FN, C, FH, FW = params["W1"].shape
    network = nn.Sequential(
        nn.Conv2d(C, FN, (FH, FW)),
        nn.ReLU(),
        nn.MaxPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(*params["W2"].shape),
        nn.ReLU(),
        nn.Linear(*params["W3"].shape),
    )
    for number, layer in ((1, network[0]), (2, network[4]), (3, network[6])):
        W = params[f"W{number}"]
        set_layer(layer, W if W.ndim == 4 else W.T, params[f"b{number}"])
    return network.to(memory_format=memory_format)


def set_layer(layer, W, b=None):
    """Give a layer its weights; no bias means zeros."""
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W))
        layer.bias.copy_(torch.zeros(len(W)) if b is None else torch.tensor(b))


def training(params, memory_format, fused, lr=0.001):
    """Return a network and Adam for it."""
    network = convnet(params, memory_format)
    return network, torch.optim.Adam(network.parameters(), lr=lr, fused=fused)


def train_on(network, optimizer, x, t):
    """Take one training step; return the loss."""
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(network(x), t)
    loss.backward()
    optimizer.step()
    return loss.item()


def training_variants():
    """Yield the name of each variant, its memory format and its Adam."""
    for (name, memory_format), fused in itertools.product(
        FORMATS.items(), (False, True)
    ):
        yield f"{name}, fused Adam" if fused else name, memory_format, fused


def step(x, t, params, rates):
    """Forward, backward and Adam on one batch."""
    x, t = torch.tensor(x), torch.tensor(t)

    def variant(memory_format, fused):
        images = x.to(memory_format=memory_format)
        timed = training(params, memory_format, fused, rates[0])

        def three_losses():
            compared = training(params, memory_format, fused, rates[1])
            return [[train_on(*compared, images, t) for _ in range(3)]]

        return lambda: train_on(*timed, images, t), three_losses

    return {name: variant(*choice) for name, *choice in training_variants()}


def deep_step(x, t, layers, rates):
    """Forward, backward and Adam on one batch, for a network given layer by layer."""
    x, t = torch.tensor(x), torch.tensor(t)

    def variant(memory_format, fused):
        images = x.to(memory_format=memory_format)

        def ready(lr):
            network = from_layers(layers).to(memory_format=memory_format)
            return network, torch.optim.Adam(network.parameters(), lr=lr, fused=fused)

        timed = ready(rates[0])

        def three_losses():
            compared = ready(rates[1])
            return [[train_on(*compared, images, t) for _ in range(3)]]

        return lambda: train_on(*timed, images, t), three_losses

    return {name: variant(*choice) for name, *choice in training_variants()}


def from_layers(layers):
    """Build a network of kinds and arrays, as ``deep.layers_as_arrays`` gives them."""
    modules = []
    for kind, arrays in layers:
        if kind == "Convolution":
            (W,) = arrays
            modules.append(
                nn.Conv2d(*W.shape[1::-1], W.shape[2:], padding=1, bias=False)
            )
            with torch.no_grad():
                modules[-1].weight.copy_(torch.tensor(W))
        elif kind == "Affine":
            if not any(isinstance(module, nn.Flatten) for module in modules):
                modules.append(nn.Flatten())
            modules.append(nn.Linear(*arrays[0].shape))
            set_layer(modules[-1], arrays[0].T, arrays[1])
        elif kind == "BatchNormalization":
            modules.append(nn.BatchNorm2d(len(arrays[0])))  # gamma 1, beta 0 as ours
        else:
            modules.append({"Relu": nn.ReLU(), "Pooling": nn.MaxPool2d(2)}[kind])
    return nn.Sequential(*modules)


def scores(network, x, batch):
    """Return the scores of all images, computed in batches."""
    with torch.inference_mode():
        return torch.cat([network(part) for part in x.split(batch)])


def inference(x, params):
    """Scores of many images at several batch sizes."""
    x = torch.tensor(x)

    def variant(memory_format, batch):
        network = convnet(params, memory_format).eval()
        images = x.to(memory_format=memory_format)
        call = lambda: scores(network, images, batch)  # noqa: E731
        return call, lambda: [call().numpy()]

    return {
        f"{name}, batches of {batch}": variant(memory_format, batch)
        for name, memory_format in FORMATS.items()
        for batch in INFERENCE_BATCHES
    }


def epoch(parts, first, orders, params):
    """One epoch in batches of 100, and the accuracy of both parts."""

    def run(parts, order, memory_format, fused):
        (x, t), test = parts
        network, optimizer = training(params, memory_format, fused)
        losses = [
            train_on(network, optimizer, x[batch], t[batch])
            for batch in order.split(100)
        ]
        return [losses, [accuracy(network, *part) for part in ((x, t), test)]]

    def variant(memory_format, fused):
        def ready(parts):
            return [
                (torch.tensor(x).to(memory_format=memory_format), torch.tensor(t))
                for x, t in parts
            ]

        timed, compared = ready(parts), ready(first)
        order, short = (torch.tensor(order) for order in orders)
        return (
            lambda: run(timed, order, memory_format, fused),
            lambda: run(compared, short, memory_format, fused),
        )

    return {n: variant(*choice) for n, *choice in training_variants() if choice[1]}


def accuracy(network, x, t):
    """Return the part of the samples that is classified right."""
    return (scores(network, x, 200).argmax(dim=1) == t).float().mean().item()


def layer(x, W, pad, direction):
    """One convolution, or max pooling if there are no filters, in one direction."""

    def variant(memory_format):
        images = tensor(x, memory_format)
        if W is None:
            inputs = [images]
            forward = lambda: F.max_pool2d(images, 2, 2)  # noqa: E731
        else:
            filters, b = tensor(W, memory_format), torch.zeros(len(W)).requires_grad_()
            inputs = [images, filters, b]
            forward = lambda: F.conv2d(images, filters, b, padding=pad)  # noqa: E731
        if direction == "forward":
            return forward, lambda: [forward().detach().numpy()]
        return backward(forward(), inputs, memory_format)

    return {name: variant(memory_format) for name, memory_format in FORMATS.items()}


def tensor(array, memory_format):
    """Return an array as a tensor that wants a gradient."""
    return torch.tensor(array).to(memory_format=memory_format).requires_grad_()


def backward(out, inputs, memory_format):
    """Return the gradient of a layer's inputs, as a call to time and an answer."""
    from .case import images

    dout = torch.tensor(images(*out.shape, seed=9)).to(memory_format=memory_format)

    def call():
        return torch.autograd.grad(out, inputs, dout, retain_graph=True)

    return call, lambda: [gradient.numpy() for gradient in call()]


def alexnet(x, weights, plan):
    """One image through the layers of a plan, see ``networks.ALEXNET``."""

    def variant(memory_format):
        network = plan_to_network(plan, iter(weights)).to(memory_format=memory_format)
        image = torch.tensor(x).to(memory_format=memory_format)
        call = lambda: scores(network, image, 1)  # noqa: E731
        return call, lambda: [call().numpy()]

    return {name: variant(memory_format) for name, memory_format in FORMATS.items()}


def plan_to_network(plan, weights):
    """Build the layers of a plan with the given weights and without biases."""
    layers = []
    for kind, *numbers in plan:
        if kind == "pool":
            layers.append(nn.MaxPool2d(*numbers))
            continue
        W = next(weights)
        if kind == "conv":
            new = nn.Conv2d(W.shape[1], len(W), *numbers[1:])
        else:
            if not any(isinstance(old, nn.Flatten) for old in layers):
                layers.append(nn.Flatten())
            new, W = nn.Linear(*W.shape), W.T
        set_layer(new, W)
        layers += [new, nn.ReLU()]
    return nn.Sequential(*layers[:-1]).eval()


KINDS = {
    "alexnet": alexnet,
    "deep_step": deep_step,
    "epoch": epoch,
    "inference": inference,
    "layer": layer,
    "step": step,
}
