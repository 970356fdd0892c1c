"""Pages for students need no network: formulas are MathML, and nothing is loaded."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import graded, hand_in, make_course, solved

from homework.grading import formulas, show
from homework.grading.formulas import ATTRIBUTES, ELEMENTS, Formula, mathml_of
from homework.grading.release import generate
from homework.grading.show import safe_html

HOMEWORK = Path(__file__).parents[1] / "homework"
LOADED = {"src", "srcset", "data", "poster", "background", "action", "xlink:href"}

needs_pandoc = pytest.mark.skipif(
    not formulas.pandoc()[0], reason="pypandoc_binary is not installed"
)


@pytest.fixture(autouse=True, scope="module")
def patience():
    """Whether a test passes must not depend on how quick the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formulas, "SECONDS", 300)
        yield


class Reader(HTMLParser):
    """Collects tags, and what a browser would load."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.loads, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        for name, value in attributes:
            loaded = name in LOADED or (name == "href" and tag != "a")
            if loaded and not (value or "").startswith("data:"):
                self.loads.append((tag, name, value))
            if "url(" in (value or ""):
                self.loads.append((tag, name, value))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    course = make_course(folder)
    generate(course, "sample_one")
    essay = "Because $x^2$.\n\n![far](https://example.com/x.png) $$\\sum_n x_n$$"
    hand_in(folder / "in", "20260001", solved(essay=essay))
    graded(course, folder / "in")
    path = course.notebook("feedback", "sample_one", "20260001").with_suffix(".html")
    return path.read_text("utf-8")


def test_a_page_loads_nothing(page):
    reader = Reader(page)
    assert not reader.loads
    assert not {"script", "link", "iframe"} & {tag for tag, _ in reader.tags}
    for outside in ("@import", "url(http", "cdn", "MathJax"):
        assert outside not in page


@needs_pandoc
def test_formulas_of_the_page_are_mathml(page):
    reader = Reader(page)
    shown = [a["display"] for tag, a in reader.tags if tag == "math"]
    assert shown == ["inline", "inline", "block"]
    assert "$" not in reader.text.replace("pre { ", "")


@needs_pandoc
def test_every_formula_that_we_hand_out_is_converted():
    texts = [
        "".join(cell["source"])
        for path in HOMEWORK.glob("hw*/*.ipynb")
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
    ]
    found = [formula for text in texts for formula in show.Page(text).formulas]
    assert found
    assert set(mathml_of(found)) == set(found)


@needs_pandoc
def test_each_formula_is_converted_once(monkeypatch):
    monkeypatch.setattr(formulas, "known", {})
    asked = []
    real = formulas._convert
    monkeypatch.setattr(
        formulas, "_convert", lambda new: asked.append(list(new)) or real(new)
    )
    safe_html("$a_1$ and $a_1$ and $b_1$")
    safe_html("$b_1$")
    assert asked == [[Formula("a_1", False), Formula("b_1", False)], []]


HOSTILE = [
    r"\text{<script>alert(1)</script>}",
    r"\href{javascript:alert(1)}{x}",
    r"x' onmouseover='alert(1)",
    r'x" onmouseover="alert(1)',
    r"\mathrm{</mrow></math><img src=x onerror=alert(1)>}",
    r"\style{position:fixed}{x}\class{cell}{y}\cssId{a}{z}",
    r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
    r"\include{/etc/passwd}\input{/etc/passwd}",
    "{" * 900,
    r"\frac" * 300,
    r"\left(" * 300,
    "^" * 50,
    "\\",
    "x\x00y",
    "\\begin{array}" + "&" * 1000,
    "한글 + 🦊",
]


@pytest.mark.parametrize("tex", HOSTILE)
@pytest.mark.parametrize("around", ["${}$", "$${}$$", "![${}$](x.png)", "# ${}$"])
def test_a_strangers_formula_is_data(tex, around):
    reader = Reader(safe_html(around.replace("{}", tex)))
    assert not reader.loads
    known = show.TAGS | ELEMENTS
    for tag, attributes in reader.tags:
        assert tag in known
        assert set(attributes) <= ATTRIBUTES | {"alt", "href", "title", "align"}
        assert not attributes.get("href", "https://").startswith("javascript")


@pytest.mark.parametrize("fault", ["none", "fails", "talks nonsense"])
def test_without_pandoc_the_formula_stays_readable(monkeypatch, tmp_path, fault):
    monkeypatch.setattr(formulas, "known", {})
    program = tmp_path / "pandoc"
    nonsense = "echo '<p>1</p><p>2</p'" if fault == "talks nonsense" else "exit 1"
    program.write_text(f"#!/bin/sh\n{nonsense}\n")
    program.chmod(0o755)
    found = ("", []) if fault == "none" else (str(program), [1, 23])
    monkeypatch.setattr(formulas, "pandoc", lambda: found)
    assert "<code>$x &lt; 3$</code>" in safe_html("It is $x < 3$.")


def test_slow_formulas_are_given_up(monkeypatch):
    def never(command, **options):
        assert options["timeout"] == formulas.SECONDS
        raise formulas.subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(formulas, "known", {})
    monkeypatch.setattr(formulas, "pandoc", lambda: ("pandoc", [1, 23]))
    monkeypatch.setattr(formulas.subprocess, "run", never)
    assert "<code>$x$</code>" in safe_html("$x$")


def test_a_flood_of_formulas_or_text_is_not_read(monkeypatch):
    asked = []
    monkeypatch.setattr(formulas, "known", {})
    monkeypatch.setattr(formulas, "_convert", lambda new: asked.extend(new) or {})
    safe_html(" ".join(f"$x_{{{k}}}$" for k in range(1000)))
    assert len(asked) == formulas.MOST
    assert not show.Page("\\begin{a}" * 100_000).formulas
    assert safe_html("<div>" * 10_000).startswith("<div>\n<pre>")
    long = safe_html("$" + "x" * (formulas.LONGEST + 1) + "$")
    assert "<code>" in long


def test_a_mark_of_ones_own_is_only_text():
    mark = show.MARK.pattern.replace("([0-9]+)", "0")
    html = safe_html(f"{mark[::-1]} $x$ {'0' * 16}n0n")
    assert re.search(r"0{16}n0n", html)


def test_of_what_pandoc_returns_only_known_elements_are_kept():
    math = (
        '<p><math xmlns="http://www.w3.org/1998/Math/MathML" display="block" '
        'onclick="x()"><semantics><mrow><mi href="javascript:x()">x</mi><script>y'
        '</script></mrow><annotation encoding="application/x-tex">x</annotation>'
        "</semantics></math></p>"
    )
    kept = formulas._only_mathml(ElementTree.fromstring(math))
    assert ElementTree.tostring(kept, "unicode") == (
        '<math display="block"><mrow><mi>x</mi></mrow></math>'
    )
    assert formulas._only_mathml(ElementTree.fromstring("<p><b>x</b></p>")) is None


def test_a_formula_in_the_description_of_a_picture_stays_tex():
    [(_, attributes)] = [
        tag
        for tag in Reader(safe_html("![the $x'\"_1$](x.png)")).tags
        if tag[0] == "img"
    ]
    assert attributes == {"alt": "the x'\"_1"}
