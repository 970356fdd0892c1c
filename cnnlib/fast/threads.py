"""Two threads: who may use both cores, and how an error finds its way home.

NumPy lets go of Python's lock while it works on an array, so two threads use two
cores, for the matrix products and for all the element-wise work between them. The
matrix library would use both cores for the products only; it is held to one
thread meanwhile, or the two kinds of threads would fight for the cores.

After each call NumPy wants the lock back. If the other thread has it just then, this
one goes to sleep, and to be woken takes 50 us, far longer than most calls. So the
functions of this room make few calls with much work in each, even if the numbers do
not fit into the core's own cache: with blocks of 32,768 numbers Adam took 1.3 ms in
two threads and 0.7 in one, with 262,144 it takes 0.5 in two.
"""

import contextlib
import contextvars
import functools
import os
import queue
import threading
from itertools import pairwise
from typing import ClassVar

WORTH = 250_000  # numbers to be moved that are worth a second thread (30 us)

_busy = contextvars.ContextVar("cnnlib_busy", default=False)


def share(work, count, numbers):
    """Call ``work(slice)`` for all of ``range(count)``: both halves at the same time.

    With little work, one core, or inside another call that shares, it is one call.
    """
    middle = count // 2
    if numbers < WORTH or middle == 0 or threads() == 1:
        work(slice(0, count))
    else:
        in_two_threads((work, slice(0, middle)), (work, slice(middle, count)))


def cut(whole, most):
    """Cut a slice into slices of nearly equal length, the first one the longest."""
    size = whole.stop - whole.start
    count = -(-size // max(most, 1))
    edges = [whole.start - (-size * i // count) for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def product_cost(W, columns) -> int:
    """Return what a product with matrix W costs, in numbers moved (see ``share``).

    With few columns, as for a single image, memory is the limit and one thread is
    enough for it.
    """
    return W.size * columns // 64


def in_two_threads(first, second):
    """Call two (function, *arguments) at the same time; return both results.

    An error in either is raised here, after both have ended.
    """
    results, errors = [None, None], []
    before = _busy.set(True)
    context = contextvars.copy_context()  # np.errstate holds in the thread as well

    def work():
        try:
            results[1] = context.run(*second)
        except BaseException as error:
            errors.append(error)

    helper = _Helper.idle.pop() if _Helper.idle else _Helper()
    with one_blas_thread():
        try:
            helper.start(work)
            results[0] = first[0](*first[1:])
        except BaseException as error:
            errors.insert(0, error)
        errors += helper.wait()
    _Helper.idle.append(helper)
    _busy.reset(before)
    if errors:
        raise errors[0]
    return results


class _Helper:
    """The second thread, asleep between two calls.

    Not made anew for each call: a new thread starts with no memory of its own, and
    every page that it then touches costs a visit to the system.
    """

    idle: ClassVar[list] = []

    def __init__(self):
        self.inbox, self.outbox = queue.SimpleQueue(), queue.SimpleQueue()
        threading.Thread(
            target=self.run, name="cnnlib second half", daemon=True
        ).start()

    def run(self):
        """Do what arrives, in order; for ever. What is no function goes back."""
        while True:
            item = self.inbox.get()
            if callable(item):
                item()
            else:
                self.outbox.put(item)
            del item  # it holds arrays

    def start(self, work):
        """Let the thread call ``work()``, which handles its own errors."""
        self.inbox.put(work)

    def wait(self):
        """Wait until all is done, whatever happens; return the interrupts meanwhile.

        A token follows the work through the thread: so it does not matter whether an
        interrupt came before or after the work was handed over.
        """
        token, sent, interrupts = object(), False, []
        while True:
            try:
                if not sent:
                    self.inbox.put(token)
                    sent = True
                if self.outbox.get() is token:
                    return interrupts
            except KeyboardInterrupt as error:
                interrupts.append(error)


if hasattr(os, "register_at_fork"):  # a forked process has no second thread yet
    os.register_at_fork(after_in_child=_Helper.idle.clear)


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


def hold_blas(method):
    """Make a method use one thread for each matrix product, if it may use two itself.

    After a product in two threads OpenBLAS keeps its second one spinning for 25 ms,
    in case of another product: on the very core that the second half of a ``share``
    needs. Backward of 64x16x32x32 -> 32x3x3 took 16 ms so, and takes 9 now.
    """

    @functools.wraps(method)
    def held(*args, **kwargs):
        if threads() == 1:
            return method(*args, **kwargs)
        with one_blas_thread():
            return method(*args, **kwargs)

    return held


@functools.cache
def _blas():
    """Find the matrix libraries of this process, once."""
    from threadpoolctl import ThreadpoolController  # only now: imports stay quick

    return ThreadpoolController().select(user_api="blas")


def threads() -> int:
    """Return how many threads to use: 2 if this process may use two cores, else 1.

    It is 1 inside a thread that works on one half of something already. The
    environment variable CNNLIB_THREADS overrules it: 1 switches threads off.
    """
    if _busy.get():
        return 1
    wish = os.environ.get("CNNLIB_THREADS", "")
    if wish.isdigit():
        return min(max(int(wish), 1), 2)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 2)
    return min(os.cpu_count() or 1, 2)
