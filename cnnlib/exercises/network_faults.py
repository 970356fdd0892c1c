"""Find out what went wrong in a training, by trying which change makes it right.

A network that was trained on pixels from 0 to 255 reads badly what is given as 0 to 1,
and well if one multiplies by 255. Each entry of ``TRIALS`` is such a change of the
images, with the mistake that it undoes.
"""

import numpy as np

from ..data import COLOURED_SHAPES_CLASSES

ENOUGH = 300  # images to try a change on
CLEAR = 0.2  # accuracy that a change must bring, to be called the reason


def _standardized(x):
    return (x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(
        axis=(0, 2, 3), keepdims=True
    )


def _read_as_channels_last(x):
    return x.transpose(0, 2, 3, 1).reshape(x.shape)


TRIALS = (
    (
        lambda x: x * 255,
        "It was trained on pixels from 0 to 255. The grader's images go from 0 to 1, "
        "as load_coloured_shapes() gives them.",
    ),
    (
        lambda x: x / 255,
        "It was trained on images that were divided by 255 twice. "
        "load_coloured_shapes() has done it already.",
    ),
    (
        _standardized,
        "It was trained on images minus their mean, divided by their deviation. The "
        "grader gives images from 0 to 1. Let a batch normalization be the first "
        "layer: it does the same inside of the network.",
    ),
    (
        lambda x: 2 * x - 1,
        "It was trained on images from -1 to 1. The grader's images go from 0 to 1.",
    ),
    (
        lambda x: x.swapaxes(2, 3),
        "Height and width were swapped in training: the axes are (N, C, H, W).",
    ),
    (
        _read_as_channels_last,
        "The axes were in another order in training. x.reshape does not move axes, "
        "x.transpose does. load_coloured_shapes() gives (N, C, H, W) already.",
    ),
)
BATCH_STATISTICS = (
    "With the statistics of the batch it reads {best:.0%}, with the running averages "
    "{now:.0%}: its predictions depend on the other images. In training the forward "
    "pass needs train=True, so that batch normalization learns the averages; in the "
    "test train=False. Trainer does both."
)
MIXED_UP = (
    "It keeps the classes apart, but calls them by wrong names: {wrong!r} is {found!r} "
    "for it. Did images and labels lose their order, or did the labels change?"
)


def largest_layer(table) -> str:
    """Say which layer has most of the parameters, and how to save them."""
    line = max(table, key=lambda line: line.parameters)
    share = line.parameters / table.parameters
    text = f"Layer {line.name} ({line.kind}) has {share:.0%} of them. "
    if line.kind == "affine":
        return text + (
            "Flattened feature maps have a weight for each pixel and each unit. Global "
            "average pooling (전역 평균 풀링) before it leaves one number for each "
            "channel."
        )
    return text + (
        "A convolution has C * filters * 3 * 3 weights: half as many filters in all "
        "layers make a quarter of the weights."
    )


def fault_in_training(network, train, test) -> str:
    """Say what is likely to have gone wrong, in one or two sentences.

    Parameters
    ----------
    network : Sequential
        Built anew from its arrays.
    train, test : (x, t)
        Images from 0 to 1 and their labels.
    """
    scores = network.predict(test[0])
    answers, t = scores.argmax(axis=1), test[1]
    reached = np.mean(answers == t)
    if reached < 0.7 and (text := _by_trying(network, test, reached)):
        return text
    often = np.bincount(answers, minlength=10)
    if often.max() > 0.9 * len(t):
        kind = COLOURED_SHAPES_CLASSES[often.argmax()]
        return (
            f"It says {kind!r} to nearly every image. Was it trained? If yes, the "
            "learning rate was too large: units of ReLU that are 0 for all images "
            "never learn again. Try a tenth of lr."
        )
    if reached < 0.7 and (text := _names_mixed_up(answers, t)):
        return text
    if reached < 0.15:
        return "That is guessing. Is this the network that was trained?"
    return _by_both_parts(network.accuracy(*train), reached)


def _by_trying(network, test, now):
    """Return the mistake that the best change undoes, "" if none helps."""
    x, t = test[0][:ENOUGH], test[1][:ENOUGH]
    found = [(network.accuracy(change(x), t), hint) for change, hint in TRIALS]
    with np.errstate(all="ignore"):
        answers = network.forward(x, train=True).argmax(axis=1)
    best, hint = max(found, key=lambda pair: pair[0])
    if np.mean(answers == t) > best + CLEAR:  # the batch forgives other scales, too
        best, hint = np.mean(answers == t), BATCH_STATISTICS
    return hint.format(best=best, now=now) if best > now + CLEAR else ""


def _names_mixed_up(answers, t):
    """Tell whether other names for the answers would make them right."""
    table = np.zeros((10, 10), int)
    np.add.at(table, (answers, t), 1)
    other = table.argmax(axis=1)
    gain = (table.max(axis=1).sum() - np.trace(table)) / len(t)
    distinct = len(set(other.tolist())) >= 8
    if not distinct or gain < 2 * CLEAR:
        return ""
    wrong = next(k for k in range(10) if other[k] != k)
    names = COLOURED_SHAPES_CLASSES
    return MIXED_UP.format(wrong=names[other[wrong]], found=names[wrong])


def trained_on_test(train, test) -> str:
    """Say that the test images are known better than the training images, or ""."""
    if test < train + 0.03:
        return ""
    return (
        f"It reads {test:.1%} of the test images and {train:.1%} of the training "
        "images. Was it trained on the test images? The grader has new ones."
    )


def _by_both_parts(train, test):
    """Say what the accuracies on training and test images mean together."""
    if text := trained_on_test(train, test):
        return text
    if train > test + 0.08:
        return (
            f"It knows {train:.0%} of the training images: overfitting (과적합). More "
            "images help (cnnlib.augment), or dropout, or fewer parameters."
        )
    return (
        f"Training images {train:.0%}, test images about as many: it has not learned "
        "enough yet. More epochs, a larger lr, batch normalization, or another layer."
    )
