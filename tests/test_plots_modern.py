"""Figures of modern networks: what they draw, and where."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from cnnlib.plots import (
    branch_diagram,
    challenge_chart,
    cost_and_accuracy,
    layer_gradients,
)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_bars_are_errors_in_percent():
    ax = challenge_chart([2010, 2012], ["old", "new"], [0.28, 0.164], 0.05, ["old"])
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([28, 16.4])
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "2010\nold", "2012\nnew"
    ]  # fmt: skip
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert "a person:\n5 %" in words(ax)
    assert ax.lines[0].get_ydata()[0] == 5
    assert not challenge_chart([1], ["a"], [0.5]).lines


def test_each_entry_needs_a_name():
    with pytest.raises(ValueError, match="zip"):
        challenge_chart([1, 2], ["a"], [0.5, 0.6])


def test_branches_are_drawn_in_order_between_input_and_join():
    ax = branch_diagram([["a"], ["b", "c"], []], "concat", marked=["b"], title="block")
    assert ax.get_title() == "block"
    at = {text.get_text(): text.get_position() for text in ax.texts if text.get_text()}
    assert set(at) == {"input", "concat", "a", "b", "c"}
    assert at["input"][0] < at["b"][0] < at["a"][0] < at["c"][0] < at["concat"][0]
    assert at["a"][1] > at["b"][1] == at["c"][1] > 0
    boxes = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    colours = {
        text.get_text(): box.get_facecolor()
        for text, box in zip([t for t in ax.texts if t.get_text()], boxes, strict=True)
    }
    assert colours["a"] == colours["c"] != colours["b"]
    assert len(ax.lines) == 3  # a wire for each branch
    assert ax.lines[2].get_linewidth() > ax.lines[0].get_linewidth()  # the identity


def test_networks_stand_where_their_numbers_say():
    names, work, parameters = ["small", "large"], [1e9, 4e9], [5e6, 20e6]
    ax = cost_and_accuracy(names, work, parameters, [0.6, 0.8])
    (points,) = ax.collections
    np.testing.assert_allclose(points.get_offsets(), [[1, 60], [4, 80]])
    small, large = points.get_sizes()
    assert large == pytest.approx(4 * small)  # the area, not the width
    assert words(ax) == ["small\n5 M", "large\n20 M"]
    assert ax.get_xscale() == "log"


def test_labels_of_near_neighbours_go_apart():
    ax = cost_and_accuracy("abc", [1e9, 1.1e9, 20e9], [1e6] * 3, [0.7, 0.7, 0.8])
    assert [text.get_ha() for text in ax.texts] == ["right", "left", "center"]


def test_gradients_are_lines_on_a_log_axis():
    ax = layer_gradients({"plain": [1, 10, 100], "residual": [1, 1, 1]})
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.lines] == ["plain", "residual"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
