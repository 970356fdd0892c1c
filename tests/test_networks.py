"""Networks: parameters by name, scores, files, and what their errors say."""

import copy
import pickle

import numpy as np
import pytest
from small_networks import ENGINES, bits, mixed, samples, simple

from cnnlib import Momentum, Sequential, SimpleConvNet
from cnnlib.networks.engines import engine_room


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


# parameters


def test_the_books_names_of_layers_and_parameters(engine):
    network = simple(engine)
    assert list(network.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert list(network.layers) == [
        "Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"
    ]  # fmt: skip
    shapes = {name: array.shape for name, array in network.params.items()}
    assert shapes == {
        "W1": (3, 1, 3, 3), "b1": (3,), "W2": (27, 10), "b2": (10,),
        "W3": (10, 10), "b3": (10,),
    }  # fmt: skip
    assert {array.dtype for array in network.params.values()} == {np.dtype("float32")}


def test_batch_normalizations_are_counted_on_their_own_and_through_blocks(engine):
    network = mixed(engine)
    assert list(network.params) == [
        "W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"
    ]  # fmt: skip
    assert set(network.state()) - set(network.params) == {
        "running_mean1", "running_var1", "running_mean2", "running_var2"
    }  # fmt: skip
    assert network.params["gamma1"] is network.layers["Block"].layers["Norm"].gamma
    assert network.params["W3"] is network.layers["Out"].W
    assert network.state()["running_var2"] is network.layers["Norm"].running_var
    assert Sequential({"all": network}).params["W3"] is network.layers["Out"].W


def test_layers_without_bias_or_parameters_are_counted_right(engine):
    room = engine_room(engine)

    class Averaging(room.Relu):
        statistics = ("mean",)
        mean = np.zeros(1)

    network = Sequential(
        {
            "A": room.Affine(np.ones((2, 2)), None),
            "Mean": Averaging(),
            "B": room.Affine(np.ones((2, 2)), np.ones(2)),
        }
    )
    assert list(network.state()) == ["W1", "W2", "b2", "mean1"]


def test_assigning_writes_into_the_layer(engine):
    network = simple(engine)
    layer, array = network.layers["Conv1"], network.params["W1"]
    new = np.arange(27.0).reshape(3, 1, 3, 3)
    network.params["W1"] = new
    assert layer.W is array
    np.testing.assert_array_equal(array, new)
    assert array.dtype == np.float32
    new[...] = 0
    assert array.any()  # a copy of the numbers
    network.params["b1"] += 2
    np.testing.assert_array_equal(layer.b, [2, 2, 2])
    network.params.update({"b1": [5, 6, 7]}, b3=np.ones(10))
    np.testing.assert_array_equal(layer.b, [5, 6, 7])
    np.testing.assert_array_equal(network.layers["Affine2"].b, np.ones(10))


def test_an_array_replaced_in_the_layer_is_seen(engine):
    network = simple(engine)
    network.layers["Conv1"].W = new = np.ones((3, 1, 3, 3), np.float32)
    assert network.params["W1"] is new


def test_copies_of_the_parameters_are_plain_dicts(engine):
    network = simple(engine)
    before = bits(network.params)
    best = copy.deepcopy(network.params)
    stored = pickle.loads(pickle.dumps(network.params))
    assert copy.copy(network.params)["W1"] is network.params["W1"]
    for array in network.params.values():
        array += 1
    for kept in (best, stored):
        assert type(kept) is dict
        assert bits(kept) == before


def test_wrong_names_and_shapes_are_refused(engine):
    network = simple(engine)
    before = bits(network.params)
    with pytest.raises(KeyError, match=r"no parameter 'W4'; this network has \['W1', "):
        network.params["W4"] = 0
    for value in (0.0, np.ones(3), np.ones((3, 1, 3, 4))):
        with pytest.raises(
            ValueError, match=r"W1 has shape \(3, 1, 3, 3\); the new val"
        ):
            network.params["W1"] = value
    with pytest.raises(ValueError, match="b1 has shape"):
        network.params.update(b1=0)
    assert bits(network.params) == before


# prediction, accuracy, loss


def test_batches_give_what_one_go_gives(engine):
    network, (x, t) = mixed(engine), samples(23, (2, 6, 6), classes=4)
    network.gradient(x, t)  # the running averages are no longer trivial
    whole = network.predict(x, batch_size=23)
    assert whole.shape == (23, 4)
    for size in (1, 7, 22, 100):
        np.testing.assert_allclose(network.predict(x, size), whole, rtol=1e-4)


def test_prediction_changes_nothing_and_draws_no_numbers(engine):
    network, (x, t) = mixed(engine), samples(6, (2, 6, 6), classes=4)
    before, stream = bits(network.state()), network.layers["Dropout"].rng
    state = str(stream.bit_generator.state)
    first = network.predict(x)
    network.loss(x, t)
    network.accuracy(x, t)
    network.summary()
    assert network.predict(x).tobytes() == first.tobytes()
    assert bits(network.state()) == before
    assert str(stream.bit_generator.state) == state


def identity(engine):
    """Return a network whose scores are its input."""
    room = engine_room(engine)
    return Sequential({"A": room.Affine(np.eye(10, dtype="f"), np.zeros(10, "f"))})


@pytest.mark.parametrize("n", [1, 99, 100, 101, 150])
def test_accuracy_counts_each_sample_once(engine, n):
    network, t = identity(engine), np.arange(n) % 10
    x = np.eye(10)[t]
    assert network.accuracy(x, t) == 1.0
    assert network.accuracy(x, np.eye(10)[t]) == 1.0
    for wrong in {0, n - 1}:
        t_wrong = t.copy()
        t_wrong[wrong] = (t[wrong] + 1) % 10
        assert network.accuracy(x, t_wrong) == pytest.approx((n - 1) / n)
        assert network.accuracy(x, np.eye(10)[t_wrong]) == pytest.approx((n - 1) / n)
    assert network.accuracy(x, t, batch_size=7) == 1.0
    assert isinstance(network.accuracy(x, t), float)


def test_the_loss_is_the_mean_over_all_samples(engine):
    network, t = identity(engine), np.arange(150) % 10
    x = np.eye(10, dtype=np.float32)[t]
    x[120:] *= 3  # the last batch is different
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    expected = -np.log(p[np.arange(150), t]).mean()
    assert network.loss(x, t) == pytest.approx(expected, rel=1e-5)
    assert network.loss(x, np.eye(10)[t]) == pytest.approx(expected, rel=1e-5)


def test_the_loss_begins_near_that_of_guessing(engine):
    network, (x, t) = simple(engine, weight_init_std=0.01), samples(50)
    assert network.loss(x, t) == pytest.approx(np.log(10), abs=0.01)
    assert network.loss_and_gradient(x, t)[0] == pytest.approx(np.log(10), abs=0.01)


def test_loss_and_gradient_belong_together(engine):
    network, (x, t) = simple(engine), samples(8)
    loss, grads = network.loss_and_gradient(x, t)
    assert loss == pytest.approx(network.loss(x, t), rel=1e-5)
    assert bits(grads) == bits(network.gradient(x, t))
    for key, gradient in network.gradient(x, np.eye(10)[t]).items():  # one-hot rows
        np.testing.assert_allclose(gradient, grads[key], rtol=1e-4, atol=1e-7)
    assert {k: (g.shape, g.dtype) for k, g in grads.items()} == {
        k: (p.shape, p.dtype) for k, p in network.params.items()
    }


def test_a_small_step_downhill_lowers_the_loss_as_predicted(engine):
    network, (x, t) = simple(engine).astype(np.float64), samples(8)
    before, grads = network.loss_and_gradient(x, t)
    step = 1e-4
    for name, param in network.params.items():
        param -= step * grads[name]
    expected = step * sum(np.sum(grad**2) for grad in grads.values())
    assert before - network.loss(x, t) == pytest.approx(expected, rel=1e-2)


def test_ten_samples_are_learned_by_heart(engine):
    network, (x, _) = simple(engine), samples(10)
    t, optimizer = np.arange(10), Momentum(lr=0.1)
    for _ in range(150):
        optimizer.update(network.params, network.gradient(x, t))
    assert network.loss(x, t) < 0.1
    assert network.accuracy(x, t) == 1.0


def test_a_gradient_that_was_kept_stays_as_it_was(engine):
    for network, shape in ((simple(engine), (1, 8, 8)), (mixed(engine), (2, 6, 6))):
        (x, t), (x2, t2) = samples(4, shape, 4), samples(4, shape, 4, seed=9)
        grads = network.gradient(x, t)
        before = bits(grads)
        assert bits(network.gradient(x2, t2)) != before
        network.loss_and_gradient(x[:2], t[:2])
        network.predict(x2)
        assert bits(grads) == before


def test_backward_returns_dx_in_the_shape_of_x(engine):
    network, (x, t) = mixed(engine), samples(4, (2, 6, 6), classes=4)
    network.last_layer.forward(network.forward(x), t)
    assert network.backward(network.last_layer.backward()).shape == x.shape


def test_a_network_without_parameters_predicts(engine):
    network = Sequential({"Flatten": engine_room(engine).Flatten()})
    x = np.random.default_rng(0).random((3, 1, 2, 2))
    np.testing.assert_array_equal(network.predict(x), x.reshape(3, 4))
    assert network.params == {}
    assert network.gradient(x, [0, 1, 2]) == {}


# types


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, bool])
def test_other_types_of_images_are_converted(engine, dtype):
    network, (x, t) = simple(engine), samples(4)
    x = (2 * x).astype(dtype)
    scores = network.predict(x)
    assert scores.dtype == np.float32
    assert scores.tobytes() == network.predict(x.astype(np.float32)).tobytes()
    assert network.gradient(x, t)["W1"].dtype == np.float32
    assert network.dtype == np.float32


