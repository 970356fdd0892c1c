"""What of a student's notebook may be shown in a browser: text and pictures.

A page with a student's HTML in it could act with the rights of whoever opens it, the
instructor in nbgrader's formgrader above all. So no HTML, SVG or script of theirs is
kept, and their text cells become the plain HTML that comes out of a strict list, with
MathML in the places of formulas.
"""

import base64
import binascii
import re
import secrets
from functools import partial

import bleach
from bleach.html5lib_shim import Filter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .formulas import Formula, mathml_of

TAGS = {
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
}
STARTS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
ANCHOR = re.compile(r'<a class="anchor-link"[^>]*>.*?</a>')
LONGEST = 20_000  # characters of one output
LARGEST = 4_000_000  # bytes of one picture
MOST_TEXT = 20_000  # characters of a text cell that are read as Markdown: some texts
ALL_TEXT = 300_000  # take time that grows with the square of their length
ROOM = 12_000_000  # characters of all outputs of a notebook
MARK = re.compile(f"{secrets.token_hex(8)}n([0-9]+)n")  # stands for a formula


def safe_notebook(cleaned, words) -> dict:
    """Return a notebook that can be opened and shown without danger.

    Parameters
    ----------
    cleaned : Cleaned
    words : dict of str to str
        What the grader says below the test cell of each ``grade_id``. Nothing that
        the student's code has printed there is kept.
    """
    pages, left = [], ALL_TEXT
    for cell in cleaned.notebook["cells"]:
        if cell["cell_type"] == "markdown":
            pages.append(Page(cell["source"], cell.get("attachments"), left))
            left -= len(cell["source"])
    mathml = mathml_of([formula for page in pages for formula in page.formulas])
    room, cells, pages = ROOM, [], iter(pages)
    for cell, shown in zip(cleaned.notebook["cells"], cleaned.outputs, strict=True):
        cell = dict(cell)
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in words and cell["cell_type"] == "code":
            text = words[grade_id] + "\n"
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": text}
            ]
        elif cell["cell_type"] == "code":
            cell["outputs"] = [o for o in map(safe_output, shown[:200]) if o]
            room -= sum(len(str(output)) for output in cell["outputs"])
            if room < 0:
                cell["outputs"] = [_said("(left out: too much output)")]
        elif cell["cell_type"] == "markdown":
            cell["source"] = next(pages).safe_html(mathml)
            cell.pop("attachments", None)
        cells.append(cell)
    return {**cleaned.notebook, "cells": cells}


def safe_output(output):
    """Return the text or the picture of an output, None if it has neither."""
    if not isinstance(output, dict):
        return None
    kind, data = output.get("output_type"), output.get("data")
    if kind == "stream":
        return _said(_text(output.get("text")))
    if kind == "error":
        name, value = _text(output.get("ename")), _text(output.get("evalue"))
        trace = output.get("traceback")
        lines = [_text(line) for line in trace[:60]] if isinstance(trace, list) else []
        return {
            "output_type": "error",
            "ename": name[:200],
            "evalue": value[:2000],
            "traceback": lines,
        }
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    for picture in STARTS:
        if (content := safe_picture(picture, data.get(picture))) is not None:
            return _display({picture: content})
    text = _text(data.get("text/plain"))
    return _display({"text/plain": text}) if text else None


def safe_picture(kind, data):
    """Return a picture as base64 in one line, None if it is none."""
    if isinstance(data, list):
        data = _text(data, LARGEST * 2)
    if not isinstance(data, str) or len(data) > LARGEST * 2:
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not content.startswith(STARTS[kind]) or len(content) > LARGEST:
        return None
    return base64.b64encode(content).decode()


def safe_html(markdown, attachments=None) -> str:
    """Turn Markdown into HTML in which nothing can run, call home or imitate a page.

    The result is one HTML block without an empty line: read as Markdown again, by
    nbgrader, it stays as it is.
    """
    page = Page(markdown, attachments)
    return page.safe_html(mathml_of(page.formulas))


