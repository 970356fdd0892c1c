"""Figures about training: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnlib import plots


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_histograms_count_what_lies_within_the_limits():
    outputs = {"a": [np.array([0.5, 1.5, 9]), np.ones(4)], "b": [np.zeros(2)] * 2}
    axes = plots.histograms_by_layer(outputs, limits=(0, 2), bins=2)
    assert axes.shape == (2, 2)
    heights = [[patch.get_height() for patch in ax.patches] for ax in axes.flat]
    assert heights == [[1, 1], [0, 4], [2, 0], [2, 0]]
    assert [ax.get_title() for ax in axes[0]] == ["layer 1", "layer 2"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["a", "b"]


def test_curves_have_names_and_differ_in_more_than_colour():
    curves = {str(n): range(n, n + 3) for n in range(6)}
    ax = plots.named_curves(curves, "epoch", "loss")
    assert [line.get_ydata()[0] for line in ax.lines] == list(range(6))
    assert all(line.get_xdata()[0] == 1 for line in ax.lines)
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == 6
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(curves)


def test_too_many_curves_are_refused():
    with pytest.raises(ValueError, match="7 curves; at most 6"):
        plots.named_curves({str(n): [1] for n in range(7)}, "x", "y")


def test_spreads_stand_on_a_logarithmic_axis():
    ax = plots.spread_by_layer({"he": [1, 1.1], "std": [0.1, 0.01]})
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "layer"


def test_each_path_has_a_panel():
    paths = {name: np.arange(6.0).reshape(3, 2) for name in "abcd"}
    axes = plots.bowl_paths(lambda x, y: x**2 + y**2, paths)
    assert axes.shape == (2, 3)
    assert [ax.get_title() for ax in axes.flat] == [*"abcd", "", ""]
    np.testing.assert_array_equal(axes[0, 0].lines[-1].get_xydata(), paths["a"])


def test_a_confusion_grid_writes_every_count_at_its_place():
    ax = plots.confusion_grid(np.array([[5, 1], [0, 6]]), ["cat", "dog"])
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts == {(0, 0): "5", (1, 0): "1", (0, 1): "0", (1, 1): "6"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]


def test_a_confusion_grid_needs_a_name_for_each_class():
    with pytest.raises(ValueError, match=r"shape \(2, 2\) for 3 names"):
        plots.confusion_grid(np.eye(2, dtype=int), ["a", "b", "c"])


def test_a_short_run_has_one_curve_and_no_mean_of_one():
    assert len(plots.loss_curve(range(99, 0, -1)).lines) == 1
    long = plots.loss_curve(range(100, 0, -1), ax=plt.subplots()[1])
    assert [line.get_label() for line in long.lines] == ["each step", "mean of 2"]
