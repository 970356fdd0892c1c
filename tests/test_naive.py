"""The loop versions on their own: notebooks call them with numbers by hand."""

import numpy as np
from layer_table import CASES
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib import naive

X = np.arange(1, 17).reshape(1, 1, 4, 4)
HALVES = np.full((1, 1, 2, 2), 0.5)


def test_whole_numbers_keep_their_fractions():
    """Integer images and filters, as one types them, with a gradient of halves."""
    W = np.ones((1, 1, 3, 3), int)
    dx, dW, db = naive.convolution_backward(HALVES, X, W)
    exact = naive.convolution_backward(HALVES, X.astype(float), W.astype(float))
    for found, expected in zip((dx, dW, db), exact, strict=True):
        assert_array_equal(found, expected)
    assert db == [2.0]
    for backward in (naive.max_pooling_backward, naive.average_pooling_backward):
        found = backward(HALVES, X, 2, 2)
        assert_array_equal(found, backward(HALVES, X.astype(float), 2, 2))
        assert found.sum() == HALVES.sum()
    assert_array_equal(naive.average_pooling(X, 2, 2)[0, 0], [[3.5, 5.5], [11.5, 13.5]])
    for normalize in (
        naive.local_response_normalization,
        lambda x: naive.batch_normalization(x, [1.0], [0.0]),
    ):
        assert_array_equal(normalize(X), normalize(X.astype(float)))


def test_the_maximum_of_whole_numbers_is_one_of_them():
    assert_array_equal(naive.max_pooling(X, 2, 2)[0, 0], [[6, 8], [14, 16]])
    assert naive.max_pooling(X, 2, 2).dtype == X.dtype
    assert_array_equal(naive.max_pooling(-X, 3, 3, 3, 1)[0, 0], [[-1, -3], [-9, -11]])


def test_loops_keep_float32_and_edit_nothing():
    for case in CASES:
        if case.number != 1 or case.row.name not in LOOPS:
            continue
        x, p, dout = (f(np.float32) for f in (case.x, case.parameters, case.dout))
        for array in (x, dout, *p.values()):
            array.flags.writeable = False
        assert case.row.loops(x, p, case.settings).dtype == np.float32
        if case.row.loops_backward:
            for d in case.row.loops_backward(dout, x, p, case.settings).values():
                assert d.dtype == np.float32


LOOPS = {
    "Convolution",
    "Pooling",
    "AveragePooling",
    "BatchNormalization",
    "LocalResponseNormalization",
}


def test_convolution_by_hand():
    """A 2x2 filter over the corner 1 2 / 5 6: 1*1 + 2*2 + 5*3 + 6*4 = 44."""
    W = np.array([[[[1, 2], [3, 4]]]])
    assert naive.convolution(X, W)[0, 0, 0, 0] == 44
    assert naive.convolution(X, W, b=np.array([0.5]))[0, 0, 0, 0] == 44.5


def test_col2im_by_hand():
    col = naive.im2col(X, 2, 2, stride=2)
    assert_array_equal(col[0], [1, 2, 5, 6])
    assert_allclose(naive.col2im(col, X.shape, 2, 2, stride=2), X)
