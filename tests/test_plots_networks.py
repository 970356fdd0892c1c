"""Figures of networks: what they draw, and what they say about wrong arguments."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnlib.architectures import LENET5, LayerTable
from cnnlib.plots import cost_bars, network_boxes, receptive_fields


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def test_boxes_are_to_scale():
    small = network_boxes([(1, 28, 28), (10,)])
    faces = [p for p in small.patches if hasattr(p, "get_height")]
    assert [p.get_height() for p in faces] == [28, 10 / 16]
    large = network_boxes([(1, 28, 28)], enlarge=4)
    assert large.patches[0].get_height() == 4 * 28


def test_boxes_carry_names_and_shapes():
    shapes = LayerTable(LENET5).shapes()
    texts = [
        t.get_text() for t in network_boxes(list(shapes.values()), list(shapes)).texts
    ]
    assert "C1\n6x28x28" in texts
    assert len(texts) == len(shapes)


def test_boxes_need_one_name_each():
    with pytest.raises(ValueError, match="there are 2 names for 1 shapes"):
        network_boxes([(1, 28, 28)], ["image", "C1"])


def test_bars_are_shares_of_the_total():
    widths = [p.get_width() for p in cost_bars("ab", [1, 3], [5, 5]).patches]
    assert widths == [25, 75, 50, 50]


def test_views_are_outlined_where_they_are():
    ax = receptive_fields(np.zeros((3, 20, 30)), [(2, 4, 5, 6)], ["C1"])
    (box,) = ax.patches
    assert (box.get_y(), box.get_x()) == (1.5, 3.5)
    assert (box.get_height(), box.get_width()) == (5, 6)


def test_views_need_one_image():
    with pytest.raises(ValueError, match=r"x\[0\]"):
        receptive_fields(np.zeros((1, 1, 20, 30)), [], [])
