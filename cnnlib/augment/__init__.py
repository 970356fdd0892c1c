"""Augmentation: more pictures from those that you have.

A network that has seen a cat only on the left may not know it on the right. So show
it each picture a little different every time: shifted, mirrored, darker.

Ask one question before you use any of these: **would a person still give the changed
picture the same label?** A mirrored cat is a cat. A mirrored 2 is no digit at all, and
a 6 that is turned far enough is a 9: then you would teach mistakes. Nobody but you can
answer this; it depends on the data, not on the network. Only training pictures are
changed, never those on which the accuracy is measured.

Read ``functions`` first: what is done to a picture, by how much you say. Then
``transforms``: how much is drawn at random, anew for each picture. ``Augmentation``
puts them in a row, and is what ``Trainer(..., augment=...)`` takes.

Notation: images (N, C, H, W); float intensities in [0, 1], or uint8 from 0 to 255.
"""

from .augmentation import Augmentation
from .functions import (
    brightened,
    contrasted,
    covered,
    cropped,
    flipped,
    padded,
    rotated,
    saturated,
    shifted,
)
from .transforms import (
    Brightness,
    Contrast,
    Cutout,
    HorizontalFlip,
    RandomCrop,
    Rotation,
    Saturation,
    Shift,
)

__all__ = [
    "Augmentation",
    "Brightness",
    "Contrast",
    "Cutout",
    "HorizontalFlip",
    "RandomCrop",
    "Rotation",
    "Saturation",
    "Shift",
    "brightened",
    "contrasted",
    "covered",
    "cropped",
    "flipped",
    "padded",
    "rotated",
    "saturated",
    "shifted",
]
