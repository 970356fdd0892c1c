"""Wrong solutions: the reference with one piece replaced, and the mistake it makes.

A row: exercise, what stands in the solution, what a student wrote there, and the name
of the mistake in ``homework.answers`` whose hint must appear.
"""

PAD = "np.pad(x, ((0, 0), (0, 0), (pad, pad)))"
LOOP = "o * stride : o * stride + FL"
SUM = "(window * W).sum(axis=(2, 3)) + b"
SLOPE = "window / (size * np.where(out == 0, 1, out))"
RMS = "np.sqrt((window**2).mean(axis=2))"
DW = "dW += np.tensordot(d, padded[:, :, start : start + FL], axes=(0, 0))"
DX = "dx[:, :, start : start + FL] += np.tensordot(d, W, axes=(1, 0))"
RETURN = "return dx[:, :, pad : pad + L], dW, dout.sum(axis=(0, 2))"
PUT = "np.put_along_axis(dx, best, dout[:, :, np.newaxis], axis=2)"
TOP = "x == x.max(axis=2, keepdims=True)"
REFLECT = "place = np.arange(-pad, size + pad) % period\n"
REFLECT += "    return np.minimum(place, period - place)"
WRONG = "wrong[np.argsort(p_right[wrong])][:count]"
HE = 'initial_weights((FN, C, 3, 3), C * 9, "he", rng)'
CONVOLUTION = "\n        return fast.Convolution(W, np.zeros(FN, np.float32), pad=1)"
MAX = "e = np.exp(scores - scores.max(axis=1, keepdims=True))"
SOFTMAX = f"{MAX}\n    p = e / e.sum(axis=1, keepdims=True)"

