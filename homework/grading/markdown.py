"""Lay a report that was written in Markdown into the notebook that asks the same.

From there on it is graded like a notebook: the same cells, the same gradebook, the
same columns, and nothing that was left unanswered gets lost.
"""

import base64
import posixpath
import re
from copy import deepcopy

from cnnlib.exercises.report.markdown import parse_markdown
from cnnlib.exercises.report.pieces import PICTURE
from cnnlib.exercises.report.questions import BY_GRADE_ID

from .clean import grade_id_of, text_of
from .handed import Unreadable
from .submissions import PICTURES

LONGEST = 200_000  # characters; a long report has 30,000
MOST_TEXT = 20_000  # characters of an answer in which pictures are looked for
MOST = 12  # pictures of one answer
GONE = "(The place of this answer is gone. The whole file stands above.)"


def notebook_of(file, pictures, release) -> tuple[dict, list[str]]:
    """Return a report as a notebook, and notes for the instructor.

    Parameters
    ----------
    file : Handed
        Made from the template ``report.md``.
    pictures : iterable of Handed
        What lies beside it.
    release : dict
        The released notebook.

    Raises
    ------
    Unreadable
        If it is no text, or far too long.
    """
    text = read_text(file)
    report, notebook, gone = parse_markdown(text), deepcopy(release), []
    pictures = {picture.parts: picture for picture in pictures}
    asked = ""
    for cell in notebook["cells"]:
        question = BY_GRADE_ID.get(grade_id_of(cell))
        if question is None:
            asked = text_of(cell) if cell["cell_type"] == "markdown" else asked
            if text_of(cell).startswith("name ="):
                cell["source"] = f"name = {report.name!r}\n"
                cell["source"] += f"student_number = {report.number!r}"
            continue
        answer = report.answer(question)
        if answer is None:
            answer = _below_heading(report, question, asked)
        if answer is None:
            gone.append(question.heading)
            cell["source"] = GONE
        elif _without_figures(answer) != text_of(cell).strip():
            cell["source"], cell["attachments"] = _with_pictures(answer, file, pictures)
    notes = [f"written in Markdown; in the file: student number {report.number!r}"]
    if gone:
        notes.append(f"no place for {len(gone)} answers: read the whole file")
        whole = {"cell_type": "markdown", "metadata": {}, "source": text}
        notebook["cells"].insert(0, whole)
    return notebook, notes


def read_text(file) -> str:
    """Return the text of a Markdown file that was handed in.

    Raises
    ------
    Unreadable
        If it is empty, too long, or not stored as UTF-8.
    """
    try:
        text = file.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Unreadable("it is not stored as UTF-8 text") from None
    if not text.strip() or "\x00" in text:
        raise Unreadable("it is empty, or no text")
    if len(text) > LONGEST:
        raise Unreadable(f"it has {len(text)} characters; at most {LONGEST} are read")
    return text


def _below_heading(report, question, asked):
    """Return what stands below a question's heading and is not the question."""
    kind = ("question", question)
    mine = [p.text for p in report.pieces if (p.kind, p.question) == kind]
    known = {line.strip() for line in asked.split("\n")}
    lines = [line for text in mine for line in text.split("\n")[1:]]
    answer = "\n".join(line for line in lines if line.strip() not in known).strip()
    return answer or None


def _without_figures(answer) -> str:
    """Return an answer without the lines of the template's figures."""
    lines = answer.split("\n")
    return "\n".join(line for line in lines if not line.startswith("![")).strip()


def _with_pictures(answer, file, pictures):
    """Return an answer with those of its pictures that were handed in with it."""
    attached = {}

    def attach(found):
        place = posixpath.join(*file.parts[:-1], found[2])
        picture = pictures.get(tuple(posixpath.normpath(place).split("/")))
        if picture is None or len(attached) >= MOST:
            return found[0]
        name = f"figure{len(attached)}{picture.suffix}"
        try:
            content = base64.b64encode(picture.read()).decode()
        except Unreadable:
            return found[0]
        attached[name] = {PICTURES[picture.suffix]: content}
        return f"![{found[1]}](attachment:{name})"

    if len(answer) <= MOST_TEXT:
        answer = re.sub(PICTURE, attach, answer)
    return answer, attached
