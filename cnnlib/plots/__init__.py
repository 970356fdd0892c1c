"""Figures of the course: arrays in, Axes out.

A function draws into ``ax`` or makes a figure of its own, and returns the Axes, so
that titles and labels can still be changed. None shows anything; the notebooks end
a cell with ``describe``, which adds words for people who do not see the picture.
"""

from .arrays import array_blocks, stages_row, timeline
from .attribution import field_boxes, heat_over_image, tuning_curves
from .basic import (
    accuracy_curves,
    describe,
    filter_show,
    loss_curve,
    probability_stems,
    show_images,
    use_style,
)
from .convolution import (
    block_diagram,
    convolution_grids,
    paired_bars,
    picture_panels,
)
from .grids import number_grid
from .matrices import col_blocks, speed_bars, window_links
from .memory import memory_orders
from .modern import (
    branch_diagram,
    challenge_chart,
    cost_and_accuracy,
    layer_gradients,
)
from .networks import cost_bars, network_boxes, receptive_fields
from .pooling import image_panels, number_panels, pool_windows, shift_curves
from .training import (
    bowl_paths,
    confusion_grid,
    histograms_by_layer,
    named_curves,
    spread_by_layer,
)
from .windows import (
    receptive_boxes,
    receptive_cone,
    seen_grid,
    sizes_by_layer,
    window_places,
    window_step,
)
