"""The homework's source notebooks as Python: their solutions, and changed ones."""

import contextlib
import functools
import io
from pathlib import Path

import nbformat
import numpy as np

from cnnlib.exercises import EXERCISES, ExerciseError, check
from homework.answers import hidden_cases, judge

SOURCE = Path(__file__).resolve().parents[1] / "homework" / "source"
NOTEBOOKS = {
    "hw2": SOURCE / "hw2_layers" / "hw2_layers.ipynb",
    "hw3": SOURCE / "hw3_network" / "hw3_network.ipynb",
    "hw4": SOURCE / "hw4_design" / "hw4_design.ipynb",
}

# The object that an exercise asks for, where it is not called like the exercise.
OBJECTS = {
    "hw2.conv1d_layer": "Convolution1D",
    "hw2.max_over_time": "max_over_time_backward",
    "hw3.repair": "Repaired",
}

GIVEN = {"leaky_convolution"}  # code that stands in the student version too
NETWORKS = ("hw3.train", "hw4.design")  # answered with a trained network
NO_FUNCTION = {"train", "design", "by_hand_1", "by_hand_2", "by_hand_3", "by_hand_4"}


@functools.cache
def cells(assignment):
    """Return the cells of a source notebook."""
    return nbformat.read(NOTEBOOKS[assignment], as_version=4).cells


def grader(cell) -> dict:
    """Return nbgrader's part of a cell's metadata."""
    return cell.metadata.get("nbgrader", {})


def solutions(assignment) -> dict:
    """Return the source of each function that solves an exercise, by grade_id."""
    return {
        grader(cell)["grade_id"]: cell.source
        for cell in cells(assignment)
        if cell.cell_type == "code" and grader(cell)
        if grader(cell)["solution"] or grader(cell)["grade_id"] in GIVEN
        if grader(cell)["grade_id"] not in NO_FUNCTION
    }


def answer(name, *changes):
    """Return the reference solution of an exercise, with (old, new) pieces replaced."""
    assignment, exercise = name.split(".")
    imports = next(c.source for c in cells(assignment) if "import numpy" in c.source)
    space = {}
    exec(imports, space)
    for grade_id, source in solutions(assignment).items():
        for old, new in changes if grade_id == exercise else ():
            assert old in source
            source = source.replace(old, new, 1)
        exec(source, space)
    return space[OBJECTS.get(name, exercise)]


def visible_words(name, answer, *more):
    """Return what a check says, in one line, and whether it was content."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        try:
            check(name, answer, *more)
        except ExerciseError as error:
            return " ".join(f"{stream.getvalue()}{error}".split()), False
    return stream.getvalue(), True


def marks(name, answer, student_number=None):
    """Return what the grader gives, as it does from what was recorded."""
    cases, outputs = hidden_cases(name), []
    for case in cases:
        inputs = {n: a.item() if a.ndim == 0 else a for n, a in case.items()}
        try:
            outputs.append(EXERCISES[name].drive(answer, inputs))
        except ExerciseError:
            outputs.append(None)
    return judge(name, cases, outputs, student_number)


@functools.cache
def run(assignment):
    """Run a source notebook from top to bottom; return its names and its words."""
    space, stream = {}, io.StringIO()
    with contextlib.redirect_stdout(stream):
        for cell in cells(assignment):
            if cell.cell_type == "code":
                exec(cell.source, space)
    return space, stream.getvalue()


def trained(old, new):
    """Return the network of hw3 after training, with one piece of the code replaced."""
    names = ("Sequential", "Trainer", "fast", "initial_weights", "load_digits")
    import cnnlib

    space = {"np": np} | {name: getattr(cnnlib, name) for name in names}
    exec(solutions("hw3")["build_network"], space)
    exec("(x_train, t_train), (x_test, t_test) = load_digits()", space)
    cell = next(c for c in cells("hw3") if grader(c).get("grade_id") == "train")
    exec(cell.source.replace(old, new), space)
    return space["network"]
