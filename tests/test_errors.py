"""Every error says what arrived, what was expected and the way out.

One row for each sentence of the lower floors: the call, then pieces of its message.
The last test finds the ``raise`` that has no row here.
"""

import ast
import traceback
from pathlib import Path

import numpy as np
import pytest

import cnnlib
from cnnlib import checks
from cnnlib.conv import AveragePooling, Convolution, GlobalMaxPooling, Pooling
from cnnlib.functions import cross_entropy_error, softmax
from cnnlib.geometry import conv_output_size, receptive_field, resolve
from cnnlib.im2col import col2im, im2col
from cnnlib.layer import naming
from cnnlib.layers import (
    Affine,
    BatchNormalization,
    Dropout,
    LocalResponseNormalization,
    Relu,
    SoftmaxWithLoss,
)

MODULES = ("geometry", "checks", "functions", "layer", "im2col", "naive")
MODULES += ("elementwise", "conv", "layers")


def ones(*shape):
    return np.ones(shape)


def conv(groups=1, **settings):
    return Convolution(ones(4, 3, 3, 3), np.zeros(4), groups=groups, **settings)


def batch_norm(**settings):
    return BatchNormalization(np.ones(3), np.zeros(3), **settings)


def forward_then_backward(layer, x, dout):
    layer.forward(x)
    layer.backward(dout)


def loss(scores, t):
    return SoftmaxWithLoss().forward(scores, t)


def wrong_shape_inside(layer_name):
    with naming(layer_name):
        Relu().forward([])