def test_astype_returns_an_independent_copy(engine):
    network, (x, t) = mixed(engine), samples(4, (2, 6, 6), classes=4)
    before = bits(network.state())
    twin = network.astype(np.float64)
    assert twin.dtype == np.float64
    assert {a.dtype for a in twin.state().values()} == {np.dtype("float64")}
    np.testing.assert_allclose(twin.predict(x), network.predict(x), rtol=1e-4)
    twin.gradient(x, t)
    for array in twin.params.values():
        array += 1
    assert bits(network.state()) == before
    back = twin.astype(np.float32)
    assert back.dtype == np.float32


# the first weights


def test_a_seed_decides_the_weights(engine):
    first, same, other = (simple(engine, rng=seed) for seed in (5, 5, 6))
    assert bits(first.params) == bits(same.params)
    assert not np.array_equal(first.params["W1"], other.params["W1"])
    given = simple(engine, rng=np.random.default_rng(5))
    assert bits(given.params) == bits(first.params)
    assert bits(simple(engine, rng=None).params) != bits(first.params)
    for name in ("b1", "b2", "b3"):
        assert not first.params[name].any()


@pytest.mark.parametrize(
    ("std", "rule"),
    [
        (0.01, None),
        (np.float64(0.5), None),
        ("std", None),
        ("he", 2),
        ("relu", 2),
        ("ReLU", 2),
        ("xavier", 1),
        ("sigmoid", 1),
    ],
)
def test_the_spread_of_the_first_weights(engine, std, rule):
    network = SimpleConvNet(
        (3, 12, 12), {"filter_num": 40}, 60, 50, std, rng=0, engine=engine
    )
    for name, inputs in (("W1", 3 * 5 * 5), ("W2", 40 * 4 * 4), ("W3", 60)):
        W = network.params[name]
        expected = std if rule is None else (rule / inputs) ** 0.5
        expected = 0.01 if std == "std" else expected
        # the spread of an estimate from n numbers is 1 / sqrt(2n) of it
        assert W.std() == pytest.approx(expected, rel=4 / (2 * W.size) ** 0.5)
        assert abs(W.mean()) < 4 * expected / W.size**0.5
        assert W.dtype == np.float32


