"""Schedules: the learning rate as a function of the steps that are done.

Each one is a factor that the optimizer's ``lr`` is multiplied by. It remembers
nothing but its own settings, so a run that is resumed goes on at the right place.
"""

import math

import numpy as np

__all__ = ["CosineDecay", "StepDecay", "WarmUp"]


class Schedule:
    """Base of the schedules: warm up, then follow the curve of the subclass.

    Parameters
    ----------
    warmup : int
        In this many first steps the factor rises in a straight line to 1: it is
        ``1 / warmup`` in the first step. The first gradients are the wildest.
    """

    def __init__(self, warmup=0):
        self.warmup = _count(warmup, "warmup", least=0)

    def __call__(self, done) -> float:
        """Return the factor of a step before which ``done`` steps were taken."""
        if done < self.warmup:
            return (done + 1) / self.warmup
        return self.curve(done - self.warmup)

    def curve(self, done) -> float:
        """Return the factor, counted from the end of the warm-up."""
        raise NotImplementedError(f"{type(self).__name__} must define curve.")

    def settings(self) -> dict:
        """Return name and arguments, which make a schedule like this one."""
        return {"name": type(self).__name__, **vars(self)}

    def __repr__(self):
        arguments = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({arguments})"


class WarmUp(Schedule):
    """Rise to the full learning rate, then stay there.

    References
    ----------
    Goyal et al. (2017), section 2.2; notebooks/09_training_better.ipynb.
    """

    def __init__(self, warmup):
        super().__init__(warmup)

    def curve(self, done) -> float:
        """Return 1."""
        return 1.0


class StepDecay(Schedule):
    """Multiply the learning rate by ``factor`` again and again.

    Parameters
    ----------
    every : int
        Steps (batches, not epochs) between two cuts.
    factor : float
        Above 0 and at most 1.
    warmup : int
        First steps in which the factor rises to 1.

    References
    ----------
    He et al. (2016), section 3.4: 0.1 each time that the error stops falling.
    """

    def __init__(self, every, factor=0.1, warmup=0):
        super().__init__(warmup)
        self.every = _count(every, "every", least=1)
        if not (_is_number(factor) and 0 < factor <= 1):
            raise ValueError(
                f"factor is {factor!r}; expected a number above 0 and at most 1."
            )
        self.factor = float(factor)

    def curve(self, done) -> float:
        """Return the factor to the power of the cuts so far."""
        return self.factor ** (done // self.every)


class CosineDecay(Schedule):
    """Let the learning rate fall along half a wave of the cosine.

    Parameters
    ----------
    steps : int
        Steps (batches, not epochs) of the whole training, warm-up included:
        ``epochs * trainer.steps_per_epoch``. After them the factor stays at ``end``.
    end : float
        The last factor, from 0 to 1.
    warmup : int
        First steps in which the factor rises to 1.

    References
    ----------
    Loshchilov & Hutter (2017), "SGDR", without its restarts.
    """

    def __init__(self, steps, end=0.0, warmup=0):
        super().__init__(warmup)
        self.steps = _count(steps, "steps", least=self.warmup + 1)
        if not (_is_number(end) and 0 <= end <= 1):
            raise ValueError(f"end is {end!r}; expected a number from 0 to 1.")
        self.end = float(end)

    def curve(self, done) -> float:
        """Return the height of the wave, between 1 and ``end``."""
        part = min(done / (self.steps - self.warmup), 1)
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * part)) / 2


def make_schedule(schedule):
    """Return a schedule from its ``settings()``, or the one that is given.

    Parameters
    ----------
    schedule : Schedule, dict or None
        None keeps the learning rate as it is.

    Raises
    ------
    ValueError
        If it is something else, or an argument is unknown.
    """
    if schedule is None or isinstance(schedule, Schedule):
        return schedule
    kinds = {kind.__name__: kind for kind in (WarmUp, StepDecay, CosineDecay)}
    if isinstance(schedule, dict) and schedule.get("name") in kinds:
        arguments = dict(schedule)
        kind = kinds[arguments.pop("name")]
        try:
            return kind(**arguments)
        except TypeError as error:
            raise ValueError(f"schedule is {schedule!r}: {error}.") from None
    raise ValueError(
        f"schedule is {schedule!r}; expected None, or one of {', '.join(kinds)}, for "
        "example CosineDecay(steps=1000, warmup=100)."
    )


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _count(value, name, least) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"{name} is {value!r}; expected a whole number of steps, at least {least}."
        )
    return int(value)
