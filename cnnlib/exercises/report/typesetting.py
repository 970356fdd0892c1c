"""Turn a report into the source of a PDF: pandoc for the prose, Typst for the page.

Pandoc reads all Markdown cells at once into its document tree. We walk the tree:
pictures are copied into a folder of their own, raw code of other languages is left
out (so a report can not run code of Typst), and what belongs to a question becomes
small and grey. Code cells and their outputs are added as they are.
"""

import json
import re
import urllib.parse
from pathlib import Path

from .notebook import attached, decoded
from .pieces import ReportError, is_picture
from .questions import FIGURES

__all__ = ["HANGUL", "HANGUL_FONTS", "typst_source"]

HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")

# Best first; the names under which the systems know them.
HANGUL_FONTS = (
    "Pretendard",
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "Source Han Sans KR",
    "Apple SD Gothic Neo",  # macOS
    "Malgun Gothic",  # Windows
    "NanumBarunGothic",
    "NanumGothic",
    "Nanum Gothic",
    "Noto Serif KR",
    "Noto Serif CJK KR",
    "NanumMyeongjo",
    "Gulim",
    "Batang",
    "UnDotum",
    "Baekmuk Gulim",
)
LATIN_FONT = "Libertinus Serif"  # comes with Typst

TITLE = "What does a convolutional network learn?"
MOST_LINES, FIRST_LINES = 30, 10  # of what a cell printed
SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif"}
SUFFIXES |= {b"RIFF": ".webp", b"<svg": ".svg", b"<?xml": ".svg"}
# Jupyter shows these environments as formulas though no $$ stands around them.
LATEX_MATH = re.compile(
    r"^[ \t]*\\begin\{((?:equation|align|gather|multline)\*?)\}.*?\\end\{\1\}",
    re.MULTILINE | re.DOTALL,
)
IDENTITY = re.compile(r"^student_number *=", re.MULTILINE)  # the title block tells it
GONE = object()  # a node that is left out; pandoc's own None means something
CONTROLS = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]")


def typst_source(report, folder, fonts) -> str:
    """Return the Typst source of a report; its pictures are put into `folder`.

    Parameters
    ----------
    report : Report
    folder : Path
        Empty; Typst gets to see nothing outside of it.
    fonts : list of str
        Families, the first one that has a letter is used for it.

    Raises
    ------
    ReportError
        If a picture is missing, with the place where it is named.
    """
    pictures = Pictures(report.path.parent, folder)
    blocks, trees = [], iter(_parse([p.text for p in report.pieces if _is_prose(p)]))
    for piece in report.pieces:
        if _is_prose(piece):
            blocks += _prose_blocks(piece, next(trees), pictures)
        elif piece.kind == "code" and not IDENTITY.search(piece.text):
            blocks += _code_blocks(piece, pictures)
    if pictures.missing:
        raise ReportError("\n".join(["Some pictures are missing:", *pictures.missing]))
    variables = {
        "title": TITLE,
        "name": report.name or "",
        "number": report.number or "",
        "data": _data(report),
    }
    lines = [f"#let {key} = {_string(value)}" for key, value in variables.items()]
    lines.append(f"#let fonts = ({''.join(_string(font) + ', ' for font in fonts)})")
    page = Path(__file__).with_name("page.typ").read_text("utf-8")
    return "\n".join([*lines, page, _write(blocks)])


def _is_prose(piece):
    return piece.kind in ("text", "question", "answer")


def _data(report):
    """Name the digits that the run used, as its step T5 tells."""
    images = re.search(r"^images: (\d+) for training", report.printed or "", re.M)
    if not images:
        return ""
    return "MNIST" if images[1] == "60000" else "scikit-learn's small digits"


# --- pandoc ------------------------------------------------------------------------


def _parse(texts):
    """Parse Markdown texts, each on its own; return a list of blocks for each."""
    import pypandoc

    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": _readable(text)}
        for text in texts
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    tree = json.loads(pypandoc.convert_text(json.dumps(notebook), "json", "ipynb"))
    return [cell["c"][1] for cell in tree["blocks"]]


def _readable(text):
    """Return Markdown that pandoc reads as Jupyter does."""
    return LATEX_MATH.sub(r"\n\n$$\g<0>$$\n\n", CONTROLS.sub("", text))


def _write(blocks):
    import pypandoc

    version = [1, 23]  # of pandoc's tree; pandoc 3 reads it
    tree = {"pandoc-api-version": version, "meta": {}, "blocks": blocks}
    return pypandoc.convert_text(
        json.dumps(tree), "typst", "json", extra_args=["--wrap=preserve"]
    )


def _node(kind, *content):
    return {"t": kind, "c": list(content) if len(content) > 1 else content[0]}


def _typst(source):
    return _node("RawBlock", "typst", source)


def _string(text):
    """Write a text as Typst writes it; JSON's way is nearly the same."""
    text = CONTROLS.sub("", str(text))
    return json.dumps(text, ensure_ascii=False)


# --- prose -------------------------------------------------------------------------


def _prose_blocks(piece, tree, pictures):
    """Return the blocks of one piece of prose, cleaned and dressed."""
    blocks = _clean(tree, piece, pictures)
    if piece.kind == "question":
        head = [b for b in blocks[:1] if b["t"] == "Header"]
        return [*head, _typst("#guide["), *blocks[len(head) :], _typst("]")]
    if piece.kind == "answer":  # its own headings stay below those of the questions
        for block in blocks:
            if block["t"] == "Header":
                block["c"][0] = min(block["c"][0] + 2, 6)
    return blocks


