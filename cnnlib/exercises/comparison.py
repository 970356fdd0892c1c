"""Compare results: equal within a tolerance, or else where and by how much not."""

import numpy as np

RTOL, ATOL = 1e-4, 1e-6  # float32 passes, another formula does not


def equal(found, wanted, rtol=RTOL, atol=ATOL, nan=False) -> bool:
    """Tell whether two arrays have one shape and the same numbers, nearly.

    NaN equals nothing, unless ``nan`` is True.
    """
    if found.shape != wanted.shape:
        return False
    found, wanted = found.astype(float), wanted.astype(float)
    with np.errstate(all="ignore"):
        return bool(np.allclose(found, wanted, rtol=rtol, atol=atol, equal_nan=nan))


def difference(name, found, wanted, rtol=RTOL, atol=ATOL) -> str:
    """Say where two arrays differ first."""
    if found.shape != wanted.shape:
        return f"{name} has shape {found.shape}, expected {wanted.shape}."
    found, wanted = found.astype(float), wanted.astype(float)
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(found, wanted, rtol=rtol, atol=atol)
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f"{name}{list(place)}" if place else name
    text = f"{where} is {found[place]:.6g}, expected {wanted[place]:.6g}."
    if wrong.sum() > 1:
        text += f" {wrong.sum()} of {wrong.size} numbers differ."
    if not np.isfinite(found[place]):
        text += " Look for a division by 0."
    return text


def describe_case(inputs) -> str:
    """Say what a case is: shapes of arrays, values of numbers.

    Examples
    --------
    >>> describe_case({"x": np.zeros((2, 3)), "stride": 2})
    'x (2, 3), stride 2'
    """
    parts = []
    for name, value in inputs.items():
        array = np.asarray(value)
        small = array.size <= 8 and array.dtype.kind in "iub"
        shown = array.tolist() if small or array.ndim == 0 else array.shape
        parts.append(f"{name} {shown}")
    return ", ".join(parts)
