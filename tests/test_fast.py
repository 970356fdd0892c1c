"""The quick layers give the textbook's results, whatever the shapes and memory."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest
import threadpoolctl

from cnnlib import Adam, SimpleConvNet, conv, fast, layers
from cnnlib.fast import (
    direct,
    normalization,
    parallel,
    stages,
    threads,
    winograd,
)
from cnnlib.geometry import resolve
from cnnlib.layer import Layer

ROUNDING = {np.float32: 1e-4, np.float64: 1e-10}


def images(rng, shape, dtype, memory="C"):
    """Draw images in ordinary, batch-last or strided memory."""
    x = rng.normal(size=shape).astype(dtype)
    if memory == "batch-last":
        x = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    if memory == "strided":
        x = np.repeat(x, 2, axis=3)[..., ::2]
    return x


def agree(found, expected, dtype):
    scale = np.abs(expected).max() + 1
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING[dtype] * scale)


def compare(quick, plain, x, dtype):
    """Run both layers forward and backward and compare everything they return."""
    before = x.copy()
    out, expected = quick.forward(x), plain.forward(x)
    agree(out, expected, dtype)
    agree(quick.forward(x, train=False), plain.forward(x, train=False), dtype)
    with pytest.raises(RuntimeError, match="forward pass in training"):
        quick.backward(out)
    quick.forward(x), plain.forward(x)
    dout = np.random.default_rng(1).normal(size=out.shape).astype(dtype)
    sent = dout.copy()
    agree(quick.backward(dout), plain.backward(dout), dtype)
    for name in quick.parameters:
        agree(getattr(quick, f"d{name}"), getattr(plain, f"d{name}"), dtype)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dout, sent)


def random_geometry(rng):
    """Draw a shape and settings of a convolution, such that the filter fits."""
    while True:
        H, W = (int(n) for n in rng.integers(1, 13, 2))
        window = tuple(int(n) for n in rng.integers(1, 6, 2))
        stride = tuple(int(s) for s in rng.integers(1, 4, 2))
        dilation = tuple(int(d) for d in rng.integers(1, 4, 2))
        pads = [int(rng.integers(5)), ((1, 0), (0, 3)), ((0, 2), (4, 1))]
        pad = [*pads, "same", "full", "valid"][rng.integers(6)]
        try:
            resolve(H, W, *window, stride, pad, dilation)
        except ValueError:
            continue
        return (H, W), window, stride, pad, dilation


@pytest.mark.parametrize("short", [0, 10**9], ids=["by row", "one product"])
@pytest.mark.parametrize("seed", range(60))
def test_convolution_equals_textbook(seed, short, monkeypatch):
    monkeypatch.setattr(direct, "SHORT", short)
    rng = np.random.default_rng(seed)
    dtype = (np.float32, np.float64)[seed % 2]
    memory = ("C", "batch-last", "strided")[seed % 3]
    size, window, stride, pad, dilation = random_geometry(rng)
    groups = int(rng.integers(1, 4))
    N, C, FN = (int(n) for n in rng.integers(1, 5, 3))
    x = images(rng, (N, C * groups, *size), dtype, memory)
    W = rng.normal(size=(FN * groups, C, *window)).astype(dtype)
    b = rng.normal(size=FN * groups).astype(dtype) if seed % 4 else None
    settings = (stride, pad, dilation, groups)
    compare(
        fast.Convolution(W, b, *settings), conv.Convolution(W, b, *settings), x, dtype
    )


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("name", ["Pooling", "AveragePooling"])
def test_pooling_equals_textbook(seed, name):
    rng = np.random.default_rng(seed)
    dtype = (np.float32, np.float64)[seed % 2]
    H, W = (int(n) for n in rng.integers(5, 12, 2))
    window = tuple(int(n) for n in rng.integers(2, 5, 2))
    stride = (None, 1, (2, 3), 5)[seed % 4]
    pad = (0, 1, ((0, 1), (1, 0)), "same", "valid")[seed % 5]
    pad = 0 if (pad, stride) == ("same", 5) else pad
    x = images(rng, (int(rng.integers(1, 5)), 3, H, W), dtype, "batch-last")
    x = np.round(x)  # equal maxima: the first one has to win
    settings = (*window, stride, pad)
    compare(getattr(fast, name)(*settings), getattr(conv, name)(*settings), x, dtype)


def pairs(dtype):
    """Return (fast layer, textbook layer, shapes) for the layers without window."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(30, 7)).astype(dtype), rng.normal(size=7).astype(dtype)
    gamma, beta = rng.normal(size=(2, 3)).astype(dtype)
    images4, rows = (5, 3, 2, 5), (5, 30)
    table = [
        (fast.Affine(W, b), layers.Affine(W, b), [images4, rows]),
        (fast.Affine(W, None), layers.Affine(W, None), [images4, (1, 30)]),
        (fast.GlobalMaxPooling(), conv.GlobalMaxPooling(), [images4]),
        (fast.GlobalAveragePooling(), conv.GlobalAveragePooling(), [images4]),
    ]
    for name in ("Relu", "Sigmoid", "Tanh", "Flatten"):
        both = getattr(fast, name)(), getattr(layers, name)()
        table.append((*both, [images4, rows]))
    for settings in ((5,), (2, 0.1), (3, 0.5, 0.6, 1.5), (9,)):
        both = (m.LocalResponseNormalization(*settings) for m in (fast, layers))
        table.append((*both, [(4, 7, 3, 2), (2, 1, 3, 3)]))
    both = (m.BatchNormalization(gamma, beta) for m in (fast, layers))
    table.append((*both, [images4, (6, 3), (2, 3, 1, 1)]))
    return table


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("memory", ["C", "batch-last", "strided"])
def test_other_layers_equal_textbook(dtype, memory):
    rng = np.random.default_rng(2)
    for quick, plain, shapes in pairs(dtype):
        for shape in shapes:
            if len(shape) == 4:
                x = images(rng, shape, dtype, memory)
            else:
                x = rng.normal(size=shape).astype(dtype)
                x = np.asfortranarray(x) if memory == "batch-last" else x
            x[..., 0] = 0  # where ReLU has gradient 0
            compare(quick, plain, x, dtype)
            for name in quick.statistics:
                agree(getattr(quick, name), getattr(plain, name), dtype)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("weights", [np.float32, np.float64, np.int64])
