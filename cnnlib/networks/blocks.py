"""Blocks: layers side by side, which compose and differentiate like one layer.

The gradient of a block needs two rules only. A number that goes into several
branches gets the sum of what comes back from them. Where branches are added, each
gets the gradient as it is; where they are put side by side, each gets its part.
"""

import numpy as np

from .. import checks
from ..geometry import whole
from ..layer import Layer, naming
from .composite import Composite, check_members

__all__ = ["Add", "Concat", "Path", "Residual", "ZeroChannels"]


class Path(Composite):
    """Named layers in a row, and nothing more; without any, the identity.

    Parameters
    ----------
    layers : dict of str to layer
    """

    def __init__(self, layers):
        if not isinstance(layers, dict):
            raise TypeError(
                f"a branch is {type(layers).__name__}; expected a dict such as "
                "{'Conv1': Convolution(W, b), 'Relu1': Relu()}; {} is the identity."
            )
        check_members(layers)
        self.layers = dict(layers)

    @property
    def children(self) -> dict:
        """The layers by name."""
        return self.layers

    def forward(self, x, train=True):
        """Run the layers in order."""
        for name, layer in self.layers.items():
            with naming(name):
                x = layer.forward(x, train)
        return x

    def backward(self, dout):
        """Set the gradients of all layers; return dx in the shape of x."""
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return dout

    def __repr__(self):
        return f"{type(self).__name__}({_names(self)})"


class Branches(Composite):
    """What the blocks share: one input goes into all branches.

    A subclass writes ``join``, which makes one output out of several, and ``split``,
    which makes the gradients of the several out of the gradient of the one.

    Parameters
    ----------
    branches : dict of str to dict
        For each branch its layers by name; {} is the identity. A single layer will do
        as a branch, too.

    Raises
    ------
    TypeError
        If there are not two branches, or one is no dict of layers.
    ValueError
        If one layer object stands in two places.
    """

    def __init__(self, branches):
        if not isinstance(branches, dict) or len(branches) < 2:
            raise TypeError(
                "branches must be a dict of two or more, such as {'1x1': {'Conv1': "
                "Convolution(W, b)}, 'identity': {}}."
            )
        self.branches = {}
        for name, branch in branches.items():
            with naming(name):
                self.branches[name] = (
                    branch if isinstance(branch, Layer) else Path(branch)
                )
        check_members(self.branches)

    @property
    def children(self) -> dict:
        """The branches by name."""
        return self.branches

    def forward(self, x, train=True):
        """Send x through every branch and join what comes out."""
        x, outs = checks.array(x, "x"), {}
        for name, branch in self.branches.items():
            with naming(name):
                outs[name] = branch.forward(x, train)
        return self.keep(train, *self.join(outs))

    def backward(self, dout):
        """Set the gradients of all layers; return the sum of the branches' dx."""
        douts = self.split(*self.recall(dout))
        branches = self.branches.values()
        return _sum([b.backward(d) for b, d in zip(branches, douts, strict=True)])

    def join(self, outs):
        """Return one output, and what ``split`` has to know."""
        raise NotImplementedError(f"{type(self).__name__} must define join.")

    def split(self, dout, *kept):
        """Return the gradient of each branch's output."""
        raise NotImplementedError(f"{type(self).__name__} must define split.")

    def __repr__(self):
        parts = [f"{name}: {_names(b)}" for name, b in self.branches.items()]
        return f"{type(self).__name__}({', '.join(parts)})"


class Add(Branches):
    """Add up what the branches return: all must return the same shape.

    Parameters
    ----------
    branches : dict of str to dict
        For each branch its layers by name; {} is the identity.
    """

    def join(self, outs):
        """Return the sum."""
        shapes = {out.shape for out in outs.values()}
        if len(shapes) > 1:
            raise ValueError(
                f"the branches return {_shapes(outs)}; to be added they must have one "
                "shape. A 1x1 convolution in the shortcut, with the stride and the "
                "number of filters of the other branch, makes them equal."
            )
        return (_sum(list(outs.values())),)

    def split(self, dout):
        """Return the gradient for everyone: a sum passes it on as it is."""
        return [dout] * len(self.branches)


