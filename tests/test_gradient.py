"""Numerical gradients, and the check that compares backward with them."""

import numpy as np
import pytest
from small_networks import ENGINES, bits, mixed, samples, simple

import cnnlib.conv
from cnnlib import Sequential, gradient_check, naive, numerical_gradient
from cnnlib.geometry import resolve
from cnnlib.gradient import generators
from cnnlib.networks.engines import engine_room


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


# numerical_gradient


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_the_slope_of_a_cubic_is_found_at_every_place(shape):
    x = np.random.default_rng(0).normal(size=shape)
    slopes = numerical_gradient(lambda x: np.sum(x**3), x)
    assert slopes.shape == shape
    assert slopes.dtype == np.float64
    np.testing.assert_allclose(slopes, 3 * x**2, atol=1e-7)


@pytest.mark.parametrize(("dtype", "h"), [(np.float64, 1e-4), (np.float32, 1e-2)])
def test_the_default_nudge_fits_the_type(dtype, h):
    x, seen = np.array([0.5, 2], dtype), []

    def f(x):
        seen.append(x.copy())
        return np.sum(x * x)

    slopes = numerical_gradient(f, x)
    np.testing.assert_allclose(seen[0] - [0.5, 2], [h, 0], rtol=1e-3)
    np.testing.assert_allclose(seen[3] - [0.5, 2], [0, -h], rtol=1e-3)
    np.testing.assert_allclose(slopes, [1, 4], rtol=1e-3)


def test_an_explicit_nudge_is_used():
    x = np.zeros(1)
    assert numerical_gradient(lambda x: abs(x[0] - 1), x, h=3) == pytest.approx(-1 / 3)


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_x_is_put_back_whenever_f_breaks_off(exception, dtype):
    x = np.random.default_rng(1).normal(size=(2, 2)).astype(dtype)
    before = x.tobytes()
    for calls in range(1, 10):
        left = iter(range(calls))

        def f(x, left=left, calls=calls):
            if next(left) == calls - 1:
                raise exception
            return np.sum(x)

        if calls == 9:  # 8 calls are enough: two for each number
            numerical_gradient(f, x)
        else:
            with pytest.raises(exception):
                numerical_gradient(f, x)
        assert x.tobytes() == before


@pytest.mark.parametrize(
    ("x", "kind"), [(np.arange(3), "int64"), ([1.0, 2.0], "list"), (3.0, "float")]
)
def test_only_arrays_of_floats_can_be_nudged(x, kind):
    with pytest.raises(TypeError, match=rf"x is {kind}; expected an array of floats"):
        numerical_gradient(np.sum, x)


# gradient_check: right ones pass


def layers(engine):
    room, rng = engine_room(engine), np.random.default_rng(0)
    images, rows = rng.normal(size=(2, 4, 5, 6)), rng.normal(size=(3, 4))
    W = rng.normal(size=(4, 2, 3, 2)).astype(np.float32)
    b, gamma, beta = np.ones((3, 4), np.float32)
    padded = ((1, 0), (2, 1))
    return {
        "Convolution": (room.Convolution(W, b, (2, 1), padded, groups=2), images),
        "no bias": (room.Convolution(W, None, dilation=2, groups=2), images),
        "Pooling": (room.Pooling(3, 2, stride=1, pad=1), images),
        "AveragePooling": (room.AveragePooling(3, 3, stride=2, pad=1), images),
        "GlobalMaxPooling": (room.GlobalMaxPooling(), images),
        "GlobalAveragePooling": (room.GlobalAveragePooling(), images),
        "Affine": (room.Affine(rng.normal(size=(4, 3)), np.zeros(3)), rows),
        "Flatten": (room.Flatten(), images),
        "Relu": (room.Relu(), images),
        "Sigmoid": (room.Sigmoid(), rows),
        "Tanh": (room.Tanh(), rows),
        "Dropout": (room.Dropout(0.4, rng=5), images),
        "normalized rows": (room.BatchNormalization(gamma, beta), rows),
        "normalized images": (room.BatchNormalization(gamma, beta), images),
        "LocalResponse": (room.LocalResponseNormalization(3, alpha=0.5), images),
    }