def test_unknown_rules_are_refused(engine):
    with pytest.raises(
        ValueError, match=r"weight_init_std is 'hee'; expected a number"
    ):
        simple(engine, weight_init_std="hee")
    for wrong in (None, [0.01], True):
        with pytest.raises(TypeError, match="expected a number or a name"):
            simple(engine, weight_init_std=wrong)
    for wrong in (-0.01, np.nan, np.inf):
        with pytest.raises(ValueError, match="a standard deviation is a number of 0 o"):
            simple(engine, weight_init_std=wrong)


# sizes


@pytest.mark.parametrize(
    ("input_dim", "conv_param"),
    [
        ((1, 8, 8), {}),
        ((2, 9, 6), {}),  # neither square nor even
        ((3, 7, 12), {"pad": 1}),
        ((1, 11, 8), {"stride": 2, "pad": 2}),
        ((1, 9, 9), {"stride": (2, 1)}),
        ((1, 5, 9), {"pad": (2, 0)}),  # vertical, horizontal
        ((1, 4, 6), {"pad": ((2, 1), (0, 3))}),
        ((1, 7, 6), {"pad": "same", "stride": 2}),
        ((1, 4, 5), {"pad": "full"}),
    ],
)
def test_any_size_runs_forward_and_backward(engine, input_dim, conv_param):
    conv_param = {"filter_num": 2, "filter_size": 3} | conv_param
    network = simple(engine, input_dim, conv_param=conv_param)
    x, t = samples(3, input_dim)
    assert network.predict(x).shape == (3, 10)
    assert all(np.isfinite(g).all() for g in network.gradient(x, t).values())
    with pytest.raises(ValueError, match=r"^layer 'Affine1': x has shape"):
        network.predict(np.pad(x, ((0, 0), (0, 0), (0, 9), (0, 9))))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"conv_param": {"filters": 3}},
            ValueError,
            r"unknown name\(s\) \['filters'\]",
        ),
        (
            {"conv_param": [30, 5]},
            TypeError,
            r"conv_param is \[30, 5\]; expected a dict",
        ),
        (
            {"conv_param": {"filter_num": 0}},
            ValueError,
            "filter_num is 0; it must be at",
        ),
        ({"conv_param": {"filter_size": 2.5}}, TypeError, "filter_size is 2.5 .float."),
        (
            {"conv_param": {"stride": 0}},
            ValueError,
            "stride is 0; it must be at least 1",
        ),
        ({"conv_param": {"pad": -1}}, ValueError, "pad is -1; it must be at least 0"),
        (
            {"conv_param": {"filter_size": 9}},
            ValueError,
            "'Conv1': filter 9x9 does not",
        ),
        (
            {"conv_param": {"filter_size": 8}},
            ValueError,
            "'Pool1': pooling window 2x2 does not",
        ),
        ({"hidden_size": 0}, ValueError, "hidden_size is 0"),
        ({"output_size": 2.0}, TypeError, "output_size is 2.0"),
        (
            {"input_dim": (8, 8)},
            ValueError,
            r"input_dim is \(8, 8\); expected \(C, H, W",
        ),
        ({"input_dim": 784}, ValueError, "input_dim is 784; expected"),
        ({"input_dim": (1, 0, 8)}, ValueError, "input_dim is 0; it must be at least 1"),
        ({"rng": "seed"}, TypeError, "rng is 'seed'; expected a generator"),
    ],
)
def test_impossible_settings_are_named(engine, settings, error, message):
    with pytest.raises(error, match=message):
        simple(engine, **settings)


