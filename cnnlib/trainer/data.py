"""What a run trains on: samples with their labels, and how to know them again."""

import re
import zlib

import numpy as np

from .. import checks
from ..geometry import whole


def same_length(x, t, which):
    """Return samples and labels as arrays, if they belong together one by one."""
    x, t = checks.samples(x, f"x_{which}"), checks.samples(t, f"t_{which}")
    if len(x) != len(t):
        raise ValueError(
            f"x_{which} holds {len(x)} samples, t_{which} {len(t)} labels; they belong "
            "together one by one. Were both cut at the same place?"
        )
    return x, t


def fingerprint(*arrays) -> dict:
    """Describe x_train, t_train, x_test, t_test so that other data are noticed."""
    some = [array[:: 1 + len(array) // 100] for array in arrays]  # quick to read
    return {
        "shapes": [list(array.shape) for array in arrays],
        "samples": [zlib.crc32(np.ascontiguousarray(array)) for array in some],
        "labels": zlib.crc32(np.ascontiguousarray(arrays[1])),
    }


def check_same_data(path, saved, found) -> None:
    """Say so if a checkpoint's fingerprint is not that of the data at hand."""
    if saved != found:
        raise ValueError(
            f"{path} was saved while training on other data: shapes "
            f"{saved['shapes']}, now {found['shapes']} "
            "(or other numbers in them). Load and scale the data as for the first "
            "run."
        )


def check_most(samples):
    """Return how many samples are measured at most, or None for all."""
    if samples is None:
        return None
    return whole(samples, "evaluate_sample_num_per_epoch", least=1)


def check_augment(augment):
    """Return what changes the batches, or None."""
    if augment is not None and not callable(augment):
        raise TypeError(
            f"augment is {augment!r}; expected a function that takes a batch and "
            "returns a changed one, for example Augmentation(Shift(2), rng=7), or None."
        )
    return augment


def augmented(augment, x):
    """Return the batch x, changed, if it still goes with its labels."""
    out = augment(x)
    if np.ndim(out) == 0 or len(out) != len(x):
        found = "None" if out is None else f"shape {np.shape(out)}"
        raise ValueError(
            f"augment returned {found} for a batch of shape {x.shape}; expected "
            f"{len(x)} samples, one for each label. Does it end with return?"
        )
    return out


def description(augment) -> str | None:
    """Describe an augmentation so that another one is noticed in the next session."""
    return None if augment is None else re.sub(r" at 0x\w+", "", repr(augment))


def check_same_augment(path, saved, found) -> None:
    """Say so if a checkpoint's augmentation is not that at hand."""
    if saved != found:
        raise ValueError(
            f"{path} was saved while training with augment={saved}, now it is "
            f"augment={found}. Give resume the same augmentation as the first run."
        )