def test_types_mix_as_in_the_textbook(kind, weights):
    rng = np.random.default_rng(11)
    x = rng.integers(0, 9, (5, 2, 4, 4)).astype(kind)
    W = rng.integers(-9, 9, (3, 2, 2, 2)).astype(weights)
    matrix, b = W.reshape(3, -1).T[:, :2].copy(), W[:, 0, 0, 0].copy()
    rows = x.reshape(20, 8)
    for quick, plain, values in (
        (fast.Convolution(W, b), conv.Convolution(W, b), x),
        (fast.Affine(matrix, b[:2]), layers.Affine(matrix, b[:2]), rows),
        (fast.Pooling(2, 2), conv.Pooling(2, 2), x),
        (fast.AveragePooling(2, 2), conv.AveragePooling(2, 2), x),
        (fast.Relu(), layers.Relu(), x),
    ):
        out, expected = quick.forward(values), plain.forward(values)
        assert out.dtype == expected.dtype
        np.testing.assert_allclose(out, expected, rtol=1e-6)
        dx, expected = quick.backward(out), plain.backward(out)
        assert dx.dtype == expected.dtype
        np.testing.assert_allclose(dx, expected, rtol=1e-5)
        for name in quick.parameters:
            found, expected = (getattr(a, f"d{name}") for a in (quick, plain))
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("N", [64, 100])
def test_long_rows_are_cut_into_blocks(N):
    """Rows of 2,048 columns are padded in memory, rows of 3,200 are cut in blocks."""
    rng = np.random.default_rng(3)
    x = images(rng, (N, 3, 6, 32), np.float32)
    W, b = rng.normal(size=(9, 3, 3, 3)).astype("f"), rng.normal(size=9).astype("f")
    both = fast.Convolution(W, b, pad=1), conv.Convolution(W, b, pad=1)
    compare(*both, x, np.float32)


