"""The figures of notebooks 02 and 03, and the hints about output sizes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnlib import conv_output_size, receptive_field
from cnnlib.explain import check, check_output_size
from cnnlib.plots import (
    image_panels,
    number_panels,
    pool_windows,
    receptive_boxes,
    receptive_cone,
    seen_grid,
    shift_curves,
    sizes_by_layer,
    window_places,
    window_step,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def hatched(ax, hatch):
    """List (row, column) of the cells that carry a hatch."""
    cells = [p for p in ax.patches if p.get_hatch() == hatch]
    middles = [p.get_bbox().get_points().mean(axis=0) for p in cells]
    return [(round(float(y)), round(float(x))) for x, y in middles]


# --- windows on one row


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "pad": 1},
        {"pad": "same", "dilation": 2},
        {"pad": "full"},
        {"pad": (0, 3), "stride": 3},
    ],
)
def test_each_place_has_one_line(settings):
    ax = window_places(9, 3, **settings)
    places = conv_output_size(9, 3, **settings)
    assert len(ax.lines) == places
    assert all(len(line.get_xdata()) == 3 for line in ax.lines)
    assert ax.get_title() == f"{places} places"


@pytest.mark.parametrize(
    ("size", "window", "stride", "unseen"),
    [(7, 3, 2, []), (8, 3, 2, [7]), (12, 4, 3, [10, 11]), (7, 2, 3, [2, 5, 6])],
)
def test_pixels_that_no_place_covers_are_crossed(size, window, stride, unseen):
    ax = window_places(size, window, stride)
    assert [column for _, column in hatched(ax, "xx")] == unseen
    assert ("never seen" in texts(ax)) == bool(unseen)


def test_padding_is_hatched_and_has_no_number():
    ax = window_places(4, 3, pad=(1, 2))
    assert [column for _, column in hatched(ax, "////")] == [0, 5, 6]
    assert [t for t in texts(ax) if t.isdigit()][:4] == ["0", "1", "2", "3"]


def test_a_window_that_does_not_fit_says_so():
    with pytest.raises(ValueError, match="does not fit"):
        window_places(3, 5)


# --- images


def test_window_step_shows_the_output_of_a_convolution():
    x = np.array([[1, 2], [3, 4]])
    ax = window_step(x, np.ones((2, 2)), 0, 0, pad=1)
    padded, filter, out = ax.get_figure().axes
    assert padded is ax
    assert texts(out) == ["1", "3", "2", "4", "10", "6", "3", "7", "4"]
    assert len(texts(padded)) == 16


def test_seen_grid_crosses_zeros():
    ax = seen_grid(np.array([[1, 0], [2, 0]]), "views")
    assert hatched(ax, "xx") == [(0, 1), (1, 1)]


def test_sizes_by_layer_writes_the_last_size():
    ax = sizes_by_layer({"valid": [28, 24, 20], "same": [28, 28]})
    assert texts(ax) == ["20", "28"]


# --- receptive fields


@pytest.mark.parametrize(
    "layers", [[3, 3], [(5, 1), (2, 2), (3, 1)], [(3, 1, 1), (3, 1, 2)], [(2, 2)] * 3]
)
def test_cone_stands_on_the_receptive_field(layers):
    ax = receptive_cone(layers)
    field = receptive_field(layers)
    bottom = [p for p in ax.patches[1:] if p.get_y() < 0]
    assert len(bottom) == field
    assert ax.get_title() == f"one output sees {field} input pixels"
    corners = ax.patches[0].get_xy()  # of the shaded triangle
    assert corners[2, 0] == pytest.approx((field - 1) / 2)  # the top is in the middle


def test_boxes_have_the_length_of_the_fields():
    ax = receptive_boxes(np.zeros((28, 28)), {"one": 6, "two": 16})
    assert [box.get_width() for box in ax.patches[:2]] == [6, 16]
    assert texts(ax) == ["one: 6 x 6", "two: 16 x 16"]


# --- pooling


@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, 2), (2, 3)])
def test_pool_windows_stand_where_the_pooling_looks(window, stride):
    windows = pool_windows(8, 8, window, stride)
    step = stride or window
    places = conv_output_size(8, window, step)
    middles = {(row + h / 2, col + w / 2) for row, col, h, w in windows}
    assert len(windows) == len(middles) == places**2
    for y, x in np.ndindex(places, places):
        middle = (y * step + window / 2, x * step + window / 2)
        assert min(np.hypot(*np.subtract(middle, m)) for m in middles) < 1e-9
    assert all(window - 0.4 < h == w < window for *_, h, w in windows)


def test_neighbouring_windows_have_different_colours():
    for size in (4, 6):
        corners = [(round(w[0]), round(w[1])) for w in pool_windows(size, size, 2)]
        colour = {(y // 2, x // 2): i % 2 for i, (y, x) in enumerate(corners)}
        assert all(colour[y, x] == (y + x) % 2 for y, x in colour)


def test_number_panels_outlines_where_it_is_told():
    x = np.arange(16).reshape(4, 4)
    ax = number_panels({"in": x, "out": x[::2, ::2]}, {"in": pool_windows(4, 4, 2)})
    left, right = ax.get_figure().axes
    assert len(left.patches) == 4
    assert not right.patches
    assert texts(right) == ["0", "2", "8", "10"]


def test_image_panels_share_one_grey_scale():
    ax = image_panels({"a": np.zeros((8, 8)), "b": np.full((4, 4), 0.5)}, nx=2)
    images = [panel.images[0] for panel in ax.get_figure().axes]
    assert [image.get_clim() for image in images] == [(0, 1)] * 2


def test_shift_curves_name_each_line_at_its_end():
    ax = shift_curves([0, 1, 2], {"none": [1, 0.5, 0.2], "2x2": [1, 0.8, 0.5]})
    assert texts(ax) == ["none", "2x2"]
    assert ax.texts[1].xy == (2, 0.5)


# --- hints


@pytest.mark.parametrize(
    ("answer", "settings", "hint"),
    [
        (28, {"size": 28, "window": 5, "pad": 2}, "Right."),
        (27, {"size": 28, "window": 5, "pad": 2}, "+ 1 at the end"),
        (26, {"size": 28, "window": 5, "pad": 2}, "both ends"),
        (24, {"size": 28, "window": 5, "pad": 2}, "padding is missing"),
        (22, {"size": 20, "window": 3, "pad": 2, "dilation": 3}, "reaches over 7"),
        (217, {"size": 224, "window": 7, "stride": 2}, "Not yet. Go back"),
        (218, {"size": 224, "window": 7, "stride": 2}, "divide by the stride"),
        (112, {"size": 224, "window": 7, "stride": 2}, "before you divide"),
        (106, {"size": 224, "window": 7, "stride": 2}, "divide then"),
        (109.5, {"size": 224, "window": 7, "stride": 2}, "round down"),
        (110, {"size": 224, "window": 7, "stride": 2}, "not up"),
        (13, {"size": 10, "window": 4, "pad": "full"}, "Right."),
        (None, {"size": 10, "window": 4}, "in place of None"),
    ],
)
def test_a_wrong_output_size_names_its_mistake(answer, settings, hint, capsys):
    check_output_size(answer, **settings)
    assert hint in capsys.readouterr().out


def test_an_answer_that_fits_two_mistakes_gets_both_hints(capsys):
    check(3, right=4, mistakes=[(3, "one"), (5, "two"), (3, "three"), (3, "one")])
    assert capsys.readouterr().out == "Not yet: one; or: three.\n"


def test_a_count_that_is_a_little_wrong_is_not_right(capsys):
    check(314_870 - 16, right=314_870, mistakes=[(314_854, "the biases of Conv1")])
    assert capsys.readouterr().out == "Not yet: the biases of Conv1.\n"
    check([314_870.0], right=[314_870])
    check(2.27003, right=2.27)
    assert capsys.readouterr().out == "Right.\nRight.\n"