@pytest.mark.parametrize("name", layers("textbook"))
def test_the_layers_of_the_course_pass(engine, name):
    layer, x = layers(engine)[name]
    report = gradient_check(layer, x, max_entries=40)
    assert report.passed, report
    assert list(report.errors) == [*(f"d{p}" for p in layer.parameters), "dx"]


def test_networks_pass_with_and_without_labels(engine):
    x, t = samples(5, (2, 6, 6), classes=4)
    for network in (mixed(engine), Sequential({"inner": mixed(engine)})):
        for labels in (t, np.eye(4)[t], None):
            report = gradient_check(network, x, labels, max_entries=9)
            assert report.passed, report
    names = ["W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"]
    assert list(report.errors) == [*(f"d{name}" for name in names), "dx"]


def test_a_block_without_parameters_keeps_the_precision(engine):
    # inside a network in float64 it must not go through float32
    room = engine_room(engine)
    block = Sequential({"Relu": room.Relu(), "Pool": room.Pooling(2, 2)})
    net = Sequential({"Block": block, "Out": room.Affine(np.ones((16, 2)), None)})
    x = np.random.default_rng(0).normal(size=(2, 1, 8, 8))
    assert block.forward(x).dtype == np.float64
    assert block.forward((9 * x).astype(int)).dtype == np.float32
    assert gradient_check(net, x, [0, 1]).passed


@pytest.mark.parametrize("t", [[0, 2], np.array([[0, 1, 0], [0.5, 0, 0.5]])])
def test_a_loss_layer_passes_with_targets(engine, t):
    loss = engine_room(engine).SoftmaxWithLoss()
    report = gradient_check(loss, np.random.default_rng(0).normal(size=(2, 3)), t)
    assert report.passed, report
    assert list(report.errors) == ["dx"]


class Scale:
    """A student's layer: no base class, a second argument only where it is needed."""

    def __init__(self, factor=1.0):
        self.W, self.factor = np.array([2.0, -1.0, 0.5], np.float32), factor

    def forward(self, x):
        self.x, self.out = x, self.W * x
        return self.out

    def backward(self, dout):
        self.dout = dout  # with out, no parameter and its gradient
        self.dW = self.factor * (dout * self.x).sum(axis=0)
        return dout * self.W


def test_a_layer_without_the_base_class_is_checked():
    x = np.random.default_rng(0).normal(size=(4, 3))
    report = gradient_check(Scale(), x)
    assert report.passed, report
    assert list(report.errors) == ["dW", "dx"]
    used = Scale()
    used.forward(x)
    used.backward(x)
    assert list(gradient_check(used, x).errors) == ["dW", "dx"]
    assert not gradient_check(Scale(factor=1.01), x).passed


class InDicts:
    """A student's layer that keeps its arrays in dicts and knows its owner."""

    def __init__(self):
        self.params = {"W": np.array([2.0, -1.0, 0.5], np.float32)}
        self.owner = self

    def forward(self, x):
        self.x = x
        return x * self.params["W"]

    def backward(self, dout):
        self.grads = {"W": (dout * self.x).sum(axis=0)}
        return dout * self.params["W"]


def test_a_layer_with_its_arrays_in_dicts_is_checked():
    layer = InDicts()
    report = gradient_check(layer, np.random.default_rng(0).normal(size=(4, 3)))
    assert report.passed, report
    assert list(report.errors) == ["dW", "dx"]
    assert layer.params["W"].dtype == np.float32


def test_one_array_in_two_layers_stays_one(engine):
    room, W = engine_room(engine), np.random.default_rng(0).normal(size=(3, 3))
    net = Sequential({"A": room.Affine(W, None), "B": room.Affine(W, None)})
    twin = net.astype(np.float32)
    assert twin.layers["A"].W is twin.layers["B"].W
    assert twin.layers["A"].W.dtype == np.float32
    assert net.layers["A"].W is W


