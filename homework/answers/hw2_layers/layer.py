"""The 1-D convolution as a layer: forward and backward, twice."""

from ..base import Answer, Mistake
from .convolution import backward, forward, numbers, sound_case


def _case(rng, N, C, L, FN, FL, stride, pad):
    case = sound_case(rng, N, C, L, FN, FL, stride, pad)
    steps = {"1": case.pop("x"), "2": numbers(rng, N, C, L)}
    douts = {k: numbers(rng, *forward(x, **case).shape) for k, x in steps.items()}
    case |= {f"x{k}": x for k, x in steps.items()}
    return case | {f"dout{k}": dout for k, dout in douts.items()}


def _layer(inputs, step="2", **change):
    """Return what the layer holds after one of the two steps."""
    case = {n: inputs[n] for n in ("W", "b", "stride", "pad")} | change
    x, dout = inputs[f"x{step}"], inputs[f"dout{step}"]
    out = forward(x, **case)
    case.pop("b")
    return {"out": out} | backward(dout, x, **case)


def _adding_up(inputs):
    both = _layer(inputs, "1"), _layer(inputs, "2")
    sums = {name: sum(results[name] for results in both) for name in ("dW", "db")}
    return both[1] | sums


LAYER = Answer(
    "hw2.conv1d_layer",
    solve=_layer,
    visible=lambda rng: [
        _case(rng, 1, 1, 6, 2, 3, 1, 0),
        _case(rng, 2, 3, 9, 2, 4, 2, 1),
    ],
    cases=lambda rng: [
        _case(rng, 2, 2, 7, 3, 3, 1, 0),
        _case(rng, 1, 3, 8, 2, 5, 1, 2),
        _case(rng, 3, 2, 12, 4, 4, 3, 1),
    ],
    mistakes={
        "gradients add up": Mistake(
            _adding_up,
            "the gradient of the step before is still in it: backward must set it "
            "anew, self.dW = ..., not self.dW += ...",
        ),
        "no bias": Mistake(
            lambda inputs: {"out": _layer(inputs, b=0 * inputs["b"])["out"]},
            "the bias is missing.",
        ),
        "old input kept": Mistake(
            lambda inputs: {"dW": _layer(inputs | {"x2": inputs["x1"]})["dW"]},
            "backward computes with the x of an earlier step: forward must keep the "
            "newest one, self.x = x.",
        ),
    },
)

ANSWERS = [LAYER]
