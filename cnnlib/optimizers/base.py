"""What all optimizers share: the walk over the parameters, and weight decay."""

import math

import numpy as np

from .schedules import Schedule, make_schedule

__all__ = ["Optimizer"]


class Optimizer:
    """Base of the optimizers: walk over the parameters, keep their memories.

    A subclass says in ``memories`` which arrays it keeps for each parameter and
    writes one ``step``.

    Parameters
    ----------
    lr : float
        Learning rate: the length of a step, above 0.
    weight_decay : float
        Pull the weights towards 0: ``weight_decay * W`` is added to the gradient, as
        if the loss were larger by ``weight_decay / 2 * (W**2).sum()`` (this is L2
        regularization; ``AdamW`` does it otherwise). Only arrays with two or more
        axes decay: filters and matrices, not the biases nor the gamma and beta of
        batch normalization.
    schedule : CosineDecay, StepDecay, WarmUp or None
        Changes the learning rate from step to step; None keeps it. Its ``settings()``
        will do as well.

    Raises
    ------
    ValueError
        If a setting is no number of the right size.

    Notes
    -----
    The loss that a network reports stays the loss of the data alone.

    References
    ----------
    Saito, section 6.4.1 (weight decay); notebooks/09_training_better.ipynb.
    """

    memories: tuple[str, ...] = ()

    def __init__(self, lr, weight_decay=0, schedule=None):
        if not (isinstance(lr, int | float | np.number) and 0 < lr < math.inf):
            raise ValueError(
                f"lr is {lr!r}; the learning rate is a number above 0, often 0.001 to "
                "0.1."
            )
        good = isinstance(weight_decay, int | float | np.number)
        if not (good and 0 <= weight_decay < math.inf):
            raise ValueError(
                f"weight_decay is {weight_decay!r}; it is 0 or a small number such as "
                "0.0005."
            )
        self.lr = float(lr)
        self.weight_decay = float(weight_decay)
        self.schedule = make_schedule(schedule)
        self.t = 0  # updates done
        self._memory = {}

    @property
    def rate(self) -> float:
        """The learning rate of the last update: ``lr``, changed by the schedule."""
        if self.schedule is None:
            return self.lr
        return self.lr * self.schedule(max(self.t - 1, 0))

    def update(self, params, grads) -> None:
        """Take one step with every parameter, in place.

        Parameters
        ----------
        params, grads : dict of str to array
            Parameters and their gradients under the same names.

        Raises
        ------
        KeyError
            If a gradient is missing.
        ValueError
            If a gradient has another shape than its parameter.
        """
        for key, param in params.items():
            if key not in grads:
                raise KeyError(
                    f"no gradient for parameter {key!r}; grads holds {sorted(grads)}. "
                    "Pass network.gradient(x, t)."
                )
            if grads[key].shape != param.shape:
                raise ValueError(
                    f"the gradient of {key} has shape {grads[key].shape}, the "
                    f"parameter {param.shape}; they must be equal."
                )
        self.t += 1
        for key, param in params.items():
            grad = grads[key]
            if self.weight_decay and param.ndim > 1:
                grad = self.decay(param, grad)
            self.step(param, grad, *self._memories_of(key, param))

    def decay(self, param, grad):
        """Return the gradient with the pull towards 0 in it."""
        pull = self.weight_decay * param
        pull += grad
        return pull

    def step(self, param, grad, *memories):
        """Change one parameter by ``rate``, and the memories of it, in place."""
        raise NotImplementedError(f"{type(self).__name__} must define step.")

    def _memories_of(self, key, param):
        names = [f"{name}/{key}" for name in self.memories]
        for name in names:
            if name not in self._memory:
                self._memory[name] = np.zeros_like(param)
        return [self._memory[name] for name in names]

    def settings(self) -> dict:
        """Return the arguments that make an optimizer like this one."""
        names = set(vars(self)) - {"t", "_memory"}
        settings = {name: getattr(self, name) for name in sorted(names)}
        if isinstance(self.schedule, Schedule):
            settings["schedule"] = self.schedule.settings()
        return settings

    def state(self) -> dict:
        """Return a copy of all that the next update depends on."""
        arrays = {name: array.copy() for name, array in self._memory.items()}
        return {"t": self.t, "lr": self.lr, **arrays}

    def restore(self, state) -> None:
        """Go back to a state that ``state()`` returned."""
        state = dict(state)
        self.t, self.lr = int(state.pop("t")), float(state.pop("lr"))
        self._memory = {name: np.array(array) for name, array in state.items()}
