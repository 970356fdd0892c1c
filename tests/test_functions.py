"""Sigmoid, softmax and cross entropy: properties, limits, and PyTorch."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib.functions import cross_entropy_error, log_softmax, sigmoid, softmax

FLOATS = (np.float32, np.float64)


@pytest.mark.parametrize("shape", [(7,), (1, 1), (5, 10), (2, 3, 4)])
def test_softmax_gives_probabilities_in_the_order_of_the_scores(rng, shape):
    x = 5 * rng.standard_normal(shape)
    y = softmax(x)
    assert_allclose(y.sum(axis=-1), 1, rtol=1e-12)
    assert (y > 0).all()
    assert_array_equal(y.argsort(axis=-1), x.argsort(axis=-1))


def test_softmax_by_hand():
    assert_allclose(softmax(np.log([1, 2, 5])), [1 / 8, 2 / 8, 5 / 8], rtol=1e-12)
    assert_allclose(softmax([[0, 0], [0, 0]]), [[0.5, 0.5], [0.5, 0.5]])


def test_softmax_ignores_a_common_shift(rng):
    x = rng.standard_normal((4, 6))
    assert_allclose(softmax(x), softmax(x + 100), rtol=1e-12)
    assert_allclose(log_softmax(x), log_softmax(x - 100), atol=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
def test_huge_scores_stay_finite(dtype):
    x = np.array([[1e30, 0, -1e30], [-1e4, -1e4, -2e4]], dtype)
    assert_allclose(softmax(x), [[1, 0, 0], [0.5, 0.5, 0]])
    assert np.isfinite(log_softmax(x)).all()


def test_log_softmax_keeps_what_softmax_rounds_to_0():
    assert softmax(np.array([0.0, 1000.0]))[0] == 0
    assert_allclose(log_softmax(np.array([0.0, 1000.0])), [-1000, 0])


def test_softmax_agrees_with_pytorch(torch, rng):
    x = rng.standard_normal((5, 8))
    tensor = torch.tensor(x)
    assert_allclose(softmax(x), torch.softmax(tensor, 1), rtol=1e-12)
    assert_allclose(log_softmax(x), torch.log_softmax(tensor, 1), rtol=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_keep_the_type_and_their_argument(rng, dtype):
    x = rng.standard_normal((3, 4)).astype(dtype)
    copy = x.copy()
    x.flags.writeable = False
    for function in (sigmoid, softmax, log_softmax):
        assert function(x).dtype == dtype
    assert_array_equal(x, copy)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_softmax_of_whole_numbers_does_not_wrap_around(dtype):
    x = np.array([0, 1, 1, 0], dtype)
    assert_allclose(softmax(x), softmax(x.astype(float)))
    assert softmax(x).dtype == np.float64


def test_sigmoid_is_the_definition_and_never_overflows():
    x = np.linspace(-20, 20, 101)
    assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)), atol=1e-15)
    assert_allclose(sigmoid(np.array([-1e6, 0, 1e6])), [0, 0.5, 1])
    assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=1e-15)


# Cross entropy. -----------------------------------------------------------------


def test_cross_entropy_by_hand():
    y = np.array([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    expected = -(math.log(0.6) + math.log(0.2)) / 2
    assert cross_entropy_error(y, [1, 0]) == pytest.approx(expected)


def test_guessing_among_ten_costs_ln_10():
    y = np.full((4, 10), 0.1)
    assert cross_entropy_error(y, [3, 1, 4, 1]) == pytest.approx(math.log(10))


def test_a_sure_and_right_answer_costs_nothing():
    assert cross_entropy_error(np.eye(3), [0, 1, 2]) == 0


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_sure_and_wrong_answer_costs_much_but_not_infinity(dtype):
    loss = cross_entropy_error(np.eye(2, dtype=dtype), [1, 0])
    assert 50 < loss < 1000


def test_all_ways_to_write_the_truth_cost_the_same(rng):
    y = softmax(rng.standard_normal((4, 5)))
    t = np.array([2, 0, 4, 4])
    loss = cross_entropy_error(y, t)
    one_hot = np.eye(5)[t]
    for same in (
        t.tolist(),
        t.astype(np.uint8),
        t.astype(float),
        t[:, np.newaxis],
        one_hot,
        one_hot.astype(bool),
        one_hot.astype(np.uint8),
    ):
        assert cross_entropy_error(y, same) == pytest.approx(loss, rel=1e-12)
    assert type(loss) is float


def test_a_single_sample_needs_no_batch():
    y = [0.2, 0.3, 0.5]
    assert cross_entropy_error(y, 2) == pytest.approx(-math.log(0.5))
    assert cross_entropy_error(y, [0, 0, 1]) == pytest.approx(-math.log(0.5))


def test_soft_targets_are_weighted(rng):
    y, t = softmax(rng.standard_normal((2, 3, 4)))
    expected = -sum(p * math.log(q) for p, q in zip(t.flat, y.flat, strict=True)) / 3
    assert cross_entropy_error(y, t) == pytest.approx(expected)


def test_the_loss_is_a_mean_over_the_batch(rng):
    y, t = softmax(rng.standard_normal((6, 4))), np.array([0, 1, 2, 3, 0, 1])
    halves = [cross_entropy_error(y[i : i + 3], t[i : i + 3]) for i in (0, 3)]
    assert cross_entropy_error(y, t) == pytest.approx(sum(halves) / 2)


def test_cross_entropy_agrees_with_pytorch(torch, rng):
    x, t = rng.standard_normal((7, 5)), rng.integers(0, 5, 7)
    expected = torch.nn.functional.cross_entropy(torch.tensor(x), torch.tensor(t))
    assert cross_entropy_error(softmax(x), t) == pytest.approx(expected.item())


def test_cross_entropy_edits_nothing(rng):
    y, t = softmax(rng.standard_normal((3, 4))), np.eye(4)[:3]
    copies = y.copy(), t.copy()
    y.flags.writeable = t.flags.writeable = False
    cross_entropy_error(y, t)
    assert_array_equal(y, copies[0])
    assert_array_equal(t, copies[1])
