"""Layer by layer: whether both networks compute the same outputs and gradients."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .. import checks
from ..elementwise import SoftmaxWithLoss
from ..gradient import copy_as
from ..networks.composite import Composite, leaves
from .pairs import gradients_of, is_flatten, pairs

__all__ = ["Comparison", "LayerDifference", "compare"]


@dataclass(frozen=True)
class LayerDifference:
    """The largest differences at one layer, relative to the largest number there.

    Attributes
    ----------
    name : str
        Of the layer, with the blocks it lies in.
    kind : str
    shape : tuple of int
        Of the output.
    output : float
        In what the layer returns.
    gradient : float
        In the gradient that arrives at its output.
    parameters : dict of str to float
        In the gradients of its parameters, by name.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    output: float
    gradient: float
    parameters: dict

    @property
    def worst(self) -> float:
        """The largest of all."""
        return max(self.output, self.gradient, *self.parameters.values(), 0.0)


@dataclass(frozen=True)
class Comparison:
    """The result of ``compare``: print it, or ask ``comparison.passed``.

    Attributes
    ----------
    rows : list of LayerDifference
    input_gradient : float
        The largest difference in the gradient of the input, dx.
    test_mode : float
        The largest difference of the scores in test mode.
    tolerance : float
    """

    rows: list
    input_gradient: float
    test_mode: float
    tolerance: float

    @property
    def worst(self) -> float:
        """The largest difference of all."""
        return max(self.input_gradient, self.test_mode, *(r.worst for r in self.rows))

    @property
    def passed(self) -> bool:
        """Whether every difference is within the tolerance."""
        return bool(self.worst <= self.tolerance)  # False for nan

    def __str__(self):
        wide = max(12, *(len(row.name) + 2 for row in self.rows))
        lines = [
            f"{'layer':<{wide}}{'kind':<22}{'output':<22}{'output':>9}{'gradient':>10}"
            "  of the parameters"
        ]
        for row in self.rows:
            parameters = (f"{n} {_short(v)}" for n, v in row.parameters.items())
            lines.append(
                f"{row.name:<{wide}}{row.kind:<22}"
                f"{' x '.join(map(str, row.shape)):<22}{_short(row.output):>9}"
                f"{_short(row.gradient):>10}  {', '.join(parameters)}".rstrip()
            )
        verdict = "equal" if self.passed else "NOT EQUAL"
        lines.append(
            f"gradient of the input {_short(self.input_gradient)}, scores in test mode "
            f"{_short(self.test_mode)}: {verdict} (tolerance {self.tolerance:.0e})"
        )
        return "\n".join(lines)

    __repr__ = __str__


def compare(network, module, x, t=None, tolerance=1e-5, dtype=None) -> Comparison:
    """Compare a network with its twin in PyTorch, layer by layer.

    Both run forward and backward on the same batch in training mode, then forward
    in test mode. Dropout is switched off, as the two draw other random numbers.
    It works on copies: nothing of yours is changed.

    Parameters
    ----------
    network : Sequential
    module : nn.Module
        With the same layers in the same order, for example from ``to_torch``.
    x : array
        A batch.
    t : array, optional
        Labels. With them the gradients are those of the loss (softmax and cross
        entropy), without them those of a random weighted sum of the scores.
    tolerance : float
        The largest difference that passes, relative to the largest number.
    dtype : dtype, optional
        Compute in this type; None takes the network's. In float64 nothing but real
        differences is left; in float32 rounding grows from layer to layer.

    Returns
    -------
    Comparison
        A readable table; ``comparison.passed`` is the verdict.

    Raises
    ------
    ValueError
        If the layers do not go together.
    """
    dtype = getattr(network, "dtype", np.float64) if dtype is None else dtype
    network, module = _copies(network, module, dtype)
    partners = [partner for _, partner in pairs(network, module)]
    x = np.asarray(x, dtype)
    here, dx, dscores = _run_here(network, x, t)
    there, their_dx = _run_there(module, partners, x, t, dscores)
    rows = [
        _difference_at(name, layer, *here[layer], partner, there[partner])
        for (name, layer), partner in zip(_named(network), partners, strict=True)
    ]
    with torch.no_grad():
        scores = module.eval()(torch.from_numpy(x))
    test_mode = _difference(network.forward(x, train=False), scores)
    return Comparison(rows, _difference(dx, their_dx), test_mode, tolerance)


