"""The figures of notebook 01: Axes come back, the right numbers are drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from cnnlib import plots

X = np.arange(16.0).reshape(4, 4)
W = np.array([[1.0, 0.0], [0.0, 2.0]])
OUT = X[:3, :3] + 2 * X[1:, 1:]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def rectangles(ax):
    """List (left, bottom, width, height) of the rectangles in an Axes."""
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    return [(*box.get_xy(), box.get_width(), box.get_height()) for box in boxes]


def test_convolution_grids_outline_a_window_and_its_number():
    ax = plots.convolution_grids(X, W, OUT, places=[(1, 2)])
    first, second, third = ax.figure.axes
    assert ax is first
    assert rectangles(first) == [(1.5, 0.5, 2, 2)]
    assert rectangles(second) == []
    assert rectangles(third) == [(1.5, 0.5, 1, 1)]
    numbers = [float(text.get_text()) for text in third.texts]
    assert numbers == OUT.ravel().tolist()
    assert third.get_title() == "output 3 x 3"


def test_convolution_grids_take_one_dimension():
    ax = plots.convolution_grids([1, 2, 3], [1, 10], [21, 32])
    assert ax.get_title() == "input 1 x 3"


def test_convolution_grids_refuse_an_output_of_another_size():
    with pytest.raises(ValueError, match=r"\(4, 4\), but a window \(2, 2\) has \(3, 3"):
        plots.convolution_grids(X, W, X)


def test_picture_panels_choose_the_scale_of_each_picture():
    colour = np.zeros((3, 4, 4))
    colour[0] = 1
    ax = plots.picture_panels([X / 15, X - 8, colour], list("abc"), signed=[1])
    assert isinstance(ax, Axes)
    grey, signed, rgb = (panel.images[0] for panel in ax.figure.axes)
    assert grey.get_clim() == (0, 1)
    assert signed.get_clim() == (-8, 8)
    assert np.array_equal(rgb.get_array()[0, 0], [1, 0, 0])
    assert [panel.get_title() for panel in ax.figure.axes] == list("abc")


def test_picture_panels_mark_their_place():
    ax = plots.picture_panels([X, X], ["a", "b"], marks=[(1, 1, 2, 2, 2)])
    one, two = ax.figure.axes
    assert rectangles(one) == []
    assert rectangles(two) == [(1, 0, 3, 3)]


def test_picture_panels_give_a_smaller_picture_a_frame():
    ax = plots.picture_panels([X, X[1:3, 1:3]], ["a", "b"])
    one, two = ax.figure.axes
    assert (one.get_xlim(), one.get_ylim()) == ((-0.5, 3.5), (3.5, -0.5))
    assert (two.get_xlim(), two.get_ylim()) == ((-1.5, 2.5), (2.5, -1.5))


def test_picture_panels_leave_an_unfinished_row_empty():
    ax = plots.picture_panels([X] * 3, list("abc"), nx=2)
    assert [len(panel.images) for panel in ax.figure.axes] == [1, 1, 1, 0]


def test_picture_panels_name_what_does_not_fit():
    with pytest.raises(ValueError, match="1 titles for 2 images"):
        plots.picture_panels([X, X], ["a"])
    with pytest.raises(ValueError, match=r"\(4, 4, 3\).*transpose\(2, 0, 1\)"):
        plots.picture_panels([np.zeros((4, 4, 3))], ["a"])


def test_paired_bars_have_the_heights_of_their_numbers():
    ax = plots.paired_bars(["a", "b"], [0.9, 0.8], [0.7, 0.6], ("before", "after"))
    assert [bar.get_height() for bar in ax.patches] == [0.9, 0.8, 0.7, 0.6]
    assert [text.get_text() for text in ax.texts] == ["90%", "80%", "70%", "60%"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["before", "after"]


def test_block_diagram_draws_and_names_each_block():
    _, ax = plt.subplots()
    same = plots.block_diagram([(3, 8, 8), (3, 5, 5)], ["input", "filter"], "*", ax)
    assert same is ax
    assert sum(isinstance(patch, Polygon) for patch in ax.patches) == 2 * 3
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["input\n3 x 8 x 8", "*", "filter\n3 x 5 x 5"]


def test_block_diagram_wants_a_label_for_each_block():
    with pytest.raises(ValueError, match="1 labels for 2 shapes"):
        plots.block_diagram([(3, 8, 8), (3, 5, 5)], ["input"])
