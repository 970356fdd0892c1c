"""Questions on paper about shapes and parameters."""

from ..base import ByHand, Mistake, combinations

# --- 1: shapes ------------------------------------------------------------------------


def _networks():
    """Return images that are not square, and sizes that pooling divides by 2."""
    sizes = range(16, 34, 2)
    networks = combinations(
        height=sizes,
        width=sizes,
        filters1=(6, 8),
        filters2=(10, 12),
        window=(5, 7),
        pad=(1, 2),
    )
    return [net for net in networks if _fits(**net)]


def _fits(height, width, filters1, filters2, window, pad):
    for size in (height, width):
        first = size + 2 * pad - window + 1
        if first % 2 or (first // 2 - 2) % 2:  # nothing to round
            return False
    return height != width


def _size(size, window, pad):
    """Return the size after convolution, pooling, convolution 3, pooling."""
    return ((size + 2 * pad - window + 1) // 2 - 3 + 1) // 2


def _shape(height, width, filters1, filters2, window, pad):
    return [filters2, _size(height, window, pad), _size(width, window, pad)]


def _size_once(size, window, pad):
    return ((size + pad - window + 1) // 2 - 3 + 1) // 2


def _each(change):
    """Return a mistake in the sizes; the filters are right."""
    return lambda q: [
        q["filters2"],
        *(change(q[side], q["window"], q["pad"]) for side in ("height", "width")),
    ]


SHAPE = ByHand(
    "hw3.by_hand_1",
    solve=lambda q: _shape(**q),
    variants=lambda: _networks()[::3],
    mistakes={
        "H and W swapped": Mistake(
            lambda q: _shape(**(q | {"height": q["width"], "width": q["height"]})),
            "height and width are swapped: the order is (C, H, W).",
        ),
        "padding counted once": Mistake(
            _each(_size_once), "the padding counts once. It stands on both sides."
        ),
        "no padding": Mistake(
            _each(lambda size, window, pad: _size(size, window, 0)),
            "the padding is missing.",
        ),
        "filters of the first": Mistake(
            lambda q: [q["filters1"], *_shape(**q)[1:]],
            "the channels are those of the first convolution. Each filter of the "
            "second makes one channel.",
        ),
        "filters multiplied": Mistake(
            lambda q: [q["filters1"] * q["filters2"], *_shape(**q)[1:]],
            "the filters are multiplied. A filter sums over all channels, so there is "
            "one channel for each filter.",
        ),
        "one pooling only": Mistake(
            _each(lambda size, window, pad: (size + 2 * pad - window + 1) // 2 - 3 + 1),
            "the second pooling is missing.",
        ),
        "second convolution with the padding": Mistake(
            _each(
                lambda size, window, pad: (
                    ((size + 2 * pad - window + 1) // 2 + 2 * pad - 3 + 1) // 2
                )
            ),
            "the second convolution has no padding.",
        ),
        "places are not steps": Mistake(
            _each(lambda size, window, pad: ((size + 2 * pad - window) // 2 - 3) // 2),
            "+ 1 is missing in the convolutions: the first place counts too.",
        ),
    },
)


# --- 2: parameters --------------------------------------------------------------------


def _parameters(channels, filters1, filters2, features, hidden, bias=1):
    """Return the number of weights and biases of the network in the question."""
    first = filters1 * (channels * 25 + bias)
    second = filters2 * (filters1 * 9 + bias)
    return first + second + hidden * (filters2 * features + bias)


def _counts():
    return combinations(
        channels=(2, 3),
        filters1=(4, 6, 8),
        filters2=(10, 12, 16),
        features=(9, 12, 16),
        hidden=(20, 30, 50),
    )


PARAMETERS = ByHand(
    "hw3.by_hand_2",
    solve=lambda q: _parameters(**q),
    variants=_counts,
    mistakes={
        "no biases": Mistake(
            lambda q: _parameters(**q, bias=0), "the biases are missing."
        ),
        "channels forgotten": Mistake(
            lambda q: (
                q["filters1"] * 26
                + q["filters2"] * 10
                + q["hidden"] * (q["filters2"] * q["features"] + 1)
            ),
            "the channels are missing: a filter has weights for each channel that it "
            "looks at.",
        ),
        "bias for each weight": Mistake(
            lambda q: 2 * _parameters(**q, bias=0),
            "a bias for each weight is too many: there is one for each filter, and one "
            "for each hidden unit.",
        ),
        "channels missing in Affine": Mistake(
            lambda q: (
                _parameters(**q) - q["hidden"] * (q["filters2"] - 1) * q["features"]
            ),
            "each of the channels brings its pixels to the Affine layer: multiply by "
            "filters2.",
        ),
        "input channels twice": Mistake(
            lambda q: (
                _parameters(**q) + q["filters2"] * 9 * (q["channels"] - q["filters1"])
            ),
            "the second convolution looks at the channels that the first one made: "
            "filters1 of them.",
        ),
        "Affine missing": Mistake(
            lambda q: _parameters(**(q | {"hidden": 0})), "the Affine layer is missing."
        ),
    },
)

ANSWERS = [SHAPE, PARAMETERS]
