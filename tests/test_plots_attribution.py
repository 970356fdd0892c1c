"""What the figures of notebooks 00 and 06 show, read back from the Axes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnlib import plots


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_heat_lies_where_its_places_look():
    ax = plots.heat_over_image(np.ones((1, 1, 28, 28)), np.eye(24), margin=2)
    image, heat = ax.images
    assert image.get_extent() == [-0.5, 27.5, 27.5, -0.5]
    assert heat.get_extent() == [1.5, 25.5, 25.5, 1.5]


def test_heat_is_clear_at_zero_and_as_strong_for_as_against():
    ax = plots.heat_over_image(np.ones((4, 4)), np.array([[-2.0, 0], [0, 1]]))
    heat = ax.images[1]
    assert heat.get_clim() == (-2, 2)
    against, nothing, most = heat.to_rgba([-2.0, 0.0, 2.0])
    assert nothing[3] == pytest.approx(0, abs=0.02)
    assert against[3] == pytest.approx(most[3])
    assert against[2] > against[0]  # blue
    assert most[0] > most[2]  # orange


def test_heat_wants_one_picture():
    with pytest.raises(ValueError, match=r"heat has shape \(2, 4, 4\).*one picture"):
        plots.heat_over_image(np.ones((4, 4)), np.ones((2, 4, 4)))


def test_field_boxes_dim_what_is_not_seen():
    (ax,) = plots.field_boxes(np.ones((6, 6)), [(-1, 2, 3, 3)], ["one"])
    seen = ax.images[0].get_array() == 1
    assert seen.sum() == 2 * 3  # one row of the box lies outside
    assert seen[:2, 2:5].all()


def test_tuning_curves_draw_one_line_a_filter():
    ax = plots.tuning_curves([0, 90], np.array([[1, 2], [2, 1]]), ["a", "b"])
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert "degrees" in ax.get_xlabel()


def test_array_blocks_write_every_number_and_colour_the_slice():
    x = np.arange(24).reshape(2, 3, 2, 2)
    axes = plots.array_blocks(x, np.s_[1, :, 0])
    assert axes.shape == (2, 3)
    assert [text.get_text() for text in axes[1, 2].texts] == ["20", "21", "22", "23"]
    assert axes[1, 2].images[0].get_array().tolist() == [[1, 1], [0, 0]]
    assert not axes[0, 0].images[0].get_array().any()


def test_stages_and_timeline_hold_their_texts():
    axes = plots.stages_row([np.eye(3), np.eye(2)], ["in", "out"], ["3 x 3", "2 x 2"])
    assert [ax.get_title() for ax in axes] == ["in", "out"]
    ax = plots.timeline([1962, 1980], ["a", "b"], ["c", "d"])
    assert {text.get_text() for text in ax.texts} == {"a", "b", "c", "d"}