@pytest.mark.parametrize(
    ("size", "pad"),
    [
        ((8, 8), 1),
        ((9, 9), 0),
        ((10, 9), ((2, 0), (1, 3))),
        ((6, 14), "full"),
        ((9, 12), "same"),
    ],
)
def test_winograd_is_chosen_and_precise(size, pad):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(16, 64, *size)).astype(np.float32)
    W = (rng.normal(size=(65, 64, 3, 3)) / 24).astype(np.float32)
    b = rng.normal(size=65).astype(np.float32)
    g = resolve(*size, 3, 3, 1, pad)
    assert winograd.suits(W, g, 16)
    quick = fast.Convolution(W, b, pad=pad)
    exact = conv.Convolution(W.astype(float), b.astype(float), pad=pad)
    dout = rng.normal(size=(16, 65, g.OH, g.OW)).astype(np.float32)
    for found, expected in (
        (quick.forward(x), exact.forward(x.astype(float))),
        (quick.backward(dout), exact.backward(dout.astype(float))),
        (quick.dW, exact.dW),
        (quick.db, exact.db),
    ):
        assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_winograd_is_for_float32_only():
    W, g = np.zeros((64, 64, 3, 3)), resolve(16, 16, 3, 3, 1, 1)
    assert winograd.suits(W.astype(np.float32), g, 8)
    assert not winograd.suits(W, g, 8)
    assert not winograd.suits(W.astype(np.float32), resolve(16, 16, 3, 3, 2, 1), 8)


@pytest.mark.parametrize("cache", [1, 4_000, 10_000, 1 << 30])
@pytest.mark.parametrize("pad", [((1, 0), (0, 2)), 2])
def test_winograd_in_blocks_of_any_size(cache, pad, monkeypatch):
    """Blocks of single tiles, of parts of a row, of several rows, of all tiles."""
    rng = np.random.default_rng(6)
    monkeypatch.setattr(winograd, "CACHE", cache)
    monkeypatch.setattr(winograd, "NARROW", 1)
    x, W = (
        rng.normal(size=s).astype(np.float32) for s in [(3, 5, 13, 18), (4, 5, 3, 3)]
    )
    g = resolve(13, 18, 3, 3, 1, pad)
    images, out = x.transpose(1, 2, 3, 0), np.full((4, g.OH, g.OW, 3), np.nan, "f")
    plain = conv.Convolution(W, None, pad=pad)
    expected = plain.forward(x)
    kept = winograd.forward(images, W, None, g, out)
    agree(out.transpose(3, 0, 1, 2), expected, np.float32)
    dout = rng.normal(size=out.shape).astype(np.float32)
    dW, dx = winograd.backward(dout, kept, W, g, images.shape, True)
    agree(
        dx.transpose(3, 0, 1, 2), plain.backward(dout.transpose(3, 0, 1, 2)), np.float32
    )
    agree(dW, plain.dW, np.float32)


def test_samples_a_multiple_of_1024_apart_are_converted():
    x = np.random.default_rng(5).normal(size=(21, 4, 16, 16))
    np.testing.assert_array_equal(fast.layout.batch_last(x), x.transpose(1, 2, 3, 0))


def test_outputs_are_batch_last_and_are_not_converted_again():
    x = np.ones((5, 2, 6, 6), np.float32)
    for layer in (fast.Convolution(x[:3, :, :2, :2], None), fast.Pooling(2, 2)):
        out = fast.Relu().forward(layer.forward(x))
        assert out.strides[0] == out.itemsize
        assert np.shares_memory(fast.layout.batch_last(out), out)
        assert np.shares_memory(fast.Flatten().forward(out), out)


