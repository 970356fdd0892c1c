"""Where everything lies: the homework's sources, and the folder of a graded course."""

import functools
import importlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .files import fingerprint, write_whole

HOMEWORK = Path(__file__).resolve().parents[1]

CONFIG = '''"""nbgrader reads this file in the folder in which it is started."""

from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor


class NotHere(NbGraderPreprocessor):
    """nbgrader's own autograding runs students' code with all your rights."""

    def preprocess(self, nb, resources):
        raise RuntimeError("Use `make grade`: it runs submissions in a sandbox.")


c = get_config()  # noqa: F821
c.Autograde.sanitize_preprocessors = [NotHere]
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "cnnlib"
'''


@dataclass(frozen=True)
class Course:
    """The homework of a course, and where its grading is kept.

    Attributes
    ----------
    folder : Path
        The course folder: gradebook, submissions, feedback. Private.
    homework : Path
        Holds ``source/<assignment>/<assignment>.ipynb``.
    answers : str
        The module with ``ANSWERS``, ``hidden_cases`` and ``judge``.
    """

    folder: Path
    homework: Path = HOMEWORK
    answers: str = "homework.answers"

    @property
    def assignments(self) -> list[str]:
        """Names of all assignments that have a source."""
        return sorted(
            path.stem
            for path in (self.homework / "source").glob("*/*.ipynb")
            if path.stem == path.parent.name
        )

    def source(self, assignment) -> Path:
        """Return the instructor's notebook."""
        return self.homework / "source" / assignment / f"{assignment}.ipynb"

    def kinds(self, assignment) -> tuple[str, ...]:
        """Return the endings of what can be graded: .md where there is a template."""
        templates = self.source(assignment).parent.glob("*.md")
        return (".ipynb", ".md") if any(templates) else (".ipynb",)

    def path(self, step, *parts) -> Path:
        """Return a path below the course folder."""
        return self.folder.joinpath(step, *parts)

    def notebook(self, step, assignment, student=".") -> Path:
        """Return the path of a notebook as nbgrader lays it out."""
        return self.path(step, student, assignment, f"{assignment}.ipynb")

    def result(self, assignment, student) -> Path:
        """Return the path of the result of one submission."""
        return self.path("results", assignment, f"{student}.json")

    @functools.cached_property
    def key(self) -> "Key":
        """The right answers, with hidden cases from the course's own seed."""
        return Key(importlib.import_module(self.answers), self.seed)

    @property
    def seed(self) -> int:
        """The number in ``seed.txt`` of the course folder, 0 without one.

        The answers of a public course are public. With a seed of their own the
        instructors alone know the hidden cases.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        path = self.path("seed.txt")
        text = path.read_text("utf-8").strip() if path.exists() else "0"
        if not (text.isascii() and text.isdigit()):
            raise ValueError(
                f"{path} holds {text!r}; expected one whole number, for example 20261. "
                "Write one, or delete the file: then the public cases are used."
            )
        return int(text)

    def prepare(self) -> None:
        """Make the course folder, so that nbgrader finds itself at home in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.path("nbgrader_config.py"), CONFIG)


class Key:
    """The answers of all exercises, and their hidden cases.

    Attributes
    ----------
    names : dict of str to str
        The name of the exercise for the ``grade_id`` of each test cell.
    """

    def __init__(self, module, seed=0):
        self.module, self.seed = module, seed
        self.names = {name.replace(".", "_"): name for name in module.ANSWERS}
        self._cases = {}

    def cases(self, name) -> list[dict]:
        """Return the hidden inputs of an exercise."""
        if name not in self._cases:
            self._cases[name] = self.module.hidden_cases(name, self.seed)
        return self._cases[name]

    def judge(self, name, outputs, student_number=None):
        """Return the verdict (``fraction``, ``words``) on what was recorded."""
        return self.module.judge(name, self.cases(name), outputs, student_number)

    def by_hand(self, name) -> bool:
        """Tell whether an exercise has numbers of each student's own."""
        return bool(getattr(self.module.ANSWERS[name], "by_hand", False))

    @functools.cached_property
    def version(self) -> str:
        """A hash that changes when the answers or the checking change."""
        folders = [Path(self.module.__file__).parent]
        if self.module.__name__ == "homework.answers":
            import cnnlib.exercises

            folders.append(Path(cnnlib.exercises.__file__).parent)
        files = sorted(p for folder in folders for p in folder.rglob("*.[np][py]*"))
        files = (path for path in files if path.suffix in {".py", ".npz"})
        return fingerprint(str(self.seed), *files)


def find_own_commands() -> None:
    """Put this Python's commands on the PATH: nbgrader starts ``alembic`` by name."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = own + os.pathsep + path


def read_notebook(path) -> dict:
    """Read one of our own notebooks."""
    return json.loads(Path(path).read_text("utf-8"))
