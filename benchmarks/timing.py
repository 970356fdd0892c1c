"""Fair timing: contenders take turns, and are compared turn by turn.

A shared computer is quick in one minute and slow in the next. So nobody is timed
alone: a round is one turn of every contender, the order rotates from round to
round, and a speed-up is the ratio of two times of the *same* round. The smallest
and the middle one (median) of these ratios are reported.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

SETTLE = 0.15  # seconds of untimed calls at the start of a turn
TURN = 0.04  # seconds of timed calls in a turn, at least
LONG = 1.5  # seconds: a call that takes longer is timed at once, without warming
HOPELESS = 1.5  # a variant this much slower than its best sister drops out


@dataclass(frozen=True, eq=False)
class Contender:
    """Someone who can do the work of a case.

    Attributes
    ----------
    name : str
        'book', 'textbook', 'fast' or 'PyTorch'.
    measure : callable
        ``measure()`` takes one turn and returns the seconds (or bytes) of a call.
    answer : callable or None
        ``answer()`` returns the arrays that the work produces, to compare.
    variant : str
        What sets it apart from others of the same name.
    work : callable or None
        The call that ``measure`` times, where it is one call of this process.
    """

    name: str
    measure: Callable[[], float]
    answer: Callable[[], list] | None = None
    variant: str = ""
    work: Callable | None = None

    @property
    def label(self) -> str:
        """Name and variant, for people."""
        return f"{self.name} ({self.variant})" if self.variant else self.name


@dataclass
class Result:
    """The figures of all rounds of one case.

    Attributes
    ----------
    figures : dict of Contender to list of float
        Seconds (or bytes) of a call, one a round.
    """

    figures: dict = field(default_factory=dict)

    def named(self, name):
        """Return the contenders of that name, the quickest first."""
        found = [c for c in self.figures if c.name == name]
        return sorted(found, key=lambda c: np.median(self.figures[c]))

    def best(self, name):
        """Return the quickest contender of that name, or None."""
        return next(iter(self.named(name)), None)

    def times(self, contender):
        """Return minimum and median of a contender."""
        return min(self.figures[contender]), float(np.median(self.figures[contender]))

    def ratios(self, slow, quick):
        """Return minimum and median of ``slow / quick``, round by round."""
        pairs = np.divide(self.figures[slow], self.figures[quick])
        return float(pairs.min()), float(np.median(pairs))


def local(name, call, answer=None, variant=""):
    """Return a contender that runs in this process; ``call()`` is also its answer."""
    return Contender(name, lambda: turn(call), answer or call, variant, call)


def turn(call) -> float:
    """Return the seconds of one call, the mean over a turn.

    The untimed calls warm the caches, and give the threads of the contender before
    the time to go to sleep.
    """
    first = run_for(call, 0)
    if first > LONG:
        return first
    run_for(call, SETTLE - first)
    return run_for(call, TURN)


def run_for(call, seconds) -> float:
    """Call once, and again until the time is up; return the mean seconds a call."""
    calls, start = 0, time.perf_counter()
    while True:
        call()
        calls += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return elapsed / calls


def race(contenders, seconds, least=3, most=200) -> Result:
    """Let contenders take turns for some seconds, but at least ``least`` rounds."""
    figures = {contender: [] for contender in contenders}
    start, rounds = time.perf_counter(), 0
    while rounds < least or (rounds < most and time.perf_counter() - start < seconds):
        order = list(figures)
        first = rounds % len(order)
        for contender in order[first:] + order[:first]:
            figures[contender].append(contender.measure())
        rounds += 1
        if rounds == 1:
            figures = _without_hopeless(figures)
    return Result(figures)


def _without_hopeless(figures):
    """Drop variants of PyTorch that will not be its best: they only cost time."""
    best = min((f[0] for c, f in figures.items() if c.name == "PyTorch"), default=0)
    return {
        contender: times
        for contender, times in figures.items()
        if contender.name != "PyTorch" or times[0] <= HOPELESS * best
    }


def check_agreement(contenders, rtol=1e-3, atol=1e-4) -> None:
    """Let nobody be timed for a wrong result.

    ``atol`` is relative to the largest number of an array: float32 sums in another
    order differ by that much where large numbers cancel.

    Raises
    ------
    AssertionError
        If a contender's arrays differ from those of the first one.
    """
    contenders = [c for c in contenders if c.answer is not None]
    answers = [c.answer() for c in contenders]
    for contender, answer in zip(contenders[1:], answers[1:], strict=True):
        for number, (got, want) in enumerate(zip(answer, answers[0], strict=True)):
            np.testing.assert_allclose(
                got,
                want,
                rtol,
                atol * np.abs(want).max(initial=0),
                err_msg=f"array {number} of {contender.label} is not that of "
                f"{contenders[0].label}",
            )