def test_an_unknown_engine_is_refused():
    with pytest.raises(
        ValueError, match=r"engine is 'slow'; expected 'fast' .* or 'te"
    ):
        SimpleConvNet(engine="slow")


def test_layers_must_be_named():
    for layers in ([], {}, [1, 2]):
        with pytest.raises(TypeError, match=r"layers must be a dict such as \{'Conv1'"):
            Sequential(layers)


# summary


def numbers(line):
    return [int(word.replace(",", "")) for word in line.split()[-2:]]


def test_the_summary_of_the_books_network(engine):
    head, *lines, total = SimpleConvNet(rng=0, engine=engine).summary().splitlines()
    assert head.split() == ["layer", "kind", "output", "parameters", "multiply-adds"]
    outputs = {line.split()[0]: " ".join(line.split()[2:-2]) for line in lines}
    assert outputs == {
        "Conv1": "30 x 24 x 24", "Relu1": "30 x 24 x 24", "Pool1": "30 x 12 x 12",
        "Affine1": "100", "Relu2": "100", "Affine2": "10",
    }  # fmt: skip
    features = 30 * 12 * 12
    parameters = [30 * 5 * 5 + 30, 0, 0, features * 100 + 100, 0, 100 * 10 + 10]
    products = [30 * 24 * 24 * 5 * 5, 0, 0, features * 100, 0, 100 * 10]
    assert [numbers(line) for line in lines] == [
        list(pair) for pair in zip(parameters, products, strict=True)
    ]
    assert numbers(total) == [433_890, 865_000] == [sum(parameters), sum(products)]


