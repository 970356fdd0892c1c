"""Known faults of the book's chapter-7 code, each with a test that ours lacks it.

README's table "differences from the book" cites these tests by name.
"""

import numpy as np
import pytest
from layer_table import distinct, in_every_room
from numpy.testing import assert_array_equal

from cnnlib import conv
from cnnlib.conv import Convolution
from cnnlib.geometry import conv_output_size
from cnnlib.im2col import col2im, im2col


@in_every_room
def test_pooling_with_padding_goes_forward_and_back(room):
    """The book's Pooling(pad=1) crashes: it counts places without the padding."""
    x = distinct((2, 3, 4, 5), "x")
    layer = room.Pooling(2, 2, stride=2, pad=1)
    out = layer.forward(x)
    assert out.shape == (2, 3, 3, 3)
    assert layer.backward(out).shape == x.shape


@in_every_room
def test_relu_backward_leaves_dout_as_it_was(room):
    """The book writes zeros into the array that it was given."""
    layer = room.Relu()
    layer.forward(np.array([[-1.0, 2.0]]))
    dout = np.array([[3.0, 4.0]])
    dx = layer.backward(dout)
    assert_array_equal(dx, [[0, 4]])
    assert_array_equal(dout, [[3, 4]])


@in_every_room
def test_relu_forward_keeps_its_own_memory(room):
    """Editing x or the result afterwards does not change the gradient."""
    layer = room.Relu()
    x = np.array([[-1.0, 2.0]])
    out = layer.forward(x)
    x[...], out[...] = -5, -5
    assert_array_equal(layer.backward(np.ones((1, 2))), [[0, 1]])


@in_every_room
def test_softmax_with_loss_backward_scales_with_dout(room):
    """The book ignores dout, so a weighted loss trains with the wrong weight."""
    x = distinct((3, 4), "x")
    layer = room.SoftmaxWithLoss()
    for t in ([0, 1, 2], np.eye(4)[:3]):
        layer.forward(x, t)
        once, thrice = layer.backward(), layer.backward(3)
        np.testing.assert_allclose(thrice, 3 * once, rtol=1e-12)
        assert_array_equal(layer.backward(0), np.zeros((3, 4)))


@in_every_room
def test_batch_normalization_on_images_keeps_one_statistic_a_channel(room):
    """The book flattens (8, 3, 5, 5) and keeps 75 statistics."""
    layer = room.BatchNormalization(np.ones(3), np.zeros(3))
    out = layer.forward(distinct((8, 3, 5, 5), "x"))
    layer.backward(out)
    for name in ("running_mean", "running_var", "dgamma", "dbeta"):
        assert getattr(layer, name).shape == (3,), name
    assert out.shape == (8, 3, 5, 5)


def test_im2col_and_col2im_keep_float32():
    """The book's buffers are float64: twice the memory, half the speed."""
    x = np.ones((1, 2, 4, 4), np.float32)
    col = im2col(x, 3, 3, pad=1)
    assert col.dtype == np.float32
    assert col2im(col, x.shape, 3, 3, pad=1).dtype == np.float32


@in_every_room
def test_a_float32_network_computes_in_float32(room):
    """Through convolution, pooling and affine, forward and back."""
    layers = [
        room.Convolution(np.ones((2, 1, 3, 3), np.float32), np.ones(2, np.float32)),
        room.Relu(),
        room.Pooling(2, 2),
        room.Affine(np.ones((8, 3), np.float32), np.ones(3, np.float32)),
        room.SoftmaxWithLoss(),
    ]
    x = distinct((2, 1, 6, 6), "x", np.float32)
    for layer in layers[:-1]:
        x = layer.forward(x)
        assert x.dtype == np.float32
    layers[-1].forward(x, [0, 1])
    dout = layers[-1].backward()
    for layer in reversed(layers[:-1]):
        dout = layer.backward(dout)
        assert dout.dtype == np.float32


@pytest.mark.parametrize(("size", "stride"), [(28, 1), (28, 2), (7, 3)])
def test_conv_output_size_is_a_whole_number(size, stride):
    """The book returns a float, which no shape accepts."""
    found = conv_output_size(size, 5, stride=stride, pad=1)
    assert type(found) is int
    np.empty((found, found))


def col2im_that_overwrites(col, input_shape, FH, FW, stride=1, pad=0, dilation=1):
    """Put rows back with = in place of +=, the classic mistake."""
    N, C, H, W = input_shape
    places = np.arange(N * C * H * W).reshape(input_shape) + 1.0  # 0 is padding
    origin = im2col(places, FH, FW, stride, pad, dilation).astype(int)
    flat = np.zeros(N * C * H * W + 1)
    for row, values in zip(origin, col, strict=True):
        flat[row] = values
    return flat[1:].reshape(input_shape)


def test_checking_dx_sees_a_broken_col2im(monkeypatch):
    """The book's check compares W and b of a first layer, and these stay right."""
    x, dout = distinct((1, 2, 4, 4), "x"), distinct((1, 3, 3, 3), "dout")
    W, b = distinct((3, 2, 2, 2), "W"), distinct((3,), "b")

    def gradients():
        layer = Convolution(W, b)
        layer.forward(x)
        return {"dx": layer.backward(dout), "dW": layer.dW, "db": layer.db}

    def slope_in_x(direction, step=1e-5):
        ahead, behind = (
            np.vdot(Convolution(W, b).forward(x + s * step * direction), dout)
            for s in (1, -1)
        )
        return (ahead - behind) / (2 * step)

    direction = distinct(x.shape, "direction")
    sound = gradients()
    measured = slope_in_x(direction)
    assert np.vdot(sound["dx"], direction) == pytest.approx(measured, rel=1e-6)

    monkeypatch.setattr(conv, "col2im", col2im_that_overwrites)
    broken = gradients()
    assert_array_equal(broken["dW"], sound["dW"])
    assert_array_equal(broken["db"], sound["db"])
    assert np.vdot(broken["dx"], direction) != pytest.approx(measured, rel=1e-2)
