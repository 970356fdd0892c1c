"""Grade one submission from file to result. Whatever is in it, this returns."""

import json
import traceback
from dataclasses import dataclass

from .clean import grade_id_of, is_editable, lay_into, read_submission, text_of
from .course import Course, read_notebook
from .files import fingerprint, write_json
from .handed import Unreadable
from .judging import (
    claimed_number,
    exercises_in,
    inputs_of,
    marks_of,
    wanted_files,
)
from .markdown import notebook_of
from .sandbox import Outcome, Sandbox
from .show import safe_notebook
from .submissions import MARKDOWN

FORMAT = 2  # of the result files


@dataclass(frozen=True)
class Task:
    """What all submissions of one assignment share.

    Attributes
    ----------
    course : Course
    assignment : str
    sandbox : Sandbox
    inputs : dict of str to bytes
        The hidden cases.
    release : dict
        The released notebook.
    """

    course: Course
    assignment: str
    sandbox: Sandbox
    inputs: dict
    release: dict

    @classmethod
    def of(cls, course, assignment, sandbox):
        """Read the release and the hidden cases of an assignment."""
        release = read_notebook(course.notebook("release", assignment))
        names = exercises_in(release, course.key).values()
        return cls(course, assignment, sandbox, inputs_of(course.key, names), release)

    def version(self, submission) -> str:
        """Return a hash of all that a result depends on."""
        release = json.dumps(self.release, sort_keys=True)
        content = b""
        if submission.file is not None:
            try:
                content = submission.file.read()
            except Unreadable as error:
                content = str(error)
        return fingerprint(
            str(FORMAT),
            self.course.key.version,
            release,
            content,
            submission.number,
            submission.problem,
            *(f"{p.name} {p.path.stat().st_mtime_ns}" for p in submission.pictures),
        )

    def is_done(self, submission, version) -> bool:
        """Tell whether this very submission has its result already."""
        result = read_result(self.course, self.assignment, submission.student)
        if result is None or result["version"] != version:
            return False
        notebook = self.course.notebook(
            "autograded", self.assignment, submission.student
        )
        return not result["marks"] or notebook.exists()


def read_result(course, assignment, student):
    """Return the result of a student, None if there is none that can be read."""
    try:
        result = json.loads(course.result(assignment, student).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result if result.get("format") == FORMAT else None


def grade_one(task, submission, slot=0) -> dict:
    """Grade one submission and write its result. Never raises for what is in it."""
    result = {
        "format": FORMAT,
        "version": task.version(submission),
        "student": submission.student,
        "number": submission.number,
        "name": submission.name,
        "place": submission.place,
        "claimed": "",
        "problem": submission.problem,
        "marks": {},
        "notes": [],
        "seconds": 0.0,
        "peak_memory": 0,
    }
    try:
        if not submission.problem:
            _grade(task, submission, slot, result)
    except Unreadable as error:
        result["problem"] = str(error)
    except Exception as error:  # a fault of ours: the others must not suffer
        result["problem"] = f"the grader failed: {type(error).__name__}: {error}"[:300]
        result["notes"].append(traceback.format_exc()[-2000:])
        result["marks"] = {}
    write_json(task.course.result(task.assignment, submission.student), result)
    return result


def read_work(file, pictures, release) -> tuple[dict, list[str]]:
    """Return what was handed in as a notebook, and notes for the instructor.

    Raises
    ------
    Unreadable
        If it can not be read, or is no notebook.
    """
    if file.suffix == MARKDOWN:
        return notebook_of(file, pictures, release)
    return read_submission(file.read()), []


def is_untouched(file, release) -> bool:
    """Tell whether a file is the homework as it was given out, with no answer in it."""
    try:
        mine = lay_into(release, read_work(file, (), release)[0]).notebook
    except Unreadable:
        return False
    given = {grade_id_of(c): text_of(c) for c in release["cells"] if is_editable(c)}
    return all(
        text_of(cell).strip() == given[grade_id_of(cell)].strip()
        for cell in mine["cells"]
        if is_editable(cell)
    )


def _grade(task, submission, slot, result):
    """Clean, run, judge, and write the notebook that people will see."""
    handed, notes = read_work(submission.file, submission.pictures, task.release)
    cleaned = lay_into(task.release, handed)
    result["notes"] += [*notes, *cleaned.notes]
    outcome = Outcome(report={"cells": [], "outputs": []})
    if task.inputs:  # a report has nothing to run
        wanted = wanted_files(task.inputs)
        outcome = task.sandbox.run(cleaned.notebook, task.inputs, wanted, slot)
        result["seconds"] = round(outcome.seconds, 2)
        result["peak_memory"] = int(outcome.peak_memory)
        if outcome.report is None:
            result["problem"] = outcome.why
    marks, notes = marks_of(
        cleaned.notebook, task.course.key, outcome, submission.number
    )
    result["marks"] = marks
    result["claimed"] = claimed_number(task.course.key, cleaned.notebook, outcome)
    result["notes"] += notes
    words = {grade_id: mark["words"] for grade_id, mark in marks.items()}
    shown = safe_notebook(cleaned, {g: w for g, w in words.items() if w})
    path = task.course.notebook("autograded", task.assignment, submission.student)
    write_json(path, shown)
