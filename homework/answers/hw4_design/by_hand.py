"""A question on paper: what global average pooling saves."""

from ..base import ByHand, Mistake, combinations


def _saved(filters, side, units):
    """Return the parameters of an Affine on all pixels less those on the means."""
    return filters * (side * side - 1) * units


def _numbers():
    filters = range(24, 81, 8)
    return combinations(filters=filters, side=(4, 5, 6, 7), units=(10, 12))


SAVED = ByHand(
    "hw4.by_hand_1",
    solve=lambda q: _saved(**q),
    variants=_numbers,
    mistakes={
        "without pooling": Mistake(
            lambda q: q["filters"] * q["side"] ** 2 * q["units"] + q["units"],
            "this is what the Affine has without the pooling. Asked is how many fewer "
            "it has with it.",
        ),
        "with pooling": Mistake(
            lambda q: q["filters"] * q["units"] + q["units"],
            "this is what the Affine has with the pooling. Asked is how many it saves.",
        ),
        "nothing is left": Mistake(
            lambda q: q["filters"] * q["side"] ** 2 * q["units"],
            "after the pooling there is one number for each channel, and it has "
            "weights too.",
        ),
        "side not squared": Mistake(
            lambda q: q["filters"] * (q["side"] - 1) * q["units"],
            "a feature map has side * side pixels.",
        ),
        "biases counted once": Mistake(
            lambda q: _saved(**q) + q["units"],
            "the biases are the same with and without the pooling: nothing is saved "
            "there.",
        ),
        "channels forgotten": Mistake(
            lambda q: (q["side"] ** 2 - 1) * q["units"],
            "the channels are missing: each of them has a feature map.",
        ),
        "units forgotten": Mistake(
            lambda q: q["filters"] * (q["side"] ** 2 - 1),
            "each unit has weights of its own: multiply by units.",
        ),
    },
)

ANSWERS = [SAVED]
