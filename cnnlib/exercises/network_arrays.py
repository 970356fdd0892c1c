"""A network as plain arrays, and a network made of them again.

This is how a design leaves the student's process: not as an object, and not as scores
that it claims to reach, but as what it is made of. The grader builds the same network
out of the arrays, counts its parameters and runs it on images of its own.

Notation: R layers, a row of ``COLUMNS`` for each; E edges, (layer, where its input
comes from), where 0 is the image and k the k-th layer.
"""

import math

import numpy as np

from ..architectures import Architecture, LayerTable, Row, build
from ..geometry import PAD_MODES, check_pad, pair
from ..networks import Concat, Sequential
from ..networks.blocks import Branches, Path
from .protocol import ExerciseError, kind_of

__all__ = ["COLUMNS", "INPUT_DIM", "KINDS", "describe", "rebuild", "table_of"]

INPUT_DIM = (3, 32, 32)
KIND_OF = {
    "Convolution": "convolution",
    "Pooling": "max pooling",
    "AveragePooling": "average pooling",
    "GlobalAveragePooling": "global average pooling",
    "Affine": "affine",
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Dropout": "dropout",
    "BatchNormalization": "batch normalization",
    "ZeroChannels": "zero channels",
}
KINDS = (*KIND_OF.values(), "add", "concat")
COLUMNS = (
    *("kind", "size", "window", "stride_v", "stride_h"),
    *("top", "bottom", "left", "right", "dilation_v", "dilation_h", "groups", "bias"),
)
PLAIN = dict.fromkeys(COLUMNS, 0) | dict.fromkeys(
    ("stride_v", "stride_h", "dilation_v", "dilation_h", "groups"), 1
)
MODES = {mode: (-1 - k, -1 - k) for k, mode in enumerate(PAD_MODES)}

# No honest design comes near these. A hostile one could fill the judge's memory, or
# keep it busy for hours with poolings, which have no multiply-adds.
MOST_ROWS, MOST_EDGES, MOST_WINDOW, MOST_SIZE = 200, 1000, 64, 100_000
MOST_OUTPUTS, MOST_IN_ALL = 2**18, 2**20  # numbers that layers make of one image
MOST_CONNECTIONS = 2 * 10**8


# --- from a network to arrays ---------------------------------------------------------


def describe(network, what="your network") -> dict:
    """Return a network as the arrays ``rows``, ``edges`` and ``weights``.

    Raises
    ------
    ExerciseError
        If it is no ``Sequential``, or holds a layer that is not one of cnnlib's.
    """
    if not isinstance(network, Sequential):
        raise ExerciseError(
            f"{what} is {kind_of(network)}; expected a Sequential, such as "
            "build(Architecture(...)) returns."
        )
    walk = _Walk()
    walk.through(network, 0, "")
    parts = [np.ravel(array) for array in network.state().values()]
    return {
        "rows": np.array(walk.rows, int).reshape(-1, len(COLUMNS)),
        "edges": np.array(walk.edges, int).reshape(-1, 2),
        "weights": np.concatenate([np.zeros(0, np.float32), *parts]),
    }


class _Walk:
    """Number the layers in order, those of blocks too, and note what they follow."""

    def __init__(self):
        self.rows, self.edges = [], []

    def through(self, layer, source, name) -> int:
        """Write down a layer that follows ``source``; return its number."""
        if isinstance(layer, Path):
            for inner, child in layer.children.items():
                source = self.through(child, source, inner)
            return source
        if type(layer).__name__ == "Flatten":  # which Affine does by itself
            return source
        if isinstance(layer, Branches):
            branches = layer.children.items()
            ends = [self.through(branch, source, label) for label, branch in branches]
            kind = "concat" if isinstance(layer, Concat) else "add"
            return self.append({"kind": kind}, ends)
        return self.append(_settings(layer, name), [source])

    def append(self, settings, sources) -> int:
        settings = PLAIN | settings | {"kind": KINDS.index(settings["kind"])}
        self.rows.append([settings[column] for column in COLUMNS])
        self.edges += [(len(self.rows), source) for source in sources]
        return len(self.rows)


def _settings(layer, name) -> dict:
    """Return the settings of one layer that is made of no others."""
    kind = KIND_OF.get(type(layer).__name__)
    if "softmax" in type(layer).__name__.lower():
        raise ExerciseError(
            f"layer {name!r} is a softmax. That would be softmax twice: the loss "
            "(SoftmaxWithLoss) holds one already. End with the scores of the last "
            "Affine."
        )
    if kind is None or not type(layer).__module__.startswith("cnnlib."):
        raise ExerciseError(
            f"layer {name!r} is {kind_of(layer)}. The grader builds your network anew "
            f"and knows only these layers of cnnlib: {', '.join(KIND_OF)}, and blocks "
            "of them."
        )
    settings = {"kind": kind}
    if kind == "convolution":
        FN, _, *window = layer.W.shape
        settings |= {"size": FN, "groups": layer.groups, "bias": layer.b is not None}
        settings |= _window(window, layer, name, layer.dilation)
    elif kind in ("max pooling", "average pooling"):
        settings |= _window([layer.pool_h, layer.pool_w], layer, name)
    elif kind == "affine":
        settings |= {"size": layer.W.shape[1], "bias": layer.b is not None}
    elif kind == "zero channels":
        settings["size"] = layer.channels
    return settings


