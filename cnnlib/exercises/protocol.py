"""What an exercise is, and how a student's answer becomes plain arrays.

A driver calls the student's function and hands out arrays of numbers. It never
judges. Whatever else comes back is turned into words that help.
"""

import linecache
import sysconfig
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).resolve().parents[1]
PLACES = ("stdlib", "platstdlib", "purelib", "platlib")
LIBRARIES = [Path(sysconfig.get_path(place)) for place in PLACES]
LARGEST = 1_000_000  # numbers in one result; the cases are far smaller


class ExerciseError(AssertionError):
    """An answer is missing or not right yet.

    In a notebook it shows as one sentence, without a traceback: the student's own code
    did nothing forbidden.
    """

    def _render_traceback_(self):
        return wrapped(f"Not yet: {self}").split("\n")


def wrapped(text) -> str:
    """Break a sentence into lines that fit under a cell."""
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Exercise:
    """One question of an assignment.

    Attributes
    ----------
    name : str
        Such as ``"hw2.conv1d_forward"``: assignment, dot, exercise.
    title : str
        What is asked, in a few words.
    points : int
        What the grader gives for a right answer.
    drive : callable
        ``drive(answer, inputs)`` calls the answer on one case, a dict of arrays and
        numbers, and returns a dict of arrays. It raises ``ExerciseError`` if there
        is nothing to return.
    by_hand : bool
        True for a question with numbers of the student's own.
    look : callable, optional
        ``look(right, outputs)`` returns what is wrong in words, "" if nothing is. It
        takes the place of comparing number by number.
    """

    name: str
    title: str
    points: int
    drive: Callable
    by_hand: bool = False
    look: Callable | None = None

    @property
    def assignment(self) -> str:
        """The part of the name before the dot."""
        return self.name.split(".")[0]


def call(function, *inputs, what="your function"):
    """Call a student's function on copies of the inputs, and say what went wrong.

    Raises
    ------
    ExerciseError
        If it is no function, raises an error, or changes an input.
    """
    if not callable(function):
        kind = "class" if "class" in what else "function"
        raise ExerciseError(
            f"{what} is {kind_of(function)}; expected the {kind} itself, by its name "
            "without ( )."
        )
    mine = [_copy(value) for value in inputs]
    try:
        result = function(*mine)
    except NotImplementedError:
        raise ExerciseError(
            f"{what} is not written yet. Put your code in place of "
            "`raise NotImplementedError()`."
        ) from None
    except (Exception, SystemExit) as error:
        raise ExerciseError(f"{what} stopped with {words_of(error)}") from None
    for number, (before, after) in enumerate(zip(inputs, mine, strict=True), 1):
        if isinstance(before, np.ndarray) and not _untouched(before, after):
            raise ExerciseError(
                f"{what} changed its input number {number}. Work on a copy, or make a "
                "new array: the caller still needs the old one."
            )
    return result


def plain(value, name):
    """Return what a student handed out as an array of numbers.

    Raises
    ------
    ExerciseError
        If it is None, no number or array of numbers, or much too large.
    """
    if value is None or value is ...:
        raise ExerciseError(f"{name} is {value!r}. Is there a `return` at the end?")
    if not isinstance(value, np.ndarray | np.generic | int | float | list | tuple):
        raise ExerciseError(
            f"{name} is {kind_of(value)}; expected a NumPy array or numbers."
        )
    try:
        array = np.array(value, subok=False)
    except ValueError:
        raise ExerciseError(
            f"{name} is a list whose rows have different lengths; expected an array."
        ) from None
    except Exception as error:  # from an object inside a list
        raise ExerciseError(f"{name} is no array: {type(error).__name__}.") from None
    if array.dtype.kind not in "fiub":
        raise ExerciseError(f"{name} holds {array.dtype}; expected real numbers.")
    if array.size > LARGEST:
        raise ExerciseError(
            f"{name} has shape {array.shape}: far more numbers than were asked for."
        )
    return array


def several(result, names, what="your function"):
    """Return the arrays of a function that returns more than one.

    Raises
    ------
    ExerciseError
        If there are not as many as there are names.
    """
    wanted = ", ".join(names)
    if not isinstance(result, tuple | list) or len(result) != len(names):
        found = kind_of(result)
        if isinstance(result, tuple | list):
            found = f"{len(result)} values"
        raise ExerciseError(
            f"{what} returned {found}; expected {len(names)}: `return {wanted}`."
        )
    return {name: plain(value, name) for name, value in zip(names, result, strict=True)}


def kind_of(value) -> str:
    """Say what kind of thing arrived."""
    if value is None or value is ...:
        return repr(value)
    return f"of the kind {type(value).__name__}"


def words_of(error) -> str:
    """Say what an error in a student's code was, and in which line of theirs.

    Examples
    --------
    >>> words_of(ValueError("no"))
    'ValueError: no.'
    """
    text = " ".join(str(error).split())[:300].rstrip(".")
    name = type(error).__name__
    words = f"{name}: {text}." if text else f"{name}."
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)]
    own = [frame for frame in frames if not _is_foreign(frame.filename)]
    if own:
        line = linecache.getline(own[-1].filename, own[-1].lineno).strip()
        words += f" Line {own[-1].lineno} of the cell: `{line}`" if line else ""
    return words


def _is_foreign(filename) -> bool:
    """Tell whether a file is no code of the student: cnnlib, a library, Python."""
    parents = Path(filename).parents
    return PACKAGE in parents or any(folder in parents for folder in LIBRARIES)


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def _untouched(before, after) -> bool:
    if before.shape != after.shape or before.dtype != after.dtype:
        return False
    return bool(np.array_equal(before, after))