class Residual(Add):
    """Add the input to what some layers make of it: ``out = x + layers(x)``.

    The layers have to learn the difference only. And in ``backward`` the gradient
    arrives at x at full size, on the way that has no layers.

    Parameters
    ----------
    layers : dict of str to layer
        The way that learns the difference, the residual.
    shortcut : dict of str to layer, optional
        The other way, which must return the same shape. If not given it is x itself;
        where the shape changes, a 1x1 convolution with a stride (and a batch
        normalization) is usual.

    Notes
    -----
    The ReLU of He et al. comes after the sum: put it behind the block.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import Affine, Residual
    >>> block = Residual({"Affine1": Affine(np.zeros((3, 3)), np.zeros(3))})
    >>> block.forward(np.array([[1.0, 2.0, 3.0]]))
    array([[1., 2., 3.]])

    References
    ----------
    He, Zhang, Ren & Sun (2016), "Deep residual learning for image recognition";
    notebooks/08_modern_architectures.ipynb.
    """

    def __init__(self, layers, shortcut=None):
        super().__init__({"main": layers, "shortcut": shortcut or {}})


class Concat(Branches):
    """Put the channels of the branches one after the other: an inception block.

    Parameters
    ----------
    branches : dict of str to dict
        For each branch its layers by name; {} is the identity. All must return images
        of one height and width (or rows of numbers); the channels may differ.

    References
    ----------
    Szegedy et al. (2015), "Going deeper with convolutions";
    notebooks/08_modern_architectures.ipynb.
    """

    def join(self, outs):
        """Return (N, C1 + C2 + ..., H, W), and where each branch ends."""
        if len({(out.shape[0], *out.shape[2:]) for out in outs.values()}) > 1:
            raise ValueError(
                f"the branches return {_shapes(outs)}; to stand side by side they must "
                "agree in all but axis 1, the channels. Check stride and pad: a 3x3 "
                "convolution or pooling keeps the size with stride 1 and pad 1."
            )
        out = np.concatenate(list(outs.values()), axis=1)  # keeps the memory order
        return out, np.cumsum([out.shape[1] for out in outs.values()])[:-1]

    def split(self, dout, ends):
        """Return to each branch the gradient of its own channels."""
        return np.split(dout, ends, axis=1)


class ZeroChannels(Layer):
    """Add channels that are 0 everywhere, up to a number of channels.

    With a pooling of 1x1 and stride 2 before it, a shortcut without parameters.

    Parameters
    ----------
    channels : int
        How many are to come out.

    References
    ----------
    He et al. (2016), section 4.2 ("option A").
    """

    per_sample = True

    def __init__(self, channels):
        self.channels = whole(channels, "channels", least=1)

    def forward(self, x, train=True):
        """Return x with zeros behind its channels (N, channels, H, W)."""
        x = checks.images(x)
        N, C, H, W = x.shape
        if self.channels < C:
            raise ValueError(
                f"x has {C} channels, more than the {self.channels} that are to come "
                "out; zeros can only be added."
            )
        out = np.zeros_like(x, shape=(N, self.channels, H, W))  # in x's memory order
        out[:, :C] = x
        return self.keep(train, out, C)

    def backward(self, dout):
        """Return dx: the gradient of the channels that are not new."""
        dout, C = self.recall(dout)
        return dout[:, :C].copy(order="K")


def _sum(arrays):
    """Add up two arrays or more into a new one."""
    total = arrays[0] + arrays[1]
    for array in arrays[2:]:
        total += array
    return total


def _names(branch):
    if isinstance(branch, Path):
        return " - ".join(branch.layers) or "identity"
    return repr(branch)


def _shapes(outs):
    return ", ".join(f"{name} {out.shape}" for name, out in outs.items())
