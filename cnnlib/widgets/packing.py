"""Arrays as bytes for the page: the shape and the numbers, in little room."""

import numpy as np


def packed(values, dtype=np.float64) -> dict:
    """Write an array in this type."""
    values = np.ascontiguousarray(values, dtype)
    return {"shape": list(values.shape), "data": memoryview(values.tobytes())}


def levels(values, low, high) -> dict:
    """Write pictures in 256 levels from ``low`` to ``high``: an eighth of the bytes."""
    steps = (values - low) * (255 / (high - low or 1))
    return {"low": low, "high": high, "data": packed(np.rint(steps), np.uint8)}