def _window(window, layer, name, dilation=1) -> dict:
    if window[0] != window[1]:
        raise ExerciseError(
            f"layer {name!r} has a window of {window[0]} x {window[1]}. The grader "
            "can only build square ones."
        )
    numbers = [*pair(layer.stride, "stride"), *pair(dilation, "dilation")]
    for axis in check_pad(layer.pad):
        numbers += MODES.get(axis, axis)
    names = ("stride_v", "stride_h", "dilation_v", "dilation_h")
    names += ("top", "bottom", "left", "right")
    return {"window": window[0]} | dict(zip(names, numbers, strict=True))


# --- from arrays to a network ---------------------------------------------------------


def table_of(arrays) -> LayerTable:
    """Return the table of the layers: shapes, parameters, multiply-adds.

    Raises
    ------
    ValueError
        If the arrays describe nothing, something impossible, or something enormous.
    """
    rows = _whole(arrays, "rows", len(COLUMNS), MOST_ROWS)
    edges = _whole(arrays, "edges", 2, MOST_EDGES)
    sources = [[] for _ in rows]
    for row, source in edges.tolist():
        if not 0 <= source < row <= len(rows):
            raise ValueError("a layer follows one that does not come before it.")
        sources[row - 1].append(str(source) if source else "input")
    described = [
        _row(str(k), dict(zip(COLUMNS, row, strict=True)), tuple(after))
        for k, (row, after) in enumerate(zip(rows.tolist(), sources, strict=True), 1)
    ]
    table = LayerTable(Architecture("design", INPUT_DIM, described))
    for number, problem in table.problems.items():
        raise ValueError(f"layer {number} is impossible: {problem}")
    outputs = [math.prod(line.shape) for line in table]
    if max(outputs) > MOST_OUTPUTS or sum(outputs) > MOST_IN_ALL:
        raise ValueError("the layers make far too many numbers of one image.")
    if table.connections > MOST_CONNECTIONS:
        raise ValueError("the windows are too large: one image would take too long.")
    return table


def _whole(arrays, name, columns, most):
    array = np.asarray(arrays.get(name))
    fits = array.ndim == 2 and array.dtype.kind in "iu" and 0 < len(array) <= most
    if not fits or array.shape[1] != columns:
        raise ValueError(f"{name} is no table of {columns} whole numbers a row.")
    if array.min() < -len(MODES) or array.max() > MOST_SIZE:
        raise ValueError(f"{name} holds numbers that no layer can have.")
    return array


def _row(name, settings, after) -> Row:
    """Return one row of a description."""
    if not 0 <= settings["kind"] < len(KINDS):
        raise ValueError(f"layer {name} is of no known kind.")
    kind = KINDS[settings["kind"]]
    row = {"name": name, "kind": kind, "after": after}
    if kind in ("convolution", "zero channels"):
        row["filters"] = settings["size"]
    if kind == "affine":
        row["units"] = settings["size"]
    if kind in ("convolution", "max pooling", "average pooling"):
        sides = [value for key, value in settings.items() if key not in PARTS]
        if max(sides) > MOST_WINDOW:
            raise ValueError(f"layer {name} has a window, stride or pad above 64.")
        row["window"] = settings["window"]
        row["stride"] = (settings["stride_v"], settings["stride_h"])
        row["pad"] = (_pad(settings, "top", "bottom"), _pad(settings, "left", "right"))
    if kind == "convolution":
        row["dilation"] = (settings["dilation_v"], settings["dilation_h"])
        row["groups"] = settings["groups"]
    if kind in ("convolution", "affine"):
        row["bias"] = bool(settings["bias"])
    return Row(**row)


PARTS = ("kind", "size", "groups", "bias")  # all other columns are lengths in pixels


def _pad(settings, before, after):
    numbers = settings[before], settings[after]
    return next((mode for mode, code in MODES.items() if code == numbers), numbers)


def rebuild(arrays) -> Sequential:
    """Build the network that ``describe`` has described, with its weights.

    Raises
    ------
    ValueError
        As ``table_of``, or if the weights do not fit.
    """
    network = build(table_of(arrays).architecture, rng=0)
    state = network.state()
    weights = np.asarray(arrays.get("weights"))
    wanted = sum(array.size for array in state.values())
    if weights.dtype.kind not in "fiu" or weights.shape != (wanted,):
        raise ValueError(
            f"there are {weights.size} weights and running averages; the layers "
            f"have {wanted}."
        )
    if not np.isfinite(weights).all():
        raise ValueError("the weights hold nan or infinity.")
    ends = np.cumsum([array.size for array in state.values()])[:-1]
    for array, part in zip(state.values(), np.split(weights, ends), strict=True):
        array[...] = part.reshape(array.shape)
    return network