def test_the_summary_looks_into_blocks(engine):
    network = Sequential({"Inside": mixed(engine), "Relu": engine_room(engine).Relu()})
    head, *lines, total = network.summary(input_dim=(2, 6, 6)).splitlines()
    counts = {line.split()[0]: numbers(line) for line in lines}
    assert list(counts)[:3] == [
        "Inside.Conv", "Inside.Block.Norm", "Inside.Block.Relu"
    ]  # fmt: skip
    assert counts["Inside.Conv"] == [3 * 2 * 9 + 3, 6 * 6 * 3 * 2 * 9]
    assert counts["Inside.Block.Norm"] == [6, 0]
    assert counts["Inside.Out"] == [7 * 4 + 4, 7 * 4]
    assert numbers(total)[0] == sum(p.size for p in network.params.values())
    assert len({len(line) for line in (head, *lines, total)}) == 1  # aligned


def test_a_summary_needs_the_shape_of_a_sample(engine):
    with pytest.raises(ValueError, match=r"network.summary\(input_dim=\(1, 28, 28\)\)"):
        identity(engine).summary()
    assert "Affine" in identity(engine).summary(input_dim=(10,))


# errors


def test_flat_images_get_a_helpful_sentence(engine):
    network = SimpleConvNet(engine=engine)
    message = r"layer 'Conv1': x has shape \(3, 784\).*x.reshape\(-1, 1, 28, 28\)"
    for call in (network.predict, network.forward):
        with pytest.raises(ValueError, match=message):
            call(np.zeros((3, 784), np.float32))
    with pytest.raises(ValueError, match=message):
        network.gradient(np.zeros((3, 784)), [0, 1, 2])


def test_errors_name_the_layer_through_blocks(engine):
    network = mixed(engine)
    network.layers["Block"].layers["Norm"].gamma = np.ones(5)
    with pytest.raises(ValueError, match=r"^layer 'Block': layer 'Norm': x has shape"):
        network.predict(np.zeros((2, 2, 6, 6)))
    with pytest.raises(ValueError, match="layer 'Block': layer 'Norm'"):
        network.summary()
    room = engine_room(engine)
    network = Sequential(
        {"In": room.Affine(np.ones((4, 3)), None), "Norm": room.Relu()}
    )
    network.layers["Out"] = room.Affine(np.ones((5, 2)), None)
    with pytest.raises(
        ValueError, match=r"^layer 'Out': .* 3 numbers a sample; W expect"
    ):
        network.predict(np.ones((2, 4)))


def test_wrong_labels_are_refused(engine):
    network, (x, t) = simple(engine), samples(4)
    for call in (network.loss, network.accuracy, network.gradient):
        with pytest.raises(
            ValueError, match=r"t has shape \(3,\), the scores \(4, 10\)"
        ):
            call(x, t[:3])
        with pytest.raises(
            ValueError, match=r"t holds labels from .* to 10, but there"
        ):
            call(x, t * 0 + [1, 2, 3, 10])


def test_backward_needs_a_forward_in_training(engine):
    network, (x, t) = simple(engine), samples(4)
    network.gradient(x, t)
    network.predict(x)  # forgets what backward needs
    with pytest.raises(RuntimeError, match="backward needs a forward pass in training"):
        network.backward(np.ones((4, 10), np.float32))


# files


def test_save_and_load_give_the_same_scores(engine, tmp_path):
    x, t = samples(6, (2, 6, 6), classes=4)
    network, other = mixed(engine, rng=0), mixed(engine, rng=1)
    network.gradient(x, t)  # moves the running averages
    network.save_params(tmp_path / "params.npz")
    assert other.predict(x).tobytes() != network.predict(x).tobytes()
    held = other.params["W1"]
    other.load_params(str(tmp_path / "params.npz"))
    assert other.predict(x).tobytes() == network.predict(x).tobytes()
    assert bits(other.state()) == bits(network.state())
    assert other.params["W1"] is held


def test_a_layer_that_would_silently_not_be_trained_is_refused():
    class Forgetful:
        def __init__(self):
            self.W, self.b = np.ones((2, 2)), np.zeros(2)

    with pytest.raises(
        TypeError, match=r"'Own' \(Forgetful\).*\['W', 'b'\].*parameters ="
    ):
        Sequential({"Own": Forgetful()})
    Forgetful.parameters = ("W", "b")
    assert list(Sequential({"Own": Forgetful()}).params) == ["W1", "b1"]


def test_a_diverged_network_does_not_replace_a_good_file(engine, tmp_path):
    network, file = simple(engine), tmp_path / "params.npz"
    network.save_params(file)
    good = file.read_bytes()
    network.params["b1"][0] = np.nan
    with pytest.raises(ValueError, match=r"b1 holds 1 number.*smaller lr"):
        network.save_params(file)
    assert file.read_bytes() == good
