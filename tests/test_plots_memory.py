"""The order of numbers in memory, drawn."""

import numpy as np
import pytest

from cnnlib import plots

SHAPE = (2, 2, 1, 3)


def strides_of(array):
    return tuple(n // array.itemsize for n in array.strides)


def rows_of(ax):
    """Read the letters of each row from left to right."""
    rows = {}
    for text in ax.texts:
        x, y = text.get_position()
        rows.setdefault(y, []).append((x, text.get_text()))
    return [" ".join(t for _, t in sorted(row)) for _, row in sorted(rows.items())]


def test_the_numbers_stand_where_they_lie():
    x = np.zeros(SHAPE)
    last = x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
    orders = {
        "image": strides_of(x),
        "channels last": strides_of(last),
        "batch last": strides_of(x.transpose(1, 2, 3, 0).copy().transpose(3, 0, 1, 2)),
    }
    ax = plots.memory_orders(SHAPE, orders)
    assert rows_of(ax) == [
        "A0 A1 A2 A0 A1 A2 B0 B1 B2 B0 B1 B2",
        "A0 A0 A1 A1 A2 A2 B0 B0 B1 B1 B2 B2",
        "A0 B0 A1 B1 A2 B2 A0 B0 A1 B1 A2 B2",
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(orders)
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert len(colours) == 36
    assert len(set(colours)) == 2


def test_it_draws_where_it_is_told():
    ax = plots.memory_orders((1, 1, 1, 2), {"one": (2, 2, 2, 1)})
    assert plots.memory_orders((1, 1, 1, 2), {"one": (2, 2, 2, 1)}, ax=ax) is ax


@pytest.mark.parametrize(
    ("shape", "strides", "message"),
    [
        ((1, 3, 1, 1), (3, 1, 1, 1), "3 channels, but there are two colours"),
        ((1, 1, 1, 3), (12, 12, 12, 4), "do not put 3 numbers into 3 places.*in bytes"),
        ((2, 1, 1, 1), (0, 1, 1, 1), r"strides \(0, 1, 1, 1\) of 'x' do not put"),
    ],
)
def test_what_can_not_be_drawn_is_said(shape, strides, message):
    with pytest.raises(ValueError, match=message):
        plots.memory_orders(shape, {"x": strides})