def every_layer(rng):
    """Return one layer of each kind that takes (N, 4, 8, 8), float32."""

    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return [
        fast.Convolution(draw(6, 4, 3, 3), draw(6), pad=1),
        fast.Convolution(draw(6, 4, 1, 1), draw(6)),
        fast.Pooling(2, 2),
        fast.Pooling(3, 3, 2, 1),
        fast.AveragePooling(2, 2),
        fast.GlobalMaxPooling(),
        fast.GlobalAveragePooling(),
        fast.Affine(draw(256, 5), draw(5)),
        fast.Relu(),
        fast.Sigmoid(),
        fast.Tanh(),
        fast.Flatten(),
        fast.Dropout(0.5, rng=1),
        fast.BatchNormalization(draw(4), draw(4)),
        fast.LocalResponseNormalization(),
    ]


def test_what_a_user_keeps_is_never_overwritten():
    """Neither outputs nor gradients change when the layer is used again."""
    rng = np.random.default_rng(6)
    for layer in every_layer(rng):
        kept = []
        for N in (5, 5, 2, 7, 5):
            x = images(rng, (N, 4, 8, 8), np.float32, "batch-last")
            out = layer.forward(x)
            dx = layer.backward(rng.normal(size=out.shape).astype(np.float32))
            grads = [getattr(layer, f"d{name}") for name in layer.parameters]
            kept += [(a, a.copy()) for a in (x, out, dx, *grads)]
        for array, copy in kept:
            np.testing.assert_array_equal(array, copy)


def test_gradients_own_their_memory():
    """Changing what backward received or returned does not reach into the layer."""
    rng = np.random.default_rng(7)
    for layer in every_layer(rng)[:-3]:
        x = images(rng, (6, 4, 8, 8), np.float32, "batch-last")
        out = layer.forward(x)
        dout = rng.normal(size=out.shape).astype(np.float32)
        first = layer.backward(dout)
        expected = first.copy()
        if not np.shares_memory(first, dout):
            first[...] = 0
        np.testing.assert_array_equal(layer.backward(dout), expected)


@pytest.mark.parametrize("name", ["Convolution", "Affine"])
def test_backward_params_sets_what_backward_sets(name):
    rng = np.random.default_rng(8)
    layer = next(a for a in every_layer(rng) if type(a).__name__ == name)
    out = layer.forward(images(rng, (5, 4, 8, 8), np.float32))
    layer.backward(out)
    expected = layer.dW, layer.db
    del layer.dW, layer.db
    assert layer.backward_params(out) is None
    np.testing.assert_array_equal(layer.dW, expected[0])
    np.testing.assert_array_equal(layer.db, expected[1])


