"""Read the parts of a report that was written in Markdown."""

import re
from pathlib import Path

from .pieces import HEADING, Piece, Report, is_picture, pictures_in
from .questions import BY_NAME, BY_NUMBER

__all__ = ["parse_markdown", "read_markdown"]

ANSWER_HERE = re.compile(r"<!-- *answer: *(\w+) *-->")
INSTRUCTIONS = re.compile("<!-- *instructions *-->")
END_OF_INSTRUCTIONS = re.compile("<!-- *end of instructions *-->")
RESULTS_FILE = Path("figures", "results.txt")
MOST_FRONT = 4000  # characters between the two --- at the top


def read_markdown(path, text) -> Report:
    """Return the report in a text, with the figures and the record beside the file."""
    report = parse_markdown(text)
    report.path = path
    for number, target in pictures_in("\n".join(p.text for p in report.pieces)):
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
