"""Find the submissions in a folder or a ``.zip``, however a platform names them."""

import contextlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from .files import safe_name
from .handed import (
    Handed,
    Unreadable,
    composed,
    files_below,
    is_hidden,
    members_of,
    opened,
)
from .who import NUMBER, label_of, who

DEEPEST = 5  # folders of a student, and the file in them
NOTEBOOK, MARKDOWN, ARCHIVE = ".ipynb", ".md", ".zip"
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
MOST_PICTURES = 100


@dataclass(frozen=True)
class Submission:
    """One student's work, or the reason why there is none.

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
    file : Handed or None
    problem : str
        Why there is no file.
    pictures : tuple of Handed
        What was handed in with a report in Markdown.
    """

    student: str
    number: str
    name: str
    place: str
    file: Handed | None
    problem: str = ""
    pictures: tuple = ()


@dataclass
class Entry:
    """All that one student has handed in, before anything is chosen from it."""

    text: str
    places: list = field(default_factory=list)
    files: list = field(default_factory=list)
    problem: str = ""


def find_submissions(
    folder, assignment, roster=None, kinds=(NOTEBOOK,), is_empty=None
) -> list[Submission]:
    """List what students have handed in.

    Each file or folder below ``folder`` is one student's. Its name should hold the
    student number. nbgrader's own layout, ``<student>/<assignment>/``, is understood,
    and so are the downloads of Moodle and Canvas.

    Parameters
    ----------
    folder : Path
        Or a ``.zip`` of it.
    assignment : str
    roster : dict of str to str, optional
        Names by student number.
    kinds : tuple of str
        Endings of files that can be graded.
    is_empty : callable, optional
        Tells whether a file is the template as it was given out. Of several files
        such a one is left aside.

    Raises
    ------
    Unreadable
        If ``folder`` is a file and no archive.
    """
    found = []
    for key, entry in sorted(entries_of(folder, kinds).items()):
        file, beside, problem = None, [], entry.problem
        if not problem:
            file, beside, problem = choose(entry.files, assignment, kinds, is_empty)
        number, name = who(entry.text.replace(assignment, " "), roster or {})
        if file and not number and not name:
            number, name = who(file.stem.replace(assignment, " "), roster or {})
        student = safe_name(re.sub(r"\D", "", number) if number else key)
        place = ", ".join(entry.places)
        if file and file.suffix == MARKDOWN:
            pictures = [other for other in beside if other.suffix in PICTURES]
        else:
            pictures = []
        pictures = tuple(pictures[:MOST_PICTURES])
        found.append(Submission(student, number, name, place, file, problem, pictures))
    return _without_doubles(found)


def names_in(folder) -> tuple[list[str], list[str]]:
    """List the names of all files, and of those inside the students' archives."""
    names, inner = [], []
    for entry in entries_of(folder, (NOTEBOOK, MARKDOWN)).values():
        names += [*entry.places, *(file.name for file in entry.files)]
        for file in entry.files:
            if file.suffix == ARCHIVE:
                with contextlib.suppress(Unreadable):  # listed later, with its reason
                    inner += [packed.name for packed in file.unpacked()]
    return names, inner


def mentions(name, assignment) -> bool:
    """Tell whether a name means an assignment: ``hw2_layers``, or ``hw2`` for short."""
    short = re.escape(assignment.partition("_")[0])
    return assignment in name or bool(
        re.search(rf"(?<![A-Za-z0-9]){short}(?![A-Za-z0-9])", name, re.IGNORECASE)
    )


def entries_of(folder, kinds) -> dict[str, Entry]:
    """Group all files by student."""
    folder, entries = Path(folder), {}
    kinds = {*kinds, ARCHIVE}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if is_hidden(path.name):
                continue
            name = composed(path.name)
            if path.is_symlink():
                problem = "it is a link; expected a file or a folder"
                entries[name] = Entry(name, [name], problem=problem)
            elif path.is_dir():
                _add(entries, name, files_below(path))
            else:
                _add_file(entries, Handed(path, (name,)), kinds)
        return entries
    try:
        with opened(folder) as archive:
            files = members_of(archive, Handed(folder, (folder.name,)))
    except Unreadable as error:
        raise Unreadable(f"{folder}: {error}") from None
    for file in _without_wrapper(files):
        if len(file.parts) == 1:
            _add_file(entries, file, kinds)
        else:
            _add(entries, file.parts[0], [replace(file, parts=file.parts[1:])])
    return entries


