"""Filled reports for the tests: the model answers in a notebook, and in Markdown."""

import base64
import re
from pathlib import Path

import nbformat

from cnnlib.exercises.report.questions import FIGURES, QUESTIONS

SOURCE = Path(__file__).resolve().parents[1] / "homework" / "source" / "hw1_report"

# The smallest PNG: one grey pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5E"
    "rkJggg=="
)


def source_notebook():
    """Return the instructors' notebook: model answers, stored outputs."""
    return nbformat.read(SOURCE / "hw1_report.ipynb", as_version=4)


def filled_notebook():
    """Return the report of a good student: everything is there."""
    notebook = source_notebook()
    identity(notebook).source = 'name = "김하나"\nstudent_number = "2026123456"'
    return notebook


def identity(notebook):
    return next(c for c in notebook.cells if c.source.startswith("name ="))


def student_notebook():
    """Return the notebook as students get it, made as nbgrader makes it."""
    notebook = source_notebook()
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            form, count = re.subn(SOLUTION, "YOUR ANSWER HERE", cell.source)
            cell.source = form if count else "YOUR ANSWER HERE"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


SOLUTION = r"(?s)<!-- BEGIN SOLUTION -->.*?<!-- END SOLUTION -->"


def answer_cell(notebook, name):
    """Return the cell of an answer."""
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == f"hw1_report_{name}"
    )


def code_cell(notebook, start):
    """Return the code cell whose text begins so."""
    return next(
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith(start)
    )


def stdout(notebook):
    outputs = (out for c in notebook.cells for out in c.get("outputs", []))
    return "".join(out.text for out in outputs if out.get("name") == "stdout")


def write_notebook(folder, notebook):
    path = folder / "hw1_report.ipynb"
    nbformat.write(notebook, path)
    return path


def filled_markdown():
    """Return the Markdown report of a good student, as text."""
    notebook = filled_notebook()
    text = (SOURCE / "report.md").read_text("utf-8")
    text = text.replace("name: ...", "name: 김하나", 1)
    text = text.replace("number: ...", "number: 2026123456", 1)
    for question in QUESTIONS:
        model = answer_cell(notebook, question.name).source
        place = f"<!-- answer: {question.name} -->\n\n"
        before, after = text.split(place)
        _, *rest = after.split("\n\n", 1)
        text = before + place + model + "\n\n" + "".join(rest)
    return text


def write_markdown(folder, text):
    """Write a Markdown report with its figures and the record of its run."""
    (folder / "figures").mkdir(exist_ok=True)
    for _, _, file in FIGURES.values():
        (folder / file).write_bytes(PIXEL)
    (folder / "figures" / "results.txt").write_text(stdout(source_notebook()), "utf-8")
    path = folder / "report.md"
    path.write_text(text, "utf-8")
    return path
