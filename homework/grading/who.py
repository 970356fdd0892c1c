"""Tell whose work it is: from a roster, and from the names that platforms give."""

import csv
import re
from dataclasses import dataclass

NUMBER = re.compile(r"(?<![\d-])\d[\d-]{3,18}\d(?![\d-])")

# How learning platforms call what they hand out. Their numbers are their own: a number
# of the platform must never be taken for a student number.
PLATFORMS = (
    # Moodle: 김민수_12345_assignsubmission_file_ (a folder; or before a file's name)
    re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)"),
    # Canvas: kimminsu_12345_678901_hw2.ipynb, kimminsu_LATE_12345_678901_hw2-1.ipynb
    re.compile(r"(?P<name>[^_\d]+)_(?:LATE_)?(?P<id>\d+)_\d{3,}_(?P<file>.+)"),
)


@dataclass(frozen=True)
class Label:
    """What the name of a file or folder tells.

    Attributes
    ----------
    key : str
        The same for all that one student has handed in.
    text : str
        Where a student number, or a name, may stand.
    file : str
        How the student called the file, "" if this is not known.
    """

    key: str
    text: str
    file: str = ""


def label_of(name) -> Label:
    """Take the name of a file or folder apart.

    Examples
    --------
    >>> label_of("김민수_12345_assignsubmission_file_").key
    '김민수_12345'
    >>> label_of("kimminsu_LATE_12345_678901_hw2.ipynb").file
    'hw2.ipynb'
    """
    for platform in PLATFORMS:
        if found := platform.fullmatch(name):
            key = f"{found['name']}_{found['id']}"
            return Label(key, found["name"], found["file"])
    return Label(name, name)


def who(text, roster) -> tuple[str, str]:
    """Return the student number and name that a text mentions, "" if it does not."""
    digits = re.sub(r"[^0-9]", " ", text.replace("-", "")).split()
    for number, name in roster.items():
        if re.sub(r"\D", "", number) in digits:
            return number, name
    squeezed = _squeezed(text)
    named = [
        (number, name)
        for number, name in roster.items()
        if any(way in squeezed for way in _ways(name))
    ]
    if len(named) == 1:
        return named[0]
    if roster:
        return "", ""
    found = NUMBER.findall(text)
    return (max(found, key=len), "") if found else ("", "")


def _ways(name) -> set[str]:
    """Return how platforms write a name: in either order, without spaces."""
    words = name.split()
    ways = {_squeezed(name), _squeezed("".join([*words[1:], *words[:1]]))}
    ways.add(_squeezed("".join([*words[-1:], *words[:-1]])))
    return ways - {""}


def _squeezed(text) -> str:
    return "".join(text.split()).replace(",", "").casefold()


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
