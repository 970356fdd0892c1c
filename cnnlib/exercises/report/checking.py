"""Say what is still missing in a report, kindly and with the place."""

import re
from dataclasses import dataclass
from pathlib import Path

from .markdown import RESULTS_FILE
from .numbers import (
    agrees,
    field_texts,
    first_number,
    printed_percentages,
    printed_results,
    stated_accuracies,
)
from .questions import FIELDS, FIGURES, PLACEHOLDERS, QUESTIONS
from .reading import read_report
from .words import count_words

__all__ = ["Complaint", "check_report", "summary"]

TOLERANCE = 0.1  # of the number of words
NO_NAME = {"", "...", "…", "name", "your name", "이름", "none"}

# By the kind of report, and by what was found: no place for the figure, or no figure.
NO_FIGURE = {
    ("notebook", None): (
        "no cell makes it. A cell is expected that begins with a comment such as "
        "# Figure {number}: {what}"
    ),
    ("notebook", False): "its cell was run, but no picture stands below it.",
    ("Markdown", None): (
        "no picture is linked. Write ![Figure {number}: {what}]({file})"
    ),
    ("Markdown", False): (
        "the file of the picture is not there, or is no picture. Run train_convnet.py "
        "and visualize_filter.py in this folder, and look at the file name."
    ),
}


@dataclass(frozen=True)
class Complaint:
    """One thing to do: where, and what."""

    where: str
    what: str

    def __str__(self):
        return f"{self.where}\n{self.what}"


def check_report(path) -> list:
    """List what is missing in a report, in the order of the report.

    Parameters
    ----------
    path : str or Path
        A filled notebook (.ipynb) or Markdown file (.md).

    Returns
    -------
    list of Complaint
        Empty if the report can be handed in.

    Raises
    ------
    ReportError
        If the file can not be read.
    """
    report = read_report(path)
    complaints = [*_identity(report), *_run(report)]
    ran = not any(_run(report))
    for question in QUESTIONS:
        complaints += _answer(report, question)
        complaints += _figures(report, question, ran)
        if question.name == "results" and ran:
            complaints += _results(report, question)
        if question.name == "curve" and ran:
            complaints += _claims(report, question)
    return complaints


def summary(path, complaints) -> str:
    """Return what the command prints: a numbered list, or that all is there."""
    name = Path(path).name
    if not complaints:
        report = read_report(path)
        words = sum(count_words(report.answer(q) or "") for q in QUESTIONS)
        return (
            f"{name} is complete: {len(QUESTIONS)} answers, {words:,} words, "
            f"{len(FIGURES)} figures. Well done.\n"
            f"The PDF to hand in: cnnlib report build {name}"
        )
    many = len(complaints)
    lines = [f"{name}: {many} thing{'s' * (many > 1)} to do before you hand it in.", ""]
    for number, complaint in enumerate(complaints, start=1):
        lines.append(f"{number:2}. {complaint.where}")
        lines += [f"    {line}" for line in complaint.what.splitlines()]
    return "\n".join([*lines, "", "Save the file, then run this check again."])


# --- who, and whether it was run ------------------------------------------------------


def _identity(report):
    """Yield what is wrong with name and student number."""
    where, line = {
        "notebook": ("The cell with your name, at the top", '{} = "{}"'),
        "Markdown": ("The first lines of the file", "{}: {}"),
    }[report.kind]
    if report.name is None:
        example = line.format("name", "김하나")
        yield Complaint(where, f"The line with your name is missing. Write {example}")
    elif report.name.casefold() in NO_NAME or not re.search(r"[^\W\d_]", report.name):
        yield Complaint(where, "Your name is missing.")
    number = report.number
    if number is None:
        example = line.format("student_number", "2026123456")
        yield Complaint(
            where, f"The line with your student number is missing. Write {example}"
        )
    elif not re.search(r"\d", number):
        yield Complaint(where, "Your student number (학번) is missing.")
    elif not re.fullmatch(r"[A-Za-z]{0,3}\d{5,12}", re.sub(r"[\s-]", "", number)):
        yield Complaint(
            where,
            f"The student number {number!r} does not look like one: 5 to 12 digits are "
            "expected, perhaps with letters before them.",
        )


def _run(report):
    """Yield errors, and whether the cells were run in order, each once."""
    if report.kind == "Markdown":
        if report.printed is None:
            yield Complaint(
                "The training script",
                f"{RESULTS_FILE.as_posix()} is not there, so the numbers can not be "
                "compared. Run in this folder: python train_convnet.py",
            )
        return
    code = [p for p in report.pieces if p.kind == "code" and p.text.strip()]
    failed = [
        (piece, output)
        for piece in code
        for output in piece.outputs
        if output.output_type == "error"
    ]
    for piece, output in failed:
        yield Complaint(
            piece.where[0].upper() + piece.where[1:],
            f"It ended with {output.ename}: {str(output.evalue)[:120]}\n"
            "Repair it, then choose Kernel > Restart Kernel and Run All Cells.",
        )
    if not failed:
        yield from _order(code)