@pytest.mark.parametrize("seed", range(24))
def test_stage_equals_its_layers(seed):
    """Convolution, ReLU and pooling as one: forward, dW, db and dx, ties included."""
    rng = np.random.default_rng(seed)
    dtype = (np.float32, np.float64)[seed % 2]
    H, W_ = (int(n) for n in rng.integers(8, 13, 2))
    window = tuple(int(n) for n in rng.integers(1, 4, 2))
    pool = tuple(int(n) for n in rng.integers(1, 4, 2))
    step = tuple(p + int(rng.integers(0, 2)) for p in pool)
    settings = [1, (2, 1)][seed % 3 == 2], [0, 1, ((0, 2), (1, 0))][seed % 3]
    x = np.round(images(rng, (64, 2, H, W_), dtype, ("C", "batch-last")[seed % 2]))
    x[:, :, :4] = 0  # equal maxima, as in the background of a digit
    W = np.round(rng.normal(size=(3, 2, *window)) * 2).astype(dtype)
    b = np.array([0.5, -1, 0], dtype) if seed % 5 else None

    def members(room, other):
        parts = [
            ("Conv1", room.Convolution(W, b, *settings)),
            ("Relu1", other.Relu()),
            ("Pool1", room.Pooling(*pool, step)),
        ]
        return parts if seed % 2 else [parts[0], parts[2], parts[1]]

    stage = stages.stage_of(members(fast, fast), x)
    assert stage is not None
    plain = [layer for _, layer in members(conv, layers)]
    out = expected = x
    out = stage.forward(x)
    for layer in plain:
        expected = layer.forward(expected)
    agree(out, expected, dtype)
    agree(stage.forward(x, train=False), expected, dtype)
    stage.forward(x)
    dout = rng.normal(size=out.shape).astype(dtype)
    dx, expected = stage.backward(dout), dout
    for layer in reversed(plain):
        expected = layer.backward(expected)
    agree(dx, expected, dtype)
    agree(stage.convolution.dW, plain[0].dW, dtype)
    if b is not None:
        agree(stage.convolution.db, plain[0].db, dtype)


