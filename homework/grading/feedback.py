"""The pages that students get back: points, words, and their notebook."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from .clean import grade_id_of, is_graded
from .course import read_notebook
from .files import fingerprint, write_whole
from .judging import NOT_GRADED

TEMPLATES = Path(__file__).parent / "template"
NAME = "cnnlib_feedback"


def rows_of(notebook, result, grades, titles) -> list[dict]:
    """Return a line for each graded cell: title, score, points, words, kind.

    ``kind`` is "all" or "part" of the points, "open" for not graded, "waiting" for an
    answer that a person has yet to read.
    """
    rows = []
    for cell in notebook["cells"]:
        if not is_graded(cell):
            continue
        grade_id = grade_id_of(cell)
        mark = result["marks"][grade_id]
        score = grades.get(grade_id, {}).get("score", mark["score"])
        kind = "all" if score is not None and score >= mark["points"] else "part"
        if score is None:
            kind = "waiting" if mark["manual"] else "open"
        words = mark["words"].removeprefix(f"{mark['score'] or 0:g} of ")
        words = words.removeprefix(f"{mark['points']:g} points. ")
        if mark["manual"]:
            words = "" if score is not None else "your instructor will read it"
        elif grades.get(grade_id, {}).get("by_hand"):
            words = "set by your instructor"
        rows.append(
            {
                "id": grade_id,
                "title": titles.get(grade_id, grade_id),
                "score": "not yet" if score is None else f"{score:g}",
                "value": score,
                "points": f"{mark['points']:g}",
                "words": words.removeprefix(f"{NOT_GRADED}: "),
                "kind": kind,
            }
        )
    return rows


def page_of(title, result, rows, grades) -> dict:
    """Return what the template shows above the notebook."""
    most = sum(float(row["points"]) for row in rows)
    total = sum(row["value"] or 0 for row in rows)
    waiting = sum(row["kind"] == "waiting" for row in rows)
    opened = sum(row["kind"] == "open" for row in rows)
    pending = []
    if waiting:
        pending.append(f"{waiting} answer(s) will be read by your instructor.")
    if opened:
        pending.append(
            f"{opened} exercise(s) could not be graded by the machine; your instructor "
            "knows. They count neither as right nor as wrong yet."
        )
    so_far = " so far" if pending else ""
    headline = f"{total:g} of {most:g} points{so_far}"
    if not any(row["value"] is not None and row["points"] != "0" for row in rows):
        headline = f"Not graded yet ({most:g} points)"
    comments = {g: c["comment"] for g, c in grades.items() if c.get("comment")}
    return {
        "title": title,
        "student": result["student"],
        "name": result["name"],
        "headline": headline,
        "pending": " ".join(pending),
        "rows": rows,
        "by_id": {row["id"]: row for row in rows},
        "comments": comments,
    }


def write_feedback(course, assignment, results, grades, titles, jobs, progress=iter):
    """Write a page for each submission that could be read; skip those that are there.

    Parameters
    ----------
    course : Course
    assignment : str
    results : list of dict
    grades : dict
        From ``gradebook.grades_of``.
    titles : dict of str to str
        Of the exercises, by ``grade_id``.
    jobs : int
        Processes.
    progress : callable
        Wraps the iterator of pages.

    Returns
    -------
    int
        How many pages were written.
    """
    work = []
    for result in results:
        if result["marks"]:
            student = result["student"]
            source = course.notebook("autograded", assignment, student)
            target = course.notebook("feedback", assignment, student)
            target = target.with_suffix(".html")
            mine = grades.get(student, {})
            version = fingerprint(
                source,
                repr((result["marks"], result["name"], sorted(mine.items()))),
                *sorted((TEMPLATES / NAME).iterdir()),
            )
            work.append((source, target, assignment, result, mine, titles, version))
    work = [task for task in work if not _is_there(task[1], task[-1])]
    if len(work) < 4 or jobs < 2:
        for task in progress(work):
            write_page(task)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            for _ in progress(pool.map(write_page, work, chunksize=2)):
                pass
    return len(work)


def _is_there(target, version) -> bool:
    try:
        with open(target, "rb") as file:
            file.seek(-200, os.SEEK_END)
            return version.encode() in file.read()
    except OSError:
        return False


def write_page(task) -> None:
    """Write the page of one submission."""
    source, target, title, result, grades, titles, version = task
    notebook = read_notebook(source)
    rows = rows_of(notebook, result, grades, titles)
    page = page_of(title, result, rows, grades)
    write_whole(target, render(notebook, page) + f"<!-- {version} -->\n")


def render(notebook, page) -> str:
    """Return the page as HTML. The notebook's text cells are safe HTML already."""
    import nbformat
    from nbconvert.exporters import TemplateExporter

    page = page | {"css": (TEMPLATES / NAME / "page.css").read_text("utf-8")}
    node = nbformat.from_dict(notebook)
    # HTMLExporter would read its page again, for pictures without a description: that
    # takes longer than all the rest, and there are none.
    one = TemplateExporter.from_notebook_node
    return one(exporter(), node, resources={"feedback": page})[0]


@cache
def exporter():
    """Return nbconvert's exporter with our template."""
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters import Highlight2HTML
    from traitlets.config import Config

    config = Config()
    config.HTMLExporter.template_name = NAME
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    made = HTMLExporter(config=config)
    highlight = Highlight2HTML(pygments_lexer="python", parent=made)
    made.register_filter("highlight_code", highlight)
    return made
