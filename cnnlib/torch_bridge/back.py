"""Back again: PyTorch modules as a network of this course, with their weights."""

import collections
import math

import torch
from torch import nn

from ..networks import Add, Concat, Sequential, ZeroChannels
from ..networks.engines import engine_room
from . import modules

__all__ = ["from_torch"]


def from_torch(module, engine="fast", input_dim=None):
    """Return a PyTorch module as a ``Sequential`` with the same weights.

    Parameters
    ----------
    module : nn.Sequential or a single module
        May lie on any device. It is not changed; the weights are copies. Modules
        named by numbers get the book's names: 'Conv1', 'Relu1', 'Affine1'...
    engine : {'fast', 'textbook'}
        Which layers to use.
    input_dim : (C, H, W) or (D,), optional
        Shape of one sample, for ``summary()``.

    Returns
    -------
    Sequential
        With ``SoftmaxWithLoss`` at the end, so the module should end with scores.

    Raises
    ------
    ValueError
        If a module, or one of its settings, has no counterpart here; says which.

    References
    ----------
    notebooks/10_from_numpy_to_pytorch.ipynb.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"module is {type(module).__name__}; expected an nn.Module, such as an "
            "nn.Sequential."
        )
    room = engine_room(engine)
    members = module if type(module) is nn.Sequential else nn.Sequential(module)
    layers = _Reader(room).row(members)
    if not layers:
        raise ValueError("the module holds no layer that does anything.")
    return Sequential(layers, room.SoftmaxWithLoss(), input_dim)


class _Reader:
    """Translate modules one after the other, with what the next one has to know.

    ``pad`` is a padding that waits for its convolution or pooling; ``shape`` is
    'images', 'flat', 'pixel' after a global pooling that keeps (N, C, 1, 1), or None
    if it is not known.
    """

    def __init__(self, room, shape=None, counts=None):
        self.room, self.shape, self.pad = room, shape, None
        self.counts = collections.Counter() if counts is None else counts

    def row(self, members, within=""):
        """Return the layers of an nn.Sequential by name."""
        layers = {}
        for name, module in members.named_children():
            where = f"{within}{name}"
            layer = self.translate(module, where)
            owner = name.removesuffix("_flatten")  # Affine flattens by itself
            inserted = owner != name and hasattr(members, owner)
            if layer is not None and not inserted:
                layers[self._name(name, type(layer).__name__, layers)] = layer
        self._no_pad_waits(f"the end of {within or 'the module'}")
        self._check(self.shape != "pixel", "a global pooling", "Put nn.Flatten() after")
        return layers

    def translate(self, module, where):
        """Return the layer for a module, or None if there is nothing to compute."""
        kind = type(module)
        what = f"module {where!r} ({kind.__name__})"
        if kind is nn.Sequential:
            layers = self.row(module, f"{where}.")
            return Sequential(layers) if layers else None
        if kind not in KINDS:
            raise ValueError(_no_counterpart(what, module))
        read, needs_images = KINDS[kind]
        if kind not in PADDED:
            self._no_pad_waits(what)
        if self.shape == "pixel" and kind not in (nn.Flatten, nn.Identity):
            self._check(False, what, "Put nn.Flatten() between the global pooling and")
        if needs_images:
            self.shape = "images"
        return read(self, module, what)

    def _name(self, name, kind, taken):
        """Keep a name; give the book's name in place of a number."""
        if not name.isdigit():
            return name
        short = SHORT.get(kind, kind)
        self.counts[short] += 1
        name = f"{short}{self.counts[short]}"
        return self._name("0", kind, taken) if name in taken else name

    def _check(self, fine, what, way_out):
        if not fine:
            raise ValueError(
                f"{what} has no counterpart here as it stands. {way_out} it."
            )

    def _no_pad_waits(self, what):
        if self.pad is not None:
            raise ValueError(
                f"a padding comes before {what}; here padding is a part of convolution "
                "and pooling, so it must stand right before one."
            )

    def padding(self, own, value=0.0):
        """Return what waits and a layer's own padding, as one."""
        vertical, horizontal = own
        own = ((vertical, vertical), (horizontal, horizontal))
        waiting, self.pad = self.pad, None
        if waiting is None:
            return own
        pad, found = waiting
        if found != value or own != ((0, 0), (0, 0)):
            raise ValueError(
                f"a padding with {found} stands before a layer that pads {own} with "
                f"{value}; only one of the two can be translated. Let the padding do "
                "all of it, with the layer's own value."
            )
        return pad

    def conv2d(self, m, what):
        """Translate nn.Conv2d."""
        self._check(m.padding_mode == "zeros", what, "Pad with zeros in")
        if isinstance(m.padding, str):
            pad = m.padding
            self._no_pad_waits(what)
        else:
            pad = self.padding(m.padding)
        W, b = _array(m.weight, what), _array(m.bias, what)
        return self.room.Convolution(W, b, m.stride, pad, m.dilation, m.groups)

    def max_pool(self, m, what):
        """Translate nn.MaxPool2d."""
        fine = not m.ceil_mode and _pair(m.dilation) == (1, 1) and not m.return_indices
        self._check(fine, what, "Leave ceil_mode, dilation and return_indices out of")
        pad = self.padding(_pair(m.padding), -math.inf)
        return self.room.Pooling(*_pair(m.kernel_size), _pair(m.stride), pad)

    def average_pool(self, m, what):
        """Translate nn.AvgPool2d."""
        self._no_pad_waits(what)
        counts = m.count_include_pad and _pair(m.padding) != (0, 0)
        fine = not (m.ceil_mode or m.divisor_override or counts)
        self._check(fine, what, "Set count_include_pad=False, no ceil_mode in")
        window, stride = _pair(m.kernel_size), _pair(m.stride)
        return self.room.AveragePooling(*window, stride, self.padding(_pair(m.padding)))

    def uncounted_pool(self, m, what):
        """Translate the average pooling of ``modules``."""
        self.translate(m.pad, what)
        pad, self.pad = self.pad[0], None
        window, stride = _pair(m.pool.kernel_size), _pair(m.pool.stride)
        return self.room.AveragePooling(*window, stride, pad)

    def constant_pad(self, m, what):
        """Remember a padding for the layer that comes next."""
        self._no_pad_waits(what)
        left, right, top, bottom = m.padding
        self.pad = ((top, bottom), (left, right)), getattr(m, "value", 0.0)

    def same_pad(self, m, what):
        """Remember the mode for the layer that comes next."""
        self._no_pad_waits(what)
        self.pad = m.pad, m.value

    def linear(self, m, what):
        """Translate nn.Linear."""
        fine = self.shape != "images"  # there it would act on each row of pixels
        self._check(fine, what, "Put nn.Flatten() between the images and")
        self.shape = "flat"
        W = _array(m.weight, what).T.copy()
        return self.room.Affine(W, _array(m.bias, what))

    def batch_norm(self, m, what):
        """Translate nn.BatchNorm1d and nn.BatchNorm2d."""
        fine = m.affine and m.track_running_stats and m.momentum is not None
        way_out = "Set affine, track_running_stats and a number as momentum in"
        self._check(fine, what, way_out)
        gamma, beta = _array(m.weight, what), _array(m.bias, what)
        momentum = round(1 - m.momentum, 12)  # theirs is the part of the new
        layer = self.room.BatchNormalization(gamma, beta, momentum, m.eps)
        layer.running_mean[...] = _array(m.running_mean, what)
        layer.running_var[...] = _array(m.running_var, what)
        return layer

    def flatten(self, m, what):
        """Translate nn.Flatten."""
        self._check((m.start_dim, m.end_dim) == (1, -1), what, "Use the defaults of")
        after_pixel, self.shape = self.shape == "pixel", "flat"
        return None if after_pixel else self.room.Flatten()

    def global_pool(self, m, what):
        """Translate a pooling that leaves one pixel a channel."""
        size = m.output_size
        self._check(size in (1, (1, 1)), what, "Use output size 1 in")
        self.shape = "pixel"
        if isinstance(m, nn.AdaptiveMaxPool2d):
            return self.room.GlobalMaxPooling()
        return self.room.GlobalAveragePooling()

    def dropout(self, m, what):
        """Translate nn.Dropout."""
        self._check(m.p < 1, what, "Use p < 1 in")
        return self.room.Dropout(m.p)

    def response_norm(self, m, what):
        """Translate nn.LocalResponseNorm."""
        settings = (m.size, m.alpha, m.beta, m.k)
        return self.room.LocalResponseNormalization(*settings)

    def branches(self, m, what):
        """Translate the blocks of ``modules``."""
        branches, shapes = {}, []
        for name, way in m.branches.items():
            reader = _Reader(self.room, self.shape, self.counts)
            branches[name] = reader.row(way, f"{what} {name}.")
            shapes.append(reader.shape)
        self.shape = shapes[0]
        return (Concat if isinstance(m, modules.Concat) else Add)(branches)


