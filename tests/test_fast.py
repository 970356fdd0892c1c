"""The quick layers give the textbook's results, whatever the shapes and memory."""

import numpy as np
import pytest

from cnnlib import conv, fast, layers
from cnnlib.geometry import resolve

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


@pytest.mark.parametrize("seed", range(60))
def test_convolution_equals_textbook(seed):
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
            compare(quick, plain, x, dtype)
            for name in quick.statistics:
                agree(getattr(quick, name), getattr(plain, name), dtype)
