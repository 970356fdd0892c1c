"""The 1-D convolution, forward and backward."""

import numpy as np

from ..base import Answer, Mistake


# --- the reference, written by the definition --------------------------------------
def forward(x, W, b, stride, pad):
    """Return the convolution (N, FN, OL) of sounds (N, C, L)."""
    FN, _, FL = W.shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    OL = (x.shape[2] - FL) // stride + 1
    out = np.zeros((len(x), FN, OL))
    for o in range(OL):
        window = x[:, :, o * stride : o * stride + FL]  # (N, C, FL)
        out[:, :, o] = np.tensordot(window, W, axes=([1, 2], [1, 2])) + b
    return out


def backward(dout, x, W, stride, pad):
    """Return dx (N, C, L), dW (FN, C, FL) and db (FN,)."""
    L, FL = x.shape[2], W.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for o in range(dout.shape[2]):
        at = slice(o * stride, o * stride + FL)
        dx[:, :, at] += np.tensordot(dout[:, :, o], W, axes=1)
        dW += np.tensordot(dout[:, :, o], x[:, :, at], axes=([0], [0]))
    return {"dx": dx[:, :, pad : pad + L], "dW": dW, "db": dout.sum(axis=(0, 2))}


def numbers(rng, *shape):
    """Return random numbers with two decimals."""
    return rng.standard_normal(shape).round(2)


def sound_case(rng, N, C, L, FN, FL, stride, pad):
    """Return sounds, filters, biases and settings."""
    return {
        "x": numbers(rng, N, C, L),
        "W": numbers(rng, FN, C, FL),
        "b": rng.uniform(1, 2, FN).round(2),
        "stride": stride,
        "pad": pad,
    }


# --- forward -----------------------------------------------------------------------
def _out(change):
    """Return a mistake: the right formula on inputs that were changed."""
    return lambda inputs: {"out": forward(**(inputs | change(**inputs)))}


def _padded(inputs, before, after, mode="constant"):
    """Pad in a way of one's own, then convolve without padding."""
    width = ((0, 0), (0, 0), (before * inputs["pad"], after * inputs["pad"]))
    x = np.pad(inputs["x"], width, mode=mode)
    return {"out": forward(**(inputs | {"x": x, "pad": 0}))}


def _first_windows(inputs):
    every = forward(**(inputs | {"stride": 1}))
    return {"out": every[:, :, : forward(**inputs).shape[2]]}


def _first_channel(inputs):
    x, W = inputs["x"][:, :1], inputs["W"][:, :1]
    return {"out": forward(**(inputs | {"x": x, "W": W}))}


def _channels_apart(inputs):
    x, W, b = inputs["x"], inputs["W"], inputs["b"]
    channels = [
        forward(x[:, c : c + 1], W[:, c : c + 1], b, inputs["stride"], inputs["pad"])
        for c in range(x.shape[1])
    ]
    return {"out": np.stack(channels, axis=2)}


