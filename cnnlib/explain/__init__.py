"""Helps for reading: folded answers, hints, and ways to look inside a network.

Everything takes arrays and networks and returns arrays; ``cnnlib.plots`` draws them.
"""

from .attribution import (
    excite,
    feature_maps,
    grad_cam,
    input_gradient,
    occlusion_map,
    saliency,
)
from .drawing import draw_strokes, stripes
from .environment import check_environment
from .ladder import speed_ladder
from .questions import check, check_output_size, guess
from .units import class_share, field_box, orientation_tuning, strongest_patches
