"""Read a report, notebook or Markdown, into the same plain pieces."""

from pathlib import Path

from .markdown import read_markdown
from .notebook import read_notebook
from .pieces import Report, ReportError

__all__ = ["read_report"]


def read_report(path) -> Report:
    """Read a notebook (.ipynb) or a Markdown file (.md).

    Raises
    ------
    ReportError
        If the file is missing, damaged or of another kind.
    """
    path = Path(path)
    if path.is_dir():
        raise ReportError(f"{path} is a folder. Name the file of the report in it.")
    if not path.is_file():
        raise ReportError(
            f"There is no file {path}. Check the name, and the folder that you are in: "
            f"{Path.cwd()}"
        )
    readers = {".ipynb": read_notebook, ".md": read_markdown}
    if path.suffix.lower() not in readers:
        raise ReportError(
            f"{path.name} is not a report that can be read: expected a notebook "
            "(.ipynb) or a Markdown file (.md)."
        )
    return readers[path.suffix.lower()](path, _text(path))


def _text(path):
    data = path.read_bytes()
    if not data.strip():
        raise ReportError(
            f"{path.name} is empty. Was it saved? An older version may be in "
            ".ipynb_checkpoints, or take the template again."
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ReportError(
            f"{path.name} is not stored as UTF-8, so Korean letters can not be read. "
            "Open it in your editor and save it with the encoding UTF-8 (Notepad: "
            "Save as, Encoding)."
        ) from None
