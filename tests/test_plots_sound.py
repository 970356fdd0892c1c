"""Sounds as pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnlib.plots import loudness_map, waveform


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_a_waveform_stands_at_its_seconds(rng):
    sound = rng.standard_normal((1, 1, 50))
    ax = waveform(sound, rate=100, start=-10)
    x, y = ax.lines[0].get_data()
    assert x[0] == -0.1
    assert x[-1] == pytest.approx(0.39)
    np.testing.assert_array_equal(y, sound[0, 0])
    assert waveform(sound, 100, ax=ax, linewidth=3) is ax
    assert ax.lines[1].get_linewidth() == 3


def test_a_loudness_map_is_white_where_it_is_silent(rng):
    loudness = np.abs(rng.standard_normal((3, 20)))
    ax = loudness_map(loudness, ["C4", "D4", "E4"], step=0.5)
    image = ax.images[0]
    assert image.norm.vmin == 0
    assert image.get_extent()[1] == 10
    assert image.origin == "lower"  # the lowest tone below
    assert [label.get_text() for label in ax.get_yticklabels()] == ["C4", "D4", "E4"]


def test_a_loudness_map_needs_a_name_for_each_row():
    with pytest.raises(ValueError, match=r"shape \(3, 4\).*2 names.*one row for each"):
        loudness_map(np.zeros((3, 4)), ["C4", "D4"], 1)