def _order(code):
    advice = "Choose Kernel > Restart Kernel and Run All Cells, and save."
    counts = [piece.count for piece in code]
    if counts == list(range(1, len(counts) + 1)):
        return
    if not any(counts):
        yield Complaint("The whole notebook", f"It was not run. {advice}")
        return
    odd = next(p for n, p in enumerate(code, start=1) if p.count != n)
    what = "was not run" if odd.count is None else "was run out of order"
    where = odd.where[0].upper() + odd.where[1:]
    yield Complaint(
        where,
        f"The notebook was not run from top to bottom: this cell {what}.\n{advice}",
    )


# --- answers --------------------------------------------------------------------------


def _answer(report, question):
    """Yield what is wrong with the text of one answer."""
    text, where = report.answer(question), report.place(question)
    if text is None:
        mark = f"<!-- answer: {question.name} -->"
        yield Complaint(
            where,
            f"The place of the answer is gone. Put the line {mark} above your answer."
            if report.kind == "Markdown"
            else "The cell of the answer is gone. Add a text cell below the question.",
        )
    elif question.words is None:
        yield from _form(text, where)
    else:
        yield from _length(text, question, where)


def _length(text, question, where):
    least, most = question.words
    rest = without_placeholders(text)
    words = count_words(rest)
    asked = f"{least} to {most} are asked for (two Korean syllables count as one word)"
    if words == 0:
        range_ = f"{least} to {most} words are asked for"
        yield Complaint(where, f"There is no answer yet; {range_}.")
    elif rest != text:
        yield Complaint(
            where,
            f"“{PLACEHOLDERS[0]}” still stands in your answer: delete it.",
        )
    elif words < (1 - TOLERANCE) * least:
        yield Complaint(where, f"A little short: {words} words; {asked}.")
    elif words > (1 + TOLERANCE) * most:
        yield Complaint(where, f"Too long: {words} words; {asked}.")


def without_placeholders(text) -> str:
    """Return an answer without what the template says in its place."""
    for placeholder in PLACEHOLDERS:
        text = re.sub(re.escape(placeholder), "", text, flags=re.IGNORECASE)
    return text


def _form(text, where):
    """Yield the lines of the form that are not filled in."""
    for label, value in field_texts(text, FIELDS).items():
        if value is None:
            yield Complaint(
                where,
                f"The line “{label}: ...” is gone. Write it again, with your result.",
            )
        elif not _filled(value):
            yield Complaint(where, f"“{label}” is not filled in.")
        elif FIELDS[label] and not first_number(value):
            yield Complaint(where, f"“{label}” holds no number.")


def _filled(value):
    return bool(value.strip(". …")) and not any(
        p in value.upper() for p in PLACEHOLDERS
    )


# --- figures and numbers --------------------------------------------------------------


def _figures(report, question, ran):
    """Yield the figures of a question that are not there."""
    where = report.place(question)
    for number, (owner, what, file) in FIGURES.items():
        shown = report.figures.get(number)
        if owner != question.name or shown or (shown is False and not ran):
            continue
        todo = NO_FIGURE[report.kind, shown].format(number=number, what=what, file=file)
        yield Complaint(where, f"Figure {number} ({what}): {todo}")


def _results(report, question):
    """Yield the filled-in numbers that differ from the printed ones."""
    printed, where = printed_results(report.printed), report.place(question)
    text = report.answer(question) or ""
    for label, value in field_texts(text, FIELDS).items():
        if not _filled(value or ""):
            continue
        if label == "Data":
            yield from _data(report, value, where)
            continue
        name, stated = FIELDS[label], first_number(value)
        if stated is None or name not in printed:
            continue
        percent = name != "wrong"
        if not agrees(stated, printed[name], percent):
            unit = " %" if percent else ""
            yield Complaint(
                where,
                f"“{label}” says {' '.join(stated).strip()}, but your run printed "
                f"{printed[name]:g}{unit}. Copy the number again.",
            )


def _data(report, value, where):
    """Yield if the data set is called by the other one's name."""
    images = re.search(r"^images: (\d+) for training", report.printed, re.MULTILINE)
    if images is None:
        return
    used_mnist = images[1] == "60000"
    small = re.search(r"scikit|sklearn|small|not\s+mnist|사이킷|작은", value, re.I)
    named = re.search("mnist", value, re.IGNORECASE)
    if used_mnist and small and not named:
        yield Complaint(where, "“Data”: your run used MNIST itself. Write so.")
    elif not used_mnist and not small and named:
        yield Complaint(
            where,
            "“Data” says MNIST, but your run used scikit-learn's small digits. Write "
            "so.",
        )


def _claims(report, question):
    """Yield accuracies in the text that the run printed nowhere."""
    printed, where = printed_percentages(report.printed), report.place(question)
    for words, stated, about in stated_accuracies(report.answer(question) or ""):
        near = 2 if about else 0
        if printed and not any(
            agrees(stated, value) or _close(stated, value, near) for value in printed
        ):
            yield Complaint(
                where,
                f"You write “{words}”, but your run printed no such accuracy. Compare "
                "with what step T5 printed.",
            )


def _close(stated, value, near):
    number = float(stated[0].replace(",", ""))
    return abs((number if stated[1] else 100 * number) - value) <= near
