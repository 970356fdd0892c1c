"""Make the PDF of a report; where that is not possible, an HTML page."""

import contextlib
import os
import tempfile
import uuid
from pathlib import Path
from typing import NamedTuple

from .pieces import ReportError
from .reading import read_report
from .typesetting import HANGUL, HANGUL_FONTS, LATIN_FONT, TITLE, typst_source

__all__ = ["Built", "build_report"]

SHOWN = ("text/plain", "image/png", "image/jpeg")  # of what a cell put out
INSTALL = 'python -m pip install "cnnlib[report]", or in the course: make report'
FONT_ADVICE = (
    "no font with Korean letters was found. Debian and Ubuntu: sudo apt install "
    "fonts-nanum. Windows: Settings > Apps > Optional features > Korean supplemental "
    "fonts. macOS has one. Or put a font file (.ttf, .otf) into a folder called fonts "
    "beside the report"
)


class Built(NamedTuple):
    """What was made; `why_html` is None for a PDF."""

    path: Path
    why_html: str | None


class NoPDF(Exception):
    """There can be no PDF here; the text says why."""


def build_report(path, output=None, html=False) -> Built:
    """Make a PDF, or else an HTML page, beside a report.

    Parameters
    ----------
    path : str or Path
        Notebook (.ipynb) or Markdown file (.md).
    output : str or Path, optional
        Where to write: a name that ends in .pdf or .html. Without it the report's own
        name with the other ending.
    html : bool
        Make the HTML page in any case.

    Raises
    ------
    ReportError
        If the report can not be read, a picture is missing, or the file can not be
        written. Nothing is written then.
    """
    report = read_report(path)
    target = report.path.with_suffix(".pdf") if output is None else Path(output)
    if target.suffix.lower() not in (".pdf", ".html"):
        raise ReportError(
            f"{target.name} is no name for a report: it must end in .pdf or .html."
        )
    if not html and target.suffix.lower() == ".pdf":
        try:
            return Built(_write(target, _pdf(report)), None)
        except NoPDF as reason:
            why = str(reason)
    else:
        why = "you asked for it"
    return Built(_write(target.with_suffix(".html"), _html(report)), why)


def _pdf(report):
    """Return the bytes of the PDF."""
    try:
        import pypandoc
        import typst

        pypandoc.get_pandoc_version()
    except (ImportError, OSError):
        raise NoPDF(
            f"the programs that make the PDF are not installed. To have them: {INSTALL}"
        ) from None
    own = report.path.parent / "fonts"
    paths = [str(own)] if own.is_dir() else []
    fonts = typst.Fonts(font_paths=paths)
    families = _families(report, fonts.families())
    with tempfile.TemporaryDirectory(prefix="cnnlib-report-") as folder:
        try:
            source = typst_source(report, Path(folder), families)
            file = Path(folder, "report.typ")
            file.write_text(source, "utf-8")
            return typst.Compiler(file, root=folder, font_paths=fonts).compile()
        except RuntimeError as error:  # pandoc's and Typst's own
            first = str(error).strip().splitlines()[0][:300]
            raise NoPDF(f"the text could not be set: {first}") from None


def _families(report, installed):
    """Return the fonts to use, the best one with Korean letters first."""
    korean = [font for font in HANGUL_FONTS if font in installed][:1]
    text = "".join([report.name or "", *(piece.text for piece in report.pieces)])
    if not korean and HANGUL.search(text):
        raise NoPDF(FONT_ADVICE)
    return [*korean, LATIN_FONT]


def _html(report):
    """Return the page as bytes: nbconvert, with the pictures inside."""
    try:
        import nbconvert
        from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    except ImportError:
        raise ReportError(
            "Neither the programs for a PDF nor nbconvert are installed. Install "
            f"them: {INSTALL}"
        ) from None
    head = f"# {TITLE}\n\n**{report.name or ''}** {report.number or ''}"
    cells = [new_markdown_cell(head)]
    for piece in report.pieces:
        if piece.kind == "code":
            cell = new_code_cell(piece.text, outputs=_plain_outputs(piece))
            cell.execution_count = piece.count
            cells.append(cell)
        elif piece.kind != "instructions":
            cells.append(new_markdown_cell(piece.text, attachments=piece.attachments))
    exporter = nbconvert.HTMLExporter(embed_images=True)
    resources = {"metadata": {"path": str(report.path.parent), "name": TITLE}}
    page, _ = exporter.from_notebook_node(new_notebook(cells=cells), resources)
    return page.encode("utf-8")


def _plain_outputs(piece):
    """Return texts and pictures only: other outputs may hold code for a browser."""
    kept = []
    for output in piece.outputs:
        if "data" in output:
            data = output.data.items()
            plain = {k: v for k, v in data if k in SHOWN}
            live = any(kind.endswith("widget-view+json") for kind in output.data)
            if plain and not live:
                kept.append(output | {"data": plain})
        elif output.get("name") != "stderr":
            kept.append(output)
    return kept


def _write(path, content):
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        raise ReportError(
            f"{path} can not be written ({error.strerror}). Is it open in another "
            "program? Close it there. Else name another place: -o NAME.pdf"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
