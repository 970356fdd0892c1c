"""From what a run has recorded to points and words, without doubtful cases in between.

Wrong is what ran and was judged, or stopped with an error of the student's own. All
else is "not graded": a person has to look.
"""

import contextlib
import io
import re
from dataclasses import asdict, dataclass

import numpy as np

from cnnlib.exercises.by_hand import normal_number
from cnnlib.exercises.protocol import ExerciseError
from cnnlib.exercises.report.checking import without_placeholders
from cnnlib.exercises.report.words import count_words

from .clean import grade_id_of, is_graded, text_of
from .recorded import Refused, read_arrays

NOT_GRADED = "NOT GRADED"
COUNTED = 20_000  # characters of an answer in which words are counted
# The student's own mistakes; a missing module may be the fault of this machine.
ERRORS = {
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "EOFError",
    "ExerciseError",
    "IndentationError",
    "IndexError",
    "KeyError",
    "LookupError",
    "NameError",
    "NotImplementedError",
    "OverflowError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "SyntaxError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "ValueError",
    "ZeroDivisionError",
}


@dataclass
class Mark:
    """The mark of one graded cell.

    Attributes
    ----------
    points : float
        The most that can be had.
    score : float or None
        None: not graded, or to be graded by hand.
    words : str
        For the student. Nothing that the student's code said in the hidden run is in
        it: that could carry the hidden cases to the feedback page.
    manual : bool
        True for written answers, which a person reads.
    length : int
        Words of a written answer, as ``cnnlib report check`` counts them.
    """

    points: float
    score: float | None
    words: str
    manual: bool = False
    length: int = 0


def inputs_of(key, names) -> dict[str, bytes]:
    """Return the files of hidden cases of some exercises."""
    files = {}
    for name in names:
        for k, case in enumerate(key.cases(name)):
            stream = io.BytesIO()
            np.savez(stream, **case)
            files[f"inputs/{name}/{k}.npz"] = stream.getvalue()
    return files


def wanted_files(inputs) -> list[str]:
    """Return the names of the files that a run may record."""
    names = [name.replace("inputs/", "outputs/", 1) for name in inputs]
    return [*names, *(name.removesuffix("npz") + "txt" for name in names)]


def exercises_in(notebook, key) -> dict[str, str]:
    """Return the exercise of each test cell that is judged here, by ``grade_id``."""
    ids = [grade_id_of(cell) for cell in notebook["cells"] if is_graded(cell)]
    return {grade_id: key.names[grade_id] for grade_id in ids if grade_id in key.names}


def marks_of(notebook, key, outcome, number) -> tuple[dict[str, dict], list[str]]:
    """Give each graded cell its mark; return them, and notes for the instructor.

    Parameters
    ----------
    notebook : dict
        As it was run.
    key : Key
    outcome : Outcome
    number : str
        The student number of the roster or the file name, "" if unknown.
    """
    marks, notes = {}, []
    exercises = exercises_in(notebook, key)
    for index, cell in enumerate(notebook["cells"]):
        if not is_graded(cell):
            continue
        grade_id, points = grade_id_of(cell), cell["metadata"]["nbgrader"]["points"]
        if grade_id not in exercises:
            nothing = points == 0 or is_unanswered(cell)
            length = count_words(without_placeholders(text_of(cell)[:COUNTED]))
            mark = Mark(points, 0.0 if nothing else None, "", True, length)
        elif outcome.report is None:
            mark = Mark(points, None, f"{NOT_GRADED}: the run gave no result.")
        else:
            name = exercises[grade_id]
            try:
                mark = _judge(name, points, key, outcome, index, number, notes)
            except Exception as error:  # a fault of the judge, or of the report
                notes.append(f"{name}: {type(error).__name__}: {error}"[:300])
                mark = Mark(
                    points, None, f"{NOT_GRADED}: the grader could not judge it."
                )
        marks[grade_id] = asdict(mark)
    return marks, notes


