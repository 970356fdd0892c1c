"""What of a student's notebook may be shown in a browser: text and pictures.

A page with a student's HTML in it could act with the rights of whoever opens it, the
instructor in nbgrader's formgrader above all. So no HTML, SVG or script of theirs is
kept, and their text cells become the plain HTML that comes out of a strict list.
"""

import base64
import binascii
import re

import bleach
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

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
ROOM = 12_000_000  # characters of all outputs of a notebook


def safe_notebook(cleaned, words) -> dict:
    """Return a notebook that can be opened and shown without danger.

    Parameters
    ----------
    cleaned : Cleaned
    words : dict of str to str
        What the grader says below the test cell of each ``grade_id``. Nothing that
        the student's code has printed there is kept.
    """
    room, cells = ROOM, []
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
            cell["source"] = safe_html(cell["source"], cell.pop("attachments", {}))
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
    pictures = {}
    for name, bundle in (attachments or {}).items():
        for kind in STARTS:
            content = safe_picture(kind, bundle.get(kind))
            if content is not None:
                pictures[name] = {kind: content}
    renderer = IPythonRenderer(escape=False, attachments=pictures)
    try:
        html = MarkdownWithMath(renderer=renderer).render(markdown)
    except Exception:  # an attachment that is not there, or nesting without end
        html = "<pre>" + bleach.clean(markdown, tags=set()) + "</pre>"
    html = bleach.clean(
        ANCHOR.sub("", html),
        tags=TAGS,
        attributes=_allowed,
        protocols=["http", "https", "mailto", "data"],
        strip=True,
    )
    lines = [line if line.strip() else "<!-- -->" for line in html.split("\n")]
    return "<div>\n" + "\n".join(lines).strip() + "\n</div>"


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
