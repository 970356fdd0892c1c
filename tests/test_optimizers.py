"""Optimizers: against PyTorch, against scalars by hand, and in place."""

import math

import numpy as np
import pytest

from cnnlib import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp, fast
from cnnlib.optimizers import Optimizer, make_optimizer

ALL = [SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW]

each = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


def problem(dtype=np.float64, steps=7):
    """Return parameters, and the gradients of some steps, one of them 0."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (2, 3), "b1": (3,)}
    params = {name: rng.normal(size=s).astype(dtype) for name, s in shapes.items()}
    grads = [
        {name: rng.normal(size=s).astype(dtype) for name, s in shapes.items()}
        for _ in range(steps)
    ]
    for step in grads:
        step["b1"][0] = 0
    return params, grads


# each equals PyTorch's


@pytest.mark.parametrize(
    ("optimizer", "name", "arguments"),
    [
        (SGD(lr=0.1), "SGD", {"lr": 0.1}),
        (Momentum(lr=0.1), "SGD", {"lr": 0.1, "momentum": 0.9}),
        (Nesterov(0.1, 0.7), "SGD", {"lr": 0.1, "momentum": 0.7, "nesterov": True}),
        (AdaGrad(lr=0.1), "Adagrad", {"lr": 0.1, "eps": 1e-7}),
        (RMSProp(lr=0.1), "RMSprop", {"lr": 0.1, "eps": 1e-7}),
        (RMSProp(0.1, 0.8), "RMSprop", {"lr": 0.1, "alpha": 0.8, "eps": 1e-7}),
        (Adam(lr=0.1), "Adam", {"lr": 0.1}),
        (Adam(0.1, 0.5, 0.6), "Adam", {"lr": 0.1, "betas": (0.5, 0.6)}),
        (AdamW(lr=0.1), "AdamW", {"lr": 0.1}),
        (AdamW(0.1, 0.3, beta2=0.6), "AdamW", {"lr": 0.1, "betas": (0.9, 0.6)}),
        (fast.AdamW(0.1, 0.3), "AdamW", {"lr": 0.1}),
        (fast.Adam(0.1, weight_decay=0.3), "Adam", {"lr": 0.1}),
        *[
            (kind(lr=0.1, weight_decay=0.3), name, {"lr": 0.1} | more)
            for kind, name, more in (
                (SGD, "SGD", {}),
                (Momentum, "SGD", {"momentum": 0.9}),
                (Nesterov, "SGD", {"momentum": 0.9, "nesterov": True}),
                (AdaGrad, "Adagrad", {"eps": 1e-7}),
                (RMSProp, "RMSprop", {"eps": 1e-7}),
                (Adam, "Adam", {}),
            )
        ],
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Optimizer) else None,
)
def test_it_is_the_one_of_pytorch(optimizer, name, arguments):
    torch = pytest.importorskip("torch", reason="PyTorch, an oracle, is not installed")
    params, grads = problem()
    twins = {name: torch.tensor(array) for name, array in params.items()}
    decays = {"params": [twins["W1"]], "weight_decay": optimizer.weight_decay}
    stays = {"params": [twins["b1"]], "weight_decay": 0}
    oracle = getattr(torch.optim, name)([decays, stays], **arguments)
    for step in grads:
        optimizer.update(params, step)
        for key, twin in twins.items():
            twin.grad = torch.tensor(step[key])
        oracle.step()
        for key, twin in twins.items():
            np.testing.assert_allclose(params[key], twin.numpy(), rtol=1e-12)


# each equals its definition, with scalars


def by_hand(kind, p, gradients, decay, lr=0.1):
    """Return where one number ends, from the formulas as the papers print them."""
    v = h = m = 0.0
    for t, g in enumerate(gradients, start=1):
        if kind is SGD:
            p -= lr * g
        elif kind is Momentum:
            v = 0.9 * v - lr * g
            p += v
        elif kind is Nesterov:  # Bengio et al. (2012), equation 7
            old, v = v, 0.9 * v - lr * g
            p += 0.9 * 0.9 * old - (1 + 0.9) * lr * g
        elif kind is AdaGrad:
            h += g**2
            p -= lr * g / (math.sqrt(h) + 1e-7)
        elif kind is RMSProp:
            h = 0.99 * h + 0.01 * g**2
            p -= lr * g / (math.sqrt(h) + 1e-7)
        elif kind in (Adam, AdamW):
            if kind is AdamW:
                p -= lr * decay * p
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            p -= lr * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return p


@each
def test_it_is_its_definition(kind):
    params, grads = problem()
    expected = {
        name: [
            by_hand(kind, p, [step[name].flat[i] for step in grads], decay)
            for i, p in enumerate(array.flat)
        ]
        for (name, array), decay in zip(params.items(), (0.01, 0), strict=True)
    }
    optimizer = kind(lr=0.1)
    for step in grads:
        optimizer.update(params, step)
    for name, array in params.items():
        np.testing.assert_allclose(array.ravel(), expected[name], rtol=1e-12)


@each
def test_it_walks_down_a_valley(kind):
    x = np.array([3.0, -2.0])
    optimizer, slope = kind(lr=0.05), np.array([1.0, 10.0])
    height = [np.sum(slope * x * x)]
    for _ in range(200):
        optimizer.update({"x": x}, {"x": 2 * slope * x})
        height.append(np.sum(slope * x * x))
    assert height[-1] < height[0] / 4


# what it changes, what it leaves alone


@each
@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.float32(0.1)])
def test_parameters_change_in_place_and_stay_float32(kind, lr):
    params, grads = problem(np.float32)
    held, before = dict(params), {k: v.copy() for k, v in params.items()}
    grads_before = [{k: v.tobytes() for k, v in step.items()} for step in grads]
    optimizer = kind(lr=lr)
    for step in grads:
        optimizer.update(params, step)
    for name, array in params.items():
        assert array is held[name]
        assert array.dtype == np.float32
        assert not np.array_equal(array, before[name])
    memories = {k: v for k, v in optimizer.state().items() if k not in ("t", "lr")}
    assert all(memory.dtype == np.float32 for memory in memories.values())
    assert len(memories) == len(kind.memories) * len(params)
    assert [{k: v.tobytes() for k, v in step.items()} for step in grads] == grads_before


@each
def test_the_type_of_the_learning_rate_changes_no_bit(kind):
    results = []
    for lr in (0.1, np.float64(0.1)):
        params, grads = problem(np.float32)
        optimizer = kind(lr=lr)
        for step in grads:
            optimizer.update(params, step)
        results.append({name: array.tobytes() for name, array in params.items()})
    assert results[0] == results[1]


@each
def test_a_number_without_gradient_stays(kind):
    params, grads = problem(np.float32)
    before = params["b1"][0]
    optimizer = kind()
    for step in grads:
        optimizer.update(params, step)
    assert params["b1"][0] == before


@each
def test_going_back_to_a_state_repeats_every_bit(kind):
    params, grads = problem(np.float32)
    optimizer = kind(lr=0.03)
    for step in grads[:3]:
        optimizer.update(params, step)
    middle, state = {k: v.copy() for k, v in params.items()}, optimizer.state()
    assert state["t"] == 3
    for step in grads[3:]:
        optimizer.update(params, step)
    again = kind(lr=0.5)
    again.restore(state)
    for step in grads[3:]:
        again.update(middle, step)
    for name in params:
        assert middle[name].tobytes() == params[name].tobytes()
    for one, other in zip(
        again.state().values(), optimizer.state().values(), strict=True
    ):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


@each
def test_a_state_is_a_copy_both_ways(kind):
    params, grads = problem()
    optimizer = kind()
    optimizer.update(params, grads[0])
    state = optimizer.state()
    kept = {name: np.array(value) for name, value in state.items()}
    optimizer.restore(state)
    optimizer.update(params, grads[1])
    for name, value in state.items():
        np.testing.assert_array_equal(value, kept[name])


@each
def test_the_settings_make_another_one(kind):
    optimizer = kind(lr=0.25)
    assert optimizer.settings()["lr"] == 0.25
    assert kind(**optimizer.settings()).settings() == optimizer.settings()


# what it refuses


@each
def test_a_missing_gradient_is_named_before_anything_moves(kind):
    params, grads = problem()
    before = params["W1"].tobytes()
    optimizer = kind()
    message = r"no gradient for parameter 'b1'; grads holds \['W1'\]"
    with pytest.raises(KeyError, match=message):
        optimizer.update(params, {"W1": grads[0]["W1"]})
    with pytest.raises(
        ValueError, match=r"gradient of b1 has shape \(1,\), the parameter \(3,\)"
    ):
        optimizer.update(params, grads[0] | {"b1": np.ones(1)})
    assert params["W1"].tobytes() == before
    assert optimizer.state().keys() == {"t", "lr"}
    assert optimizer.t == 0


@each
@pytest.mark.parametrize("lr", [0, -0.1, math.inf, math.nan, "0.1", None, [0.1]])
def test_a_learning_rate_is_a_positive_number(kind, lr):
    with pytest.raises(ValueError, match=r"lr is .*; the learning rate is a number"):
        kind(lr=lr)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Momentum, "momentum"),
        (Nesterov, "momentum"),
        (RMSProp, "decay_rate"),
        (Adam, "beta1"),
        (Adam, "beta2"),
    ],
)
@pytest.mark.parametrize("value", [1, -0.1, math.nan, "0.9", None])
def test_a_part_is_below_1(kind, name, value):
    with pytest.raises(ValueError, match=f"{name} is .*; it is a number from 0 to bel"):
        kind(**{name: value})


@pytest.mark.parametrize("kind", [AdaGrad, RMSProp, Adam])
@pytest.mark.parametrize("eps", [-1e-8, math.nan, math.inf, "1e-8", None])
def test_eps_is_a_small_number(kind, eps):
    with pytest.raises(ValueError, match=r"eps is .*; it is a small number such as"):
        kind(eps=eps)


def test_a_subclass_without_a_step_says_so():
    with pytest.raises(NotImplementedError, match="Lazy must define step"):
        type("Lazy", (Optimizer,), {})(0.1).update({"W": np.ones(1)}, {"W": np.ones(1)})


@each
@pytest.mark.parametrize("weight_decay", [-0.1, math.inf, math.nan, "0.1", None])
def test_weight_decay_is_a_number_of_0_or_more(kind, weight_decay):
    with pytest.raises(ValueError, match=r"weight_decay is .*; it is 0 or a small num"):
        kind(weight_decay=weight_decay)


# weight decay


@each
def test_weights_decay_and_vectors_do_not(kind):
    """Without a gradient from the data only the decay is left."""
    params = {"W": np.ones((2, 2)), "filters": np.ones((1, 1, 2, 2))}
    params |= {"b": np.ones(2), "gamma": np.ones(2)}
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    optimizer = kind(lr=0.01, weight_decay=0.5)
    for _ in range(3):
        optimizer.update(params, grads)
    assert (params["W"] < 1).all()
    assert (params["filters"] < 1).all()
    assert (params["b"] == 1).all()
    assert (params["gamma"] == 1).all()


def test_the_decay_of_sgd_is_the_slope_of_half_the_squared_weights():
    W, g, strength = np.array([[3.0, -2.0]]), np.array([[1.0, 1.0]]), 0.25
    SGD(lr=0.1, weight_decay=strength).update({"W": W}, {"W": g})
    np.testing.assert_allclose(W, [[3 - 0.1 * (1 + 0.75), -2 - 0.1 * (1 - 0.5)]])


def test_only_adamw_shrinks_weights_of_every_gradient_by_the_same_part():
    """In Adam the pull is divided by the size of the gradient."""
    shrunk = {}
    for kind in (Adam, AdamW):
        ends = []
        for decay in (0, 0.1):
            W, rng = np.array([[1.0, 1.0]]), np.random.default_rng(0)
            optimizer = kind(lr=0.001, weight_decay=decay)
            for _ in range(20):
                push = rng.normal(size=(1, 2)) * [[0.01, 100]]
                optimizer.update({"W": W}, {"W": push})
            ends.append(W)
        shrunk[kind] = (ends[0] - ends[1])[0]
    small, large = shrunk[AdamW]
    assert small == pytest.approx(large, rel=0.02)
    small, large = shrunk[Adam]
    assert small > 100 * large


# by name


@each
def test_a_name_in_any_case_makes_one(kind):
    for name in (kind.__name__, kind.__name__.upper(), kind.__name__.lower()):
        optimizer = make_optimizer(name, {"lr": 0.5})
        assert type(optimizer) is kind
        assert optimizer.lr == 0.5
    assert make_optimizer(kind.__name__).lr == kind().lr


def test_an_optimizer_is_passed_on():
    mine = Adam()
    assert make_optimizer(mine) is mine
    with pytest.raises(ValueError, match="optimizer_param belongs to an optimizer giv"):
        make_optimizer(mine, {"lr": 0.1})


def test_unknown_names_and_arguments_are_listed():
    with pytest.raises(
        ValueError, match=r"optimizer is 'Adm'; expected one of SGD, Mo"
    ):
        make_optimizer("Adm")
    with pytest.raises(
        ValueError, match=r"RMSProp takes \['decay_rate', 'eps', 'lr', 'schedule', "
    ):
        make_optimizer("rmsprop", {"rate": 1})


@pytest.mark.parametrize("thing", [None, 3, Adam, object()])
def test_what_can_not_update_is_refused(thing):
    with pytest.raises(
        TypeError, match=r"expected a name such as 'Adam', or an object"
    ):
        make_optimizer(thing)
