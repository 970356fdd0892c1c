"""The shared table: one row for each layer, and the rooms that it is tested in.

To add a layer, add one row to ROWS. To add a room (another module with the same
class names), add one entry to ROOMS; a layer that a room has not got is left out.
A layer that is made of a room's layers says so with ``make``.
Every case is repeatable: its arrays are drawn from its own name. All numbers are
exact in float32, so that one reference result in float64 serves both types.
"""

import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlib import Add, Concat, Residual, conv, fast, layers, naive
from cnnlib.geometry import resolve, resolve_pooling
from cnnlib.layer import Layer
from cnnlib.networks import ZeroChannels, lenet
from cnnlib.networks.composite import Composite


def room(*modules):
    """Collect the public classes of some modules under their names."""
    return SimpleNamespace(**{n: getattr(m, n) for m in modules for n in m.__all__})


ROOMS = {"textbook": room(conv, layers), "fast": fast}

in_every_room = pytest.mark.parametrize("room", ROOMS.values(), ids=list(ROOMS))


@dataclass(frozen=True, eq=False)
class Row:
    """A layer: its cases, and what computes the same in another way, if anything.

    A case is ``(x_shape, parameter_shapes, settings)``; a shape None stands for an
    absent parameter. ``loops(x, p, s)`` returns out and ``loops_backward(dout, x, p,
    s)`` a dict of gradients, with the parameters p and settings s of the case;
    ``torch(F, x, p, s)`` returns out in PyTorch, which differentiates it itself.
    ``make(room, **p, **s)`` returns a layer that is no class of the room.
    """

    name: str
    cases: list
    loops: Callable | None = None
    loops_backward: Callable | None = None
    torch: Callable | None = None
    make: Callable | None = None
    is_view: bool = False  # out may share memory with x: nothing is computed


@dataclass(frozen=True, eq=False)
class Case:
    """One layer with one setting: draws its arrays and builds it in any room."""

    row: Row
    number: int
    shape: tuple
    shapes: dict
    settings: dict

    def __str__(self):
        return f"{self.row.name}-{self.number}"

    def x(self, dtype=np.float64):
        return distinct(self.shape, f"{self} x").astype(dtype)

    def parameters(self, dtype=np.float64):
        return {
            name: None if shape is None else distinct(shape, f"{self} {name}", dtype)
            for name, shape in self.shapes.items()
        }

    def dout(self, dtype=np.float64):
        shape = self.layer(ROOMS["textbook"]).forward(self.x()).shape
        return distinct(shape, f"{self} dout", dtype)

    def layer(self, room, dtype=np.float64, parameters=None):
        arguments = (parameters or self.parameters(dtype)) | self.settings
        if self.row.make is None:
            return getattr(room, self.row.name)(**arguments)
        layer = self.row.make(room, **arguments)
        return Flat(layer) if isinstance(layer, Composite) else layer


class Flat(Layer):
    """A block that shows the arrays inside it as its own, as other layers do."""

    def __init__(self, block):
        self.block, self.per_sample = block, block.per_sample
        self.parameters = tuple(block.params)

    def forward(self, x, train=True):
        return self.block.forward(x, train)

    def backward(self, dout):
        return self.block.backward(dout)

    def __getattr__(self, name):
        if name in self.parameters:
            return self.block.params[name]
        return self.block.grads[name.removeprefix("d")]

    def __repr__(self):
        return super().__repr__().replace("Flat", type(self.block).__name__, 1)


def distinct(shape, seed, dtype=np.float64):
    """Spread different numbers over (-2, 2), none of them 0: no ties, no kinks."""
    size = int(np.prod(shape))
    order = np.random.default_rng(zlib.crc32(seed.encode())).permutation(size)
    values = (order + 0.25 - size / 2) * (4 / size)
    return values.astype(np.float32).astype(dtype).reshape(shape)


# Random settings of windows. --------------------------------------------------


