"""Activations, affine, dropout and the normalizations: what is their own."""

import numpy as np
import pytest
from layer_table import distinct, in_every_room
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = in_every_room

FLOATS = (np.float32, np.float64)


# Relu, Sigmoid. ---------------------------------------------------------------


def test_relu_has_no_slope_at_zero(room):
    layer = room.Relu()
    assert_array_equal(layer.forward(np.array([[-1.0, 0.0, 2.0]])), [[0, 0, 2]])
    assert_array_equal(layer.backward(np.ones((1, 3))), [[0, 0, 1]])


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh"])
def test_activations_are_flat_far_out_without_overflow(room, name):
    layer = getattr(room, name)()
    out = layer.forward(np.array([[-1e30, 1e30]], np.float32))
    assert_array_equal(out, [[0 if name == "Sigmoid" else -1, 1]])
    assert_array_equal(layer.backward(np.ones((1, 2))), [[0, 0]])


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh"])
def test_small_integers_are_computed_in_full_precision(room, name):
    x = np.arange(3, dtype=np.uint8).reshape(1, 3)
    layer = getattr(room, name)()
    found, expected = layer.forward(x), layer.forward(x.astype(float))
    assert found.dtype == np.float64
    assert_array_equal(found, expected)


# Dropout. ---------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_its_ratio(room, ratio):
    out = room.Dropout(ratio, rng=3).forward(np.ones((100, 1000)))
    assert (out == 0).mean() == pytest.approx(ratio, abs=0.005)
    assert out.mean() == pytest.approx(1, abs=0.02)
    assert_allclose(out[out > 0], 1 / (1 - ratio))


def test_dropout_sends_the_gradient_where_the_numbers_went(room):
    layer = room.Dropout(0.5, rng=3)
    out = layer.forward(np.full((4, 6), 3.0))
    assert 0 < (out == 0).sum() < out.size
    assert_allclose(layer.backward(np.full((4, 6), 3.0)), out)


def test_dropout_is_off_at_test_time_and_uses_no_random_numbers(room):
    layer, twin = room.Dropout(0.5, rng=3), room.Dropout(0.5, rng=3)
    x = distinct((5, 7), "x")
    assert_array_equal(layer.forward(x, train=False), x)
    assert_array_equal(layer.forward(x), twin.forward(x))


def test_dropout_repeats_with_the_same_seed_and_only_then(room):
    x = np.ones((10, 10))
    first = room.Dropout(0.5, rng=3)
    again, other = room.Dropout(0.5, rng=3), room.Dropout(0.5, rng=4)
    out = first.forward(x)
    assert_array_equal(out, again.forward(x))
    assert (out != other.forward(x)).any()
    assert (out != first.forward(x)).any()  # a new draw for each batch


def test_dropout_layers_can_share_a_generator(room):
    shared = np.random.default_rng(5)
    outs = [room.Dropout(0.5, rng=shared).forward(np.ones((9, 9))) for _ in range(2)]
    assert (outs[0] != outs[1]).any()
    assert shared.random() != np.random.default_rng(5).random()


# Batch normalization. ---------------------------------------------------------


def batch_norm(room, C, dtype=np.float64, **settings):
    gamma, beta = distinct((C,), "gamma", dtype), distinct((C,), "beta", dtype)
    return room.BatchNormalization(gamma, beta, **settings)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 2)])
def test_batch_norm_gives_each_feature_mean_beta_and_deviation_gamma(room, shape):
    layer = batch_norm(room, 3, eps=1e-12)
    x = 50 + 9 * distinct(shape, "x")
    out = layer.forward(x)
    axes = (0, *range(2, len(shape)))
    assert_allclose(out.mean(axis=axes), layer.beta, atol=1e-12)
    assert_allclose(out.std(axis=axes), abs(layer.gamma), rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 2)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_batch_norm_runs_its_averages_as_pytorch_does(torch, room, shape, dtype):
    """Three batches, then test mode; PyTorch's momentum is 1 minus ours."""
    layer = batch_norm(room, 3, dtype, momentum=0.8)
    twin = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(
        3, momentum=1 - 0.8, dtype=getattr(torch, np.dtype(dtype).name)
    )
    twin.weight.data = torch.tensor(layer.gamma)
    twin.bias.data = torch.tensor(layer.beta)
    tolerance = {"rtol": 1e-5, "atol": 1e-5}
    for number in range(3):
        x = 3 + distinct(shape, f"x {number}", dtype)
        out, expected = layer.forward(x), twin(torch.tensor(x)).detach()
        assert_allclose(out, expected, **tolerance)
    assert_allclose(layer.running_mean, twin.running_mean, **tolerance)
    assert_allclose(layer.running_var, twin.running_var, **tolerance)
    twin.eval()
    out = layer.forward(x[:1], train=False)  # a single sample is fine here
    assert_allclose(out, twin(torch.tensor(x[:1])).detach(), **tolerance)


