"""Convolution and pooling: by hand, at the edges, against PyTorch."""

import numpy as np
import pytest
from layer_table import distinct, in_every_room
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib import naive

pytestmark = in_every_room

FLOATS = (np.float32, np.float64)
IMAGE = np.array([[10, 20, 30, 40], [0, 1, 0, 1], [30, 0, 10, 20], [0, 10, 20, 30]])
FILTER = np.array([[1, 0], [0, 2]])


def one_image(rows):
    return np.array(rows)[np.newaxis, np.newaxis]


# Convolution. -----------------------------------------------------------------


def test_convolution_by_hand(room):
    """10*1 + 20*0 + 0*0 + 1*2 = 12, then 20*1 + 30*0 + 1*0 + 0*2 = 20."""
    layer = room.Convolution(one_image(FILTER), np.array([0]))
    out = layer.forward(one_image(IMAGE))
    assert_array_equal(out[0, 0], [[12, 20, 32], [0, 21, 40], [50, 40, 70]])
    by_loops = naive.convolution(one_image(IMAGE), one_image(FILTER))
    assert_array_equal(out, by_loops)


def test_the_bias_is_added_once_to_each_output(room):
    W, x = np.ones((2, 3, 2, 2)), np.ones((1, 3, 3, 3))
    without = room.Convolution(W, None).forward(x)
    found = room.Convolution(W, np.array([1.0, -5.0])).forward(x)
    assert_array_equal(
        found - without, np.broadcast_to([[[[1]], [[-5]]]], (1, 2, 2, 2))
    )


def test_the_filter_is_not_flipped(room):
    out = room.Convolution(one_image([[0.0, 1.0]]), None).forward(
        one_image([[1.0, 2.0, 3.0]])
    )
    assert_array_equal(out, one_image([[2, 3]]))


def test_groups_do_not_see_each_other(room):
    W, b = distinct((4, 2, 3, 3), "W"), distinct((4,), "b")
    x = distinct((2, 4, 5, 6), "x")
    layer = room.Convolution(W, b, pad=1, groups=2)
    before = layer.forward(x)
    changed = x.copy()
    changed[:, 2:] += 1  # the second group
    after = layer.forward(changed)
    assert_array_equal(after[:, :2], before[:, :2])
    assert not np.allclose(after[:, 2:], before[:, 2:])
    halves = [
        room.Convolution(W[i : i + 2], b[i : i + 2], pad=1).forward(x[:, i : i + 2])
        for i in (0, 2)
    ]
    assert_allclose(before, np.concatenate(halves, axis=1), rtol=1e-12, atol=1e-12)


def test_a_dilated_filter_is_a_filter_with_zeros_between(room):
    W, x = distinct((2, 3, 3, 2), "W"), distinct((2, 3, 9, 8), "x")
    spread = np.zeros((2, 3, 5, 4))
    spread[:, :, ::2, ::3] = W
    found = room.Convolution(W, None, dilation=(2, 3)).forward(x)
    expected = room.Convolution(spread, None).forward(x)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_one_filter_of_each_pixel_is_an_affine_layer(room):
    x, W, b = distinct((3, 2, 4, 5), "x"), distinct((6, 2, 4, 5), "W"), np.arange(6.0)
    by_affine = room.Affine(W.reshape(6, -1).T.copy(), b).forward(x)
    found = room.Convolution(W, b).forward(x)
    assert_allclose(found[:, :, 0, 0], by_affine, rtol=1e-12, atol=1e-12)


# Pooling. ---------------------------------------------------------------------


def test_max_pooling_by_hand(room):
    layer = room.Pooling(2, 2)
    assert_array_equal(layer.forward(one_image(IMAGE)), one_image([[20, 40], [30, 30]]))
    dx = layer.backward(one_image([[1.0, 2.0], [3.0, 4.0]]))
    expected = [[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 4]]
    assert_array_equal(dx, one_image(expected))


