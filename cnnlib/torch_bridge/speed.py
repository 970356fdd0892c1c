"""Who is quicker on this machine: one step of training, measured in turns."""

import time

import torch
from torch import nn

from .. import fast
from ..fast.threads import threads
from ..optimizers import Adam
from .back import from_torch
from .forth import to_torch

__all__ = ["training_speed"]


def training_speed(network, x, t, rounds=30, patience=1.5) -> dict:
    """Time a training step (loss, gradient, Adam) here and in PyTorch.

    A fair race: the same network, the same batch, the same work, as many cores for
    all (two at most; PyTorch tries one in every second turn, as its threads wait for
    each other where other work is going on). The contenders take turns, so that a
    busy moment hits all of them; each warms up, and its best time counts.

    Parameters
    ----------
    network : Sequential
        It is not changed.
    x : array (N, ...)
        A batch.
    t : array (N,)
        Labels.
    rounds : int
        How many turns each one gets, at most.
    patience : float
        Who has used up this many seconds sits out the rest.

    Returns
    -------
    dict of str to float
        Seconds for one image, the slowest first, for ``cnnlib.plots.speed_bars``.
    """
    before = torch.get_num_threads()
    try:
        steps = _contenders(network, x, t)
        best, spent = dict.fromkeys(steps, float("inf")), dict.fromkeys(steps, 0.0)
        for number in range(rounds):
            torch.set_num_threads(threads() if number % 2 else 1)
            for name, step in steps.items():
                if spent[name] > patience:
                    continue
                step()  # so that the one before has left the processor
                start = time.perf_counter()
                step()
                elapsed = time.perf_counter() - start
                spent[name] += 2 * elapsed
                best[name] = min(best[name], elapsed)
    finally:
        torch.set_num_threads(before)
    slowest_first = sorted(best, key=best.get, reverse=True)
    return {name: best[name] / len(x) for name in slowest_first}


def _contenders(network, x, t) -> dict:
    """Return a function for each contender that takes one step."""
    module = to_torch(network)
    textbook = from_torch(module, engine="textbook")
    return {
        "textbook layers": _step_here(textbook, Adam(), x, t),
        "fast layers": _step_here(from_torch(module), fast.Adam(), x, t),
        "PyTorch": _step_there(module, x, t, torch.contiguous_format),
        "PyTorch, channels_last": _step_there(
            to_torch(network), x, t, torch.channels_last
        ),
    }


def _step_here(network, optimizer, x, t):
    def step():
        _, grads = network.loss_and_gradient(x, t)
        optimizer.update(network.params, grads)

    return step


def _step_there(module, x, t, memory_format):
    module = module.to(memory_format=memory_format)
    x = torch.tensor(x, dtype=next(module.parameters()).dtype)
    x, t = x.to(memory_format=memory_format), torch.tensor(t)
    optimizer = torch.optim.Adam(module.parameters())

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(x), t).backward()
        optimizer.step()

    return step
