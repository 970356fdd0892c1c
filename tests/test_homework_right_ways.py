"""Right solutions in many styles: each must pass its check and get all points."""

import numpy as np
import pytest
from homework_notebooks import marks, visible_words

import cnnlib
from cnnlib import Sequential
from cnnlib.conv import Convolution, Pooling
from cnnlib.layers import Affine, Relu


def plain_loops(sounds, filters, biases, step, zeros):
    """No NumPy but for the result's shape; other names; a list of lists comes back."""
    sounds = [
        [[0.0] * zeros + list(row) + [0.0] * zeros for row in sound] for sound in sounds
    ]
    length = len(filters[0][0])
    places = range(0, len(sounds[0][0]) - length + 1, step)
    return [
        [
            [
                sum(
                    sound[c][i + j] * filters[f][c][j]
                    for c in range(len(sound))
                    for j in range(length)
                )
                + biases[f]
                for i in places
            ]
            for f in range(len(filters))
        ]
        for sound in sounds
    ]


def strided(x, W, b, stride, pad):
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    N, C, L = padded.shape
    FL = W.shape[2]
    shape = (N, C, (L - FL) // stride + 1, FL)
    s = padded.strides
    strides = (s[0], s[1], s[2] * stride, s[2])
    view = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
    return np.einsum("ncof,kcf->nko", view, W) + b[None, :, None]


def in_float32(x, W, b, stride, pad):
    arrays = (array.astype(np.float32) for array in (x, W, b))
    return strided(*arrays, stride, pad)


def as_an_image_of_one_row(x, W, b, stride, pad):
    layer = Convolution(W[:, :, None], b, stride=(1, stride), pad=(0, pad))
    return layer.forward(x[:, :, None])[:, :, 0]


def with_correlate(x, W, b, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    out = [
        [sum(np.correlate(row, w, "valid") for row, w in zip(s, f, strict=True))
         for f in W]
        for s in x
    ]  # fmt: skip
    return np.array(out)[:, :, ::stride] + b[:, None]


def backward_by_matrix(dout, x, W, stride, pad):
    """Write the convolution as one matrix product; its backward is the transpose."""
    L, FL = x.shape[2], W.shape[2]
    P, OL = L + 2 * pad, dout.shape[2]
    select = np.zeros((OL, FL, P))
    for o, j in np.ndindex(OL, FL):
        select[o, j, o * stride + j] = 1
    select = select[:, :, pad : pad + L]
    dx = np.einsum("nko,kcj,ojl->ncl", dout, W, select)
    dW = np.einsum("nko,ncl,ojl->kcj", dout, x, select)
    return [dx, dW, np.einsum("nko->k", dout)]


def backward_as_an_image(dout, x, W, stride, pad):
    layer = Convolution(W[:, :, None], np.zeros(len(W)), (1, stride), (0, pad))
    layer.forward(x[:, :, None])
    dx = layer.backward(dout[:, :, None])
    return dx[:, :, 0], layer.dW[:, :, 0], layer.db


class LayerOnImages:
    def __init__(self, weights, bias, stride=1, pad=0):
        row = weights[:, :, np.newaxis]
        self.inner = Convolution(row, bias, stride=(1, stride), pad=(0, pad))

    def forward(self, x):
        return self.inner.forward(x[:, :, np.newaxis])[:, :, 0]

    def backward(self, dout):
        return self.inner.backward(dout[:, :, np.newaxis])[:, :, 0]

    @property
    def dW(self):
        return self.inner.dW[:, :, 0]

    @property
    def db(self):
        return self.inner.db


def tones_one_by_one(hertz, rate, n):
    rows = []
    for f in hertz:
        t = np.linspace(-(n - 1) / 2, (n - 1) / 2, n)
        hann = 0.5 + 0.5 * np.cos(2 * np.pi * t / (n - 1))
        rows.append([hann * np.cos(2 * np.pi * f * t / rate) * 2 / hann.sum()])
    return rows


def ball_between_walls(size, pad):
    """Walk step by step, turning at the walls."""

    def walk(start, steps, direction):
        places = []
        for _ in range(steps):
            if not 0 <= start + direction < size:
                direction = -direction
            start += direction
            places.append(start)
        return places

    return [*walk(0, pad, 1)[::-1], *range(size), *walk(size - 1, pad, -1)]


def by_add_at(dout, size, pad):
    dx = np.zeros((size, *dout.shape[:2]))
    np.add.at(dx, np.pad(np.arange(size), pad, mode="reflect"), dout.transpose(2, 0, 1))
    return dx.transpose(1, 2, 0)


def by_one_hot(dout, size, pad):
    return dout @ np.eye(size)[np.pad(np.arange(size), pad, mode="reflect")]


def pooled_by_running_sum(x, size, stride):
    total = np.cumsum(np.pad(x**2, ((0, 0), (0, 0), (1, 0))), axis=2)
    means = (total[:, :, size:] - total[:, :, :-size])[:, :, ::stride] / size
    return np.sqrt(np.maximum(means, 0))


def pooled_backward_number_by_number(dout, x, size, stride):
    dx = [[[0.0] * x.shape[2] for _ in range(x.shape[1])] for _ in x]
    for n, c, o in np.ndindex(dout.shape):
        window = x[n, c, o * stride : o * stride + size]
        norm = np.linalg.norm(window)
        for j in range(size if norm else 0):
            dx[n][c][o * stride + j] += dout[n, c, o] * window[j] / norm / size**0.5
    return dx


def maximum_in_a_loop(dout, x):
    dx = x * 0
    for n, c in np.ndindex(dout.shape):
        dx[n, c, list(x[n, c]).index(max(x[n, c]))] = dout[n, c]
    return dx.astype(np.float32)


def seen_by_set(layers, place):
    places = {place}
    for window, stride, pad, dilation in layers[::-1]:
        places = {
            o * stride - pad + dilation * j for o in places for j in range(window)
        }
    return min(places), max(places)


def textbook_network(channels, height, width, filters1, filters2, hidden, classes, rng):
    def normal(*shape, n):
        return rng.normal(0, np.sqrt(2 / n), shape)

    n = filters2 * (height // 4) * (width // 4)
    return Sequential(
        {
            "a": Convolution(
                normal(filters1, channels, 3, 3, n=9 * channels),
                np.zeros(filters1),
                1,
                1,
            ),
            "b": Pooling(2, 2, stride=2),  # before the ReLU: the same result
            "c": Relu(),
            "d": Convolution(
                normal(filters2, filters1, 3, 3, n=9 * filters1),
                np.zeros(filters2),
                1,
                1,
            ),
            "e": Pooling(2, 2, stride=2),
            "f": Relu(),
            "g": Affine(normal(n, hidden, n=n), np.zeros(hidden)),
            "h": Relu(),
            "i": Affine(normal(hidden, classes, n=hidden), np.zeros(classes)),
        }
    )


def loss_in_a_loop(scores, t, weights):
    loss, grad = 0.0, []
    total = sum(weights[label] for label in t)
    for row, label in zip(scores, t, strict=True):
        p = cnnlib.softmax(row)
        loss -= weights[label] / total * np.log(p[label])
        grad.append(weights[label] / total * (p - np.eye(len(p))[label]))
    return loss, grad


def worst_by_sorted(scores, t, count):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    wrong = [i for i in range(len(t)) if scores[i].argmax() != t[i]]
    return sorted(wrong, key=lambda i: p[i, t[i]])[:count]


class RepairedByAutomaticGradient:
    """The textbook convolution, and a leaky ReLU after it."""

    def __init__(self, W, b, a, stride, pad):
        self.convolution = Convolution(W, b, stride, pad)
        self.a = a.reshape(-1, 1, 1)

    def forward(self, x, train=True):
        self.z = self.convolution.forward(x)
        return np.maximum(self.z, 0) + self.a * np.minimum(self.z, 0)

    def backward(self, dout):
        self.da = (dout * np.minimum(self.z, 0)).sum(axis=(0, 2, 3))
        dx = self.convolution.backward(dout * np.where(self.z > 0, 1, self.a))
        self.dW, self.db = self.convolution.dW, self.convolution.db
        return dx


WAYS = [
    ("hw2.conv1d_forward", plain_loops),
    ("hw2.conv1d_forward", strided),
    ("hw2.conv1d_forward", in_float32),
    ("hw2.conv1d_forward", as_an_image_of_one_row),
    ("hw2.conv1d_forward", with_correlate),
    ("hw2.conv1d_backward", backward_by_matrix),
    ("hw2.conv1d_backward", backward_as_an_image),
    ("hw2.conv1d_layer", LayerOnImages),
    ("hw2.tone_filters", tones_one_by_one),
    ("hw2.reflect_index", ball_between_walls),
    ("hw2.reflect_index", lambda n, p: np.pad(np.arange(n), p, mode="reflect")),
    ("hw2.reflect_backward", by_add_at),
    ("hw2.reflect_backward", by_one_hot),
    ("hw2.l2_pool_forward", pooled_by_running_sum),
    ("hw2.l2_pool_backward", pooled_backward_number_by_number),
    ("hw2.max_over_time", maximum_in_a_loop),
    ("hw2.seen", seen_by_set),
    ("hw3.build_network", textbook_network),
    ("hw3.weighted_loss", loss_in_a_loop),
    ("hw3.repair", RepairedByAutomaticGradient),
    ("hw3.worst_mistakes", worst_by_sorted),
]


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_another_right_way_gets_all_points(name, way):
    words, content = visible_words(name, way)
    assert content, words
    assert marks(name, way).fraction == 1
