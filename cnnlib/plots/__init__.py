"""Figures of the course: arrays in, Axes out.

A function draws into ``ax`` or makes a figure of its own, and returns the Axes, so
that titles and labels can still be changed. None shows anything; the notebooks end
a cell with ``describe``, which adds words for people who do not see the picture.
"""

from .basic import (
    accuracy_curves,
    describe,
    filter_show,
    loss_curve,
    probability_bars,
    show_images,
    use_style,
)
from .grids import number_grid
from .pooling import image_panels, number_panels, pool_windows, shift_curves
from .windows import (
    receptive_boxes,
    receptive_cone,
    seen_grid,
    sizes_by_layer,
    window_places,
    window_step,
)