FORWARD = Answer(
    "hw2.conv1d_forward",
    solve=lambda inputs: {"out": forward(**inputs)},
    visible=lambda rng: [
        sound_case(rng, 1, 1, 5, 1, 3, 1, 0),
        sound_case(rng, 2, 3, 9, 4, 3, 1, 1),
        sound_case(rng, 2, 2, 10, 3, 4, 3, 2),
    ],
    cases=lambda rng: [
        sound_case(rng, 1, 1, 7, 1, 2, 1, 0),
        sound_case(rng, 3, 2, 8, 5, 3, 1, 0),
        sound_case(rng, 2, 4, 11, 3, 5, 1, 2),
        sound_case(rng, 2, 3, 12, 2, 4, 2, 1),
        sound_case(rng, 4, 2, 13, 3, 3, 4, 3),
    ],
    mistakes={
        "flipped filter": Mistake(
            _out(lambda W, **_: {"W": W[:, :, ::-1]}),
            "your filter is turned around (flipped), as np.convolve does it. A "
            "convolution layer multiplies x[i + j] with W[j], without turning.",
        ),
        "no bias": Mistake(
            _out(lambda b, **_: {"b": 0 * b}),
            "the bias is missing: add b[f] once to each output of filter f.",
        ),
        "bias for each element": Mistake(
            _out(lambda b, W, **_: {"b": b * W[0].size}),
            "the bias is added once for each number in the window. Add it once for "
            "each output, after the sum.",
        ),
        "padding counted once": Mistake(
            lambda inputs: _padded(inputs, 1, 0),
            "the padding counts once. Put pad zeros at both ends: L + 2 * pad.",
        ),
        "padding at one end": Mistake(
            lambda inputs: _padded(inputs, 0, 2),
            "all the zeros stand at the end of the sound. Put pad zeros at the "
            "beginning and pad zeros at the end.",
        ),
        "padding with the edge": Mistake(
            lambda inputs: _padded(inputs, 1, 1, "edge"),
            "the padding repeats the edge. Here the padding is zeros.",
        ),
        "no padding": Mistake(
            _out(lambda **_: {"pad": 0}), "the padding is missing: pad was not used."
        ),
        "no stride": Mistake(
            _out(lambda **_: {"stride": 1}), "the stride is missing: it was not used."
        ),
        "window moves by one": Mistake(
            _first_windows,
            "the number of outputs is right, but the window moves by 1. Output o "
            "begins at o * stride.",
        ),
        "last place missing": Mistake(
            lambda inputs: {"out": forward(**inputs)[:, :, :-1]},
            "the last place of the window is missing: steps are not places, so + 1 at "
            "the end, (L + 2 * pad - FL) // stride + 1.",
        ),
        "one channel only": Mistake(
            _first_channel,
            "only the first channel is used. The window holds all C channels: sum "
            "over them too.",
        ),
        "channels kept apart": Mistake(
            _channels_apart,
            "the channels are kept apart. A filter sums over all channels: the output "
            "is (N, FN, OL).",
        ),
    },
)


# --- backward ----------------------------------------------------------------------
def _backward_case(rng, *sizes):
    case = sound_case(rng, *sizes)
    case["dout"] = numbers(rng, *forward(**case).shape)
    return {name: case[name] for name in ("dout", "x", "W", "stride", "pad")}


def _gradients(**wrong):
    """Return a mistake in some gradients; the others are right."""

    def solve(inputs):
        right = backward(**inputs)
        return right | {name: change(inputs, right) for name, change in wrong.items()}

    return solve


def _last_writes(inputs, right):
    """Return dx with `=` in place of `+=`: the last window that sees a place wins."""
    dout, x, W, stride, pad = (inputs[n] for n in ("dout", "x", "W", "stride", "pad"))
    (N, C, L), FL = x.shape, W.shape[2]
    dx = np.zeros((N, C, L + 2 * pad))
    for o in range(dout.shape[2]):
        dx[:, :, o * stride : o * stride + FL] = np.tensordot(dout[:, :, o], W, axes=1)
    return dx[:, :, pad : pad + L]


def _last_window(inputs, right):
    """Return dW of the last place alone."""
    dout, x, W, stride, pad = (inputs[n] for n in ("dout", "x", "W", "stride", "pad"))
    alone = np.zeros(dout.shape)
    alone[:, :, -1] = dout[:, :, -1]
    return backward(alone, x, W, stride, pad)["dW"]


def _uncut(inputs, right):
    """Return dx of the padded sound."""
    return _with_padded_input(inputs)["dx"]


def _cut_at_the_end(inputs, right):
    return _with_padded_input(inputs)["dx"][:, :, : inputs["x"].shape[2]]


def _with_padded_input(inputs):
    pad = inputs["pad"]
    x = np.pad(inputs["x"], ((0, 0), (0, 0), (pad, pad)))
    return backward(**(inputs | {"x": x, "pad": 0}))


def _turned(inputs, right):
    return backward(**(inputs | {"W": inputs["W"][:, :, ::-1]}))["dx"]


