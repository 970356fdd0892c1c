"""Read the cells of a report that was written as a notebook."""

import ast
import base64
import json
import re

from .pieces import HEADING, Piece, Report, ReportError, pictures_in
from .questions import BY_GRADE_ID, BY_NUMBER

__all__ = ["attached", "decoded", "read_notebook"]


def read_notebook(path, text) -> Report:
    """Return the report that the text of a notebook file holds."""
    cells = _cells(path, text)
    pieces, question = [], None
    for cell in cells:
        piece = _piece(cell, question)
        if piece.kind == "question" or (piece.kind == "text" and _heads(piece.text)):
            question = piece.question
        pieces.append(piece)
    code = [p for p in pieces if p.kind == "code"]
    return Report(
        path,
        "notebook",
        *_identity(code),
        pieces,
        _notebook_figures(pieces),
        "".join(_stdout(p) for p in code),
    )


def _cells(path, text):
    """Return the cells of a notebook of any version."""
    import nbformat

    try:
        json.loads(text)
    except ValueError as error:
        merged = "<<<<<<<" in text and ">>>>>>>" in text
        cause = (
            "It holds marks of a git merge (<<<<<<<). Take one of the two versions."
            if merged
            else "It may have been cut off while saving or sending. Open it in "
            "JupyterLab and save it again; if that fails, take the last good version "
            "from .ipynb_checkpoints, or begin again with the template."
        )
        line = getattr(error, "lineno", 1)
        raise ReportError(
            f"{path.name} is damaged: it is not JSON (line {line}), as every notebook "
            f"is. {cause}"
        ) from None
    try:
        cells = nbformat.reads(text, as_version=4).cells
        return [c for c in cells if c.cell_type != "raw" and c.source is not None]
    except Exception:  # nbformat raises nearly anything for a foreign file
        raise ReportError(
            f"{path.name} is no notebook, though its name ends in .ipynb: it has no "
            "cells. Open your report in JupyterLab and save it again."
        ) from None


def _heads(text):
    """Tell whether a text begins a part of the template."""
    return HEADING.match(text.lstrip()) is not None


def _piece(cell, question):
    """Make a piece of a cell; `question` is the one that is being answered."""
    first = next(iter(cell.source.strip().splitlines()), "an empty cell")
    if cell.cell_type == "code":
        count = cell.get("execution_count")
        where = f"cell [{count or ' '}] `{first[:50]}`"
        return Piece("code", cell.source, where, None, count, cell.get("outputs", []))
    where, source = f"the cell `{first[:50]}`", cell.source
    grade_id = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
    attachments = cell.get("attachments", {})
    heading = HEADING.match(source.lstrip())
    if grade_id in BY_GRADE_ID:
        question = BY_GRADE_ID[grade_id]
        return Piece("answer", source, where, question, attachments=attachments)
    if heading:
        question = BY_NUMBER.get(int(heading[1])) if heading[1] else None
        return Piece("question" if question else "text", source, where, question)
    if grade_id is None and question is not None:  # the student added a cell
        return Piece("answer", source, where, question, attachments=attachments)
    dropped = grade_id and re.match(r"#+ (?:Report:|How to )", source)
    return Piece("instructions" if dropped else "text", source, where)


def _identity(code):
    """Return name and student number as the cells assign them."""
    found = {}
    for piece in code:
        try:
            statements = ast.parse(piece.text).body
        except SyntaxError:  # a magic command, or a mistake: look line by line
            statements = []
        for statement in statements:
            match statement:
                case ast.Assign([ast.Name(name)], ast.Constant(value)):
                    found.setdefault(name, str(value).strip())
    return found.get("name"), found.get("student_number")


def _stdout(piece):
    return "".join(
        output.get("text", "")
        for output in piece.outputs
        if output.get("name") == "stdout"
    )


def _notebook_figures(pieces):
    """Map figure numbers to whether a picture stands below their cell."""
    figures = {}
    for piece in pieces:
        if piece.kind == "code":
            for number in re.findall(r"^ *#.*\bFigure (\d+)", piece.text, re.MULTILINE):
                figures[int(number)] = any(
                    kind.startswith("image/")
                    for output in piece.outputs
                    for kind in output.get("data", {})
                )
    for piece in pieces:
        for number, target in pictures_in(piece.text):
            name = target.removeprefix("attachment:")
            figures[number] = figures.get(number) or name in piece.attachments
    return figures


def attached(piece) -> dict:
    """Return the pictures that were dropped into a markdown cell, as bytes by name."""
    return {
        name: decoded(next(iter(bundle.values()), ""))
        for name, bundle in piece.attachments.items()
    }


def decoded(text) -> bytes:
    """Return what a base64 text holds; nothing if it is damaged."""
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
