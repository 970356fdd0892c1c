"""How weights begin: small, random, and of the right spread."""

import numpy as np

__all__ = ["initial_weights"]


def initial_weights(shape, inputs, std, rng):
    """Draw float32 weights from a normal distribution around 0.

    Parameters
    ----------
    shape : tuple of int
    inputs : int
        How many numbers one output is summed from, the n of the rules.
    std : float or {'he', 'relu', 'xavier', 'sigmoid'}
    rng : numpy.random.Generator

    References
    ----------
    Glorot & Bengio (2010); He et al. (2015); Saito, section 6.2.
    """
    rules = {"he": 2, "relu": 2, "xavier": 1, "sigmoid": 1}
    if isinstance(std, str):
        if std.lower() not in rules:
            raise ValueError(
                f"weight_init_std is {std!r}; expected a number such as 0.01, or "
                f"one of {sorted(rules)}."
            )
        std = (rules[std.lower()] / inputs) ** 0.5
    elif isinstance(std, bool) or not isinstance(std, int | float | np.number):
        raise TypeError(f"weight_init_std is {std!r}; expected a number or a name.")
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)
