"""The tables for instructors: grades, what is not graded, what a person must read."""

import csv
import io

from cnnlib.exercises.report.questions import BY_GRADE_ID

from .feedback import rows_of
from .files import write_whole
from .judging import NOT_GRADED

READ = "to be read"
SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula


def write_tables(course, assignment, release, results, grades, titles) -> dict:
    """Write the three CSV files of an assignment; return their rows by name."""
    graded, open_, manual = [], [], []
    for result in sorted(results, key=lambda result: result["student"]):
        who = {"student": result["student"], "name": result["name"]}
        who["handed in as"] = result["place"]
        notes = "; ".join(result["notes"])
        rows = []
        if result["marks"]:
            mine = grades.get(result["student"], {})
            rows = rows_of(release, result, mine, titles)
        graded.append(who | _line(rows, result))
        if result["problem"]:
            why = result["problem"]
            open_.append(who | {"exercise": "all", "why": why, "notes": notes})
        for row in rows:
            line = who | {"exercise": row["id"]}
            if row["kind"] == "waiting":
                length = result["marks"][row["id"]]["length"]
                asked = asked_words(row["id"])
                words = {"words": length, "words asked for": asked}
                manual.append(line | {"points": row["points"]} | words)
            if row["kind"] == "open" and not result["problem"]:
                open_.append(line | {"why": row["words"], "notes": notes})
    tables = {"grades": graded, "not_graded": open_, "to_read": manual}
    for name, rows in tables.items():
        write_whole(course.path("reports", f"{assignment}_{name}.csv"), as_csv(rows))
    return tables


def asked_words(grade_id) -> str:
    """Return how many words a question of the report asks for, "" for others."""
    question = BY_GRADE_ID.get(grade_id)
    return "{} to {}".format(*question.words) if question and question.words else ""


def _line(rows, result):
    """Return the columns of one student: each exercise, the total, what is missing."""
    line = {row["id"]: "" if row["value"] is None else row["value"] for row in rows}
    waiting = sum(row["kind"] == "waiting" for row in rows)
    opened = sum(row["kind"] == "open" for row in rows)
    state = []
    if result["problem"]:
        state = [f"{NOT_GRADED}: {result['problem']}"]
    elif opened:
        state = [f"{NOT_GRADED}: {opened} exercise(s)"]
    if waiting and not result["problem"]:
        state.append(f"{waiting} answer(s) {READ}")
    complete = rows and not waiting and not opened and not result["problem"]
    line["total"] = round(sum(row["value"] for row in rows), 2) if complete else ""
    line["of"] = f"{sum(float(row['points']) for row in rows):g}" if rows else ""
    line["state"] = "; ".join(state) or "complete"
    line["notes"] = "; ".join(result["notes"])
    return line


def as_csv(rows) -> str:
    """Return rows as CSV that spreadsheets open in UTF-8, and never as formulas."""
    stream = io.StringIO()
    columns = max((list(row) for row in rows), key=len, default=[])
    columns = [
        *columns,
        *{key: None for row in rows for key in row if key not in columns},
    ]
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return "\ufeff" + stream.getvalue()


def _cell(value):
    """Keep a student's text from becoming a formula or a new line."""
    if not isinstance(value, str):
        return value
    value = " ".join(value.split())
    return f"'{value}" if value.startswith(SPREADSHEET) else value
