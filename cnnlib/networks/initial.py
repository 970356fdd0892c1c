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
    std : float or {'std', 'xavier', 'sigmoid', 'he', 'relu'}
        The standard deviation, or the rule that gives it: 'std' is the book's plain
        0.01, 'xavier' = 'sigmoid' is sqrt(1 / n), 'he' = 'relu' is sqrt(2 / n).
    rng : numpy.random.Generator

    Raises
    ------
    ValueError, TypeError
        If ``std`` is no known name and no number of 0 or more.

    References
    ----------
    Glorot & Bengio (2010); He et al. (2015); Saito, section 6.2.
    """
    xavier, he = (1 / inputs) ** 0.5, (2 / inputs) ** 0.5
    rules = {"std": 0.01, "xavier": xavier, "sigmoid": xavier, "he": he, "relu": he}
    if isinstance(std, str):
        if std.lower() not in rules:
            raise ValueError(
                f"weight_init_std is {std!r}; expected a number such as 0.01, or "
                f"one of {sorted(rules)}."
            )
        std = rules[std.lower()]
    elif isinstance(std, bool) or not isinstance(std, int | float | np.number):
        raise TypeError(f"weight_init_std is {std!r}; expected a number or a name.")
    elif not 0 <= std < np.inf:
        raise ValueError(
            f"weight_init_std is {std}; a standard deviation is a number of 0 or more."
        )
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)
