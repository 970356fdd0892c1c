"""Numbers of their own for every student, all of the same difficulty.

The choice depends on the student number and the question alone. So it is the same
on every machine, and the grader knows it too.
"""

import hashlib
import unicodedata

from .files import below, visible
from .protocol import ExerciseError

EXAMPLE = "202600000"  # stands in the notebooks until a student writes their own

__all__ = ["choose", "normal_number", "numbers_for"]


def normal_number(student_number) -> str:
    """Return a student number without spaces and hyphens, in one spelling.

    Raises
    ------
    ExerciseError
        If nothing is left of it.

    Examples
    --------
    >>> normal_number(" 2026-12345 ")
    '202612345'
    """
    text = unicodedata.normalize("NFKC", str(student_number)).casefold()
    number = "".join(letter for letter in text if letter.isalnum())
    if student_number in (None, ...) or not number:
        raise ExerciseError(
            "your student number is missing. Write it in the cell at the top of the "
            'notebook, student_number = "...", and run that cell.'
        )
    return number


def warn_of_example(student_number) -> None:
    """Say so if the number is still the one of the example."""
    if normal_number(student_number) == EXAMPLE:
        print("This is the example's student number: write your own at the top first.")


def choose(student_number, question, count) -> int:
    """Return which of ``count`` sets of numbers a student gets."""
    text = f"{question}:{normal_number(student_number)}"
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % count


def numbers_for(student_number, question) -> dict:
    """Return the numbers of one student for one question.

    Parameters
    ----------
    student_number : str or int
    question : str
        The name of the exercise, such as ``"hw2.by_hand_1"``.

    Returns
    -------
    dict
        Names of the question with their values: whole numbers, or lists of them.

    Raises
    ------
    ValueError
        If there is no such question.
    """
    assignment = str(question).split(".")[0]
    try:
        table = below(visible(assignment), f"{question}/numbers")
    except OSError:
        table = {}
    if not table:
        raise ValueError(
            f"there is no question {question!r} with numbers of your own; names look "
            "like 'hw2.by_hand_1'."
        )
    warn_of_example(student_number)
    row = choose(student_number, question, len(next(iter(table.values()))))
    return {name: column[row].tolist() for name, column in table.items()}