class Page:
    """A text cell on its way to safe HTML.

    Attributes
    ----------
    formulas : list of Formula
        In `html`, a mark with its number stands in the place of each.
    html : str
        Not safe yet.
    """

    def __init__(self, markdown, attachments=None, most=MOST_TEXT):
        pictures = {}
        for name, bundle in (attachments or {}).items():
            for kind in STARTS:
                content = safe_picture(kind, bundle.get(kind))
                if content is not None:
                    pictures[name] = {kind: content}
        renderer = Renderer(escape=False, attachments=pictures)
        try:
            if len(markdown) > min(most, MOST_TEXT):
                raise ValueError("too much to be read as Markdown")
            self.html = MarkdownWithMath(renderer=renderer).render(markdown)
        except Exception:  # a missing attachment, nesting without end, too much text
            self.html = "<pre>" + bleach.clean(markdown, tags=set()) + "</pre>"
        self.formulas = renderer.formulas

    def safe_html(self, mathml) -> str:
        """Return the HTML with those formulas that there is MathML for."""
        elements = [mathml.get(formula) for formula in self.formulas]
        cleaner = bleach.Cleaner(
            tags=TAGS,
            attributes=_allowed,
            protocols=["http", "https", "mailto", "data"],
            strip=True,
            filters=[partial(PutFormulas, formulas=self.formulas, elements=elements)],
        )
        html = cleaner.clean(ANCHOR.sub("", self.html))
        lines = [line if line.strip() else "<!-- -->" for line in html.split("\n")]
        return "<div>\n" + "\n".join(lines).strip() + "\n</div>"


class Renderer(IPythonRenderer):
    """Writes HTML with marks in the places of formulas, and collects these."""

    def __init__(self, **options):
        super().__init__(**options)
        self.formulas = []

    def _mark(self, tex, display):
        self.formulas.append(Formula(tex.strip(), display))
        return MARK.pattern.replace("([0-9]+)", str(len(self.formulas) - 1))

    def inline_math(self, body):
        """Mark a formula in a line of text."""
        return self._mark(body, False)

    def block_math(self, body):
        """Mark a formula that stands alone."""
        return self._mark(body, True)

    def latex_environment(self, name, body):
        """Mark an environment such as ``align``."""
        return self._mark(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)


class PutFormulas(Filter):
    """Puts formulas where their marks are: in text alone, after all the cleaning."""

    def __init__(self, source, formulas, elements):
        super().__init__(source)
        self.formulas, self.elements = formulas, elements

    def __iter__(self):
        for token in super().__iter__():
            if token["type"] == "Characters" and MARK.search(token["data"]):
                for k, part in enumerate(MARK.split(token["data"])):
                    yield from self._formula(int(part)) if k % 2 else _letters(part)
                continue
            if token["type"] in ("StartTag", "EmptyTag"):
                token["data"] = {
                    name: MARK.sub(lambda m: self.formulas[int(m[1])].tex, value)
                    for name, value in token["data"].items()
                }
            yield token

    def _formula(self, number):
        element = self.elements[number]
        if element is not None:
            return _tokens(element)
        return _tokens_of("code", {}, _letters(f"${self.formulas[number].tex}$"))


def _tokens(element):
    """Yield an element of MathML as the serializer wants it, which escapes all text."""
    inner = [*_letters(element.text), *(t for child in element for t in _tokens(child))]
    yield from _tokens_of(element.tag, element.attrib, inner)


def _tokens_of(name, attributes, inner):
    tag = {"namespace": None, "name": name}
    data = {(None, key): value for key, value in attributes.items()}
    yield {"type": "StartTag", **tag, "data": data}
    yield from inner
    yield {"type": "EndTag", **tag, "data": {}}


def _letters(text):
    return [{"type": "Characters", "data": text}] if text else []


def _allowed(tag, name, value) -> bool:
    """Tell whether an attribute is harmless: links out, pictures in the page itself."""
    if tag == "a" and name == "href":
        return value.startswith(("https://", "http://", "mailto:"))
    if tag == "img" and name == "src":
        return bool(re.match(r"data:image/(png|jpeg);base64,", value))
    return (tag, name) in {("img", "alt"), ("a", "title"), ("th", "align")}


def _said(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def _display(data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _text(value, longest=LONGEST) -> str:
    """Return text of limited length from whatever stands where text should."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    value = value.encode("utf-8", "replace").decode("utf-8")
    return value if len(value) <= longest else value[:longest] + "\n(cut off here)\n"