def _judge(name, points, key, outcome, index, number, notes):
    """Return the mark of one exercise of a run that has ended in order."""
    outputs, said, broken = results_of(name, key, outcome)
    status = _status(outcome.report["cells"], index)
    if not any(outputs) and not said:
        return _without_result(points, status, broken, name, notes)
    if broken:
        notes.append(f"{name}: {broken[0]}")
    if not any(outputs) and broken:
        words = f"{NOT_GRADED}: the recorded results can not be read."
        return Mark(points, None, words)
    if key.by_hand(name):
        claimed = recorded_number(outputs)
        if claimed and number and not same_number(claimed, number):
            notes.append(f"{name}: the notebook says student number {claimed[:40]!r}")
            words = f"{NOT_GRADED}: the student number in the notebook is not yours."
            return Mark(points, None, words)
        number = number or claimed
    verdict = key.judge(name, outputs, number or None)
    score = round(float(points) * min(1.0, max(0.0, float(verdict.fraction))), 2)
    words = f"{score:g} of {points:g} points. {verdict.words}"
    if status.get("status") == "timeout":
        words += "\nThe cell was stopped: it took too long."
    return Mark(points, score, words)


def is_unanswered(cell) -> bool:
    """Tell whether a written answer is the released text as it was."""
    from nbformat import from_dict
    from nbgrader.utils import compute_checksum

    nbgrader = cell["metadata"]["nbgrader"]
    if not nbgrader.get("solution"):
        return False
    return nbgrader.get("checksum") == compute_checksum(from_dict(cell))


def results_of(name, key, outcome):
    """Return the arrays of each case (None if there are none), and what else there is.

    The second value tells whether the student's code stopped in some case, the third
    lists files that can not be read.
    """
    outputs, said, broken = [], False, []
    left_out = {str(entry[0]) for entry in outcome.report.get("left_out", []) if entry}
    for k in range(len(key.cases(name))):
        file = f"outputs/{name}/{k}"
        said = said or f"{file}.txt" in outcome.recorded
        outputs.append(None)
        if f"{file}.npz" in left_out:
            broken.append(f"case {k + 1} left no plain file")
        if f"{file}.npz" in outcome.recorded:
            try:
                outputs[-1] = read_arrays(outcome.recorded[f"{file}.npz"])
            except Refused as error:
                broken.append(f"case {k + 1}: {error}")
    return outputs, said, broken


def _without_result(points, status, broken, name, notes):
    """Say why nothing was recorded: a mistake of the student, or something unknown."""
    how, error = status.get("status"), str(status.get("error", ""))
    kind = error.split(":")[0]
    if broken:
        notes.append(f"{name}: {broken[0]}")
        why = "the recorded results can not be read"
    elif how == "error" and kind in ERRORS:
        words = f"0 of {points:g} points. The test cell stopped with {kind}."
        return Mark(points, 0.0, words)
    elif how == "error":
        kind = kind if re.fullmatch(r"\w{1,40}", kind) else "an error"
        notes.append(f"{name}: the test cell stopped with {error[:200]}")
        known = ("ModuleNotFoundError", "ImportError", "MemoryError")
        why = "the test cell stopped" + (f" with {kind}" if kind in known else "")
    else:
        why = {
            "timeout": "the test cell took too long",
            "died": "the test cell ended its own Python",
            "flood": "the test cell wrote far too much",
            "skipped": "the run had ended before this cell",
            "ok": "the test cell recorded nothing",
        }.get(how, "the report does not say what happened")
    return Mark(points, None, f"{NOT_GRADED}: {why}.")


def _status(cells, index):
    return cells[index] if index < len(cells) else {}


def recorded_number(outputs) -> str:
    """Return the student number that a by-hand answer was recorded with, "" if none."""
    for arrays in outputs:
        letters = (arrays or {}).get("student_number")
        if isinstance(letters, np.ndarray) and letters.dtype == np.uint8:
            return letters.tobytes()[:200].decode("utf-8", errors="replace")
    return ""


def claimed_number(key, notebook, outcome) -> str:
    """Return the student number that the notebook gave with its by-hand answers."""
    if outcome.report is None:
        return ""
    for name in exercises_in(notebook, key).values():
        if key.by_hand(name):
            claimed = recorded_number(results_of(name, key, outcome)[0])
            with contextlib.suppress(ExerciseError):
                return normal_number(claimed)[:40]
    return ""


def same_number(one, other) -> bool:
    """Tell whether two spellings mean the same student number."""
    try:
        return normal_number(one) == normal_number(other)
    except ExerciseError:
        return False
