"""L2 pooling, and the maximum over time."""

import numpy as np

from ..base import Answer, Mistake


# --- L2 pooling --------------------------------------------------------------------
def _windows(x, size, stride):
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=2)
    return view[:, :, ::stride]  # (N, C, OL, size)


def _pool(measure):
    """Return a pooling that takes one number from each window."""
    return lambda inputs: {
        "out": measure(_windows(inputs["x"], inputs["size"], inputs["stride"]))
    }


def rms(windows):
    """Return the root of the mean square along the last axis."""
    return np.sqrt((windows**2).mean(axis=-1))


def _case(rng, N, C, L, size, stride, silence=False):
    x = rng.standard_normal((N, C, L)).round(2)
    if silence:
        x[0, 0, :size] = 0  # the whole first window
    return {"x": x, "size": size, "stride": stride}


def _stride_is_size(inputs):
    inputs = inputs | {"stride": inputs["size"]}
    return _pool(rms)(inputs)


def _over_everything(inputs):
    """Return the root mean square over all sounds and channels at each place."""
    windows = _windows(inputs["x"], inputs["size"], inputs["stride"])
    means = (windows**2).mean(axis=(0, 1, 3))  # (OL,)
    return {"out": np.broadcast_to(np.sqrt(means), windows.shape[:3])}


L2_FORWARD = Answer(
    "hw2.l2_pool_forward",
    solve=_pool(rms),
    visible=lambda rng: [
        _case(rng, 1, 1, 6, 2, 2),
        _case(rng, 2, 3, 9, 4, 2, silence=True),
    ],
    cases=lambda rng: [
        _case(rng, 1, 2, 8, 4, 4),
        _case(rng, 2, 2, 11, 3, 2),
        _case(rng, 3, 1, 12, 5, 3, silence=True),
    ],
    mistakes={
        "no root": Mistake(
            _pool(lambda windows: (windows**2).mean(axis=-1)),
            "this is the mean square: the root is missing.",
        ),
        "sum for mean": Mistake(
            _pool(lambda windows: np.sqrt((windows**2).sum(axis=-1))),
            "this is the root of the sum of squares: divide by the number of values "
            "in the window (1/size is missing).",
        ),
        "size outside the root": Mistake(
            _pool(lambda w: np.sqrt((w**2).sum(axis=-1)) / w.shape[-1]),
            "the size divides outside the root. The mean comes first, then the root.",
        ),
        "mean first": Mistake(
            _pool(lambda windows: np.abs(windows.mean(axis=-1))),
            "the mean was taken before the square, so plus and minus cancel out. "
            "Square first.",
        ),
        "mean of absolute values": Mistake(
            _pool(lambda windows: np.abs(windows).mean(axis=-1)),
            "this is the mean of the absolute values (L1). For L2: square, mean, root.",
        ),
        "standard deviation": Mistake(
            _pool(lambda windows: windows.std(axis=-1)),
            "this is the standard deviation: nothing is to be subtracted.",
        ),
        "maximum": Mistake(
            _pool(lambda windows: windows.max(axis=-1)),
            "this is max pooling. For L2: square, mean, root.",
        ),
        "mean over the wrong axes": Mistake(
            _over_everything,
            "the mean runs over all sounds and channels too. Each channel of each "
            "sound is pooled on its own: axis 2 only.",
        ),
        "stride is the size": Mistake(
            _stride_is_size,
            "the window moves by its size. It moves by the stride.",
        ),
        "last place missing": Mistake(
            lambda inputs: {"out": _pool(rms)(inputs)["out"][:, :, :-1]},
            "the last place of the window is missing: (L - size) // stride + 1.",
        ),
    },
)


def l2_backward(dout, x, size, stride, share=None):
    """Return dx (N, C, L); ``share(window, out)`` is the slope inside a window."""
    share = share or _slope
    dx = np.zeros(x.shape)
    for o in range(dout.shape[2]):
        at = slice(o * stride, o * stride + size)
        window = x[:, :, at]
        dx[:, :, at] += dout[:, :, o, np.newaxis] * share(
            window, rms(window)[..., None]
        )
    return dx


def _slope(window, out):
    """Return x / (size * out), and 0 for silence."""
    safe = np.where(out == 0, 1, out)
    return window / (window.shape[-1] * safe)


def _slope_with_nan(window, out):
    with np.errstate(invalid="ignore"):
        return window / (window.shape[-1] * out)


def _backward_case(rng, *sizes, silence=False):
    case = _case(rng, *sizes, silence=silence)
    shape = _pool(rms)(case)["out"].shape
    return {"dout": rng.standard_normal(shape).round(2)} | case


def _last_writes(dout, x, size, stride):
    dx = np.zeros(x.shape)
    for o in range(dout.shape[2]):
        at = slice(o * stride, o * stride + size)
        slope = _slope(x[:, :, at], rms(x[:, :, at])[..., None])
        dx[:, :, at] = dout[:, :, o, np.newaxis] * slope
    return dx


def _with_share(share):
    return lambda inputs: {"dx": l2_backward(**inputs, share=share)}


