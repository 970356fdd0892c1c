"""Seven ways to take a step, in order of increasing complexity.

All share one interface, ``update(params, grads)``, and change the parameters in
place, because the layers hold these same arrays. What an optimizer remembers
(a velocity, an average) is one array a parameter. Each takes ``weight_decay`` and
``schedule`` as well: see ``Optimizer``.
"""

import math

import numpy as np

from .base import Optimizer

__all__ = ["SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "RMSProp"]


class SGD(Optimizer):
    """Step against the gradient: ``param -= lr * grad``.

    References
    ----------
    Saito, section 6.1.2.
    """

    def __init__(self, lr=0.01, **settings):
        super().__init__(lr, **settings)

    def step(self, param, grad):
        """Step straight downhill."""
        param -= self.rate * grad


class Momentum(Optimizer):
    """Roll like a ball: keep a part of the velocity, add the new push.

    References
    ----------
    Saito, section 6.1.4.
    """

    memories = ("v",)

    def __init__(self, lr=0.01, momentum=0.9, **settings):
        super().__init__(lr, **settings)
        self.momentum = _part(momentum, "momentum")

    def step(self, param, grad, v):
        """Change the velocity, then move by it."""
        v *= self.momentum
        v -= self.rate * grad
        param += v


class Nesterov(Momentum):
    """Momentum that looks ahead: push from where the velocity will lead.

    References
    ----------
    Sutskever et al. (2013), in the form of Bengio et al. (2012), which needs no
    gradient at the place ahead.
    """

    def step(self, param, grad, v):
        """Change the velocity, then move by its next step and the push."""
        v *= self.momentum
        v -= self.rate * grad
        param += self.momentum * v - self.rate * grad


class AdaGrad(Optimizer):
    """Give each number its own step: smaller where gradients were large.

    References
    ----------
    Duchi et al. (2011); Saito, section 6.1.5.
    """

    memories = ("h",)

    def __init__(self, lr=0.01, eps=1e-7, **settings):
        super().__init__(lr, **settings)
        self.eps = _small(eps)

    def step(self, param, grad, h):
        """Add the square to the sum, divide the step by its root."""
        h += grad * grad
        param -= self.rate * grad / (np.sqrt(h) + self.eps)


class RMSProp(Optimizer):
    """AdaGrad that forgets: an average of squares in place of the sum.

    References
    ----------
    Tieleman & Hinton (2012).
    """

    memories = ("h",)

    def __init__(self, lr=0.01, decay_rate=0.99, eps=1e-7, **settings):
        super().__init__(lr, **settings)
        self.decay_rate = _part(decay_rate, "decay_rate")
        self.eps = _small(eps)

    def step(self, param, grad, h):
        """Move the average of squares, divide the step by its root."""
        h *= self.decay_rate
        h += (1 - self.decay_rate) * grad * grad
        param -= self.rate * grad / (np.sqrt(h) + self.eps)


class Adam(Optimizer):
    """Momentum and RMSProp together, corrected for starting at 0.

    References
    ----------
    Kingma & Ba (2015); Saito, section 6.1.6. ``eps`` is added after the
    correction, as in the paper and in PyTorch.
    """

    memories = ("m", "v")

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, **settings):
        super().__init__(lr, **settings)
        self.beta1 = _part(beta1, "beta1")
        self.beta2 = _part(beta2, "beta2")
        self.eps = _small(eps)

    def step(self, param, grad, m, v):
        """Move both averages, correct them, step by their quotient."""
        m += (1 - self.beta1) * (grad - m)
        v += (1 - self.beta2) * (grad * grad - v)
        m_hat = m / (1 - self.beta1**self.t)
        v_hat = v / (1 - self.beta2**self.t)
        param -= self.rate * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam whose weight decay does not pass through the averages: it is decoupled.

    In Adam the pull of the decay is divided by the size of the gradients, like all
    the rest: weights with large gradients hardly decay. Here each step shrinks every
    weight by the same part, ``rate * weight_decay``.

    References
    ----------
    Loshchilov & Hutter (2019), "Decoupled weight decay regularization". The default
    is that of PyTorch.
    """

    def __init__(self, lr=0.001, weight_decay=0.01, **settings):
        super().__init__(lr, weight_decay=weight_decay, **settings)

    def decay(self, param, grad):
        """Shrink the weights in place; the gradient stays as it is."""
        param *= 1 - self.rate * self.weight_decay
        return grad


def make_optimizer(optimizer, optimizer_param=None, kinds=()):
    """Return an optimizer from its name and arguments, or the one that is given.

    Parameters
    ----------
    optimizer : str or optimizer
        A name in any case, or an object with ``update(params, grads)``.
    optimizer_param : dict, optional
        Arguments for an optimizer that is given by name.
    kinds : sequence of classes
        Classes that take the place of those of the same name here.

    Raises
    ------
    ValueError, TypeError
        If the name or an argument is unknown.
    """
    if not isinstance(optimizer, str):
        is_class = isinstance(optimizer, type)
        if is_class or not callable(getattr(optimizer, "update", None)):
            raise TypeError(
                f"optimizer is {optimizer!r}; expected a name such as 'Adam', or an "
                "object with update(params, grads)."
            )
        if optimizer_param:
            raise ValueError(
                "optimizer_param belongs to an optimizer given by name; this one is an "
                "object: pass the arguments when you create it."
            )
        return optimizer
    known = (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, *kinds)
    by_name = {kind.__name__.lower(): kind for kind in known}
    if optimizer.lower() not in by_name:
        names = ", ".join(kind.__name__ for kind in by_name.values())
        raise ValueError(f"optimizer is {optimizer!r}; expected one of {names}.")
    kind = by_name[optimizer.lower()]
    try:
        return kind(**optimizer_param or {})
    except TypeError:
        raise ValueError(
            f"optimizer_param is {optimizer_param!r}; {kind.__name__} takes "
            f"{list(kind().settings())}."
        ) from None


def _part(value, name) -> float:
    if not (isinstance(value, int | float | np.number) and 0 <= value < 1):
        raise ValueError(f"{name} is {value!r}; it is a number from 0 to below 1.")
    return float(value)


def _small(eps) -> float:
    if not (isinstance(eps, int | float | np.number) and 0 <= eps < math.inf):
        raise ValueError(f"eps is {eps!r}; it is a small number such as 1e-8.")
    return float(eps)
