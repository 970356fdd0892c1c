import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from cnnlib import im2col, naive
from cnnlib.plots import col_blocks, speed_bars, window_links

X = np.array([[10, 20, 30, 40], [0, 1, 0, 1], [30, 0, 10, 20], [0, 10, 20, 30]])
FILTERS = np.array([[[1, 0], [0, 2]], [[0, 1], [1, 0]]])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def numbers(ax):
    return [float(text.get_text()) for text in ax.texts if text.get_text() not in "@="]


def test_window_links_shows_the_convolution():
    image, col, filters, product, *maps = window_links(X, FILTERS)
    out = naive.convolution(X[np.newaxis, np.newaxis], FILTERS[:, np.newaxis])
    assert numbers(image) == X.ravel().tolist()
    assert numbers(col) == im2col(X[np.newaxis, np.newaxis], 2, 2).ravel().tolist()
    assert numbers(product) == out[0].reshape(2, -1).T.ravel().tolist()
    assert [numbers(ax) for ax in maps] == out[0].reshape(2, -1).tolist()


def test_window_links_outlines_the_same_window_everywhere():
    places = [(0, 0), (2, 1)]
    image, col, _, product, *maps = window_links(X, FILTERS, places)
    for i, (row, column) in enumerate(places):
        corners = [ax.patches[i].get_xy() for ax in (image, *maps)]
        assert corners == [(column - 0.5, row - 0.5)] * 3
        assert col.patches[i].get_y() == product.patches[i].get_y()
        assert col.patches[i].get_y() == row * 3 + column - 0.5
        colors = {ax.patches[i].get_edgecolor() for ax in (image, col, product, *maps)}
        assert len(colors) == 1


def test_window_links_takes_another_size():
    axes = window_links(np.eye(5, 6), np.ones((1, 3, 3)), places=[(1, 1)])
    assert len(axes) == 5
    assert len(numbers(axes[1])) == 3 * 4 * 9


def test_col_blocks_has_a_block_for_each_image_and_channel():
    x = np.arange(2 * 3 * 9).reshape(2, 3, 3, 3)
    ax = col_blocks(x, 2, 2)
    assert numbers(ax) == im2col(x, 2, 2).ravel().tolist()
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "channel 0",
        "channel 1",
        "channel 2",
    ]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["image 0", "image 1"]
    outlines = [p for p in ax.patches if isinstance(p, Rectangle) and not p.get_fill()]
    assert len(outlines) == 6


def test_speed_bars_says_how_often_the_first_is_beaten():
    _, ax = plt.subplots()
    assert speed_bars({"a": 0.9, "b": 0.003, "c": 6e-6, "d": 1e-9}, ax) is ax
    words = [text.get_text() for text in ax.texts]
    assert words[:2] == ["900 ms", "3 ms, 300x faster"]
    assert words[2:] == ["6 us, 150,000x faster", "1 ns, 900,000,000x faster"]
    assert ax.get_xscale() == "log"
    widths = [bar.get_x() + bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [0.9, 0.003, 6e-6, 1e-9])


@pytest.mark.parametrize("seconds", [{}, {"a": 0.0}])
def test_speed_bars_needs_times(seconds):
    with pytest.raises(ValueError, match="a time above 0 for each bar"):
        speed_bars(seconds)