# (what happens, kind of error, the call, pieces of the message)
ROWS = [
    (
        "an error inside a network",
        ValueError,
        lambda: wrong_shape_inside("Relu2"),
        ["layer 'Relu2': x is empty", "expected at least one sample"],
    ),
    # geometry: sizes
    (
        "window too large",
        ValueError,
        lambda: conv_output_size(4, 7, pad=1),
        ["window 7", "into 4", "pad 1", "4 + 2*1 - 7 < 0", "Use a smaller window"],
    ),
    (
        "dilated window too large, ends padded differently",
        ValueError,
        lambda: conv_output_size(4, 3, pad=(1, 0), dilation=3),
        ["window 3 (dilation 3)", "4 + 1 + 0 - 7 < 0", "or more padding"],
    ),
    (
        "strict: pixels are dropped",
        ValueError,
        lambda: conv_output_size(28, 5, stride=2, strict=True),
        ["(28 + 2*0 - 5) = 23", "stride 2", "last 1 pixel", "strict=False"],
    ),
    (
        "filter too large for the image",
        ValueError,
        lambda: conv(pad=(0, 1)).forward(ones(1, 3, 2, 5)),
        ["filter 3x3", "2x5", "pad (0, 1)", "2 + 2*0 - 3 < 0", "smaller filter"],
    ),
    (
        "dilated filter too wide",
        ValueError,
        lambda: im2col(ones(1, 1, 9, 3), 2, 3, dilation=(1, 2)),
        ["filter 2x3 (dilation 2)", "9x3", "3 + 2*0 - 5 < 0", "more padding"],
    ),
    (
        "pooling windows of nothing but padding",
        ValueError,
        lambda: Pooling(2, 2, pad=2).forward(ones(1, 1, 4, 4)),
        ["pad 2", "window 2x2", "nothing but padding", "Use less padding"],
    ),
    (
        "average pooling, padding on one side",
        ValueError,
        lambda: AveragePooling(3, 2, pad=((0, 0), (0, 2))).forward(ones(1, 1, 4, 4)),
        ["pad ((0, 0), (0, 2))", "window 3x2", "Use less padding"],
    ),
    # geometry: what users write
    (
        "stride of three numbers",
        ValueError,
        lambda: Pooling(2, 2, stride=(1, 2, 3)),
        ["stride is (1, 2, 3)", "an int or (vertical, horizontal)"],
    ),
    (
        "pad of three numbers",
        ValueError,
        lambda: conv(pad=(1, 2, 3)),
        ["pad is (1, 2, 3)", "((top, bottom), (left, right))", "'same'"],
    ),
    (
        "pad of one axis with three numbers",
        ValueError,
        lambda: conv(pad=((1, 2, 3), 0)),
        ["pad is (1, 2, 3)", "(before, after) for one axis"],
    ),
    (
        "unknown padding mode",
        ValueError,
        lambda: conv(pad="SAME"),
        ["pad is 'SAME'", "'valid'", "'same' and 'full'"],
    ),
    (
        "a fraction as a length",
        TypeError,
        lambda: conv_output_size(28 / 2, 5),
        ["size is 14.0 (float)", "a whole number", "use // instead of /"],
    ),
    (
        "a truth value as a length",
        TypeError,
        lambda: conv(stride=True),
        ["stride is True (bool)", "a whole number"],
    ),
    (
        "an array as a length",
        TypeError,
        lambda: conv(dilation=np.array([1, 2])),
        ["dilation is array([1, 2])", "one whole number"],
    ),
    (
        "a stride of 0",
        ValueError,
        lambda: conv_output_size(28, 5, stride=0),
        ["stride is 0", "at least 1"],
    ),
    (
        "a negative pad",
        ValueError,
        lambda: resolve(5, 5, 3, 3, pad=-1),
        ["pad is -1", "at least 0"],
    ),
    (
        "no groups",
        ValueError,
        lambda: conv(groups=0),
        ["groups is 0", "at least 1"],
    ),
    (
        "a neighbourhood of a fraction of channels",
        TypeError,
        lambda: LocalResponseNormalization(size=2.5),
        ["size is 2.5 (float)", "a whole number"],
    ),
    (
        "receptive field of one number",
        TypeError,
        lambda: receptive_field(3),
        ["layers is 3", "a list with one entry a layer", "[3, (2, 2)]"],
    ),
    (
        "receptive field of a layer with four numbers",
        ValueError,
        lambda: receptive_field([3, (3, 1, 1, 1)]),
        ["layer 2 is (3, 1, 1, 1)", "(window, stride, dilation)"],
    ),
    (
        "receptive field of a window of 0",
        ValueError,
        lambda: receptive_field([3, 3, (0, 1)]),
        ["window of layer 3 is 0", "at least 1"],
    ),
    # checks: arrays
    (
        "rows of different lengths",
        ValueError,
        lambda: Relu().forward([[1, 2], [3]]),
        ["x is a list", "different lengths", "Count the numbers"],
    ),
    (
        "words for numbers",
        TypeError,
        lambda: softmax(["cat", "dog"]),
        ["x holds <U3", "real numbers", "x.astype(np.float32)"],
    ),
    (
        "an empty batch",
        ValueError,
        lambda: conv().forward(ones(0, 3, 5, 5)),
        ["x is empty", "(0, 3, 5, 5)", "at least one sample"],
    ),
    (
        "a number where samples are expected",
        ValueError,
        lambda: cnnlib.SimpleConvNet(rng=1).accuracy(3.0, 1),
        ["x is a single number (3.0)", "array of samples", "(N, ...)"],
    ),
    (
        "one grey image",
        ValueError,
        lambda: Pooling(2, 2).forward(ones(6, 8)),
        ["(6, 8), 2 axes", "4: (N, C, H, W)", "x.reshape(1, 1, 6, 8)"],
    ),
    (
        "a colour image without a batch",
        ValueError,
        lambda: conv().forward(ones(3, 6, 8)),
        ["(3, 6, 8), 3 axes", "x[np.newaxis]", "x[:, np.newaxis]"],
    ),
    (
        "five axes",
        ValueError,
        lambda: GlobalMaxPooling().forward(ones(1, 1, 3, 6, 8)),
        ["5 axes", "4: (N, C, H, W)", "N images of C channels"],
    ),
    (
        "channels at the end",
        ValueError,
        lambda: conv().forward(ones(2, 6, 8, 3)),
        ["(2, 6, 8, 3)", "6 channel(s)", "expect 3", "x.transpose(0, 3, 1, 2)"],
    ),
    (
        "wrong number of channels",
        ValueError,
        lambda: conv().forward(ones(2, 1, 6, 8)),
        ["(2, 1, 6, 8)", "1 channel(s)", "expect 3", "C is x.shape[1]"],
    ),
    (
        "a filter without its axes",
        ValueError,
        lambda: Convolution(ones(3, 3), np.zeros(1)),
        ["W has shape (3, 3)", "(FN, C, FH, FW)", "W.reshape(1, 1, FH, FW)"],
    ),
    (
        "filters that groups can not share",
        ValueError,
        lambda: conv(groups=3),
        ["4 filters", "groups=3", "the same number of filters"],
    ),
    (
        "biases for another number of filters",
        ValueError,
        lambda: Convolution(ones(4, 3, 3, 3), np.zeros(3)),
        ["b has shape (3,)", "one bias a filter, shape (4,)"],
    ),
    (
        "weights of an affine layer with one axis",
        ValueError,
        lambda: Affine(ones(3), np.zeros(3)),
        ["W has shape (3,)", "2 axes: (features in, features out)"],
    ),
    (
        "biases for another number of outputs",
        ValueError,
        lambda: Affine(ones(5, 3), np.zeros(5)),
        ["b has shape (5,)", "one bias an output, shape (3,)"],
    ),
    (
        "a single sample for an affine layer",
        ValueError,
        lambda: Affine(ones(5, 3), np.zeros(3)).forward(ones(5)),
        ["x has shape (5,)", "(N, 5)", "x[np.newaxis]"],
    ),
    (
        "another number of features",
        ValueError,
        lambda: Affine(ones(720, 3), np.zeros(3)).forward(ones(2, 5, 9, 9)),
        ["(2, 5, 9, 9)", "405 numbers", "expects 720", "conv_output_size"],
    ),
    (
        "scale and shift of different lengths",
        ValueError,
        lambda: BatchNormalization(np.ones(3), np.zeros(4)),
        ["gamma has shape (3,) and beta (4,)", "np.ones(C) and np.zeros(C)"],
    ),
    (
        "whole numbers as scale",
        TypeError,
        lambda: BatchNormalization(np.ones(3, int), np.zeros(3)),
        ["gamma holds int64", "expected floats", "np.ones(C)"],
    ),
    (
        "batch norm of three axes",
        ValueError,
        lambda: batch_norm().forward(ones(2, 3, 4)),
        ["x has shape (2, 3, 4)", "(N, D) or (N, C, H, W)"],
    ),
    (
        "batch norm of other features",
        ValueError,
        lambda: batch_norm().forward(ones(2, 4)),
        ["x has shape (2, 4)", "4 features", "gamma holds 3"],
    ),
    (
        "batch norm of one sample",
        ValueError,
        lambda: batch_norm().forward(ones(1, 3)),
        ["x has shape (1, 3)", "one value a feature", "at least 2", "train=False"],
    ),
    (
        "dout of another shape",
        ValueError,
        lambda: forward_then_backward(conv(), ones(2, 3, 5, 5), ones(2, 4, 5, 5)),
        ["dout has shape (2, 4, 5, 5)", "returned (2, 4, 3, 3)", "one number for each"],
    ),
    (
        "dout that would broadcast",
        ValueError,
        lambda: forward_then_backward(Relu(), ones(2, 3), 1.0),
        ["dout has shape ()", "returned (2, 3)"],
    ),
    (
        "backward before forward",
        RuntimeError,
        lambda: conv().backward(ones(1, 4, 3, 3)),
        ["Convolution.backward", "first", "forward(x, train=True)", "then backward"],
    ),
    # checks: labels and settings
    (
        "targets that are no probabilities",
        ValueError,
        lambda: loss(ones(2, 3), [[1, 1, 0], [0, 1, 0]]),
        ["t has shape (2, 3)", "one-hot", "sum 1", "For labels pass (N,)"],
    ),
    (
        "negative targets",
        ValueError,
        lambda: loss(ones(2, 3), [[2, -1, 0], [0, 1, 0]]),
        ["t has shape (2, 3)", "no negative number"],
    ),
    (
        "labels of another batch",
        ValueError,
        lambda: loss(ones(2, 3), [0, 1, 2]),
        ["t has shape (3,)", "scores (2, 3)", "(2,)", "the same batch?"],
    ),
    (
        "labels with fractions",
        ValueError,
        lambda: loss(ones(2, 3), [0.5, 1]),
        ["t holds fractions", "whole numbers 0, 1, 2"],
    ),
    (
        "labels that count from 1",
        ValueError,
        lambda: loss(ones(2, 3), [1, 3]),
        ["labels from 1 to 3", "3 classes", "from 0 to 2"],
    ),
    (
        "negative labels",
        ValueError,
        lambda: loss(ones(2, 3), [-1, 0]),
        ["labels from -1 to 0", "from 0 to 2"],
    ),
    (
        "scores of one sample",
        ValueError,
        lambda: loss(ones(3), [1]),
        ["x has shape (3,)", "scores (N, classes)"],
    ),
    (
        "cross entropy of three axes",
        ValueError,
        lambda: cross_entropy_error(ones(2, 3, 4), [1, 2]),
        ["y has shape (2, 3, 4)", "(N, classes)"],
    ),
    (
        "cross entropy of scores",
        ValueError,
        lambda: cross_entropy_error([[-1.5, 4.0]], [1]),
        ["from -1.5 to 4", "probabilities from 0 to 1", "Call softmax(scores) first"],
    ),
    (
        "ragged targets",
        ValueError,
        lambda: cross_entropy_error([[0.5, 0.5]], [[1, 0], [1]]),
        ["t is a list", "different lengths"],
    ),
    (
        "a legacy seed",
        TypeError,
        lambda: Dropout(0.5, rng="seven"),
        ["rng is 'seven'", "np.random.default_rng(7)", "or None"],
    ),
    (
        "a negative seed",
        TypeError,
        lambda: Dropout(0.5, rng=-1),
        ["rng is -1", "a whole number >= 0"],
    ),
    (
        "a ratio in words",
        TypeError,
        lambda: Dropout("half"),
        ["ratio is 'half'", "a number from 0 to below 1"],
    ),
    (
        "a ratio of all",
        ValueError,
        lambda: Dropout(1),
        ["ratio is 1", "at least 0 and below 1"],
    ),
    (
        "a momentum that is no number",
        ValueError,
        lambda: batch_norm(momentum=float("nan")),
        ["momentum is nan", "at least 0 and below 1"],
    ),
    # im2col
    (
        "rows of another setting",
        ValueError,
        lambda: col2im(ones(4, 9), (1, 1, 5, 5), 3, 3),
        ["col has shape (4, 9)", "(1, 1, 5, 5)", "(9, 9)", "Pass the same stride"],
    ),
    (
        "the shape of one image",
        ValueError,
        lambda: col2im(ones(9, 9), (5, 5), 3, 3),
        ["input_shape is (5, 5)", "(N, C, H, W)", "pass x.shape"],
    ),
    (
        "a length for a shape",
        ValueError,
        lambda: col2im(ones(9, 9), 5, 3, 3),
        ["input_shape is 5", "four positive numbers", "pass x.shape"],
    ),
]


@pytest.mark.parametrize(
    ("error", "call", "pieces"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_the_message_says_what_arrived_and_what_to_do(error, call, pieces):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) is error
    for piece in pieces:
        assert piece in message
    assert message.endswith((".", "...", "?"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def raises_in(module):
    """Return the line numbers of all raise statements of a module."""
    path = Path(cnnlib.__file__).with_name(f"{module}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        (module, line)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        for line in [node.lineno]
    }


def test_every_raise_has_a_row():
    reached = set()
    for _, error, call, _ in ROWS:
        try:
            call()
        except error as caught:
            last = traceback.extract_tb(caught.__traceback__)[-1]
            reached.add((Path(last.filename).stem, last.lineno))
    missing = set().union(*map(raises_in, MODULES)) - reached
    assert not missing, "write a row in ROWS for the errors raised at these lines"


def test_a_good_array_is_not_copied():
    x = ones(2, 3)
    assert checks.array(x, "x") is x
    assert checks.floats(x, "x") is x
    assert checks.gradient(x, (2, 3), x.dtype) is x