FORWARD = [
    (SUM, "(window * W[:, :, ::-1]).sum(axis=(2, 3)) + b", "flipped filter"),
    (SUM, "(window * W).sum(axis=(2, 3))", "no bias"),
    (SUM, "(window * W + b[:, None, None]).sum(axis=(2, 3))", "bias for each element"),
    (SUM, "(window * W)[:, :, 0].sum(axis=2) + b", "one channel only"),
    (PAD, PAD.replace("(pad, pad)", "(0, 2 * pad)"), "padding at one end"),
    (
        PAD,
        PAD.replace("))))", ")))").replace("pad)))", "pad)), 'edge')"),
        "padding with the edge",
    ),
    (LOOP, "o : o + FL", "window moves by one"),
    ("// stride + 1", "// stride", "last place missing"),
    (f"padded = {PAD}", f"pad = 0; padded = {PAD}", "no padding"),
    ("N, C, L = x.shape", "N, C, L = x.shape; stride = 1", "no stride"),
    (
        f"padded = {PAD}\n    OL = (L + 2 * pad - FL)",
        f"padded = {PAD.replace('(pad, pad)', '(pad, 0)')}\n    OL = (L + pad - FL)",
        "padding counted once",
    ),
]
BACKWARD = [
    (DX, DX.replace("+=", "="), "dx: = for +="),
    (DX, DX.replace("d, W", "d, W[:, :, ::-1]"), "dx: flipped filter"),
    (DW, DW.replace("+=", "="), "dW: = for +="),
    (DW, DW + " / N", "dW: mean over the batch"),
    (
        DW,
        "dW += np.tensordot(d[-1:], padded[-1:, :, start : start + FL], axes=(0, 0))",
        "dW: last sample only",
    ),
    ("start = o * stride", "start = o", "stride forgotten"),
    (RETURN, RETURN.replace("[:, :, pad : pad + L]", ""), "dx: padding not cut off"),
    (RETURN, RETURN.replace("pad : pad + L", ":L"), "dx: cut at one end"),
    (RETURN, RETURN + " / N", "db: mean over the batch"),
    (RETURN, RETURN.replace("(0, 2)", "0"), "db: sum over the batch only"),
    (RETURN, RETURN.replace("(0, 2)", "(0, 1)"), "db: wrong axis"),
    (RETURN, RETURN + " * W[0].size", "db: for each element"),
]
LAYER = [
    (
        "        return dx\n",
        "        self.dW += getattr(self, 'oW', 0); self.oW = self.dW\n"
        "        self.db += getattr(self, 'ob', 0); self.ob = self.db\n"
        "        return dx\n",
        "gradients add up",
    ),
    ("self.x = x", "self.x = getattr(self, 'x', x)", "old input kept"),
    ("x, self.W, self.b,", "x, self.W, 0 * self.b,", "no bias"),
]
TONES = [
    ("2 * np.pi * ", "", "2 pi missing"),
    ("hann = np.hanning(length)", "hann = np.ones(length)", "no window"),
    ("np.cos", "np.sin", "sine"),
    ("np.arange(length) - (length - 1) / 2", "np.arange(length)", "not centred"),
    ("2 / hann.sum()", "2 / length", "divided by the length"),
    ("2 / hann.sum()", "1 / hann.sum()", "2 missing"),
    ("[:, np.newaxis, :]", "", "no channel axis"),
]
REFLECT_INDEX = [
    (REFLECT, "return np.pad(np.arange(size), pad, mode='symmetric')", "edge repeated"),
    (
        REFLECT,
        "return np.clip(np.arange(-pad, size + pad), 0, size - 1)",
        "edge all along",
    ),
    (REFLECT, "return np.arange(-pad, size + pad) % size", "from the other end"),
    (
        REFLECT,
        "i = np.abs(np.arange(-pad, size + pad))\n"
        "    return np.where(i < size, i, period - i)",
        "one mirror only",
    ),
    ("size + pad)", "size)", "padding at the start only"),
]
REFLECT_BACKWARD = [
    (
        "for place, index in enumerate(reflect_index(size, pad)):\n"
        "        dx[:, :, index] += dout[:, :, place]",
        "dx[:, :, reflect_index(size, pad)] += dout",
        "repeated index counts once",
    ),
    ("return dx", "return dout[:, :, pad : pad + size]", "padding cut off"),
    (
        "return dx",
        "return dx / np.bincount(reflect_index(size, pad))",
        "mean of the images",
    ),
    ("return dx", "return dout", "padding not sent back"),
    (
        "reflect_index(size, pad)",
        "np.pad(np.arange(size), pad, mode='symmetric')",
        "edge repeated",
    ),
]
POOL = [
    (RMS, "(window**2).mean(axis=2)", "no root"),
    (RMS, "np.sqrt((window**2).sum(axis=2))", "sum for mean"),
    (RMS, "np.linalg.norm(window, axis=2) / size", "size outside the root"),
    (RMS, "np.abs(window.mean(axis=2))", "mean first"),
    (RMS, "np.abs(window).mean(axis=2)", "mean of absolute values"),
    (RMS, "window.std(axis=2)", "standard deviation"),
    (RMS, "window.max(axis=2)", "maximum"),
    (RMS, "np.sqrt((window**2).mean())", "mean over the wrong axes"),
    ("N, C, L = x.shape", "N, C, L = x.shape; stride = size", "stride is the size"),
    ("// stride + 1", "// stride", "last place missing"),
]
POOL_BACKWARD = [
    (SLOPE, "np.divide(window, size * out)", "nan in silence"),
    (SLOPE, SLOPE.replace("size * ", ""), "1/size missing"),
    (SLOPE, "2 * window / size", "root forgotten"),
    (SLOPE, "2 * " + SLOPE, "2 left over"),
    (SLOPE, "window / size", "output forgotten"),
    (SLOPE, SLOPE.replace("window", "np.abs(window)"), "sign lost"),
    (SLOPE, "np.ones(window.shape) / size", "shared equally"),
    ("+= dout", "= dout", "= for +="),
]
MAXIMUM = [
    (
        PUT,
        f"top = {TOP}; dx = dout[:, :, None] * top / top.sum(2, keepdims=True)",
        "shared among ties",
    ),
    (PUT, f"dx = dout[:, :, None] * ({TOP})", "all to every tie"),
    (
        "x.argmax(axis=2)",
        "x.shape[2] - 1 - x[:, :, ::-1].argmax(axis=2)",
        "last of ties",
    ),
    (PUT, "dx += dout[:, :, None] / x.shape[2]", "shared by all"),
    (PUT, "dx += dout[:, :, None]", "all to all"),
    ("return dx", "return dx * x", "times x"),
]
SEEN = [
    (
        "first * stride - pad\n        last = last * stride",
        "first + stride - pad\n        last = last + stride",
        "stride added",
    ),
    ("reversed(layers)", "layers", "layers from the front"),
    ("reversed(layers):", "reversed(layers):\n        pad = 0", "no padding"),
    ("reversed(layers):", "reversed(layers):\n        stride = 1", "no stride"),
    ("reversed(layers):", "reversed(layers):\n        dilation = 1", "no dilation"),
    ("(window - 1)", "window", "window whole"),
    ("dilation * (window - 1)", "dilation * window - 1", "dilated window"),
]
BUILD = [
    ("np.float32), pad=1)\n", "np.float32))\n", None),
    (
        'fast.Pooling(2, 2),\n        "Conv2"',
        'fast.AveragePooling(2, 2),\n        "Conv2"',
        None,
    ),
    ('        "Relu1": fast.Relu(),\n', "", "first relu missing"),
    ('        "Relu2": fast.Relu(),\n', "", "second relu missing"),
    ('        "Relu3": fast.Relu(),\n', "", "third relu missing"),
    (
        "hidden, classes),\n",
        'hidden, classes),\n        "Relu4": fast.Relu(),\n',
        "relu at the end",
    ),
    (HE, HE.replace("C * 9", "9"), "channels forgotten in n"),
    (HE, HE.replace('"he"', "0.01"), None),
    (
        HE + CONVOLUTION,
        HE.replace("3, 3", "5, 5") + CONVOLUTION.replace("1", "2"),
        "5 x 5 filters",
    ),
]
LOSS = [
    ("weights[t] / weights[t].sum()", "weights[t]", "no mean"),
    (
        "weights[t] / weights[t].sum()",
        "weights[t] / len(t)",
        "1/N for the sum of weights",
    ),
    ("weights[t] / weights[t].sum()", "np.ones(len(t)) / len(t)", "no weights"),
    ("scores - scores.max(axis=1, keepdims=True)", "scores", "overflow"),
    (SOFTMAX, SOFTMAX.replace("axis=1", "axis=0"), "softmax over the wrong axis"),
    ("e.sum(axis=1, keepdims=True)", "e.sum(axis=0)", "sum over the wrong axis"),
    (
        "    rows =",
        "    e = np.exp(p); p = e / e.sum(axis=1, keepdims=True)\n    rows =",
        "softmax twice",
    ),
    ("dscores[rows, t] -= 1", "pass", "truth not subtracted"),
    ("loss = -(", "loss = (", "sign turned"),
]
REPAIR = [
    ("self.db = dz.sum", "self.db = dout.sum", "bug 1: db past the activation"),
    ("dx[at] += ", "dx[at] = ", "bug 2: = for +="),
    (
        "self.padded[at], axes=(0, 0))",
        "self.padded[at], axes=(0, 0)) / N",
        "bug 3: 1/N twice",
    ),
    ("dz.sum(axis=(0, 2, 3))", "dz.sum(axis=(0, 2, 3)) / N", "db also divided by N"),
    (
        "self.padded[at], axes=(0, 0))",
        "self.padded[at], axes=(0, 0)) * N",
        "N times too large",
    ),
    ("self.a[:, None, None] * dout", "0", "slope forgotten"),
]
WORST = [
    (WRONG, "np.argsort(p_right[wrong])[:count]", "places in the list of wrong"),
    (WRONG, "wrong[np.argsort(scores[wrong, t[wrong]])][:count]", "sorted by score"),
    (WRONG, "wrong[np.argsort(p_right[wrong])][::-1][:count]", "turned around"),
    (WRONG, "wrong[:count]", "not sorted"),
    (WRONG, "np.argsort(-p_right)[:count]", "right ones too"),
    ("softmax(scores)", "softmax(scores.T).T", "softmax over the wrong axis"),
    (
        WRONG,
        "wrong[np.argsort(-softmax(scores).max(axis=1)[wrong])][:count]",
        "sorted by the wrong answer",
    ),
]

BY_EXERCISE = {
    "hw2.conv1d_forward": FORWARD,
    "hw2.conv1d_backward": BACKWARD,
    "hw2.conv1d_layer": LAYER,
    "hw2.tone_filters": TONES,
    "hw2.reflect_index": REFLECT_INDEX,
    "hw2.reflect_backward": REFLECT_BACKWARD,
    "hw2.l2_pool_forward": POOL,
    "hw2.l2_pool_backward": POOL_BACKWARD,
    "hw2.max_over_time": MAXIMUM,
    "hw2.seen": SEEN,
    "hw3.build_network": BUILD,
    "hw3.weighted_loss": LOSS,
    "hw3.repair": REPAIR,
    "hw3.worst_mistakes": WORST,
}  # fmt: skip
MUTANTS = [(name, *row) for name, rows in BY_EXERCISE.items() for row in rows]
