"""Find the submissions in a folder, however the learning platform names them."""

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from .files import safe_name

NUMBER = re.compile(r"(?<![\d-])\d[\d-]{3,18}\d(?![\d-])")
SKIPPED = {"__MACOSX", ".ipynb_checkpoints"}
DEEPEST = 4  # folders below the one of a student


@dataclass(frozen=True)
class Submission:
    """One student's notebook, or the reason why there is none.

    Attributes
    ----------
    student : str
        A name that can be a folder: the student number where there is one.
    number : str
        The student number of the roster, or from the name of folder or file.
    name : str
        From the roster.
    place : str
        What was handed in, as it was called.
    path : Path or None
    problem : str
        Why there is no notebook.
    """

    student: str
    number: str
    name: str
    place: str
    path: Path | None
    problem: str = ""


def find_submissions(folder, assignment, roster=None) -> list[Submission]:
    """List what students have handed in.

    Each file or folder below ``folder`` is one student's. Its name should hold the
    student number. nbgrader's own layout, ``<student>/<assignment>/``, is understood.

    Parameters
    ----------
    folder : Path
    assignment : str
    roster : dict of str to str, optional
        Names by student number.
    """
    entries = sorted(p for p in Path(folder).iterdir() if not is_hidden(p))
    found = [_of_one_student(entry, assignment, roster or {}) for entry in entries]
    return _without_doubles([one for one in found if one is not None])


def read_roster(path) -> dict[str, str]:
    """Read student numbers and names: the first two columns of a CSV file.

    Raises
    ------
    ValueError
        If a line has no student number.
    """
    roster = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for line, row in enumerate(csv.reader(file), 1):
            row = [cell.strip() for cell in row]
            if not any(row):
                continue
            if line == 1 and not any(letter.isdigit() for letter in row[0]):
                continue  # a heading
            if not any(letter.isdigit() for letter in row[0]):
                raise ValueError(
                    f"{path}, line {line}: {row[0]!r} is no student number. Expected "
                    "two columns: student number, name."
                )
            roster[row[0]] = row[1] if len(row) > 1 else ""
    return roster


def is_hidden(path) -> bool:
    """Tell whether a file or folder was not handed in by anybody."""
    return path.name.startswith(".") or path.name in SKIPPED


def _of_one_student(entry, assignment, roster):
    if entry.is_file() and entry.suffix not in (".ipynb", ".zip"):
        return None  # a roster, a note of the platform
    label = entry.stem if entry.suffix in (".ipynb", ".zip") else entry.name
    label = unicodedata.normalize("NFC", label)
    number, name = _who(label.replace(assignment, " "), roster)
    student = safe_name(re.sub(r"\D", "", number) if number else label)
    path, problem = _notebook_of(entry, assignment)
    return Submission(student, number, name, entry.name, path, problem)


def _who(label, roster):
    """Return student number and name, from the roster if there is one."""
    digits = re.sub(r"[^0-9]", " ", label.replace("-", "")).split()
    for number, name in roster.items():
        if re.sub(r"\D", "", number) in digits:
            return number, name
    named = [(n, name) for n, name in roster.items() if name and name in label]
    if len(named) == 1:
        return named[0]
    if roster:
        return "", ""
    found = NUMBER.findall(label)
    return (max(found, key=len), "") if found else ("", "")


def _notebook_of(entry, assignment):
    """Return the path of the notebook in a student's file or folder, or the problem."""
    if entry.is_symlink():
        return None, "it is a link; expected a file or a folder"
    if entry.suffix == ".zip":
        return None, "it is a .zip archive: unpack it first"
    if entry.is_file():
        return entry, ""
    found = [
        path
        for path in sorted(entry.rglob("*.ipynb"))
        if len(path.relative_to(entry).parts) <= DEEPEST
        and not any(is_hidden(Path(part)) for part in path.relative_to(entry).parts)
        and not path.is_symlink()
    ]
    exact = [path for path in found if path.stem == assignment]
    close = [path for path in found if assignment in path.stem]
    for some in (exact, close, found):
        if len(some) == 1:
            return some[0], ""
        if some:
            return None, f"{len(some)} notebooks are possible; leave one: " + ", ".join(
                str(path.relative_to(entry)) for path in some[:4]
            )
    return None, "there is no notebook in it"


def _without_doubles(found):
    """Refuse to choose between two submissions of one student."""
    places = {}
    for one in found:
        places.setdefault(one.student.casefold(), []).append(one.place)
    result = []
    for one in found:
        same = places[one.student.casefold()]
        if len(same) == 1:
            result.append(one)
        elif same[0] == one.place:
            problem = "handed in more than once; leave one of: " + ", ".join(same)
            result.append(
                Submission(one.student, one.number, one.name, one.place, None, problem)
            )
    return result
