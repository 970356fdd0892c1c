"""What a report is made of, whether it was written as a notebook or as Markdown."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from .questions import FIGURES

__all__ = ["Piece", "Report", "ReportError"]

HEADING = re.compile(r"^#+ *(?:Question (\d+)\.|Part [A-Z]\b)", re.MULTILINE)
PICTURE = re.compile(r"!\[([^\]]*)\]\(<?([^)\s>]+)>?(?:\s[^)]*)?\)")
SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"<svg", b"<?xml")


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


def is_picture(data) -> bool:
    """Tell whether bytes begin as a PNG, JPEG, GIF, WebP or SVG file does."""
    return data.lstrip()[:6].startswith(tuple(s[:6] for s in SIGNATURES))


def pictures_in(text) -> list[tuple[int, str]]:
    """List (number of the figure, file) of the pictures that are figures."""
    files = {file: number for number, (_, _, file) in FIGURES.items()}
    found = []
    for alt, target in PICTURE.findall(text):
        named = re.search(r"\bFigure (\d+)", alt)
        if named or target in files:
            found.append((int(named[1]) if named else files[target], target))
    return found
