"""How much is done to a picture: drawn at random, anew for each one, at each epoch.

A transform is called with a batch and a random generator. Your own function
``f(x, rng)`` will do as well, if it returns new pictures and leaves x alone.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..geometry import pair, whole
from . import functions

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

    def _factors(self, x, rng):
        rng = checks.as_rng(rng)
        return rng.uniform(1 - self.strength, 1 + self.strength, len(x))


class Brightness(_Jitter):
    """Make each picture a little darker or brighter.

    Is the label still right? Yes, unless brightness is what you classify.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    def __call__(self, x, rng):
        """Return a new batch."""
        x = functions.pictures(x)
        return functions.brightened(x, self._factors(x, rng))


class Contrast(_Jitter):
    """Make the differences within each picture a little smaller or larger.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    def __call__(self, x, rng):
        """Return a new batch."""
        x = functions.pictures(x)
        return functions.contrasted(x, self._factors(x, rng))


class Saturation(_Jitter):
    """Make the colours of each picture a little paler or stronger.

    Is the label still right? Not if colour is the label: ripe or unripe.

    Parameters
    ----------
    strength : float
        The factor lies within ``1 - strength`` and ``1 + strength``; in [0, 1].
    """

    def __call__(self, x, rng):
        """Return a new batch."""
        x = functions.pictures(x)
        return functions.saturated(x, self._factors(x, rng))


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


class Augmentation:
    """Transforms in a row, with the random generator that they draw from.

    Give it to ``Trainer(..., augment=...)``: it changes each batch before the network
    sees it. Its random state is saved in checkpoints, so that a resumed run is the
    uninterrupted one.

    Parameters
    ----------
    *transforms : callable
        Each is called as ``transform(x, rng)``, and returns a new batch.
    rng : numpy.random.Generator, int or None
        An int is a seed.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib.augment import Augmentation, HorizontalFlip, RandomCrop
    >>> augment = Augmentation(HorizontalFlip(), RandomCrop(pad=4), rng=7)
    >>> augment(np.zeros((5, 3, 32, 32), np.float32)).shape
    (5, 3, 32, 32)
    """

    def __init__(self, *transforms, rng=None):
        for transform in transforms:
            if not callable(transform) or isinstance(transform, type):
                raise TypeError(
                    f"{transform!r} is no transform; expected objects such as "
                    "HorizontalFlip() (with brackets), or functions f(x, rng)."
                )
        self.transforms = transforms
        self.rng = checks.as_rng(rng)

    def __call__(self, x, rng=None):
        """Return a new batch; x stays as it is.

        With ``rng`` it draws from that one instead of its own, so that an
        augmentation can be a transform of another.
        """
        rng = self.rng if rng is None else checks.as_rng(rng)
        out = functions.pictures(x)
        for transform in self.transforms:
            out = transform(out, rng)
            if np.ndim(out) != 4 or len(out) != len(x):
                raise ValueError(
                    f"{transform!r} returned {_shape(out)}; expected as many pictures "
                    f"as it was given, ({len(x)}, C, H, W). Does it end with return?"
                )
        return out.copy() if out is x else out

    def batches(self, x, t, batch_size=100):
        """Yield the samples once, in a new random order, in changed batches (x, t).

        For a training loop of your own; one pass is one epoch.
        """
        batch_size = whole(batch_size, "batch_size", least=1)
        order = self.rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            yield self(x[batch]), t[batch]

    def __repr__(self):
        return f"Augmentation({', '.join(map(repr, self.transforms))})"


def _between(value, name, low, high) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is {value!r}; expected a number.")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it must be from {low} to {high}.")


def _shape(out) -> str:
    return "None" if out is None else f"shape {np.shape(out)}"
