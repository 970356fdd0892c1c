"""Turn the instructors' notebooks into what students get, and try both out."""

import contextlib
import io
import json
import shutil
import tempfile
from pathlib import Path

from .clean import lay_into
from .course import Course, find_own_commands, read_notebook
from .files import fingerprint, write_whole
from .judging import exercises_in, inputs_of, marks_of, wanted_files

SKIPPED = shutil.ignore_patterns(".*", "__pycache__")


class ReleaseError(RuntimeError):
    """An assignment can not be released. The text says why."""


def generate(course, assignment) -> Path:
    """Make the student version of one assignment in the course folder, with nbgrader.

    The gradebook learns its cells and points. Nothing happens if the source is as it
    was.

    Raises
    ------
    ReleaseError
        If nbgrader refuses.
    """
    source = course.source(assignment)
    released = course.notebook("release", assignment)
    mark = course.path("release", f"{assignment}.from")
    version = fingerprint(source)
    book = course.path("gradebook.db")
    if released.exists() and book.exists() and _text(mark) == version:
        return released
    course.prepare()
    copy = course.path("source", assignment)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source.parent, copy, ignore=SKIPPED)
    answer = nbgrader_api(course).generate_assignment(assignment, force=True)
    if not answer["success"]:
        log = [line for line in answer.get("log", "").splitlines() if "Error" in line]
        last = " ".join((log or ["it does not say why"])[:2])
        raise ReleaseError(
            f"nbgrader can not release {assignment}: {last}\nIf cells were added or "
            "taken away after submissions were graded, use a new course folder: "
            "make grade COURSE=another/folder"
        )
    write_whole(released, stable(read_notebook(released)))
    write_whole(mark, version)
    return released


def nbgrader_api(course):
    """Return nbgrader's own commands for a course folder."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    find_own_commands()
    config = Config()
    config.CourseDirectory.root = str(course.folder.resolve())
    config.CourseDirectory.course_id = "cnnlib"
    with contextlib.redirect_stderr(io.StringIO()):  # its log goes there for good
        api = NbGraderAPI(config=config)
    return api


def stable(notebook) -> str:
    """Return a notebook as text, the same bytes on every machine."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def release(assignment, homework, folder=None) -> Path:
    """Write the student version to ``homework/<assignment>/``.

    Parameters
    ----------
    assignment : str
    homework : Path
        Holds ``source/``.
    folder : Path, optional
        Where the student versions go instead.
    """
    target = Path(folder or homework) / assignment
    with tempfile.TemporaryDirectory() as place:
        course = Course(Path(place), homework)
        made = generate(course, assignment).parent
        for path in sorted(p for p in made.rglob("*") if p.is_file()):
            write_whole(target / path.relative_to(made), path.read_bytes())
    return target / f"{assignment}.ipynb"


def try_out(course, assignment, sandbox) -> list[str]:
    """Grade the solutions and the empty version; return what is wrong with that.

    The solutions must get all points, the empty version none.
    """
    released = read_notebook(generate(course, assignment))
    exercises = exercises_in(released, course.key)
    inputs = inputs_of(course.key, exercises.values())
    faults = []
    if not inputs:
        return faults
    versions = {"solution": read_notebook(course.source(assignment)), "empty": released}
    for label, notebook in versions.items():
        cleaned = lay_into(released, notebook)
        outcome = sandbox.run(cleaned.notebook, inputs, wanted_files(inputs))
        if outcome.report is None:
            return [f"{assignment}: the {label} version: {outcome.why}"]
        marks, notes = marks_of(cleaned.notebook, course.key, outcome, "")
        for grade_id in exercises:
            mark = marks[grade_id]
            wanted = mark["points"] if label == "solution" else 0
            if mark["score"] != wanted:
                faults.append(f"{grade_id}: the {label} version gets {mark['words']}")
        faults += [f"{label}: {note}" for note in notes if label == "solution"]
    return faults


def _text(path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