@pytest.mark.parametrize("cache", [1, 100, 1 << 20])
@pytest.mark.parametrize("shape", [(6, 4, 5, 3), (7, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalization_and_relu_as_one_equal_the_two(shape, dtype, cache, monkeypatch):
    monkeypatch.setattr(normalization, "CACHE", cache)
    rng = np.random.default_rng(8)
    gamma, beta = (rng.normal(size=4).astype(dtype) for _ in range(2))
    x, dout = (rng.normal(3, 2, shape).astype(dtype) for _ in range(2))
    quick, norm = (room.BatchNormalization(gamma, beta) for room in (fast, layers))
    relu = layers.Relu()
    members = {"Norm": quick, "Relu": fast.Relu()}
    out, done = stages.forward(members, x, train=True)
    agree(out, relu.forward(norm.forward(x)), dtype)
    assert [type(step) for step in done] == [normalization.NormRelu]
    agree(done[0].backward(dout), norm.backward(relu.backward(dout)), dtype)
    for name in ("dgamma", "dbeta", "running_mean", "running_var"):
        agree(getattr(quick, name), getattr(norm, name), dtype)
    out, _ = stages.forward(members, x, train=False)
    agree(out, relu.forward(norm.forward(x, train=False)), dtype)


@pytest.fixture
def two_threads(monkeypatch):
    """Use two threads even on one core, and for little work."""
    monkeypatch.setenv("CNNLIB_THREADS", "2")
    monkeypatch.setattr(threads, "WORTH", 0)
    before = working_threads(), blas_threads()
    yield
    assert (working_threads(), blas_threads()) == before


def working_threads():
    """Count the threads that are not asleep between two calls."""
    return threading.active_count() - len(threads._Helper.idle)


def halves():
    """Run two pieces of work at the same time; return their threads' names."""

    def name():
        return threading.current_thread().name

    return threads.in_two_threads((name,), (name,))


def test_the_second_thread_is_made_once(two_threads):
    halves()
    count = threading.active_count()
    for _ in range(20):
        assert halves() == [threading.current_thread().name, "cnnlib second half"]
    assert threading.active_count() == count


def test_an_interrupt_waits_for_the_second_half_and_the_next_call_is_whole(two_threads):
    done = []

    def first():
        raise KeyboardInterrupt

    def second():
        threading.Event().wait(0.05)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        threads.in_two_threads((first,), (second,))
    assert done == [True]
    assert halves()[1] == "cnnlib second half"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_gets_a_second_thread_of_its_own(two_threads):
    halves()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # without the thread it would wait for ever
        os._exit(0 if halves()[1] == "cnnlib second half" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def blas_threads():
    found = threadpoolctl.ThreadpoolController().select(user_api="blas")
    return [library["num_threads"] for library in found.info()]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("seed", range(12))
def test_two_threads_in_a_layer_give_the_textbooks_results(seed, monkeypatch):
    test_convolution_equals_textbook(seed, 0, monkeypatch)


def convnet(engine):
    return SimpleConvNet((1, 12, 12), {"filter_num": 4}, 20, 5, "he", 1, engine)


def data(N=50):
    rng = np.random.default_rng(9)
    return rng.random((N, 1, 12, 12), dtype=np.float32), rng.integers(0, 5, N)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("N", [1, 32, 33, 100])
def test_two_halves_give_the_loss_and_gradient_of_the_whole(N):
    x, t = data(N)
    quick, plain = convnet("fast"), convnet("textbook")
    expected, gradient = plain.loss_and_gradient(x, t)
    for target in (t, np.eye(5)[t]):
        loss = fast.loss_and_gradient(quick.layers, quick.last_layer, x, target)
        assert type(loss) is float
        assert loss == pytest.approx(expected, rel=1e-5)
        for name in gradient:
            agree(quick.grads[name], gradient[name], np.float32)
    first = {name: array.copy() for name, array in quick.grads.items()}
    fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
    fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
    again = {name: array.copy() for name, array in quick.grads.items()}
    fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
    for name, array in quick.grads.items():
        np.testing.assert_array_equal(array, again[name])
        agree(array, first[name], np.float32)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(("N", "batch_size"), [(1, 10), (50, 100), (95, 10), (40, 1)])
def test_two_threads_predict_what_one_does(N, batch_size):
    x, _ = data(N)
    quick = convnet("fast")
    scores = fast.predict(quick.layers, x, batch_size)
    agree(scores, convnet("textbook").predict(x), np.float32)
    assert all(layer._kept is None for layer in quick.layers.values())


@pytest.mark.usefixtures("two_threads")
def test_threads_follow_the_callers_errstate():
    x, t = data()
    quick = convnet("fast")
    quick.params["W2"] = np.full_like(quick.params["W2"], 1e38)
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("error")
        assert not np.isfinite(
            fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
        )


class Fail(Layer):
    """Raise an error in one of the two threads, or in any."""

    per_sample = True

    def __init__(self, error, in_main):
        self.error, self.in_main = error, in_main

    def forward(self, x, train=True):
        in_main = threading.current_thread() is threading.main_thread()
        if self.in_main in (in_main, None):
            raise self.error
        return self.keep(train, x)

    def backward(self, dout):
        return dout


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("in_main", [True, False, None])
@pytest.mark.parametrize("error", [ZeroDivisionError("odd"), KeyboardInterrupt()])
def test_an_error_in_either_thread_reaches_the_caller(error, in_main):
    x, t = data()
    quick = convnet("fast")
    broken = quick.layers | {"Odd1": Fail(error, in_main)}
    with pytest.raises(type(error)):
        fast.loss_and_gradient(broken, quick.last_layer, x, t)
    broken["Odd1"].in_main = None
    with pytest.raises(type(error)):
        fast.predict(broken, x, 5)


@pytest.mark.usefixtures("two_threads")
def test_errors_speak_of_the_whole_batch():
    x, t = data(50)
    quick = convnet("fast")
    with pytest.raises(ValueError, match=r"t has shape \(49,\), the scores \(50, 5\)"):
        fast.loss_and_gradient(quick.layers, quick.last_layer, x, t[:-1])
    with pytest.raises(ValueError, match=r"layer 'Conv1': x has shape \(50, 12, 12\)"):
        fast.loss_and_gradient(quick.layers, quick.last_layer, x[:, 0], t)
    with pytest.raises(
        ValueError, match="layer 'Pool1': pooling window 2x2 does not fit"
    ):
        fast.predict(quick.layers, x[:, :, :5, :5], 50)
    with pytest.raises(ValueError, match="layer 'Odd1': odd"):
        fast.predict({"Odd1": Fail(ValueError("odd"), None)}, x, 10)


class Mixing(Layer):
    """Subtract the mean of the batch: a layer that does not say it is per sample."""

    def forward(self, x, train=True):
        self.seen = len(x)
        return self.keep(train, x - x.mean(axis=0))

    def backward(self, dout):
        (dout,) = self.recall(dout)
        return dout - dout.mean(axis=0)


@pytest.mark.usefixtures("two_threads")
def test_layers_that_mix_samples_see_the_whole_batch():
    x, t = data(50)
    quick = convnet("fast")
    mixing = Mixing()
    fast.loss_and_gradient(quick.layers | {"Mix": mixing}, quick.last_layer, x, t)
    assert mixing.seen == 50


@pytest.mark.usefixtures("two_threads")
def test_layers_inside_a_layer_get_a_memory_for_each_thread():
    """A block with a list of layers, as a residual block has."""

    class Block(Layer):
        per_sample = True

        def __init__(self, parts):
            self.parts = parts
            self.window = resolve(5, 5, 3, 3)  # a tuple with names stays what it is

        def forward(self, x, train=True):
            for part in self.parts:
                x = part.forward(x, train)
            return x

        def backward(self, dout):
            for part in reversed(self.parts):
                dout = part.backward(dout)
            return dout

    x, t = data(64)
    quick, plain = convnet("fast"), convnet("textbook")
    expected, gradient = plain.loss_and_gradient(x, t)
    parts = list(quick.layers.values())
    block = {"Block1": Block(parts[:4]), "Block2": Block(parts[4:])}
    for _ in range(5):
        loss = fast.loss_and_gradient(block, quick.last_layer, x, t)
        assert loss == pytest.approx(expected, rel=1e-5)
        for name in gradient:
            agree(quick.grads[name], gradient[name], np.float32)


@pytest.mark.usefixtures("two_threads")
def test_several_threads_may_use_the_room_at_once():
    x, t = data(64)
    expected, gradient = convnet("textbook").loss_and_gradient(x, t)
    found = []

    def train():
        quick = convnet("fast")
        for _ in range(5):
            loss = fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
        found.append((loss, quick.grads))

    users = [threading.Thread(target=train) for _ in range(3)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert len(found) == 3
    for loss, grads in found:
        assert loss == pytest.approx(expected, rel=1e-5)
        for name in gradient:
            agree(grads[name], gradient[name], np.float32)


def test_one_thread_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("CNNLIB_THREADS", "1")
    assert threads.threads() == 1
    monkeypatch.setattr(parallel, "in_two_threads", None)
    x, t = data(100)
    quick = convnet("fast")
    fast.loss_and_gradient(quick.layers, quick.last_layer, x, t)
    fast.predict(quick.layers, x, 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_equals_the_textbooks(dtype):
    rng = np.random.default_rng(10)
    shapes = {"W1": (200, 400), "b1": (1,), "W2": (3, 4, 5)}
    params = {name: rng.normal(size=s).astype(dtype) for name, s in shapes.items()}
    copies = {name: array.copy() for name, array in params.items()}
    quick, plain = fast.Adam(lr=0.01), Adam(lr=0.01)
    for _ in range(5):
        grads = {name: rng.normal(size=s).astype(dtype) for name, s in shapes.items()}
        grads["W1"] = np.asfortranarray(grads["W1"])
        sent = {name: array.copy() for name, array in grads.items()}
        quick.update(params, grads)
        plain.update(copies, grads)
        for name in shapes:
            np.testing.assert_array_equal(grads[name], sent[name])
    for name in shapes:
        agree(params[name], copies[name], dtype)
    state, expected = quick.state(), plain.state()
    assert list(state) == list(expected)
    resumed = fast.Adam()
    resumed.restore(state)
    again = {name: array.copy() for name, array in params.items()}
    quick.update(params, grads)
    resumed.update(again, grads)
    for name in shapes:
        np.testing.assert_array_equal(params[name], again[name])
