"""Read a submission without trusting it, and lay it into the released notebook.

What counts is the release: its test cells, their order, their names. From a submission
come the answers, and the cells that a student has added.
"""

import ast
import json
from copy import deepcopy
from dataclasses import dataclass, field

from .handed import Unreadable

MOST_CELLS = 2000
LONGEST_SOURCE = 1_000_000  # characters of one cell
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass
class Cleaned:
    """A submission laid into the release.

    Attributes
    ----------
    notebook : dict
        Ready to run; its test cells are those of the release.
    outputs : list
        What the student's file showed below each cell: not to be trusted.
    notes : list of str
        What was put right, for instructors.
    """

    notebook: dict
    outputs: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def read_submission(content) -> dict:
    """Read the bytes of a notebook, whatever they are.

    Raises
    ------
    Unreadable
        If they are no JSON, or no notebook.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is no text: not a notebook file") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply for a notebook") from None
    except ValueError as error:  # no JSON, or a number of a million digits
        raise Unreadable(f"it is no JSON, so no notebook: {error}"[:200]) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        old = isinstance(notebook, dict) and "worksheets" in notebook
        kind = "a notebook of 2014's format 3" if old else "JSON, but no notebook"
        raise Unreadable(f"it is {kind}; save it with JupyterLab and hand it in again")
    if len(notebook["cells"]) > MOST_CELLS:
        raise Unreadable(f"it has {len(notebook['cells'])} cells")
    return notebook


def lay_into(release, submission) -> Cleaned:
    """Put the answers of a submission into a copy of the release."""
    notes = []
    kernel = _get(submission, "metadata", "kernelspec", "name")
    if kernel not in (None, "python3"):
        notes.append(f"kernel {str(kernel)[:40]!r} is set to python3")
    answers, added = _sort_cells(submission["cells"], _by_id(release), notes)
    cells, outputs = [], []

    def put(cell, shown):
        cells.append(cell)
        outputs.append(shown if isinstance(shown, list) else [])

    def put_added(after):
        for source, kind, shown, files in added.get(after, []):
            put(_new_cell(f"added-{len(cells)}", kind, source, files), shown)

    for cell in _lost_imports(release, submission["cells"]):
        notes.append("the cell with the imports is missing: put back")
        put(_new_cell("imports", "code", text_of(cell), {}), [])
    put_added(None)
    for cell in release["cells"]:
        grade_id = grade_id_of(cell)
        if grade_id is None:
            continue  # free text and free code: the student's version of it counts
        mine, shown = deepcopy(cell), []
        if grade_id not in answers:
            notes.append(f"cell {grade_id} is missing: put back")
        else:
            source, shown, files = answers[grade_id]
            if is_editable(cell):
                mine["source"] = source
                if files:
                    mine["attachments"] = files
            elif source.strip() != text_of(cell).strip():
                notes.append(f"test cell {grade_id} was edited: put back")
        put(mine, shown)
        put_added(grade_id)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook = {
        "cells": [_ready(cell, k) for k, cell in enumerate(cells)],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Cleaned(notebook, outputs, notes)


def _sort_cells(cells, known, notes):
    """Split a submission's cells into answers by name, and others by what is before."""
    answers, added, before = {}, {}, None
    for cell in cells:
        if not isinstance(cell, dict):
            notes.append("something that is no cell was left out")
            continue
        source, grade_id = text_of(cell)[:LONGEST_SOURCE], grade_id_of(cell)
        kind = cell.get("cell_type")
        kind = kind if kind in ("code", "markdown") else "raw"
        shown = cell.get("outputs")
        if grade_id in known and grade_id not in answers:
            answers[grade_id] = (source, shown, _pictures(cell))
            before = grade_id
            continue
        if grade_id in answers:
            notes.append(f"cell {grade_id} stands there twice: the first one counts")
        added.setdefault(before, []).append((source, kind, shown, _pictures(cell)))
    return answers, added


def _lost_imports(release, cells) -> list:
    """Return the release's cells of nothing but imports that were deleted or edited."""
    there = {text_of(cell).strip() for cell in cells if isinstance(cell, dict)}
    return [
        cell
        for cell in release["cells"]
        if cell["cell_type"] == "code"
        and grade_id_of(cell) is None
        and _only_imports(text_of(cell))
        and text_of(cell).strip() not in there
    ]


def _only_imports(source) -> bool:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    kinds = ast.Import | ast.ImportFrom
    return bool(statements) and all(isinstance(s, kinds) for s in statements)


def _new_cell(cell_id, kind, source, files):
    cell = {"cell_type": kind, "id": cell_id, "metadata": {}, "source": source}
    if files and kind == "markdown":
        cell["attachments"] = files
    return cell


def _ready(cell, k):
    """Give a cell what every notebook cell has, and an id of its own."""
    cell = {**cell, "id": f"cell-{k}", "source": text_of(cell)}
    cell.pop("outputs", None)
    cell.pop("execution_count", None)
    if cell["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _pictures(cell) -> dict:
    """Return the pictures that are attached to a text cell."""
    files = cell.get("attachments")
    if not isinstance(files, dict):
        return {}
    return {
        str(name): {
            kind: data for kind, data in bundle.items() if _is_picture(kind, data)
        }
        for name, bundle in files.items()
        if isinstance(bundle, dict)
    }


def _is_picture(kind, data) -> bool:
    return kind in ("image/png", "image/jpeg") and isinstance(data, str)


def text_of(cell) -> str:
    """Return the source of a cell, which may be a list of lines or anything else."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return source.encode("utf-8", "replace").decode("utf-8")


def grade_id_of(cell):
    """Return the name that nbgrader knows a cell by, or None."""
    name = _get(cell, "metadata", "nbgrader", "grade_id")
    return name if isinstance(name, str) else None


def is_editable(cell) -> bool:
    """Tell whether students write into this cell of the release."""
    return bool(_get(cell, "metadata", "nbgrader", "solution"))


def is_graded(cell) -> bool:
    """Tell whether this cell of the release carries points."""
    nbgrader = _get(cell, "metadata", "nbgrader") or {}
    return bool(nbgrader.get("grade") or nbgrader.get("task"))


def _by_id(release) -> dict:
    return {grade_id_of(c): c for c in release["cells"] if grade_id_of(c) is not None}


def _get(value, *names):
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
