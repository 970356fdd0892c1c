"""Two threads: each computes one half of the batch with the same parameters.

NumPy lets go of Python's lock while it works on an array, so two threads use two
cores, for the matrix products and for all the element-wise work between them. The
matrix library would use both cores for the products only; it is held to one
thread meanwhile, or the two kinds of threads would fight for the cores.
"""

import contextlib
import contextvars
import copy
import functools
import os
import threading

import numpy as np

from .. import checks
from ..layer import Layer
from . import stages

LEAST = 32  # samples in a batch that is worth two threads


def loss_and_gradient(layers, last_layer, x, t) -> float:
    """Return the loss, and set the gradients of all layers (``layer.dW``...).

    In two threads, each with half of the batch, if there are two cores and every
    layer treats each sample alone; the sum of the halves' gradients is always taken
    in the same order. 1.4x faster than one thread.

    Parameters
    ----------
    layers : dict of str to layer
        In order. Afterwards they hold gradients but remember no forward pass.
    last_layer : layer
        The loss.
    x, t : array (N, ...)
        Samples of the parameters' type, and their labels.
    """
    x, t = checks.array(x, "x"), checks.array(t, "t")
    if not _may_halve([*layers.values(), last_layer], x) or len(t) != len(x):
        return _pass(layers, last_layer, x, t, 1)

    middle = len(x) // 2
    halves = [slice(middle), slice(middle, None)]
    twins = [_twin((layers, last_layer)) for _ in halves]

    def work(half, twin):
        share = len(x[half]) / len(x)
        return share * _pass(*twin, x[half], t[half], share)

    calls = zip((work, work), halves, twins, strict=True)
    losses = in_two_threads(*calls)
    _forget(layers)
    _add_gradients(layers, *(own for own, _ in twins))
    return sum(losses)


def predict(layers, x, batch_size):
    """Return the scores of x in test mode, batch after batch, in two threads.

    Each thread takes the next batch when it is done with one: 1.85x faster.
    """
    x = checks.array(x, "x")
    threads = 2 if _may_halve(layers.values(), x) else 1
    if threads == 2 and len(x) <= batch_size:
        batch_size = -(-len(x) // 2)
    starts = range(0, len(x), batch_size)
    scores, coming = [None] * len(starts), iter(enumerate(starts))
    stop = threading.Event()

    def work(own):
        try:
            for number, start in coming:  # one iterator: no batch is taken twice
                if stop.is_set():
                    return
                batch = x[start : start + batch_size]
                scores[number], _ = stages.forward(own, batch, train=False)
        except BaseException:
            stop.set()
            raise

    if threads == 2:
        in_two_threads((work, _twin(layers)), (work, _twin(layers)))
    else:
        work(layers)
    _forget(layers)
    return np.concatenate(scores)


def _pass(layers, last_layer, x, t, share):
    """Return the loss, and set the gradients of ``share`` times the loss."""
    scores, done = stages.forward(layers, x, train=True)
    loss = last_layer.forward(scores, t)
    stages.backward(done, last_layer.backward(share))
    return loss


def in_two_threads(first, second):
    """Call two (function, *arguments) at the same time; return both results.

    An error in either is raised here, after both have ended: no thread is left.
    """
    results, errors = [None, None], []
    context = contextvars.copy_context()  # np.errstate holds in the thread as well

    def work():
        try:
            results[1] = context.run(*second)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="cnnlib second half")
    with one_blas_thread():
        try:
            thread.start()
            results[0] = first[0](*first[1:])
        except BaseException as error:
            errors.insert(0, error)
        errors += _join(thread)
    if errors:
        raise errors[0]
    return results


def _join(thread):
    """Wait for the thread whatever happens; return the interrupts meanwhile."""
    interrupts = []
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt as error:
            interrupts.append(error)
    return interrupts


class _BlasHold:
    """How many calls hold the matrix library to one thread now, and its way back."""

    lock = threading.Lock()
    users = 0
    limit = None


@contextlib.contextmanager
def one_blas_thread():
    """Hold the matrix library to one thread; give it back when the last one leaves.

    Entering and leaving takes 6 microseconds (0.4 ms the first time).
    """
    with _BlasHold.lock:
        if _BlasHold.users == 0:
            _BlasHold.limit = _blas().limit(limits=1)
        _BlasHold.users += 1
    try:
        yield
    finally:
        with _BlasHold.lock:
            _BlasHold.users -= 1
            if _BlasHold.users == 0:
                _BlasHold.limit.restore_original_limits()


@functools.cache
def _blas():
    """Find the matrix libraries of this process, once."""
    from threadpoolctl import ThreadpoolController  # only now: imports stay quick

    return ThreadpoolController().select(user_api="blas")


def threads() -> int:
    """Return how many threads to use: 2 if this process may use two cores, else 1.

    The environment variable CNNLIB_THREADS overrules it: 1 switches threads off.
    """
    wish = os.environ.get("CNNLIB_THREADS", "")
    if wish.isdigit():
        return min(max(int(wish), 1), 2)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 2)
    return min(os.cpu_count() or 1, 2)


def _may_halve(layers, x):
    """Tell whether a batch may be cut in two, and is worth it."""
    alone = all(getattr(layer, "per_sample", False) for layer in layers)
    return alone and len(x) >= LEAST and threads() == 2


def _twin(thing):
    """Return layers with the same parameter arrays but a memory of their own.

    Layers inside layers, and in their lists and dicts, get twins as well.
    """
    if isinstance(thing, Layer):
        twin = copy.copy(thing)
        twin._kept = None
        for name, value in vars(twin).items():
            setattr(twin, name, _twin(value))
        return twin
    if isinstance(thing, dict):
        return {name: _twin(value) for name, value in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing)(_twin(value) for value in thing)
    return thing


def _all_layers(thing):
    """Yield every layer, also those inside layers, always in the same order."""
    if isinstance(thing, Layer):
        yield thing
        thing = vars(thing)
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        for value in thing:
            yield from _all_layers(value)


def _forget(layers):
    """Let the caller's layers hold no older forward pass than the one just made."""
    for layer in _all_layers(layers):
        layer._kept = None


def _add_gradients(layers, first, second):
    """Give the caller's layers the sums of the gradients of their twins."""
    for layer, a, b in zip(*map(_all_layers, (layers, first, second)), strict=True):
        for name in layer.parameters:
            gradient = getattr(a, f"d{name}")
            gradient += getattr(b, f"d{name}")
            setattr(layer, f"d{name}", gradient)