def _no_counterpart(what, module) -> str:
    if isinstance(module, nn.Softmax | nn.LogSoftmax):
        return (
            f"{what}: a network ends with scores here, and SoftmaxWithLoss applies the "
            "softmax. Leave it out, as nn.CrossEntropyLoss wants it too."
        )
    own = bool(list(module.children()))
    why = "; its forward can not be read off" if own else ""
    return (
        f"{what} has no counterpart here{why}. Translated are nn.Sequential and "
        f"{', '.join(sorted(kind.__name__ for kind in KINDS))}."
    )


def _array(tensor, what):
    """Return a copy of a tensor as an array, wherever it lies."""
    if tensor is None:
        return None
    if tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        raise ValueError(
            f"{what} holds {tensor.dtype}, which NumPy does not know. Convert the "
            "module first: module.float()."
        )
    return tensor.detach().cpu().numpy().copy()


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


SHORT = {
    "Convolution": "Conv",
    "Pooling": "Pool",
    "AveragePooling": "Pool",
    "BatchNormalization": "Norm",
    "LocalResponseNormalization": "Norm",
    "GlobalAveragePooling": "Pool",
    "GlobalMaxPooling": "Pool",
    "Sequential": "Block",
}

# For each kind of module: what reads it, and whether images come out.
KINDS = {
    nn.Conv2d: (_Reader.conv2d, True),
    nn.MaxPool2d: (_Reader.max_pool, True),
    nn.AvgPool2d: (_Reader.average_pool, True),
    modules.UncountedAvgPool2d: (_Reader.uncounted_pool, True),
    nn.AdaptiveAvgPool2d: (_Reader.global_pool, False),
    nn.AdaptiveMaxPool2d: (_Reader.global_pool, False),
    nn.BatchNorm2d: (_Reader.batch_norm, True),
    nn.BatchNorm1d: (_Reader.batch_norm, False),
    nn.LocalResponseNorm: (_Reader.response_norm, False),
    nn.Linear: (_Reader.linear, False),
    nn.Flatten: (_Reader.flatten, False),
    nn.Dropout: (_Reader.dropout, False),
    nn.Identity: (lambda reader, m, what: None, False),
    nn.ReLU: (lambda reader, m, what: reader.room.Relu(), False),
    nn.Sigmoid: (lambda reader, m, what: reader.room.Sigmoid(), False),
    nn.Tanh: (lambda reader, m, what: reader.room.Tanh(), False),
    nn.ZeroPad2d: (_Reader.constant_pad, True),
    nn.ConstantPad2d: (_Reader.constant_pad, True),
    modules.SamePad2d: (_Reader.same_pad, True),
    modules.Sum: (_Reader.branches, False),
    modules.Concat: (_Reader.branches, False),
    modules.ZeroChannels: (lambda r, m, what: ZeroChannels(m.channels), True),
}
PADS = (nn.ZeroPad2d, nn.ConstantPad2d, modules.SamePad2d)
PADDED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, modules.UncountedAvgPool2d, *PADS)