def random_windows(seed, count, dilated):
    """Draw ((H, W), (FH, FW), settings) that fit, small enough for plain loops."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        sizes = tuple(int(size) for size in rng.integers(1, 10, 2))
        window = tuple(int(size) for size in rng.integers(1, 5, 2))
        settings = {"stride": _int_or_pair(rng, 1, 4), "pad": _any_pad(rng)}
        if dilated:
            settings["dilation"] = _int_or_pair(rng, 1, 3)
        elif rng.random() < 0.3:
            settings["stride"] = None
        try:
            (resolve if dilated else resolve_pooling)(*sizes, *window, **settings)
        except ValueError:
            continue  # it does not fit: draw again
        found.append((sizes, window, settings))
    return found


def _int_or_pair(rng, low, high):
    values = tuple(int(value) for value in rng.integers(low, high + 1, 2))
    return values if rng.random() < 0.6 else values[0]


def _any_pad(rng):
    kind = rng.integers(7)
    if kind > 3:
        return ("valid", "same", "full")[kind - 4]
    a, b, c, d = (int(value) for value in rng.integers(0, 3, 4))
    return (0, a, (a, b), ((a, b), (c, d)))[kind]


def convolution_cases():
    cases = [
        ((2, 3, 6, 7), {"W": (4, 3, 3, 3), "b": (4,)}, {}),
        (
            (2, 4, 7, 5),
            {"W": (6, 2, 3, 2), "b": (6,)},
            {
                "stride": (2, 1),
                "pad": ((1, 0), (2, 1)),
                "dilation": (1, 2),
                "groups": 2,
            },
        ),
        ((3, 2, 4, 5), {"W": (3, 2, 1, 1), "b": (3,)}, {}),
        ((2, 3, 5, 4), {"W": (3, 1, 2, 3), "b": None}, {"groups": 3, "pad": "same"}),
    ]
    rng = np.random.default_rng(1)
    for (H, W), (FH, FW), settings in random_windows(2, 32, dilated=True):
        N, C, FN, groups = (int(value) for value in rng.integers(1, 4, 4))
        if rng.random() < 0.5:
            groups = 1
        shapes = {"W": (FN * groups, C, FH, FW), "b": (FN * groups,)}
        cases.append(((N, C * groups, H, W), shapes, {**settings, "groups": groups}))
    return cases


def pooling_cases(seed):
    cases = [
        ((2, 3, 6, 8), {}, {"pool_h": 2, "pool_w": 2}),
        (
            (2, 2, 7, 5),
            {},
            {"pool_h": 3, "pool_w": 2, "stride": (2, 1), "pad": ((1, 0), (0, 1))},
        ),
        ((2, 3, 4, 5), {}, {"pool_h": 1, "pool_w": 1}),
    ]
    rng = np.random.default_rng(seed)
    for sizes, (pool_h, pool_w), settings in random_windows(seed, 27, dilated=False):
        N, C = (int(value) for value in rng.integers(1, 4, 2))
        window = {"pool_h": pool_h, "pool_w": pool_w}
        cases.append(((N, C, *sizes), {}, {**window, **settings}))
    return cases


IMAGES = [(2, 3, 4, 5), (1, 1, 3, 1), (3, 4, 1, 2)]
ANY = [((2, 3, 4, 5), {}, {}), ((4, 7), {}, {}), ((1, 2, 1, 3), {}, {})]


# References. ------------------------------------------------------------------


def convolution_loops_backward(dout, x, p, s):
    dx, dW, db = naive.convolution_backward(dout, x, p["W"], **s)
    return {"x": dx, "W": dW, "b": db}


def global_window(x):
    return {"pool_h": x.shape[2], "pool_w": x.shape[3]}


def torch_padded(F, x, g, value=0.0):
    (top, bottom), (left, right) = g.pad
    return F.pad(x, (left, right, top, bottom), value=value)


def torch_convolution(F, x, p, s):
    pad, dilation = s.get("pad", 0), s.get("dilation", 1)
    sizes = (*x.shape[2:], *p["W"].shape[2:])
    g = resolve(*sizes, s.get("stride", 1), pad, dilation)
    padded = torch_padded(F, x, g)
    groups = s.get("groups", 1)
    return F.conv2d(padded, p["W"], p["b"], g.stride, 0, g.dilation, groups)


def torch_max_pooling(F, x, p, s):
    g = resolve_pooling(*x.shape[2:], **s)
    return F.max_pool2d(torch_padded(F, x, g, -np.inf), (g.FH, g.FW), g.stride)


def torch_average_pooling(F, x, p, s):
    g = resolve_pooling(*x.shape[2:], **s)
    total, count = (
        F.avg_pool2d(torch_padded(F, image, g), (g.FH, g.FW), g.stride)
        for image in (x, x.detach() * 0 + 1)
    )
    return total / count


def torch_batch_normalization(F, x, p, s):
    return F.batch_norm(x, None, None, p["gamma"], p["beta"], True, eps=s.get("eps"))


# Blocks. --------------------------------------------------------------------------


def make_residual(room, W1, gamma1, beta1, W2, b2, W3=None, stride=1):
    """Make a block of two convolutions, W3 being the one in the shortcut, if any."""
    main = {
        "Conv1": room.Convolution(W1, None, stride, pad=1),
        "Norm1": room.BatchNormalization(gamma1, beta1, eps=1e-3),
        "Relu1": room.Relu(),
        "Conv2": room.Convolution(W2, b2, pad="same"),
    }
    shortcut = None if W3 is None else {"Conv": room.Convolution(W3, None, stride)}
    return Residual(main, shortcut)


def residual_loops(x, p, s):
    stride = s.get("stride", 1)
    out = naive.convolution(x, p["W1"], None, stride, 1)
    out = naive.batch_normalization(out, p["gamma1"], p["beta1"], eps=1e-3)
    out = naive.convolution(np.where(out > 0, out, 0), p["W2"], p["b2"], pad="same")
    if p.get("W3") is not None:
        x = naive.convolution(x, p["W3"], None, stride)
    return out + x


def torch_residual(F, x, p, s):
    stride = s.get("stride", 1)
    out = F.conv2d(x, p["W1"], None, stride, padding=1)
    out = F.batch_norm(out, None, None, p["gamma1"], p["beta1"], True, eps=1e-3)
    out = F.conv2d(F.relu(out), p["W2"], p["b2"], padding="same")
    return out + (F.conv2d(x, p["W3"], None, stride) if "W3" in p else x)


def make_concat(room, W1, b1, W2, b2, W3):
    branches = {
        "1x1": {"Conv": room.Convolution(W1, b1), "Tanh": room.Tanh()},
        "3x3": {"Conv": room.Convolution(W2, b2, pad=1)},
        "pool": {"Pool": room.Pooling(3, 3, 1, 1), "Conv": room.Convolution(W3, None)},
        "identity": {},
    }
    return Concat(branches)


def concat_loops(x, p, s):
    pooled = naive.max_pooling(x, 3, 3, 1, 1)
    outs = [
        np.tanh(naive.convolution(x, p["W1"], p["b1"])),
        naive.convolution(x, p["W2"], p["b2"], pad=1),
        naive.convolution(pooled, p["W3"], None),
        x,
    ]
    return np.concatenate(outs, axis=1)


def torch_concat(F, x, p, s):
    import torch

    outs = [
        F.tanh(F.conv2d(x, p["W1"], p["b1"])),
        F.conv2d(x, p["W2"], p["b2"], padding=1),
        F.conv2d(F.max_pool2d(x, 3, 1, 1), p["W3"]),
        x,
    ]
    return torch.cat(outs, dim=1)


def make_add(room, W1, b1, W2):
    branches = {
        "tanh": {"Affine": room.Affine(W1, b1), "Tanh": room.Tanh()},
        "sigmoid": {"Affine": room.Affine(W2, None), "Sigmoid": room.Sigmoid()},
        "identity": {},
    }
    return Add(branches)


def add_loops(x, p, s):
    return np.tanh(x @ p["W1"] + p["b1"]) + 1 / (1 + np.exp(-x @ p["W2"])) + x


RESIDUAL = {"W1": (3, 3, 3, 3), "gamma1": (3,), "beta1": (3,), "W2": (3, 3, 3, 3)}
RESIDUAL |= {"b2": (3,)}
WIDER = {"W1": (4, 2, 3, 3), "gamma1": (4,), "beta1": (4,), "W2": (4, 4, 3, 3)}
WIDER |= {"b2": (4,), "W3": (4, 2, 1, 1)}
INCEPTION = {"W1": (2, 3, 1, 1), "b1": (2,), "W2": (3, 3, 3, 3), "b2": (3,)}
INCEPTION |= {"W3": (1, 3, 1, 1)}


# LeNet-5's own layers. ------------------------------------------------------------

SEES = ((0, 2), (1,), (0, 1, 2))


def sparse_loops(x, p, s):
    full = np.zeros((3, 3, 2, 3))
    for small, (f, c) in zip(
        p["W"], [(f, c) for f, seen in enumerate(SEES) for c in seen], strict=True
    ):
        full[f, c] = small
    return naive.convolution(x, full, p["b"], stride=s["stride"], pad=s["pad"])


def subsampling_loops(x, p, s):
    window = s["window"]
    mean = naive.average_pooling(x, window, window, s.get("stride"), s.get("pad", 0))
    by_channel = (-1, 1, 1)
    return mean * window**2 * p["W"].reshape(by_channel) + p["b"].reshape(by_channel)


def codes_of(units, features):
    return distinct((units, features), "codes")


# The table. -------------------------------------------------------------------

ROWS = [
    Row(
        "Convolution",
        convolution_cases(),
        loops=lambda x, p, s: naive.convolution(x, p["W"], p["b"], **s),
        loops_backward=convolution_loops_backward,
        torch=torch_convolution,
    ),
    Row(
        "Pooling",
        pooling_cases(seed=3),
        loops=lambda x, p, s: naive.max_pooling(x, **s),
        loops_backward=lambda dout, x, p, s: {
            "x": naive.max_pooling_backward(dout, x, **s)
        },
        torch=torch_max_pooling,
    ),
    Row(
        "AveragePooling",
        pooling_cases(seed=4),
        loops=lambda x, p, s: naive.average_pooling(x, **s),
        loops_backward=lambda dout, x, p, s: {
            "x": naive.average_pooling_backward(dout, x, **s)
        },
        torch=torch_average_pooling,
    ),
    Row(
        "GlobalMaxPooling",
        [(shape, {}, {}) for shape in IMAGES],
        loops=lambda x, p, s: naive.max_pooling(x, **global_window(x))[:, :, 0, 0],
        loops_backward=lambda dout, x, p, s: {
            "x": naive.max_pooling_backward(
                dout[..., None, None], x, **global_window(x)
            )
        },
        torch=lambda F, x, p, s: F.adaptive_max_pool2d(x, 1).flatten(1),
    ),
    Row(
        "GlobalAveragePooling",
        [(shape, {}, {}) for shape in IMAGES],
        loops=lambda x, p, s: naive.average_pooling(x, **global_window(x))[:, :, 0, 0],
        loops_backward=lambda dout, x, p, s: {
            "x": naive.average_pooling_backward(
                dout[..., None, None], x, **global_window(x)
            )
        },
        torch=lambda F, x, p, s: F.adaptive_avg_pool2d(x, 1).flatten(1),
    ),
    Row(
        "Affine",
        [
            ((3, 2, 2, 3), {"W": (12, 4), "b": (4,)}, {}),
            ((2, 5), {"W": (5, 3), "b": (3,)}, {}),
            ((1, 6), {"W": (6, 1), "b": None}, {}),
        ],
        loops=lambda x, p, s: (
            np.einsum("nd,dm->nm", x.reshape(len(x), -1), p["W"])
            + (0 if p["b"] is None else p["b"])
        ),
        loops_backward=lambda dout, x, p, s: {
            "x": np.einsum("nm,dm->nd", dout, p["W"]).reshape(x.shape),
            "W": np.einsum("nd,nm->dm", x.reshape(len(x), -1), dout),
            "b": np.einsum("nm->m", dout),
        },
        torch=lambda F, x, p, s: F.linear(x.flatten(1), p["W"].T, p["b"]),
    ),
    Row(
        "Relu",
        ANY,
        loops=lambda x, p, s: np.where(x > 0, x, 0),
        loops_backward=lambda dout, x, p, s: {"x": np.where(x > 0, dout, 0)},
        torch=lambda F, x, p, s: F.relu(x),
    ),
    Row(
        "Sigmoid",
        ANY,
        loops=lambda x, p, s: 1 / (1 + np.exp(-x)),
        torch=lambda F, x, p, s: F.sigmoid(x),
    ),
    Row(
        "Tanh",
        ANY,
        loops=lambda x, p, s: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
        torch=lambda F, x, p, s: F.tanh(x),
    ),
    Row(
        "Flatten",
        ANY,
        loops=lambda x, p, s: np.array([image.ravel() for image in x]),
        torch=lambda F, x, p, s: x.flatten(1),
        is_view=True,
    ),
    Row(
        "Dropout",
        [
            ((4, 3, 5, 5), {}, {"ratio": 0.3, "rng": 7}),
            ((6, 9), {}, {"ratio": 0.5, "rng": 1}),
            ((2, 5), {}, {"ratio": 0, "rng": 1}),
        ],
    ),
    Row(
        "BatchNormalization",
        [
            ((4, 3, 3, 2), {"gamma": (3,), "beta": (3,)}, {"eps": 1e-5}),
            ((7, 5), {"gamma": (5,), "beta": (5,)}, {"eps": 1e-3}),
            ((1, 2, 3, 4), {"gamma": (2,), "beta": (2,)}, {"eps": 1e-5}),
            ((3, 1, 1, 1), {"gamma": (1,), "beta": (1,)}, {"eps": 0.1}),
        ],
        loops=lambda x, p, s: naive.batch_normalization(x, **p, **s),
        torch=torch_batch_normalization,
    ),
    Row(
        "LocalResponseNormalization",
        [
            ((2, 7, 3, 2), {}, {"size": 5, "alpha": 0.5, "beta": 0.75, "k": 2.0}),
            ((2, 6, 2, 3), {}, {"size": 4, "alpha": 0.9, "beta": 0.5, "k": 1.0}),
            ((1, 2, 1, 3), {}, {"size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0}),
            ((1, 3, 2, 2), {}, {"size": 1, "alpha": 1.0, "beta": 2.0, "k": 0.5}),
        ],
        loops=lambda x, p, s: naive.local_response_normalization(x, **s),
        torch=lambda F, x, p, s: F.local_response_norm(x, **s),
    ),
    Row(
        "Residual",
        [
            ((2, 3, 4, 5), RESIDUAL, {}),
            ((3, 2, 6, 5), WIDER, {"stride": 2}),
            ((2, 2, 3, 3), WIDER, {}),
        ],
        loops=residual_loops,
        torch=torch_residual,
        make=make_residual,
    ),
    Row(
        "Concat",
        [((2, 3, 4, 5), INCEPTION, {}), ((1, 3, 1, 2), INCEPTION, {})],
        loops=concat_loops,
        torch=torch_concat,
        make=make_concat,
    ),
    Row(
        "Add",
        [((3, 4), {"W1": (4, 4), "b1": (4,), "W2": (4, 4)}, {})],
        loops=add_loops,
        torch=lambda F, x, p, s: (
            F.tanh(x @ p["W1"] + p["b1"]) + F.sigmoid(x @ p["W2"]) + x
        ),
        make=make_add,
    ),
    Row(
        "ZeroChannels",
        [((2, 3, 2, 4), {}, {"channels": 7}), ((1, 2, 1, 3), {}, {"channels": 2})],
        loops=lambda x, p, s: np.array(
            [[*image, *[0 * image[0]] * (s["channels"] - len(image))] for image in x]
        ),
        torch=lambda F, x, p, s: F.pad(x, (0, 0, 0, 0, 0, s["channels"] - x.shape[1])),
        make=lambda room, channels: ZeroChannels(channels),
    ),
    Row(
        "Subsampling",
        [
            ((2, 3, 4, 6), {"W": (3,), "b": (3,)}, {"window": 2}),
            ((3, 1, 5, 5), {"W": (1,), "b": (1,)}, {"window": 3, "stride": 2}),
        ],
        loops=subsampling_loops,
        make=lambda room, **settings: lenet.Subsampling(
            **settings, average=room.AveragePooling
        ),
    ),
    Row(
        "SparseConvolution",
        [
            ((2, 3, 4, 5), {"W": (6, 2, 3), "b": (3,)}, {"stride": 1, "pad": 0}),
            ((1, 3, 5, 4), {"W": (6, 2, 3), "b": None}, {"stride": 2, "pad": 1}),
        ],
        loops=sparse_loops,
        make=lambda room, **settings: lenet.SparseConvolution(
            **settings, sees=SEES, channels=3, convolution=room.Convolution
        ),
    ),
    Row(
        "ScaledTanh",
        ANY,
        loops=lambda x, p, s: 1.7159 * np.tanh(2 * x / 3),
        torch=lambda F, x, p, s: 1.7159 * F.tanh(2 * x / 3),
        make=lambda room: lenet.ScaledTanh(),
    ),
    Row(
        "RadialBasis",
        [((3, 8), {}, {}), ((2, 2, 2, 2), {}, {})],
        loops=lambda x, p, s: np.array(
            [
                [-((image.ravel() - code) ** 2).sum() for code in codes_of(4, 8)]
                for image in x
            ]
        ),
        make=lambda room: lenet.RadialBasis(codes_of(4, 8)),
    ),
]

CASES = [Case(row, i, *case) for row in ROWS for i, case in enumerate(row.cases)]
FEW = [case for case in CASES if case.number < 3]  # of each layer, the typical ones


def in_rooms(cases):
    """Pair each case with each room that has its layer."""
    return [
        (name, case)
        for name in ROOMS
        for case in cases
        if case.row.make or hasattr(ROOMS[name], case.row.name)
    ]


# What the references say, once for all rooms and types. ------------------------


@functools.cache
def by_loops(case):
    """Return out and gradients by plain loops, in float64."""
    x, p, s = case.x(), case.parameters(), case.settings
    results = {"out": case.row.loops(x, p, s)} if case.row.loops else {}
    if case.row.loops_backward:
        gradients = case.row.loops_backward(case.dout(), x, p, s)
        results |= {f"d{name}": value for name, value in gradients.items()}
        if p.get("b", 0) is None:
            del results["db"]
    return results


@functools.cache
def by_torch(torch, case):
    """Return out and gradients by PyTorch, in float64."""
    arrays = {"x": case.x(), **case.parameters()}
    tensors = {
        name: None if array is None else torch.tensor(array, requires_grad=True)
        for name, array in arrays.items()
    }
    p = {name: tensor for name, tensor in tensors.items() if name != "x"}
    out = case.row.torch(torch.nn.functional, tensors["x"], p, case.settings)
    out.backward(torch.tensor(case.dout()))
    results = {"out": out.detach().numpy()}
    for name, tensor in tensors.items():
        if tensor is not None:
            results[f"d{name}"] = tensor.grad.numpy()
    return results


def by_layer(room, case, dtype):
    """Return out and gradients of the layer itself."""
    layer = case.layer(room, dtype)
    results = {"out": layer.forward(case.x(dtype))}
    results["dx"] = layer.backward(case.dout(dtype))
    return results | {f"d{n}": getattr(layer, f"d{n}") for n in layer.parameters}
