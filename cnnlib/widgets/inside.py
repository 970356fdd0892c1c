"""What a network says about one image, and what its first layers see in it."""

import copy

import numpy as np

from ..functions import softmax
from ..layer import naming
from ..networks import Sequential
from ..networks.blocks import Path
from .placing import SIZE


def leaves(network, within=""):
    """Yield each layer with its name; a block inside a network is opened."""
    for name, layer in network.layers.items():
        if is_row(layer):
            yield from leaves(layer, f"{within}{name}.")
        else:
            yield within + name, layer


def is_row(layer) -> bool:
    """Tell whether it does nothing but run its layers one after the other."""
    plain = (Path.forward, Sequential.forward)
    return isinstance(layer, Path) and type(layer).forward in plain


def input_size(network) -> int:
    """Return the height of the images that a network takes, 28 at least.

    Raises
    ------
    TypeError, ValueError
        If it is no network of the course, or does not take one grey square image.
    """
    if not isinstance(network, Sequential):
        raise TypeError(
            f"network is a {type(network).__name__}; expected a network of cnnlib, for "
            "example SimpleConvNet.pretrained() or Sequential({...})."
        )
    dim = network.input_dim
    if dim is None:
        return _try_sizes(network)
    dim = tuple(dim)
    if dim == (SIZE * SIZE,):
        return SIZE
    if len(dim) == 3 and dim[0] == 1 and dim[1] == dim[2] >= SIZE:
        return dim[1]
    raise ValueError(
        f"the network takes {dim}; the pad draws one grey image of {SIZE}x{SIZE}. "
        f"Expected input_dim (1, {SIZE}, {SIZE}), or a larger square such as "
        "(1, 32, 32): then zeros are put around the drawing."
    )


def _try_sizes(network) -> int:
    """Find the size by trying, for a network that does not tell its input."""
    for size in (SIZE, 32):
        try:
            answer(network, np.zeros((SIZE, SIZE)), size)
        except ValueError as error:
            reason = error
        else:
            return size
    raise ValueError(
        f"the network takes neither images (1, 28, 28) nor (1, 32, 32): {reason} "
        "The pad draws one grey image of 28x28."
    )


def framed(network, image, size):
    """Return an image as the input of a network (1, 1, size, size)."""
    around = (size - SIZE) / 2
    border = (int(np.floor(around)), int(np.ceil(around)))
    return np.pad(image, border)[np.newaxis, np.newaxis].astype(network.dtype)


def run_apart(layer, x):
    """Run a copy of a layer: a training that is under way must not be disturbed."""
    return copy.deepcopy(layer).forward(x, train=False)


def answer(network, image, size):
    """Return the probabilities (classes,) and the output of each layer, by name."""
    x, outputs = framed(network, image, size), {}
    for name, layer in leaves(network):
        with naming(name):
            x = run_apart(layer, x)
        outputs[name] = x[0]
    if x.ndim != 2:
        raise ValueError(
            f"the network's answer has shape {x.shape}; expected scores (1, classes)."
        )
    return softmax(x.astype(np.float64))[0], outputs


def first_maps(network, outputs):
    """Return the first feature maps and the first pooled maps: (name, maps) each.

    Activations and normalizations belong to the convolution before them. A network
    without convolution has none.
    """
    found, names = [], []
    for name, layer in leaves(network):
        maps, windows = outputs[name], np.ndim(getattr(layer, "W", 0)) >= 3
        if maps.ndim != 3:
            if found or names:
                break
            continue
        if not names:
            if windows:
                names, features = [name], maps
        elif windows or maps.shape[0] != features.shape[0]:
            break
        elif maps.shape == features.shape:
            names, features = [*names, name], maps
        else:
            found = [(name, maps)]
            break
    return [(" → ".join(names), features), *found] if names else []