# gradient_check: wrong ones fail


def faulty(base, what):
    class Faulty(base):
        def backward(self, dout=1):
            dx = super().backward(dout)
            if what == "dx":
                return dx * np.float32(1.001)
            if what == "missing 1/N":
                return dx * len(dx)
            gradient = getattr(self, what).copy()
            gradient.flat[np.abs(gradient).argmax()] *= 1.001
            setattr(self, what, gradient)
            return dx

    return Faulty


@pytest.mark.parametrize("what", ["dW", "db", "dx"])
@pytest.mark.parametrize("kind", ["Convolution", "Affine"])
def test_a_thousandth_too_much_in_one_number_is_found(engine, kind, what):
    rng = np.random.default_rng(0)
    shape, x = ((2, 1, 3, 3), rng.normal(size=(2, 1, 5, 5)))
    if kind == "Affine":
        shape, x = (4, 2), rng.normal(size=(3, 4))
    base = getattr(engine_room(engine), kind)
    layer = faulty(base, what)(rng.normal(size=shape), np.ones(2))
    report = gradient_check(layer, x, max_entries=None)
    assert not report.passed
    assert [row.name for row in report.rows if not row.passed] == [what]


def test_a_loss_that_forgets_to_average_is_found(engine):
    network = simple(engine)
    x, t = samples(3)
    few = {"max_entries": 9}
    kind = type(network.last_layer)
    assert gradient_check(network, x, t, **few).passed
    network.last_layer = faulty(kind, "missing 1/N")()
    report = gradient_check(network, x, t, **few)
    assert not any(row.passed for row in report.rows)


def col2im_that_overwrites(col, shape, FH, FW, stride=1, pad=0, dilation=1):
    """Do what col2im does with "=" in place of "+="."""
    N, C, H, W = shape
    g = resolve(H, W, FH, FW, stride, pad, dilation)
    windows = col.reshape(N, g.OH, g.OW, C, FH, FW)
    padded = np.zeros((N, C, H + sum(g.pad[0]), W + sum(g.pad[1])), col.dtype)
    for y, x, i, j in np.ndindex(g.OH, g.OW, FH, FW):
        padded[:, :, *g.at(y, x, i, j)] = windows[:, y, x, :, i, j]
    return g.crop(padded)


def book_check(network, x, t):
    """Return the largest difference of any parameter's gradient, as the book does."""
    slow, quick = network.numerical_gradient(x, t), network.gradient(x, t)
    return max(np.abs(slow[name] - quick[name]).max() for name in network.params)


def test_a_col2im_that_overwrites_is_found_here_and_not_by_the_books_check(
    monkeypatch,
):
    network, (x, t) = simple("textbook", (1, 6, 6)), samples(2, (1, 6, 6))
    assert book_check(network, x, t) < 1e-5
    assert gradient_check(network, x, t, max_entries=30).passed

    monkeypatch.setattr(cnnlib.conv, "col2im", col2im_that_overwrites)
    assert book_check(network, x, t) < 1e-5  # it still looks right
    report = gradient_check(network, x, t, max_entries=30)
    assert not report.passed
    assert [row.name for row in report.rows if not row.passed] == ["dx"]
    line = str(report).splitlines()[-1]
    assert line.startswith("dx")
    assert line.endswith("WRONG: backward and nudging differ")


def test_the_faulty_col2im_is_right_where_windows_do_not_overlap():
    # so that the test above fails for the reason it names
    col = np.random.default_rng(0).normal(size=(2 * 4, 4))
    right = naive.col2im(col, (2, 1, 4, 4), 2, 2, stride=2)
    wrong = col2im_that_overwrites(col, (2, 1, 4, 4), 2, 2, stride=2)
    np.testing.assert_array_equal(wrong, right)


# gradient_check: what it leaves alone, what it says