def test_batch_norm_running_variance_is_unbiased(room):
    layer = batch_norm(room, 1, momentum=0.5)
    layer.forward(np.array([[1.0], [5.0]]))  # mean 3, variance 4, unbiased 8
    assert_allclose(layer.running_mean, [0.5 * 0 + 0.5 * 3])
    assert_allclose(layer.running_var, [0.5 * 1 + 0.5 * 8])


def test_batch_norm_keeps_its_statistics_at_test_time(room):
    layer = batch_norm(room, 3)
    layer.forward(distinct((5, 3), "x"))
    mean, var = layer.running_mean, layer.running_var
    copies = mean.copy(), var.copy()
    layer.forward(distinct((4, 3), "y"), train=False)
    assert layer.running_mean is mean
    assert layer.running_var is var
    assert_array_equal(mean, copies[0])
    assert_array_equal(var, copies[1])


def test_batch_norm_moves_its_statistics_in_place(room):
    """So that whoever saves or shares the arrays sees the new numbers."""
    layer = batch_norm(room, 3)
    mean, var = layer.running_mean, layer.running_var
    layer.forward(distinct((5, 3), "x"))
    assert layer.running_mean is mean
    assert layer.running_var is var
    assert (mean != 0).any()


def test_batch_norm_refuses_a_batch_of_one_before_it_changes_anything(room):
    layer = batch_norm(room, 3)
    with pytest.raises(ValueError, match="one value a feature"):
        layer.forward(np.ones((1, 3)))
    assert_array_equal(layer.running_mean, np.zeros(3))
    assert_array_equal(layer.running_var, np.ones(3))
    layer.forward(np.ones((1, 3)), train=False)
    layer.forward(np.ones((1, 3, 2, 1)))  # one image, but two pixels a channel


def test_batch_norm_of_a_constant_feature_is_beta(room):
    layer = batch_norm(room, 3)
    out = layer.forward(np.full((4, 3), 7.0))
    assert_allclose(out, np.broadcast_to(layer.beta, (4, 3)))
    assert np.isfinite(layer.backward(out)).all()


def test_batch_norm_gradient_adds_up_to_0_over_the_batch(room):
    """Shifting a whole feature changes nothing, so the gradient has no mean."""
    layer = batch_norm(room, 3)
    layer.forward(distinct((4, 3, 2, 5), "x"))
    dx = layer.backward(distinct((4, 3, 2, 5), "dout"))
    assert_allclose(dx.sum(axis=(0, 2, 3)), 0, atol=1e-10)


# Local response normalization. ------------------------------------------------


def test_lrn_by_hand(room):
    """Alpha is divided by size: 4 / sqrt(1 + 3/3 * (2**2 + 4**2 + 2**2)) = 0.8."""
    x = np.array([2.0, 4.0, 2.0]).reshape(1, 3, 1, 1)
    layer = room.LocalResponseNormalization(size=3, alpha=3, beta=0.5, k=1)
    expected = [2 / 21**0.5, 0.8, 2 / 21**0.5]
    assert_allclose(layer.forward(x).ravel(), expected)


def test_lrn_of_small_integers_does_not_wrap_around(room):
    x = np.full((1, 3, 2, 2), 200, np.uint8)
    layer = room.LocalResponseNormalization(alpha=1)
    assert_allclose(layer.forward(x), layer.forward(x.astype(float)))


def test_lrn_keeps_float32_with_numpy_settings(room):
    settings = {name: np.float64(1) for name in ("alpha", "beta", "k")}
    layer = room.LocalResponseNormalization(**settings)
    out = layer.forward(np.ones((1, 3, 2, 2), np.float32))
    assert out.dtype == np.float32
    assert layer.backward(out).dtype == np.float32


# Affine. ----------------------------------------------------------------------


def test_affine_gives_images_their_shape_back(room):
    layer = room.Affine(distinct((24, 5), "W"), np.zeros(5))
    x = distinct((3, 2, 3, 4), "x")
    out = layer.forward(x)
    assert_allclose(out, layer.forward(x.reshape(3, 24)))
    layer.forward(x)
    assert layer.backward(out).shape == x.shape
