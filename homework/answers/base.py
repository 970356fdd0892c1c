"""An answer, a mistake, and how one result is judged."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cnnlib.exercises.by_hand import choose
from cnnlib.exercises.comparison import ATOL, RTOL, equal

LARGEST = 1_000_000  # numbers in one result


def combinations(**choices) -> list[dict]:
    """Return every way to choose one value for each name, the last name quickest."""
    sets = itertools.product(*choices.values())
    return [dict(zip(choices, numbers, strict=True)) for numbers in sets]


@dataclass(frozen=True)
class Mistake:
    """A misconception: what it leads to, and one kind sentence that names it."""

    solve: Callable
    hint: str


@dataclass(frozen=True)
class Verdict:
    """What the grader thinks of one answer.

    Attributes
    ----------
    fraction : float
        Of the points, 0 to 1.
    words : str
        For the student: which part is wrong, without hidden inputs or results.
    """

    fraction: float
    words: str


@dataclass(frozen=True)
class Answer:
    """The right answer to an exercise, its cases, and its known mistakes.

    Attributes
    ----------
    name : str
        Of the exercise in ``cnnlib.exercises.EXERCISES``.
    solve : callable
        ``solve(inputs)`` returns the right results, a dict of arrays.
    visible, cases : callable
        ``visible(rng)`` and ``cases(rng)`` return lists of inputs: dicts of arrays
        and numbers. Students see the visible ones.
    mistakes : dict of str to Mistake
        By a short name.
    tolerance : dict of str to (float, float)
        ``rtol`` and ``atol`` of a result, where the usual ones do not fit.
    required : tuple of str
        Results that bring no points, but without which a case counts nothing.
    mark : callable, optional
        ``mark(inputs, outputs)`` returns the fraction of one case and words. It
        takes the place of comparing number by number.
    """

    name: str
    solve: Callable
    visible: Callable
    cases: Callable
    mistakes: dict[str, Mistake]
    tolerance: dict = field(default_factory=dict)
    required: tuple[str, ...] = ()
    mark: Callable | None = None
    by_hand = False

    def hidden(self, seed=0) -> list[dict]:
        """Return the hidden cases of one seed, always the same."""
        letters = [ord(letter) for letter in self.name]
        return self.cases(np.random.default_rng([seed, *letters]))

    def shown(self) -> list[dict]:
        """Return the visible cases."""
        return self.visible(np.random.default_rng([ord(c) for c in self.name]))

    def judge(self, inputs, outputs, student_number=None) -> Verdict:
        """Judge the results of all cases; ``None`` stands for a missing one."""
        parts = [self._case(*pair) for pair in zip(inputs, outputs, strict=True)]
        fraction = sum(part for part, _ in parts) / len(parts)
        notes = [f"case {k + 1}: {text}" for k, (_, text) in enumerate(parts) if text]
        right = sum(part == 1 for part, _ in parts)
        words = f"{right} of {len(parts)} hidden cases are right."
        return Verdict(round(fraction, 4), "\n".join([words, *notes]))

    def _case(self, inputs, outputs):
        """Return the fraction of one case, and what is wrong in it."""
        if outputs is None:
            return 0.0, "no result"
        if self.mark:
            return self.mark(inputs, outputs)
        wanted = self.solve(inputs)
        wrong = {
            key: text
            for key in wanted
            if (text := self._fault(key, wanted[key], outputs.get(key)))
        }
        points = [key for key in wanted if key not in self.required]
        fraction = sum(key not in wrong for key in points) / len(points)
        if any(key in wrong for key in self.required):
            fraction = 0.0
        return fraction, "; ".join(f"{key} {text}" for key, text in wrong.items())

    def _fault(self, key, wanted, found) -> str:
        """Say what is wrong with one result without telling the right one."""
        if (text := unusable(found)) or found is None:
            return text or "is missing"
        wanted = np.asarray(wanted)
        if found.shape != wanted.shape:
            return f"has shape {found.shape}, expected {wanted.shape}"
        tolerance = self.tolerance.get(key, (RTOL, ATOL))
        return "" if equal(found, wanted, *tolerance) else "has wrong numbers"


def unusable(found) -> str:
    """Say why a recorded result can not be compared, "" if it can."""
    if found is None:
        return ""
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiub":
        return "is no array of numbers"
    if found.size > LARGEST:
        return "is far too large"
    return ""


@dataclass(frozen=True)
class ByHand:
    """A question whose numbers depend on the student number.

    Attributes
    ----------
    name : str
    solve : callable
        ``solve(numbers)`` returns the right answer, a number or a list.
    variants : callable
        ``variants()`` returns the sets of numbers, as dicts of whole numbers or
        lists of one length.
    mistakes : dict of str to Mistake
    """

    name: str
    solve: Callable
    variants: Callable
    mistakes: dict[str, Mistake]
    by_hand = True

    def hidden(self, seed=0) -> list[dict]:
        """Return one empty case: the answer is a number, there is nothing to run."""
        return [{"case": 0}]

    def judge(self, inputs, outputs, student_number=None) -> Verdict:
        """Judge the recorded number for this student, 1 or 0.

        ``student_number`` is the roster's; without it the one that was recorded
        with the answer counts.
        """
        found = outputs[0]
        if found is None or (text := unusable(found.get("answer"))):
            return Verdict(0.0, "no result" if found is None else f"the answer {text}")
        if student_number is None:
            student_number = recorded_number(found)
        if not student_number:
            return Verdict(0.0, "the student number is missing")
        variants = self.usable
        numbers = variants[choose(student_number, self.name, len(variants))]
        if "answer" in found and equal(found["answer"], _array(self.solve(numbers))):
            return Verdict(1.0, "right")
        given = ", ".join(f"{name} = {value}" for name, value in numbers.items())
        return Verdict(0.0, f"not right for your numbers: {given}")

    @functools.cached_property
    def usable(self) -> list[dict]:
        """The sets of numbers in which no mistake leads to the right answer."""
        return [numbers for numbers in self.variants() if self._tells_apart(numbers)]

    def _tells_apart(self, numbers) -> bool:
        right = _array(self.solve(numbers))
        wrong = [_array(mistake.solve(numbers)) for mistake in self.mistakes.values()]
        return not any(equal(array, right) for array in wrong)


def recorded_number(outputs) -> str:
    """Return the student number that was recorded with an answer, "" if none."""
    letters = (outputs or {}).get("student_number")
    if not isinstance(letters, np.ndarray) or letters.dtype != np.uint8:
        return ""
    return letters.tobytes()[:200].decode("utf-8", errors="replace")


def _array(value):
    return np.asarray(value, dtype=float)