def _stride_one(name):
    """Return a gradient whose windows begin at o in place of o * stride."""

    def change(inputs, right):
        room = inputs["x"].shape[2] + 2 * inputs["pad"] - inputs["W"].shape[2] + 1
        dout = inputs["dout"]
        dout = np.pad(dout, ((0, 0), (0, 0), (0, room - dout.shape[2])))
        return backward(**(inputs | {"dout": dout, "stride": 1}))[name]

    return change


def _last_sample(inputs, right):
    return backward(**(inputs | {n: inputs[n][-1:] for n in ("dout", "x")}))["dW"]


BACKWARD = Answer(
    "hw2.conv1d_backward",
    solve=lambda inputs: backward(**inputs),
    visible=lambda rng: [
        _backward_case(rng, 1, 1, 5, 1, 3, 1, 0),
        _backward_case(rng, 2, 3, 8, 4, 3, 1, 1),
        _backward_case(rng, 3, 2, 10, 3, 4, 3, 2),
    ],
    cases=lambda rng: [
        _backward_case(rng, 2, 1, 6, 2, 3, 1, 0),
        _backward_case(rng, 3, 2, 9, 4, 3, 1, 2),
        _backward_case(rng, 2, 3, 12, 3, 5, 2, 1),
        _backward_case(rng, 4, 2, 14, 3, 4, 3, 3),
    ],
    mistakes={
        "dx: = for +=": Mistake(
            _gradients(dx=_last_writes),
            "windows overlap, and the last one overwrites what the others wrote: use "
            "`+=`, not `=`. A number in two windows gets both gradients.",
        ),
        "dx: flipped filter": Mistake(
            _gradients(dx=_turned),
            "the filter is turned around. With windows, forward used x[i + j] * W[j], "
            "so W[j] goes back to place i + j, without turning.",
        ),
        "dx: padding not cut off": Mistake(
            _gradients(dx=_uncut),
            "this is the gradient of the padded sound. Cut pad numbers off at both "
            "ends: dx has the shape of x.",
        ),
        "dx: cut at one end": Mistake(
            _gradients(dx=_cut_at_the_end),
            "the padding was cut off at the end only: dx[:, :, pad : pad + L] takes it "
            "off at both ends.",
        ),
        "stride forgotten": Mistake(
            _gradients(dx=_stride_one("dx"), dW=_stride_one("dW")),
            "the windows begin at o. With a stride they begin at o * stride.",
        ),
        "dW: = for +=": Mistake(
            _gradients(dW=_last_window),
            "only the last window counts: use `+=`, since W is used at every place.",
        ),
        "dW: last sample only": Mistake(
            _gradients(dW=_last_sample),
            "only the last sound of the batch counts. Add up over all N sounds.",
        ),
        "dW: mean over the batch": Mistake(
            _gradients(dW=lambda inputs, right: right["dW"] / len(inputs["x"])),
            "this is the mean over the batch. Sum: the 1/N of the loss stands in dout "
            "already.",
        ),
        "db: mean over the batch": Mistake(
            _gradients(db=lambda inputs, right: right["db"] / len(inputs["x"])),
            "this is the mean over the batch. Sum: the 1/N of the loss stands in dout "
            "already.",
        ),
        "db: sum over the batch only": Mistake(
            _gradients(db=lambda inputs, right: inputs["dout"].sum(axis=0)),
            "the sum over the places is missing: filter f adds the same b[f] at each "
            "of them. Sum over the axes 0 and 2.",
        ),
        "db: wrong axis": Mistake(
            _gradients(db=lambda inputs, right: inputs["dout"].sum(axis=(0, 1))),
            "the sum runs over the filters. One number is left for each filter: sum "
            "over the axes 0 and 2 of (N, FN, OL).",
        ),
        "db: for each element": Mistake(
            _gradients(db=lambda inputs, right: right["db"] * inputs["W"][0].size),
            "the bias is counted once for each number in the window. It is added once "
            "for each output.",
        ),
    },
)

ANSWERS = [FORWARD, BACKWARD]