def test_the_first_of_equal_maxima_gets_the_gradient(room):
    layer = room.Pooling(2, 2)
    rows = [[7.0, 7.0, 1.0, 1.0], [7.0, 7.0, 2.0, 2.0]]
    layer.forward(one_image(rows))
    dx = layer.backward(one_image([[5.0, 3.0]]))
    assert_array_equal(dx, one_image([[5, 0, 0, 0], [0, 0, 3, 0]]))
    layer = room.GlobalMaxPooling()
    layer.forward(one_image(rows))
    dx = layer.backward(np.array([[5.0]]))
    assert_array_equal(dx, one_image([[5, 0, 0, 0], [0, 0, 0, 0]]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_ties_go_where_the_loops_and_pytorch_send_them(torch, room, rng, dtype):
    x = rng.integers(0, 2, (2, 3, 6, 7)).astype(dtype)  # ties in almost each window
    dout = rng.standard_normal((2, 3, 3, 4)).astype(dtype)
    layer = room.Pooling(3, 2, stride=2, pad=(1, 1))
    layer.forward(x)
    dx = layer.backward(dout)
    loops = naive.max_pooling_backward(dout, x, 3, 2, 2, (1, 1))
    assert_allclose(dx, loops, rtol=1e-6)
    tensor = torch.tensor(x, requires_grad=True)
    out = torch.nn.functional.max_pool2d(tensor, (3, 2), 2, (1, 1))
    out.backward(torch.tensor(dout))
    assert_allclose(dx, tensor.grad, rtol=1e-6)


@pytest.mark.parametrize("dtype", [*FLOATS, np.int64])
def test_padding_never_wins_a_maximum(room, dtype):
    """Also where all pixels are negative, and zeros would be larger."""
    x = (-1 - np.arange(20).reshape(1, 1, 4, 5)).astype(dtype)
    layer = room.Pooling(3, 3, stride=2, pad=1)
    out = layer.forward(x)
    assert out.dtype == dtype
    assert_array_equal(out, naive.max_pooling(x, 3, 3, 2, 1))
    assert (out < 0).all()
    dx = layer.backward(np.ones_like(out))
    assert dx.shape == x.shape
    assert dx.sum() == out.size  # nothing is lost in the padding


def test_average_pooling_does_not_count_the_padding(room):
    """The mean of a constant image is that constant, in the corners too."""
    layer = room.AveragePooling(3, 2, stride=1, pad=((2, 1), (0, 1)))
    out = layer.forward(np.full((2, 3, 5, 4), 7.0))
    assert_allclose(out, 7, rtol=1e-15)
    dout = distinct(out.shape, "dout")
    assert layer.backward(dout).sum() == pytest.approx(dout.sum())


def test_average_pooling_by_hand(room):
    layer = room.AveragePooling(2, 2)
    expected = [[31 / 4, 71 / 4], [10, 20]]
    assert_allclose(layer.forward(one_image(IMAGE)), one_image(expected))
    assert_allclose(naive.average_pooling(one_image(IMAGE), 2, 2), one_image(expected))
    dx = layer.backward(one_image([[4.0, 8.0], [12.0, 16.0]]))
    assert_array_equal(dx, one_image(np.kron([[1, 2], [3, 4]], np.ones((2, 2)))))


@pytest.mark.parametrize("name", ["Pooling", "AveragePooling"])
def test_pixels_beyond_the_last_window_get_no_gradient(room, name):
    layer = getattr(room, name)(2, 2)
    dx = layer.backward(layer.forward(np.ones((1, 1, 5, 5))))
    assert_array_equal(dx[:, :, 4], 0)
    assert_array_equal(dx[:, :, :, 4], 0)


def test_pooling_of_a_mask_is_any(room):
    mask = one_image(IMAGE) > 15
    found = room.Pooling(2, 2).forward(mask)
    assert_array_equal(found, room.Pooling(2, 2).forward(mask.astype(float)))
