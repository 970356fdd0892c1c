"""The exercises of hw4_design: how each answer is called, and what a check says.

The driver hands out the layers and the weights as arrays. The grader builds the same
network out of them, counts its parameters and lets it read images that the student's
process never sees. So neither the count nor the scores can be claimed.

What this does not protect: training on images other than ``x_train``. The package
draws coloured shapes for anybody who asks, and a weight does not say what it learned
from. Whoever draws more of them has more data; the hidden images are new all the same.
"""

import numpy as np

from ..data import load_coloured_shapes
from .hw2_layers import by_hand
from .network_arrays import describe, rebuild, table_of
from .network_faults import fault_in_training, largest_layer, trained_on_test
from .protocol import Exercise, call, plain

MOST_PARAMETERS = 100_000
MOST_MULTIPLY_ADDS = 60_000_000  # for one image
BANDS = ((0.95, 1.0), (0.90, 0.9), (0.80, 0.8), (0.65, 0.6), (0.50, 0.4), (0.30, 0.2))
GOAL = BANDS[0][0]
LOOKED_AT = 20  # images on which the network and its copy are compared


def fraction_of(accuracy) -> float:
    """Return which part of the points an accuracy brings.

    Examples
    --------
    >>> fraction_of(0.96), fraction_of(0.85), fraction_of(0.1)
    (1.0, 0.8, 0.0)
    """
    return next((part for least, part in BANDS if accuracy >= least), 0.0)


def too_large(table) -> str:
    """Say what is too large in a network, "" if nothing is."""
    if table.parameters >= MOST_PARAMETERS:
        return (
            f"your network has {table.parameters:,} parameters; fewer than "
            f"{MOST_PARAMETERS:,} are allowed. {largest_layer(table)}"
        )
    if table.multiply_adds > MOST_MULTIPLY_ADDS:
        return (
            f"your network needs {table.multiply_adds:,} multiply-adds for one image; "
            f"at most {MOST_MULTIPLY_ADDS:,} are allowed. Pool earlier: at half the "
            "height and width a convolution costs a quarter."
        )
    return ""


def _design(answer, inputs):
    """Take the network apart; on visible images it also says what it reads."""
    outputs = describe(answer)
    if "indices" in inputs:
        images = load_coloured_shapes()[1][0][inputs["indices"][:LOOKED_AT]]
        scores = call(answer.predict, images, what="the predict of your network")
        outputs["scores"] = plain(scores, "the scores")
    return outputs


def _look_at_design(right, outputs):
    """Build the network anew, as the grader does, and say what is wrong with it."""
    try:
        table = table_of(outputs)
        words = too_large(table) or _wrong_scores(table)
        if words:
            return words
        network = rebuild(outputs)
    except ValueError as error:
        text = f"the grader could not build your network: {error}"
        return text + (" The training diverged." if "nan" in text else "")
    (x_train, t_train), (x, t) = load_coloured_shapes()
    if not np.allclose(
        network.predict(x[:LOOKED_AT]), outputs["scores"], rtol=1e-2, atol=1e-2
    ):
        return (
            "the predict of your network returns other scores than its layers do one "
            "after the other. The grader uses the layers alone: put what predict adds "
            "into layers."
        )
    reached = network.accuracy(x, t)
    part = fraction_of(reached)
    print(
        f"{table.parameters:,} parameters. Test accuracy {reached:.1%}: this band "
        f"brings {part:.0%} of the points."
    )
    train = (x_train[:1000], t_train[:1000])
    if part == 1:
        return trained_on_test(network.accuracy(*train), reached)
    better = min(least for least, _ in BANDS if reached < least)
    hint = fault_in_training(network, train, (x, t))
    return f"the next band begins at {better:.0%}. {hint}"


def _wrong_scores(table):
    shape = table.lines[-1].shape
    if shape == (10,):
        return ""
    hint = "End with an Affine of 10 units: one score for each class."
    return f"one image gives the shape {shape}, expected (10,). {hint}"


EXERCISES = [
    Exercise("hw4.by_hand_1", "what pooling saves", 10, by_hand, by_hand=True),
    Exercise("hw4.design", "a small network", 50, _design, look=_look_at_design),
]
