"""Schedules: known values, PyTorch's own, and the optimizers that follow them."""

import math

import numpy as np
import pytest

from cnnlib import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    CosineDecay,
    Momentum,
    Nesterov,
    RMSProp,
    StepDecay,
    WarmUp,
    fast,
)
from cnnlib.optimizers.schedules import Schedule, make_schedule

EACH = [
    WarmUp(4),
    StepDecay(5),
    StepDecay(every=3, factor=0.5, warmup=2),
    CosineDecay(20),
    CosineDecay(steps=20, end=0.1, warmup=5),
]
KINDS = [SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, fast.Adam, fast.AdamW]

each = pytest.mark.parametrize("schedule", EACH, ids=repr)


def test_factors_by_hand():
    assert [WarmUp(4)(k) for k in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    cuts = StepDecay(every=2, factor=0.5, warmup=1)
    assert [cuts(k) for k in range(6)] == [1, 1, 1, 0.5, 0.5, 0.25]
    wave = [CosineDecay(4)(k) for k in range(6)]
    half = math.sqrt(0.5)
    np.testing.assert_allclose(wave, [1, (1 + half) / 2, 0.5, (1 - half) / 2, 0, 0])
    late = [CosineDecay(6, end=0.2, warmup=2)(k) for k in range(8)]
    np.testing.assert_allclose(late[:4], [0.5, 1, 1, 0.2 + 0.8 * (1 + half) / 2])
    np.testing.assert_allclose(late[6:], 0.2)


@each
def test_factors_rise_while_warming_up_and_never_afterwards(schedule):
    factors = np.array([schedule(k) for k in range(40)])
    warmup = schedule.warmup
    assert (np.diff(factors[:warmup]) > 0).all()
    assert (np.diff(factors[warmup:]) <= 0).all()
    assert factors.max() == factors[warmup] == 1
    assert factors.min() >= 0


@pytest.mark.parametrize(
    ("schedule", "name", "arguments"),
    [
        (StepDecay(3, 0.3), "StepLR", {"step_size": 3, "gamma": 0.3}),
        (CosineDecay(10, 0.2), "CosineAnnealingLR", {"T_max": 10, "eta_min": 0.1}),
        (
            WarmUp(4),
            "LinearLR",
            {"start_factor": 0.25, "end_factor": 1, "total_iters": 3},
        ),
    ],
    ids=repr,
)
def test_they_are_those_of_pytorch(torch, schedule, name, arguments):
    oracle = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    rates = getattr(torch.optim.lr_scheduler, name)(oracle, **arguments)
    for done in range(11):
        assert 0.5 * schedule(done) == pytest.approx(rates.get_last_lr()[0], rel=1e-9)
        oracle.step()
        rates.step()


@each
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__module__ + str(kind))
def test_an_optimizer_steps_as_one_whose_rate_is_set_by_hand(kind, schedule):
    rng = np.random.default_rng(0)
    followed = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    by_hand = {name: array.copy() for name, array in followed.items()}
    optimizer = kind(lr=0.1, weight_decay=0.2, schedule=schedule)
    twin = kind(lr=0.1, weight_decay=0.2)
    assert optimizer.rate == 0.1 * schedule(0)
    for done in range(12):
        grads = {name: rng.normal(size=a.shape) for name, a in followed.items()}
        optimizer.update(followed, grads)
        assert optimizer.rate == 0.1 * schedule(done)
        twin.lr = max(0.1 * schedule(done), 1e-300)
        twin.update(by_hand, grads)
    for name, array in followed.items():
        np.testing.assert_array_equal(array, by_hand[name])
    assert optimizer.lr == 0.1


@each
def test_settings_make_the_same_schedule_again(schedule):
    again = make_schedule(schedule.settings())
    assert type(again) is type(schedule)
    assert [again(k) for k in range(30)] == [schedule(k) for k in range(30)]
    assert repr(again) == repr(schedule)
    assert SGD(schedule=schedule).settings()["schedule"] == schedule.settings()


def test_what_it_refuses():
    for wrong in (-1, 2.5, "3", True, None):
        with pytest.raises(ValueError, match=r"warmup is .*; expected a whole number"):
            WarmUp(wrong)
    for wrong in (0, 2.5):
        with pytest.raises(ValueError, match=r"every is .*; .* of steps, at least 1"):
            StepDecay(wrong)
    for wrong in (0, -1, 1.5, math.nan, "0.1", True):
        with pytest.raises(ValueError, match=r"factor is .*; expected a number above"):
            StepDecay(3, wrong)
    with pytest.raises(ValueError, match=r"steps is 100; .*at least 101"):
        CosineDecay(100, warmup=100)
    for wrong in (-0.1, 2, "0"):
        with pytest.raises(ValueError, match=r"end is .*; expected a number from 0 to"):
            CosineDecay(100, end=wrong)
    with pytest.raises(NotImplementedError, match="Lazy must define curve"):
        type("Lazy", (Schedule,), {})()(0)


@pytest.mark.parametrize("wrong", ["cosine", 0.1, {"name": "Cosine"}, {}, CosineDecay])
def test_what_is_no_schedule_is_refused(wrong):
    message = "expected None, or one of WarmUp, StepDecay, CosineDecay, for example"
    with pytest.raises(ValueError, match=message):
        Adam(schedule=wrong)
    with pytest.raises(ValueError, match=r"schedule is .*unexpected keyword .*'stop'"):
        Adam(schedule={"name": "WarmUp", "warmup": 3, "stop": 1})
