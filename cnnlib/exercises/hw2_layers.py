"""The exercises of hw2_layers: how each answer is called."""

from .protocol import Exercise, call, plain


def _conv1d_forward(answer, inputs):
    arguments = (inputs[name] for name in ("x", "W", "b", "stride", "pad"))
    return {"out": plain(call(answer, *arguments), "out")}


EXERCISES = [
    Exercise("hw2.conv1d_forward", "1-D convolution, forward", 10, _conv1d_forward),
]
