"""What can go wrong in a run, and the sentences that say so."""

import numpy as np

from ..snapshot import state_of


def check_last_batch(network, samples, batch_size) -> None:
    """Refuse a last batch of one sample where a batch's statistics are needed."""
    params = getattr(network, "params", {})
    if set(state_of(network)) - set(params) and samples % batch_size == 1:
        raise ValueError(
            f"{samples} samples in batches of {batch_size} "
            "leave a last batch of one sample, in which batch normalization can "
            f"compute no variance. Try mini_batch_size={batch_size + 1}."
        )


def not_finite(*things):
    """Name an array of a network or an optimizer that is not finite, else None."""
    for thing in things:
        for name, array in state_of(thing).items():
            if not np.isfinite(array).all():
                return name
    return None


def diverged(what, steps, epoch, rate) -> FloatingPointError:
    """Return the error that says what happened, why probably, and the way out."""
    return FloatingPointError(
        f"training stopped: {what} in epoch {epoch}, after {steps} steps. The "
        f"first suspect is the learning rate (lr={rate}): try a tenth of it. The "
        "second is the data: is x scaled to [0, 1], and free of nan? The "
        f"network is back at the end of epoch {epoch - 1}, the last good "
        "one. To go on from there set a smaller "
        "trainer.optimizer.lr and call train()."
    )
