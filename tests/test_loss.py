"""SoftmaxWithLoss: the truth in any form, its gradient, and its limits."""

import math

import numpy as np
import pytest
from layer_table import distinct, in_every_room
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = in_every_room

FLOATS = (np.float32, np.float64)


def all_truths(t, classes):
    """Write the same labels in every way that is allowed."""
    one_hot = np.eye(classes)[t]
    return [t, t.tolist(), t[:, np.newaxis], t.astype(np.uint8), one_hot, one_hot > 0]


def test_loss_takes_the_truth_in_any_form(room):
    x, t = distinct((4, 5), "x"), np.array([2, 0, 4, 4])
    layer = room.SoftmaxWithLoss()
    loss, dx = layer.forward(x, t), layer.backward()
    assert type(loss) is float
    for truth in all_truths(t, 5):
        assert layer.forward(x, truth) == pytest.approx(loss, rel=1e-12)
        assert_allclose(layer.backward(), dx, rtol=1e-12)


def test_loss_by_hand(room):
    x = np.log([[1.0, 2.0, 5.0], [4.0, 4.0, 8.0]])
    layer = room.SoftmaxWithLoss()
    loss = layer.forward(x, [2, 0])
    assert loss == pytest.approx(-(math.log(5 / 8) + math.log(4 / 16)) / 2)
    expected = [[1 / 16, 2 / 16, -3 / 16], [-3 / 8, 1 / 8, 2 / 8]]
    assert_allclose(layer.backward(), expected)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("soft", [False, True])
def test_loss_agrees_with_pytorch(torch, room, rng, dtype, soft):
    x = rng.standard_normal((6, 4)).astype(dtype)
    t = rng.dirichlet(np.ones(4), 6).astype(dtype) if soft else rng.integers(0, 4, 6)
    tensor = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(tensor, torch.tensor(t))
    (0.3 * expected).backward()
    layer = room.SoftmaxWithLoss()
    assert layer.forward(x, t) == pytest.approx(expected.item(), rel=1e-5)
    assert_allclose(layer.backward(0.3), tensor.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("dout", [1, -2.5])
def test_loss_gradient_is_the_slope(room, rng, soft, dout):
    x = rng.standard_normal((3, 4))
    t = rng.dirichlet(np.ones(4), 3) if soft else np.array([1, 3, 0])
    layer = room.SoftmaxWithLoss()
    layer.forward(x, t)
    dx = layer.backward(dout)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-5
        ahead, behind = (layer.forward(x + s * step, t) for s in (1, -1))
        measured = dout * (ahead - behind) / 2e-5
        assert dx[place] == pytest.approx(measured, rel=1e-6, abs=1e-9)


def test_loss_gradient_adds_up_to_0_in_each_row(room):
    """A common shift of all scores changes nothing."""
    layer = room.SoftmaxWithLoss()
    layer.forward(distinct((5, 7), "x"), [0, 6, 3, 3, 1])
    assert_allclose(layer.backward().sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", FLOATS)
def test_loss_of_huge_scores_stays_finite(room, dtype):
    x = np.array([[1e30, 0, -1e30], [-1e4, 1e4, 0]], dtype)
    layer = room.SoftmaxWithLoss()
    for t in ([0, 1], [2, 0], np.eye(3)[[1, 2]]):
        assert math.isfinite(layer.forward(x, t))
        assert np.isfinite(layer.backward()).all()
    assert layer.forward(x, [0, 1]) == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("dout", [1, 0.5, np.float64(0.5), np.float32(0.5)])
def test_loss_keeps_the_type_whatever_dout_is(room, dtype, dout):
    x = distinct((3, 4), "x", dtype)
    layer = room.SoftmaxWithLoss()
    for t in (np.array([0, 1, 2]), np.eye(4)[:3]):
        layer.forward(x, t)
        assert layer.backward(dout).dtype == dtype


def test_loss_edits_nothing_and_repeats(room):
    x, t = distinct((3, 4), "x"), np.eye(4)[:3]
    copies = x.copy(), t.copy()
    x.flags.writeable = t.flags.writeable = False
    layer = room.SoftmaxWithLoss()
    layer.forward(x, t)
    first = layer.backward()
    kept = first.copy()
    assert_array_equal(layer.backward(), first)
    layer.forward(-x, t)
    layer.backward()
    assert_array_equal(first, kept)
    assert_array_equal(x, copies[0])
    assert_array_equal(t, copies[1])


def test_loss_of_small_integers_does_not_wrap_around(room):
    layer = room.SoftmaxWithLoss()
    found = layer.forward(np.array([[1, 2, 3]], np.uint8), [2])
    assert found == pytest.approx(layer.forward([[1.0, 2.0, 3.0]], [2]))


def test_loss_keeps_nothing_without_training(room):
    layer = room.SoftmaxWithLoss()
    x, t = distinct((3, 4), "x"), [0, 1, 2]
    loss = layer.forward(x, t)
    assert layer.forward(x, t, train=False) == loss
    with pytest.raises(RuntimeError, match="needs a forward pass in training"):
        layer.backward()