L2_BACKWARD = Answer(
    "hw2.l2_pool_backward",
    solve=lambda inputs: {"dx": l2_backward(**inputs)},
    visible=lambda rng: [
        _backward_case(rng, 1, 1, 6, 2, 2),
        _backward_case(rng, 2, 2, 9, 4, 2),
        _backward_case(rng, 1, 2, 8, 3, 2, silence=True),
    ],
    cases=lambda rng: [
        _backward_case(rng, 2, 1, 8, 4, 4),
        _backward_case(rng, 2, 3, 11, 3, 2),
        _backward_case(rng, 3, 1, 13, 5, 3, silence=True),
    ],
    mistakes={
        "nan in silence": Mistake(
            _with_share(_slope_with_nan),
            "right, but silence gives nan: 0 / 0. Where the output is 0, let the "
            "gradient be 0.",
        ),
        "1/size missing": Mistake(
            _with_share(lambda w, out: _slope(w, out) * w.shape[-1]),
            "1/size is missing: the output is the root of a mean.",
        ),
        "root forgotten": Mistake(
            _with_share(lambda w, out: 2 * w / w.shape[-1]),
            "this is the gradient of the mean square. The root has a gradient too, "
            "1 / (2 * out).",
        ),
        "2 left over": Mistake(
            _with_share(lambda w, out: 2 * _slope(w, out)),
            "twice too large: the 2 of the square and the 1/2 of the root cancel out.",
        ),
        "= for +=": Mistake(
            lambda inputs: {"dx": _last_writes(**inputs)},
            "windows overlap, and the last one overwrites what the others wrote: use "
            "`+=`, not `=`.",
        ),
        "sign lost": Mistake(
            _with_share(lambda w, out: np.abs(_slope(w, out))),
            "the sign is lost. If x is negative, a larger x makes the output smaller.",
        ),
        "shared equally": Mistake(
            _with_share(lambda w, out: np.ones(w.shape) / w.shape[-1]),
            "every number gets the same share: that is average pooling. In L2 pooling "
            "a number's share is proportional to itself.",
        ),
        "output forgotten": Mistake(
            _with_share(lambda w, out: w / w.shape[-1]),
            "the division by the output is missing: dx = dout * x / (size * out).",
        ),
    },
)


# --- the maximum over time ---------------------------------------------------------
def max_backward(dout, x):
    """Return dx (N, C, L): the first of the largest gets the whole gradient."""
    dx = np.zeros(x.shape)
    for n, c in np.ndindex(dout.shape):
        dx[n, c, x[n, c].argmax()] = dout[n, c]
    return dx


def _ties(x):
    return x == x.max(axis=2, keepdims=True)


def _max_case(rng, N, C, L):
    x = rng.integers(-4, 4, (N, C, L)).astype(float)
    x[0, 0, [1, 3]] = 5  # a tie
    return {"dout": rng.uniform(1, 2, (N, C)).round(2), "x": x}


def _dx(change):
    def solve(inputs):
        return {"dx": change(inputs["dout"][:, :, np.newaxis], inputs["x"])}

    return solve


def _last_of_ties(dout, x):
    return max_backward(dout[:, :, 0], x[:, :, ::-1])[:, :, ::-1]


def _over_channels(dout, x):
    dx = np.zeros(x.shape)
    best = x.argmax(axis=1)  # (N, L)
    for n, place in np.ndindex(best.shape):
        dx[n, best[n, place], place] = dout[n, best[n, place], 0]
    return dx


MAXIMUM = Answer(
    "hw2.max_over_time",
    solve=lambda inputs: {"dx": max_backward(**inputs)},
    visible=lambda rng: [_max_case(rng, 1, 1, 5), _max_case(rng, 2, 3, 6)],
    cases=lambda rng: [
        _max_case(rng, 1, 2, 7),
        _max_case(rng, 3, 2, 5),
        _max_case(rng, 2, 4, 9),
    ],
    mistakes={
        "shared among ties": Mistake(
            _dx(lambda dout, x: _ties(x) / _ties(x).sum(axis=2, keepdims=True) * dout),
            "two numbers are equally large, and you share the gradient between them. "
            "Here the first of them gets all of it.",
        ),
        "all to every tie": Mistake(
            _dx(lambda dout, x: _ties(x) * dout),
            "two numbers are equally large, and each gets the whole gradient: then "
            "more flows back than came in. Only the first of them gets it.",
        ),
        "last of ties": Mistake(
            _dx(_last_of_ties),
            "two numbers are equally large, and the last one gets the gradient. The "
            "first one does (as np.argmax finds it).",
        ),
        "shared by all": Mistake(
            _dx(lambda dout, x: np.ones(x.shape) * dout / x.shape[2]),
            "every place gets a share: that is the mean over time.",
        ),
        "all to all": Mistake(
            _dx(lambda dout, x: np.ones(x.shape) * dout),
            "every place gets the gradient: that is the sum over time. Only the "
            "largest number counts.",
        ),
        "over the channels": Mistake(
            _dx(_over_channels),
            "the maximum runs over the channels (axis 1). Time is the last axis.",
        ),
        "times x": Mistake(
            _dx(lambda dout, x: max_backward(dout[:, :, 0], x) * x),
            "the gradient is multiplied by x. The maximum hands x through unchanged, "
            "so the slope is 1.",
        ),
    },
)

ANSWERS = [L2_FORWARD, L2_BACKWARD, MAXIMUM]