def test_nothing_of_the_users_is_changed(engine):
    network, (x, t) = mixed(engine), samples(5, (2, 6, 6), classes=4)
    network.gradient(x, t)

    def everything():
        streams = [str(g.bit_generator.state) for g in generators(network)]
        arrays = {"x": x, "t": t} | network.state()
        grads = {f"d{name}": array for name, array in network.grads.items()}
        return bits(arrays | grads), streams

    before, held = everything(), network.params
    gradient_check(network, x, t, max_entries=5)
    gradient_check(network, x, max_entries=5)
    network.numerical_gradient(x[:2], t[:2])
    assert everything() == before
    assert len(before[1]) == 1
    assert all(network.params[name] is array for name, array in held.items())


def test_the_report_is_a_table_with_a_row_for_each_array(engine):
    network, (x, t) = simple(engine), samples(2)
    report = gradient_check(network, x, t, max_entries=7)
    head, *rows = str(report).splitlines()
    assert head.split() == ["gradient", "shape", "checked", "error", "verdict"]
    assert [row.split()[0] for row in rows] == [
        "dW1", "db1", "dW2", "db2", "dW3", "db3", "dx"
    ]  # fmt: skip
    assert "(3, 1, 3, 3)" in rows[0]
    assert all(row.endswith("ok") for row in rows)
    assert all(row.checked + row.kinks <= 7 for row in report.rows)
    assert repr(report) == str(report)
    assert max(report.errors.values()) < report.tolerance


def test_kinks_are_left_out_and_the_rest_is_judged(engine):
    relu = engine_room(engine).Relu()
    x = np.array([[0.0, 1.0, -2.0, 0.0]])
    report = gradient_check(relu, x)
    assert report.passed, report
    assert (report.rows[0].checked, report.rows[0].kinks) == (2, 2)

    class TwiceRelu(type(relu)):
        def backward(self, dout):
            return 2 * super().backward(dout)

    assert not gradient_check(TwiceRelu(), x).passed


def test_an_array_of_kinks_alone_is_reported_as_not_checked(engine):
    pooling = engine_room(engine).Pooling(2, 2)
    report = gradient_check(pooling, np.zeros((1, 1, 4, 4)))
    assert not report.passed  # nothing was proven
    assert "NOT CHECKED: every number sits at a kink; use random inputs" in str(report)
    assert "WRONG" not in str(report)


@pytest.mark.parametrize("missing", ["forward", "backward"])
def test_an_object_that_can_not_be_checked_is_refused(missing):
    methods = {"forward": lambda self, x: x, "backward": lambda self, dout: dout}
    del methods[missing]
    with pytest.raises(TypeError, match=f"Half has no method {missing}; expected"):
        gradient_check(type("Half", (), methods)(), np.ones(3))


def test_the_same_numbers_are_tried_again_with_the_same_seed(engine):
    network, (x, t) = simple(engine), samples(3)
    first, second = (gradient_check(network, x, t, max_entries=5) for _ in range(2))
    assert first == second
    assert first.errors != gradient_check(network, x, t, max_entries=5, rng=1).errors


def test_the_seed_0_for_x_does_not_make_the_weights_of_the_sum_equal_x(engine):
    # the gradient of sum(x * normalized x) is 0 nearly everywhere
    layer = engine_room(engine).BatchNormalization(np.ones(4), np.zeros(4))
    report = gradient_check(layer, np.random.default_rng(0).normal(size=(2, 4, 5, 6)))
    assert report.passed, report


def test_a_slope_of_0_is_no_kink(engine):
    # batch normalization takes away what the bias before it adds
    room, rng = engine_room(engine), np.random.default_rng(0)
    for t in (None, [0, 1, 2, 0]):
        affine = room.Affine(rng.normal(size=(5, 3)), np.zeros(3))
        norm = room.BatchNormalization(np.ones(3), np.zeros(3))
        network = Sequential({"Affine": affine, "Norm": norm})
        report = gradient_check(network, rng.normal(size=(4, 5)), t)
        assert report.passed, report
        assert report.rows[1].checked == 3
