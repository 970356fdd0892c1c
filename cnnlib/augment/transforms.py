"""How much is done to a picture: drawn at random, anew for each one, at each epoch.

A transform is called with a batch and a random generator. Your own function
``f(x, rng)`` will do as well, if it returns new pictures and leaves x alone.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..geometry import pair
from . import functions

__all__ = [
    "Brightness",
    "Contrast",
    "Cutout",
    "HorizontalFlip",
    "RandomCrop",
    "Rotation",
    "Saturation",
    "Shift",
]


@dataclass(frozen=True)
class HorizontalFlip:
    """Mirror some pictures, left to right.

    Is the label still right? Yes for animals, clothes, cars. No for digits and
    letters: b becomes d, and a mirrored 2 is none.

    Parameters
    ----------
    probability : float
        The part of the pictures, in [0, 1].
    """

    probability: float = 0.5

    def __post_init__(self):
        _between(self.probability, "probability", 0, 1)

    def __call__(self, x, rng):
        """Return a new batch."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        return functions.flipped(x, rng.random(len(x)) < self.probability)


@dataclass(frozen=True)
class RandomCrop:
    """Put a border around each picture and cut a piece out at a random place.

    Is the label still right? Yes, as long as the thing is not cut away.

    Parameters
    ----------
    pad : int or (vertical, horizontal)
        Width of the border, in pixels.
    size : int, (height, width) or None
        Of the piece; None keeps the picture's size.
    mode : {'constant', 'edge'}
        The border is black, or the edge repeated.

    References
    ----------
    Krizhevsky et al. (2012), section 4.1; pad 4 on CIFAR-10: He et al. (2015).
    """

    pad: int | tuple = 4
    size: int | tuple | None = None
    mode: str = "constant"

    def __post_init__(self):
        pair(self.pad, "pad", least=0)
        if self.size is not None:
            pair(self.size, "size", least=1)
        functions.check_mode(self.mode)

    def __call__(self, x, rng):
        """Return a new batch (N, C, height, width)."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        size = x.shape[2:] if self.size is None else pair(self.size, "size")
        x = functions.padded(x, self.pad, self.mode)
        free = [full - cut for full, cut in zip(x.shape[2:], size, strict=True)]
        if min(free) < 0:
            raise ValueError(
                f"RandomCrop can not cut {size[0]}x{size[1]} out of {x.shape[2]}x"
                f"{x.shape[3]} pixels (pad {self.pad} included). Cut less, or pad more."
            )
        top, left = (rng.integers(0, n, len(x), endpoint=True) for n in free)
        return functions.cropped(x, top, left, size)


@dataclass(frozen=True)
class Shift:
    """Move each picture by a few whole pixels.

    Is the label still right? Almost always; a digit stays a digit.

    Parameters
    ----------
    pixels : int or (vertical, horizontal)
        The furthest.
    mode : {'constant', 'edge'}
        What comes in is black, or the edge repeated.
    """

    pixels: int | tuple = 2
    mode: str = "constant"

    def __post_init__(self):
        pair(self.pixels, "pixels", least=0)
        functions.check_mode(self.mode)

    def __call__(self, x, rng):
        """Return a new batch."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        down, right = (
            rng.integers(-n, n, len(x), endpoint=True)
            for n in pair(self.pixels, "pixels", least=0)
        )
        return functions.shifted(x, down, right, self.mode)


@dataclass(frozen=True)
class Rotation:
    """Turn each picture a little.

    Is the label still right? For small angles. At 180 degrees a 6 is a 9.

    Parameters
    ----------
    degrees : float
        The furthest, to either side.
    mode : {'constant', 'edge'}
        The corners are black, or the edge repeated.
    """

    degrees: float = 10
    mode: str = "constant"

    def __post_init__(self):
        _between(self.degrees, "degrees", 0, 180)
        functions.check_mode(self.mode)

    def __call__(self, x, rng):
        """Return a new batch."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        angles = rng.uniform(-self.degrees, self.degrees, len(x))
        return functions.rotated(x, angles, self.mode)


@dataclass(frozen=True)
class _Jitter:
    """What the three of light and colour share: a factor around 1."""

    strength: float = 0.2

    def __post_init__(self):
        _between(self.strength, "strength", 0, 1)

    def __call__(self, x, rng):
        """Return a new batch."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        factors = rng.uniform(1 - self.strength, 1 + self.strength, len(x))
        return self._change(x, factors)


class Brightness(_Jitter):
    """Make each picture a little darker or brighter.

    Is the label still right? Yes, unless brightness is what you classify.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    _change = staticmethod(functions.brightened)


class Contrast(_Jitter):
    """Make the differences within each picture a little smaller or larger.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    _change = staticmethod(functions.contrasted)


class Saturation(_Jitter):
    """Make the colours of each picture a little paler or stronger.

    Is the label still right? Not if colour is the label: ripe or unripe.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    _change = staticmethod(functions.saturated)


@dataclass(frozen=True)
class Cutout:
    """Cover a square of each picture, so that the network must not rely on one spot.

    The middle of the square is any pixel, so part of it may hang over the edge.
    Is the label still right? If enough of the thing can be seen.

    Parameters
    ----------
    size : int or (height, width)
        In pixels.
    fill : float
        Intensity in [0, 1], also for uint8.

    References
    ----------
    DeVries & Taylor, "Improved regularization of convolutional neural networks with
    cutout" (2017).
    """

    size: int | tuple = 8
    fill: float = 0.0

    def __post_init__(self):
        pair(self.size, "size", least=1)
        _between(self.fill, "fill", 0, 1)

    def __call__(self, x, rng):
        """Return a new batch."""
        x, rng = functions.pictures(x), checks.as_rng(rng)
        size = pair(self.size, "size")
        top, left = (
            rng.integers(0, full, len(x)) - length // 2
            for full, length in zip(x.shape[2:], size, strict=True)
        )
        return functions.covered(x, top, left, size, self.fill)


def _between(value, name, low, high) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is {value!r}; expected a number.")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it must be from {low} to {high}.")