def _clean(node, piece, pictures):
    """Return a tree without raw code, with its pictures in place."""
    if isinstance(node, list):
        items = (_clean(item, piece, pictures) for item in node)
        return [item for item in items if item is not GONE]
    if not isinstance(node, dict):
        return node
    kind, content = node.get("t"), node.get("c")
    if kind in ("RawBlock", "RawInline"):
        node = _raw(kind, *content)
        return node if node is GONE else _clean(node, piece, pictures)
    if kind == "Image":
        return _node("RawInline", "typst", pictures.add(node, piece))
    if kind == "Header":  # without its label: two headings may have the same
        content = [content[0], ["", [], []], content[2]]
    if kind == "Figure":  # a picture alone in its paragraph
        return _clean(content[2][0], piece, pictures)
    if "c" in node:
        node = node | {"c": content}
    return {key: _clean(value, piece, pictures) for key, value in node.items()}


def _raw(kind, language, text):
    """Translate HTML, which Jupyter shows, and leave out all other raw code."""
    if language != "html" or text.startswith("<!--"):
        return GONE
    if kind == "RawBlock":
        import pypandoc

        tree = json.loads(pypandoc.convert_text(text, "json", "html"))
        return _node("Div", ["", [], []], tree["blocks"])
    if re.fullmatch(r"<br\s*/?>", text):
        return {"t": "LineBreak"}
    source = re.search(r"<img\b[^>]*\bsrc=[\"']([^\"']+)", text)
    if source is None:
        return GONE  # a tag alone: the words between two tags stay
    alt = re.search(r"\balt=[\"']([^\"']*)", text)
    words = [_node("Str", alt[1])] if alt else []
    return _node("Image", ["", [], []], words, [source[1], ""])


# --- code --------------------------------------------------------------------------


def _code_blocks(piece, pictures):
    """Return a code cell with what it printed and drew."""
    if not piece.text.strip():
        return []
    blocks = [_node("CodeBlock", ["", ["python"], []], CONTROLS.sub("", piece.text))]
    number = re.search(r"^ *#.*\bFigure (\d+)", piece.text, re.MULTILINE)
    what = FIGURES.get(int(number[1]), ("", ""))[1] if number else ""
    caption = f"Figure {number[1]}: {what}" if what else ""
    for output in piece.outputs:
        match output.output_type:
            case "stream" if output.name == "stdout":
                blocks.append(_typst(f"#printed({_string(_clip(output.text))})"))
            case "error":
                words = f"{output.ename}: {output.evalue}"
                blocks.append(_typst(f"#failed({_string(_clip(words))})"))
            case "display_data" | "execute_result":
                blocks += _shown(output.data, caption, pictures)
    return blocks


def _shown(data, caption, pictures):
    for kind in ("image/png", "image/jpeg", "image/svg+xml"):
        if kind in data:
            source = "".join(data[kind])
            svg = kind.endswith("xml")
            content = source.lstrip().encode() if svg else decoded(source)
            shown = is_picture(content)
            return [_typst(pictures.place(content, caption))] if shown else []
    if "application/vnd.jupyter.widget-view+json" in data or "text/plain" not in data:
        return []  # a progress bar, or another thing that lives on a screen
    return [_typst(f"#printed({_string(_clip(''.join(data['text/plain'])))})")]


def _clip(text):
    lines = text.rstrip().splitlines()
    if len(lines) <= MOST_LINES:
        return "\n".join(lines)
    rest = len(lines) - FIRST_LINES
    return "\n".join([*lines[:FIRST_LINES], f"... and {rest} more lines"])


# --- pictures ----------------------------------------------------------------------


class Pictures:
    """Copies the pictures of a report to where Typst may see them."""

    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        self.missing, self.count = [], 0

    def add(self, image, piece) -> str:
        """Copy the picture of an image node; return the Typst that shows it."""
        (_, alt, (target, _)) = image["c"]
        content = self._content(target, piece)
        if content is None:
            self.missing.append(
                f"- {piece.where}: {target} "
                + (
                    "is on the web. Download it, and name the file here."
                    if re.match(r"\w+://", target)
                    else "is not there, or is no picture."
                )
            )
            return ""
        return self.place(content, _plain(alt))

    def place(self, content, caption) -> str:
        """Store a picture; return the Typst that shows it."""
        suffix = next(s for sign, s in SUFFIXES.items() if content.startswith(sign))
        self.count += 1
        name = f"picture-{self.count}{suffix}"
        (self.folder / name).write_bytes(content)
        return f"#picture({_string(name)}, {_string(caption)})"

    def _content(self, target, piece):
        """Return the bytes of a picture, None if it is none."""
        content = attached(piece).get(target.removeprefix("attachment:"))
        if content is None and target.startswith("data:"):
            content = decoded(target.partition("base64,")[2])
        elif content is None and not re.match(r"\w+://", target):
            file = self.source / urllib.parse.unquote(target)
            content = file.read_bytes() if file.is_file() else None
        return content.lstrip() if content and is_picture(content) else None


def _plain(inlines):
    """Return the words of pandoc's inline nodes."""
    if isinstance(inlines, list):
        return "".join(_plain(item) for item in inlines)
    if not isinstance(inlines, dict):
        return ""
    match inlines.get("t"):
        case "Str":
            return inlines["c"]
        case "Space" | "SoftBreak" | "LineBreak":
            return " "
        case "Code" | "Math":
            return inlines["c"][1]
    return _plain(inlines.get("c"))