def _copies(network, module, dtype):
    """Return copies of one type, on the CPU, without dropout."""
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"module is {type(module).__name__}; expected an nn.Module, such as "
            "to_torch(network)."
        )
    network = copy_as(network, dtype)
    their_dtype = torch.from_numpy(np.empty(0, dtype)).dtype
    module = copy.deepcopy(module).to("cpu", their_dtype).train()
    for layer in leaves(network):
        if hasattr(layer, "ratio"):
            layer.ratio = 0.0
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        if hasattr(part, "inplace"):
            part.inplace = False  # it would overwrite what is compared
    return network, module


def _run_here(network, x, t):
    """Run forward and backward; return {layer: (out, dout)}, dx and the last dout."""
    seen = {}
    for layer in leaves(network):
        _watch(layer, seen)
    scores = network.forward(x, train=True)
    if t is None:
        dscores = np.random.default_rng(0).standard_normal(scores.shape)
        dscores = dscores.astype(scores.dtype)
    else:
        loss = SoftmaxWithLoss()
        loss.forward(scores, t)
        dscores = loss.backward()
    return seen, network.backward(dscores), dscores


def _watch(layer, seen):
    """Let a layer write down what it returns and the gradient that arrives there."""
    forward, backward = layer.forward, layer.backward

    def watched_forward(x, train=True):
        out = forward(x, train)
        if train:
            seen[layer] = [out]
        return out

    def watched_backward(dout):
        seen[layer].append(dout)
        return backward(dout)

    layer.forward, layer.backward = watched_forward, watched_backward


def _run_there(module, partners, x, t, dscores):
    """Do the same in PyTorch; return {module: out}, with gradients, and dx."""
    seen = {}

    def watch(part, _, out):
        out.retain_grad()
        seen[part] = out

    hooks = [part.register_forward_hook(watch) for part in partners]
    x = torch.tensor(x, requires_grad=True)
    scores = module(x)
    if t is None:
        scores.backward(torch.from_numpy(dscores))
    else:
        t = torch.from_numpy(checks.labels(t, tuple(scores.shape)))
        t = t.to(scores.dtype) if t.ndim == 2 else t
        nn.functional.cross_entropy(scores, t).backward()
    for hook in hooks:
        hook.remove()
    return seen, x.grad


def _difference_at(name, layer, out, dout, partner, their_out):
    """Compare one layer with its partner."""
    gradients = {
        key: (getattr(layer, f"d{key}"), gradient)
        for key, gradient in gradients_of(layer, partner).items()
    }
    # one scale for all of a layer: a bias before batch normalization has the gradient
    # 0, of which only rounding is left
    scale = max((abs(ours).max() for ours, _ in gradients.values()), default=0)
    return LayerDifference(
        name,
        type(layer).__name__,
        out.shape,
        _difference(out, their_out),
        _difference(dout, their_out.grad),
        {key: _difference(*both, scale) for key, both in gradients.items()},
    )


def _difference(ours, theirs, scale=0.0) -> float:
    """Return the largest difference, relative to the largest number."""
    theirs = theirs.detach().numpy().reshape(ours.shape)
    scale = max(abs(ours).max(), abs(theirs).max(), scale)
    return float(abs(ours - theirs).max() / scale) if scale != 0 else 0.0


def _named(layer, within=""):
    """Return [(name, layer)...] of all that is compared, in the order of ``pairs``."""
    if isinstance(layer, Composite):
        return [
            pair
            for name, child in layer.children.items()
            for pair in _named(child, f"{within}.{name}" if within else name)
        ]
    return [] if is_flatten(layer) else [(within or type(layer).__name__, layer)]


def _short(value) -> str:
    return f"{value:.0e}" if value else "0"
