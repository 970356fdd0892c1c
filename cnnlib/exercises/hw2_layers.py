"""The exercises of hw2_layers: how each answer is called."""

import numpy as np

from .protocol import Exercise, ExerciseError, call, kind_of, plain, several


def _function(names, key):
    """Return a driver of a function with one result."""

    def drive(answer, inputs):
        result = call(answer, *(inputs[name] for name in names))
        return {key: plain(result, key)}

    return drive


def _conv1d_backward(answer, inputs):
    names = ("dout", "x", "W", "stride", "pad")
    result = call(answer, *(inputs[name] for name in names))
    return several(result, ("dx", "dW", "db"))


def _conv1d_layer(answer, inputs):
    """Use the layer as training does: forward and backward, twice."""
    what = "your class Convolution1D"
    arguments = [inputs[name] for name in ("W", "b", "stride", "pad")]
    layer = call(answer, *arguments, what=what)
    for step in ("1", "2"):
        out = call_method(layer, "forward", inputs[f"x{step}"])
        dx = call_method(layer, "backward", inputs[f"dout{step}"])
    results = {"out": plain(out, "out"), "dx": plain(dx, "dx")}
    return results | {name: gradient_of(layer, name) for name in ("dW", "db")}


def call_method(layer, name, *inputs, what="your layer"):
    """Call a method of a student's layer or network, or say that it has none."""
    method = getattr(layer, name, None)
    if not callable(method):
        raise ExerciseError(f"{what} is {kind_of(layer)}, and has no method {name}.")
    return call(method, *inputs, what=f"its method {name}")


def gradient_of(layer, name):
    """Return what backward left in the layer under a name, as an array."""
    if not hasattr(layer, name):
        raise ExerciseError(f"after backward the layer has no {name}: set self.{name}.")
    return plain(getattr(layer, name), name)


def _seen(answer, inputs):
    layers = [tuple(row) for row in inputs["layers"].tolist()]
    result = call(answer, layers, inputs["place"])
    return several(result, ("first", "last"))


def _max_over_time(answer, inputs):
    return {"dx": plain(call(answer, inputs["dout"], inputs["x"]), "dx")}


def by_hand(answer, inputs):
    """Take down a number, or a list of numbers, that was found on paper."""
    if answer is None or answer is ...:
        raise ExerciseError("write your answer in place of None, then run the cell.")
    return {"answer": np.atleast_1d(plain(answer, "the answer")).squeeze()}


EXERCISES = [
    Exercise(
        "hw2.conv1d_forward",
        "1-D convolution, forward",
        12,
        _function(("x", "W", "b", "stride", "pad"), "out"),
    ),
    Exercise("hw2.conv1d_backward", "1-D convolution, backward", 14, _conv1d_backward),
    Exercise("hw2.conv1d_layer", "the layer Convolution1D", 8, _conv1d_layer),
    Exercise(
        "hw2.tone_filters",
        "a bank of tone filters",
        8,
        _function(("frequencies", "rate", "length"), "W"),
    ),
    Exercise(
        "hw2.reflect_index",
        "reflect padding, forward",
        8,
        _function(("size", "pad"), "index"),
    ),
    Exercise(
        "hw2.reflect_backward",
        "reflect padding, backward",
        8,
        _function(("dout", "size", "pad"), "dx"),
    ),
    Exercise(
        "hw2.l2_pool_forward",
        "L2 pooling, forward",
        6,
        _function(("x", "size", "stride"), "out"),
    ),
    Exercise(
        "hw2.l2_pool_backward",
        "L2 pooling, backward",
        8,
        _function(("dout", "x", "size", "stride"), "dx"),
    ),
    Exercise("hw2.max_over_time", "maximum over time, backward", 6, _max_over_time),
    Exercise("hw2.seen", "the part of the sound that is seen", 6, _seen),
    Exercise("hw2.by_hand_1", "the length of the output", 4, by_hand, by_hand=True),
    Exercise("hw2.by_hand_2", "the receptive field", 4, by_hand, by_hand=True),
    Exercise("hw2.by_hand_3", "a convolution on paper", 4, by_hand, by_hand=True),
    Exercise("hw2.by_hand_4", "L2 pooling on paper", 4, by_hand, by_hand=True),
]
