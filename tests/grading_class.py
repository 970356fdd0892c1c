"""A tiny assignment, and ways to hand it in: for the tests of the grader."""

import copy
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import grading_answers
import numpy as np

from homework.grading.clean import text_of
from homework.grading.course import Course, read_notebook
from homework.grading.pipeline import grade
from homework.grading.sandbox import Outcome

NAME = "sample_one"

CHECK = """\
from cnnlib.exercises.files import record
from cnnlib.exercises.protocol import Exercise, call, plain


def check(name, answer, student_number=None):
    def drive(answer, inputs):
        if name == "sample.mine":
            return {"answer": plain(answer, "the answer")}
        return {"y": plain(call(answer, inputs["x"]), "y")}

    record(Exercise(name, name, 1, drive), answer, student_number)
    print("checked")
"""

DOUBLE = """\
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
"""
SQUARE = DOUBLE.replace("double", "square").replace("2 * x", "x * x")
NUMBER = """\
### BEGIN SOLUTION
student_number = "20260001"
mine = 8
### END SOLUTION
"""


def nbgrader(grade_id, solution=False, points=None, locked=False):
    data = {"grade_id": grade_id, "schema_version": 3, "task": False}
    data |= {"solution": solution, "grade": points is not None, "locked": locked}
    return {"nbgrader": data if points is None else data | {"points": points}}


def cell(source, kind="code", **metadata):
    made = {"cell_type": kind, "metadata": metadata, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def source_notebook():
    cells = [
        cell("# A tiny assignment\n\nDouble $x$.", "markdown"),
        cell("import numpy as np"),
        cell(CHECK, **nbgrader("check", locked=True)),
        cell(NUMBER, **nbgrader("who", solution=True)),
        cell(DOUBLE, **nbgrader("double", solution=True)),
        grade_cell("double", 4, "double"),
        cell(SQUARE, **nbgrader("square", solution=True)),
        grade_cell("square", 3, "square"),
        grade_cell("mine", 2, "mine, student_number"),
        cell("Why is it so?", "markdown", **nbgrader("essay", True, 5)),
    ]
    for number, one in enumerate(cells):
        one["id"] = f"cell{number}"
    language = {"name": "python"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def make_course(folder) -> Course:
    """Make the sources of a course with the tiny assignment."""
    homework = Path(folder) / "homework"
    path = homework / "source" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(source_notebook()), "utf-8")
    return Course(Path(folder) / "course", homework, "grading_answers")


def grade_cell(name, points, arguments):
    source = f'check("sample.{name}", {arguments})'
    return cell(source, **nbgrader(f"sample_{name}", points=points, locked=True))


def copy_of(course, folder) -> Course:
    """Return a copy of a course that has released its assignment."""
    shutil.copytree(course.folder, folder)
    return replace(course, folder=Path(folder))


def solved(number="20260001", **answers):
    """Return the solution under a student number, with some answers replaced.

    The keys are those of the cells; "first" and "last" are added cells.
    """
    notebook = source_notebook()
    sources = {"who": f'student_number = "{number}"\nmine = 8', **answers}
    for one in notebook["cells"]:
        grade_id = one["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in sources:
            one["source"] = sources[grade_id]
    if "first" in answers:
        notebook["cells"].insert(0, cell(answers["first"], id="first"))
    if "last" in answers:
        notebook["cells"].append(cell(answers["last"], id="last"))
    return notebook


def without(notebook, *grade_ids):
    """Return a notebook without some cells."""
    notebook = copy.deepcopy(notebook)
    notebook["cells"] = [
        one
        for one in notebook["cells"]
        if one["metadata"].get("nbgrader", {}).get("grade_id") not in grade_ids
    ]
    return notebook


def hand_in(folder, name, notebook):
    """Write a notebook (or a text) below a folder, as ``<name>/<assignment>.ipynb``."""
    path = Path(folder) / name / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    path.write_text(text, "utf-8")
    return path


def released(course):
    return read_notebook(course.notebook("release", NAME))


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


class FakeSandbox:
    """Answers as a good student would, in no time; some notebooks end otherwise."""

    def __init__(self, **endings):
        self.endings, self.runs = endings, 0

    def with_fonts(self, folder):
        return self

    def run(self, notebook, inputs, wanted, slot=0):
        self.runs += 1
        text = "".join(text_of(cell) for cell in notebook["cells"])
        for word, ending in self.endings.items():
            if word in text:
                return ending()
        return self.answered(notebook)

    def answered(self, notebook, **changes):
        number = np.frombuffer(b"20260001", np.uint8)
        recorded = {"outputs/sample.mine/0.npz": npz(answer=8, student_number=number)}
        for k, case in enumerate(grading_answers.hidden_cases("sample.double")):
            recorded[f"outputs/sample.double/{k}.npz"] = npz(y=2 * case["x"])
            recorded[f"outputs/sample.square/{k}.npz"] = npz(y=case["x"] ** 2)
        cells = [{"status": "ok"} for _ in notebook["cells"]]
        report = {"cells": cells, "outputs": [], "left_out": []}
        return Outcome(report, recorded | changes, seconds=1.0, peak_memory=1e8)


def graded(course, folder, sandbox=None, **options):
    sandbox = sandbox or FakeSandbox()
    return grade(course, NAME, folder, sandbox, quiet=True, jobs=1, **options)
