"""Transforms in a row, as the trainer takes them."""

import numpy as np

from .. import checks
from ..geometry import whole
from . import functions

__all__ = ["Augmentation"]


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


def _shape(out) -> str:
    return "None" if out is None else f"shape {np.shape(out)}"
