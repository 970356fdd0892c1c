"""The exercises of hw3_network: how each answer is called."""

import numpy as np

from ..data import load_digits
from .hw2_layers import by_hand, call_method, gradient_of
from .protocol import Exercise, ExerciseError, call, kind_of, plain, several

GOAL = 0.95  # accuracy on the test digits that brings all points

BUILDING = ("channels", "height", "width", "filters1", "filters2", "hidden", "classes")


def fill(shape, number):
    """Return weights that are the same everywhere: a cosine, small and without end."""
    size = int(np.prod(shape))
    return 0.2 * np.cos((1 + number) * (0.5 + np.arange(size))).reshape(shape)


def _build_network(answer, inputs):
    """Look at the first weights, then put known ones in and ask for the scores."""
    sizes = [inputs[name] for name in BUILDING]
    what = "your function build_network"
    network = call(answer, *sizes, np.random.default_rng(inputs["seed"]), what=what)
    params = getattr(network, "params", None)
    if not isinstance(params, dict) or not params:
        raise ExerciseError(
            f"{what} returned {kind_of(network)}; expected a Sequential with layers "
            "that have parameters."
        )
    arrays = [plain(array, name) for name, array in params.items()]
    shapes = np.zeros((len(arrays), 4), int)
    for row, array in zip(shapes, arrays, strict=True):
        row[: array.ndim] = array.shape[:4]
    weights = [array for array in arrays if array.ndim > 1]
    for number, array in enumerate(params.values()):
        array[...] = fill(array.shape, number)
    loss = call_method(network, "loss", inputs["x"], inputs["t"])
    return {
        "shapes": shapes,
        "spread": np.array([_spread(W) for W in weights]),
        "scores": plain(call_method(network, "predict", inputs["x"]), "scores"),
        "loss": plain(loss, "loss"),
    }


def _spread(W):
    """Return the standard deviation of weights as a part of the one by He's rule."""
    inputs = W[0].size if W.ndim == 4 else len(W)
    return W.std() / np.sqrt(2 / inputs)


def _weighted_loss(answer, inputs):
    result = call(answer, *(inputs[name] for name in ("scores", "t", "weights")))
    return several(result, ("loss", "dscores"))


def _repair(answer, inputs):
    what = "your class Repaired"
    arguments = [inputs[name] for name in ("W", "b", "a", "stride", "pad")]
    layer = call(answer, *arguments, what=what)
    out = call_method(layer, "forward", inputs["x"])
    dx = call_method(layer, "backward", inputs["dout"])
    results = {"out": plain(out, "out"), "dx": plain(dx, "dx")}
    return results | {name: gradient_of(layer, name) for name in ("dW", "db", "da")}


def _train(answer, inputs):
    """Let a trained network read digits; the visible ones are loaded here."""
    images = inputs.get("images")
    if images is None:
        images = load_digits()[1][0][inputs["indices"]]
    else:
        images = (images / 255).astype(np.float32)
    scores = call_method(answer, "predict", images, what="your network")
    return {"scores": plain(scores, "the scores")}


def accuracy(scores, labels) -> float:
    """Return the part of the labels whose score is the largest of its row."""
    return float(np.mean(scores.astype(float).argmax(axis=1) == labels))


def _look_at_accuracy(right, outputs):
    scores, labels = outputs["scores"], right["labels"]
    wanted = (len(labels), 10)
    if scores.shape != wanted:
        return f"predict returns the shape {scores.shape}, expected {wanted}."
    if not np.isfinite(scores.astype(float)).all():
        return "the scores hold nan. Did the training diverge? Try a tenth of lr."
    reached = accuracy(scores, labels)
    if reached >= GOAL:
        print(f"Test accuracy {reached:.1%}: in the band of {GOAL:.0%} and more.")
        return ""
    hint = "Train for more epochs, or check the learning rate."
    if reached < 0.2:
        hint = "That is guessing. Is this the network that was trained?"
    return f"the test accuracy is {reached:.1%}, expected {GOAL:.0%} or more. {hint}"


def _worst_mistakes(answer, inputs):
    result = call(answer, *(inputs[name] for name in ("scores", "t", "count")))
    return {"index": plain(result, "index")}


EXERCISES = [
    Exercise("hw3.by_hand_1", "shapes in a network", 6, by_hand, by_hand=True),
    Exercise("hw3.by_hand_2", "counting parameters", 6, by_hand, by_hand=True),
    Exercise(
        "hw3.build_network", "a network with two convolutions", 15, _build_network
    ),
    Exercise("hw3.weighted_loss", "a loss with weights", 12, _weighted_loss),
    Exercise("hw3.repair", "three bugs in a layer", 18, _repair),
    Exercise("hw3.train", "training into the band", 15, _train, look=_look_at_accuracy),
    Exercise("hw3.worst_mistakes", "finding the worst mistakes", 8, _worst_mistakes),
]
