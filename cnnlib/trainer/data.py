"""What a run trains on: samples with their labels, and how to know them again."""

import zlib

import numpy as np

from .. import checks


def same_length(x, t, which):
    """Return samples and labels as arrays, if they belong together one by one."""
    x, t = checks.array(x, f"x_{which}"), checks.array(t, f"t_{which}")
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
