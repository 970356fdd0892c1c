"""Read a report, notebook or Markdown, into the same plain pieces."""

import ast
import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .questions import BY_GRADE_ID, BY_NAME, BY_NUMBER, FIGURES

__all__ = ["Piece", "Report", "ReportError", "parse_markdown", "read_report"]

HEADING = re.compile(r"^#+ *(?:Question (\d+)\.|Part [A-Z]\b)", re.MULTILINE)
ANSWER_HERE = re.compile(r"<!-- *answer: *(\w+) *-->")
INSTRUCTIONS = re.compile("<!-- *instructions *-->")
END_OF_INSTRUCTIONS = re.compile("<!-- *end of instructions *-->")
PICTURE = re.compile(r"!\[([^\]]*)\]\(<?([^)\s>]+)>?(?:\s[^)]*)?\)")
SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"<svg", b"<?xml")
RESULTS_FILE = Path("figures", "results.txt")
MOST_FRONT = 4000  # characters between the two --- at the top


class ReportError(ValueError):
    """A report that can not be read or built; the text says what to do."""


@dataclass
class Piece:
    """A part of the report: one cell, or the lines between two headings.

    ``kind`` is 'text', 'question', 'answer', 'code' or 'instructions'; ``where``
    tells a person where to look. Only code has outputs and an execution count.
    """

    kind: str
    text: str
    where: str
    question: object = None
    count: int | None = None
    outputs: list = field(default_factory=list)
    attachments: dict = field(default_factory=dict)


@dataclass
class Report:
    """A report that was read.

    ``figures`` maps the number of each figure that has its place to whether it is
    there. ``printed`` is what the run printed, None if there is no record of it.
    """

    path: Path
    kind: str
    name: str | None
    number: str | None
    pieces: list
    figures: dict
    printed: str | None

    def answer(self, question):
        """Return the text of an answer, None if its place is gone."""
        mine = [
            p.text for p in self.pieces if (p.kind, p.question) == ("answer", question)
        ]
        return "\n\n".join(mine) if mine else None

    def place(self, question) -> str:
        """Tell a person where the answer to a question stands."""
        if self.kind == "notebook":
            return question.heading
        lines = [p.where for p in self.pieces if p.question == question]
        return ", ".join([question.heading, *lines[-1:]])


def read_report(path) -> Report:
    """Read a notebook (.ipynb) or a Markdown file (.md).

    Raises
    ------
    ReportError
        If the file is missing, damaged or of another kind.
    """
    path = Path(path)
    if path.is_dir():
        raise ReportError(f"{path} is a folder. Name the file of the report in it.")
    if not path.is_file():
        raise ReportError(
            f"There is no file {path}. Check the name, and the folder that you are in: "
            f"{Path.cwd()}"
        )
    readers = {".ipynb": _read_notebook, ".md": _read_markdown}
    if path.suffix.lower() not in readers:
        raise ReportError(
            f"{path.name} is not a report that can be read: expected a notebook "
            "(.ipynb) or a Markdown file (.md)."
        )
    return readers[path.suffix.lower()](path, _text(path))


def is_picture(data) -> bool:
    """Tell whether bytes begin as a PNG, JPEG, GIF, WebP or SVG file does."""
    return data.lstrip()[:6].startswith(tuple(s[:6] for s in SIGNATURES))


def _text(path):
    data = path.read_bytes()
    if not data.strip():
        raise ReportError(
            f"{path.name} is empty. Was it saved? An older version may be in "
            ".ipynb_checkpoints, or take the template again."
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ReportError(
            f"{path.name} is not stored as UTF-8, so Korean letters can not be read. "
            "Open it in your editor and save it with the encoding UTF-8 (Notepad: "
            "Save as, Encoding)."
        ) from None


# --- notebooks ---------------------------------------------------------------------


def _read_notebook(path, text):
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
        for number, target in _pictures(piece.text):
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


# --- Markdown ----------------------------------------------------------------------


def _read_markdown(path, text):
    report = parse_markdown(text)
    report.path = path
    for number, target in _pictures(text):
        file = path.parent / target
        shown = file.is_file() and is_picture(file.read_bytes()[:100])
        report.figures[number] = report.figures.get(number) or shown
    record = path.parent / RESULTS_FILE
    if record.is_file():
        report.printed = record.read_text("utf-8", "replace")
    return report


def parse_markdown(text) -> Report:
    """Read the text of a report alone: no file is opened, figures are not looked for.

    The text may be a stranger's: it is gone through from its beginning to its end once.
    """
    front, body, line = _front_matter(text)
    begin = INSTRUCTIONS.search(body)
    if begin and (end := END_OF_INSTRUCTIONS.search(body, begin.end())):
        lines = "\n" * body.count("\n", begin.start(), end.end())
        body = body[: begin.start()] + lines + body[end.end() :]
    name, number = front.get("name"), front.get("student_number")
    path = Path("report.md")
    return Report(path, "Markdown", name, number, _split(body, line), {}, None)


def _front_matter(text):
    """Return the `key: value` lines between two ---, the rest, and its first line."""
    found = re.match(r"---[ \t]*\n(.*?)\n---[ \t]*\n", text, re.DOTALL)
    if not found or len(found[1]) > MOST_FRONT:
        return {}, text, 1
    pairs = re.findall(r"^(\w+) *: *(.*?)(?: +#.*)?$", found[1], re.MULTILINE)
    front = {key: value.strip().strip("\"'").strip() for key, value in pairs}
    return front, text[found.end() :], found[0].count("\n") + 1


def _split(body, line):
    """Cut a text at its headings and at the marks where answers begin."""
    cuts = [(m.start(), m.start(), m) for m in HEADING.finditer(body)]
    cuts += [(m.start(), m.end(), m) for m in ANSWER_HERE.finditer(body)]
    cuts.sort(key=lambda cut: cut[0])
    if not cuts:  # a text of one's own, without anything of the template
        return [_part("text", body, line)]
    pieces = [_part("text", body[: cuts[0][0]], line)]
    ends = [cut[0] for cut in cuts[1:]] + [len(body)]
    for (at, begin, mark), end in zip(cuts, ends, strict=True):
        here = line + body.count("\n", 0, at)
        if mark.re is ANSWER_HERE:
            kind, question = "answer", BY_NAME.get(mark[1])
        else:
            question = BY_NUMBER.get(int(mark[1])) if mark[1] else None
            kind = "question" if question else "text"
        pieces.append(_part(kind, body[begin:end], here, question))
    return [piece for piece in pieces if piece.text or piece.kind == "answer"]


def _part(kind, text, line, question=None):
    return Piece(kind, text.strip("\n"), f"line {line}", question)


def _pictures(text):
    """List (number of the figure, file) of the pictures that are figures."""
    files = {file: number for number, (_, _, file) in FIGURES.items()}
    found = []
    for alt, target in PICTURE.findall(text):
        named = re.search(r"\bFigure (\d+)", alt)
        if named or target in files:
            found.append((int(named[1]) if named else files[target], target))
    return found