def _add(entries, name, files) -> None:
    """Add a folder's files to those of its student."""
    label = label_of(name)
    entry = entries.setdefault(label.key, Entry(label.text))
    if name not in entry.places:
        entry.places.append(name)
    entry.files += files


def _add_file(entries, file, kinds) -> None:
    """Add a file that lies in no folder, if a student handed it in."""
    label = label_of(file.name)
    if label.file:
        _add(entries, file.name, [replace(file, parts=(label.file,))])
    elif file.suffix in kinds:
        entries[file.name] = Entry(file.stem, [file.name], [file])
    elif file.suffix != ".csv" and NUMBER.search(file.stem):
        problem = f"it is a {file.suffix or 'file of no known kind'}; " + (
            f"expected {' or '.join(sorted(kinds))}"
        )
        entries[file.name] = Entry(file.stem, [file.name], [], problem)


def _without_wrapper(files) -> list[Handed]:
    """Leave out a folder that only holds everything: ``submissions/...``."""
    tops = {file.parts[0] for file in files if len(file.parts) > 1}
    if len(tops) != 1 or any(len(file.parts) == 1 for file in files):
        return files
    [top] = tops
    below = {file.parts[1] for file in files}
    if len(below) < 2 or NUMBER.search(top) or label_of(top).key != top:
        return files
    return [replace(file, parts=file.parts[1:]) for file in files]


def choose(files, assignment, kinds, is_empty=None):
    """Return the one file to grade and what lies beside it, or the problem."""
    works = [f for f in files if f.suffix in kinds and len(f.parts) <= DEEPEST]
    archives = [f for f in files if f.suffix == ARCHIVE and len(f.parts) <= DEEPEST]
    if works:
        file, problem = _only(works, assignment, is_empty)
        return file, [f for f in files if f is not file], problem
    if len(archives) > 1:
        return None, [], "several archives; leave one: " + _names(archives)
    if not archives:
        return None, [], "there is no notebook in it"
    [archive] = archives
    try:
        inside = archive.unpacked()
    except Unreadable as error:
        return None, [], f"{archive.name}: {error}"
    if any(f.suffix in kinds for f in inside):
        return choose(
            [f for f in inside if f.suffix != ARCHIVE], assignment, kinds, is_empty
        )
    if any(f.suffix == ARCHIVE for f in inside):
        return None, [], f"{archive.name}: a .zip inside a .zip; expected the notebook"
    return None, [], f"{archive.name}: there is no notebook in it"


def _only(works, assignment, is_empty):
    """Return the file that is meant, or the problem that it could be several."""
    template = assignment.partition("_")[2]  # of hw1_report: report.md
    exact = [
        file
        for file in works
        if file.stem == (template if file.suffix == MARKDOWN else assignment)
    ]
    close = [file for file in works if mentions(file.stem, assignment)]
    for some in (exact, close, works):
        if len(some) > 1 and is_empty:
            some = [file for file in some if not is_empty(file)] or some[:1]
        if len(some) == 1:
            return some[0], ""
        if some:
            return None, f"{len(some)} files are possible; leave one: {_names(some)}"
    raise AssertionError("choose calls this with at least one file")


def _names(files) -> str:
    return ", ".join(file.name[:100] for file in files[:4])


def _without_doubles(found):
    """Refuse to choose between two submissions of one student."""
    places = {}
    for one in found:
        places.setdefault(one.student.casefold(), []).append(one)
    result = []
    for same in places.values():
        real = [one for one in same if one.file] or same[:1]
        if len(real) == 1:
            result += real
        else:
            names = ", ".join(one.place for one in real)
            problem = f"handed in more than once; leave one of: {names}"
            result.append(replace(real[0], file=None, problem=problem, pictures=()))
    return result
