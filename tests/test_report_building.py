"""The PDF of a report, and the HTML page where there can be no PDF."""

import base64
import re
import sys
import zlib

import pytest
from report_files import (
    PIXEL,
    answer_cell,
    code_cell,
    filled_markdown,
    filled_notebook,
    identity,
    student_notebook,
    write_markdown,
    write_notebook,
)

from cnnlib.__main__ import main
from cnnlib.exercises.report import ReportError, build_report, building, read_report
from cnnlib.exercises.report.typesetting import HANGUL_FONTS, typst_source


@pytest.fixture
def typst():
    """Give Typst, where it and pandoc are installed."""
    pytest.importorskip("pypandoc", reason="pypandoc_binary is not installed")
    return pytest.importorskip("typst", reason="typst is not installed")


@pytest.fixture
def korean(typst):
    """Skip where no font has Korean letters."""
    if not set(HANGUL_FONTS) & set(typst.Fonts().families()):
        pytest.skip("no font with Korean letters is installed")
    return typst


def streams(pdf):
    """Return all that is packed in a PDF, unpacked."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    unpacked = []
    for data in packed:
        try:
            unpacked.append(zlib.decompress(data))
        except zlib.error:  # a picture, packed in another way
            continue
    return b"\n".join(unpacked)


def source_of(notebook, folder):
    """Return the Typst source of a notebook; its pictures go to folder/pictures."""
    pictures = folder / "pictures"
    pictures.mkdir()
    report = read_report(write_notebook(folder, notebook))
    return typst_source(report, pictures, ["Some Font"])


# --- the PDF --------------------------------------------------------------------------


def test_a_notebook_becomes_a_pdf(tmp_path, korean):
    path = write_notebook(tmp_path, filled_notebook())
    built = build_report(path)
    assert built == (tmp_path / "hw1_report.pdf", None)
    pdf = built.path.read_bytes()
    assert pdf.startswith(b"%PDF-")
    objects = pdf + streams(pdf)
    assert 6 <= len(re.findall(rb"/Type\s*/Page\b", objects)) <= 14
    fonts = set(re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([\w-]+)", objects))
    assert any(name.split()[0].encode() in b" ".join(fonts) for name in HANGUL_FONTS)
    assert b"DejaVuSansMono" in fonts
    assert any(b"Math" in font for font in fonts)
    for letter in "김하나학번합성곱":  # can be searched and copied, not only looked at
        assert f"{ord(letter):04x}".encode() in streams(pdf).lower()
    assert len(re.findall(rb"/Subtype\s*/Image", objects)) >= 3
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".tmp"] == []


def test_markdown_becomes_a_pdf(tmp_path, korean):
    path = write_markdown(tmp_path, filled_markdown())
    built = build_report(path, tmp_path / "Report of Kim.pdf")
    assert built.why_html is None
    assert built.path.read_bytes().startswith(b"%PDF-")


def test_what_students_write_can_not_break_the_page(tmp_path, korean):
    notebook = filled_notebook()
    identity(
        notebook
    ).source = 'name = "김 \\"#하나\\" \\\\ $x$ @a <b>"\nstudent_number = "2026123456"'
    answer_cell(notebook, "mnist").source = (
        "# A heading\n\n#let x = 1 #panic() @nobody <label> $5 and 6$ \\ * _ ~ [a](b) "
        '"quotes" ```tick``` 😀\n\n> quoted\n\n---\n\nterm[^1]\n\n[^1]: A note.\n\n'
        "\\begin{align}a &= b \\\\ c &= \\frac{1}{2}\\end{align}\n\n$\\undefined{x}$"
    )
    code_cell(notebook, "# T1.").outputs[0].text += '\x1b[31m"red"\x1b[0m \\u #panic()'
    assert build_report(write_notebook(tmp_path, notebook)).why_html is None


def test_a_report_can_not_run_typst_or_read_files(tmp_path, typst):
    notebook = filled_notebook()
    cell = answer_cell(notebook, "mnist")
    cell.source += '\n\n```{=typst}\n#read("secret")\n```\n\n`#panic()`{=typst}\n'
    source = source_of(notebook, tmp_path)
    assert '`{=typst} #read("secret")`' in source  # shown as it was written
    assert "`#panic()`{=typst}" in source


def test_html_in_an_answer_keeps_its_words_and_pictures(tmp_path, typst):
    notebook = filled_notebook()
    (tmp_path / "a.png").write_bytes(PIXEL)
    answer_cell(notebook, "mnist").source = (
        "<!-- hidden words -->\n\n<div>in a **box**</div>\n\n"
        '<center><img src="a.png" alt="centred" width="300"></center>\n\n'
        'H<sub>2</sub>O<br>next <img src="a.png" alt="in line">\n\n'
        "\\begin{align}x &= 1\\end{align}"
    )
    source = source_of(notebook, tmp_path)
    assert "hidden words" not in source
    for kept in (
        "in a",
        "box",
        "H2O",
        "next",
        '"centred")',
        '"in line")',
        "$ x & = 1 $",
    ):
        assert kept in source
    assert len(list((tmp_path / "pictures").iterdir())) == 5


def test_the_template_is_dressed_and_the_answers_are_not(tmp_path, typst):
    notebook = filled_notebook()
    cell = answer_cell(notebook, "lenet")
    cell.source = f"# My heading\n\n{cell.source}"
    source = source_of(notebook, tmp_path)
    body = source[source.index("= Part A") :]
    guides = re.findall(r"#guide\[(.*?)^\]", body, re.MULTILINE | re.DOTALL)
    assert len(guides) == 12
    assert all("points" in guide for guide in guides)
    assert not any("Yann LeCun, Corinna" in guide for guide in guides)
    assert "\n=== My heading" in body  # below "== Question 9"
    assert "How to work" not in source
    assert "student_number =" not in body


def test_outputs_stand_below_their_code(tmp_path, typst):
    notebook = filled_notebook()
    source = source_of(notebook, tmp_path)
    figure = source.index('"Figure 1: accuracy after each epoch")')
    assert source.index("# T6. Figure 1") < figure < source.index("# T7. Save")
    assert source.index("# T5. Measure") < source.index("test accuracy: 96.06%\\n")
    assert "more lines" in source  # of the printed source code
    assert len(list((tmp_path / "pictures").iterdir())) == 3


# --- pictures -------------------------------------------------------------------------


def test_damaged_pictures_of_a_run_are_left_out(tmp_path, typst):
    notebook = filled_notebook()
    for start, damage in [("# T6.", "!!!!"), ("# V2.", "A"), ("# V4.", "aGVsbG8=")]:
        code_cell(notebook, start).outputs[0].data["image/png"] = damage
    source_of(notebook, tmp_path)
    assert list((tmp_path / "pictures").iterdir()) == []


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("figures/gone.png", "gone.png is not there, or is no picture"),
        ("report.md", "report.md is not there, or is no picture"),
        ("https://example.org/a.png", "is on the web. Download it"),
        ("data:image/png;base64,A", "is not there, or is no picture"),
    ],
)
def test_a_missing_picture_stops_the_build_by_name(tmp_path, typst, link, words):
    text = filled_markdown().replace("figures/accuracy.png", link)
    path = write_markdown(tmp_path, text)
    with pytest.raises(ReportError, match=re.escape(words)) as caught:
        build_report(path)
    assert re.search(r"- line \d+: ", str(caught.value))
    assert not path.with_suffix(".pdf").exists()


def test_pictures_with_spaces_and_pasted_pictures_are_found(tmp_path, typst):
    notebook = filled_notebook()
    (tmp_path / "my figure.png").write_bytes(PIXEL)
    cell = answer_cell(notebook, "curve")
    cell.source += "\n\n![a](my%20figure.png)\n\n![b](attachment:b.png)"
    cell.attachments = {"b.png": {"image/png": base64.b64encode(PIXEL).decode()}}
    source_of(notebook, tmp_path)
    assert len(list((tmp_path / "pictures").iterdir())) == 5


# --- no PDF ---------------------------------------------------------------------------


def test_without_the_programs_it_is_html_and_says_why(tmp_path, monkeypatch, capsys):
    pytest.importorskip("nbconvert")
    monkeypatch.setitem(sys.modules, "typst", None)
    path = write_notebook(tmp_path, filled_notebook())
    assert main(["report", "build", str(path)]) == 0
    told = capsys.readouterr().out
    assert f"Wrote {path.with_suffix('.html')}" in told
    assert "no PDF, because the programs that make the PDF are not installed" in told
    assert "pip install" in told
    page = path.with_suffix(".html").read_text("utf-8")
    assert "김하나" in page
    assert page.count('src="data:image/png') + page.count("data:image/png;base64") >= 3
    assert "How to work" not in page


def test_html_of_markdown_holds_its_pictures(tmp_path):
    pytest.importorskip("nbconvert")
    path = write_markdown(tmp_path, filled_markdown())
    built = build_report(path, html=True)
    assert built.why_html == "you asked for it"
    assert built.path.read_text("utf-8").count(base64.b64encode(PIXEL).decode()) == 3


def test_without_a_korean_font_it_says_which_to_install(tmp_path, korean, monkeypatch):
    monkeypatch.setattr(building, "HANGUL_FONTS", ("No Such Font",))
    built = build_report(write_notebook(tmp_path, filled_notebook()))
    assert built.path.suffix == ".html"
    assert "fonts-nanum" in built.why_html
    assert "Windows" in built.why_html


def test_a_text_that_can_not_be_set_becomes_html(tmp_path, korean, monkeypatch):
    monkeypatch.setattr(building, "typst_source", lambda *a: "#panic(1)")
    built = build_report(write_notebook(tmp_path, filled_notebook()))
    assert built.path.suffix == ".html"
    assert built.why_html.startswith("the text could not be set")


def test_with_nothing_installed_it_says_so(tmp_path, monkeypatch):
    for name in ("typst", "nbconvert"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ReportError, match="Neither the programs for a PDF nor nbconvert"
    ):
        build_report(write_notebook(tmp_path, filled_notebook()))


# --- writing --------------------------------------------------------------------------


def test_a_name_with_another_ending_is_refused(tmp_path):
    path = write_notebook(tmp_path, student_notebook())
    with pytest.raises(ReportError, match=r"must end in \.pdf or \.html"):
        build_report(path, tmp_path / "report.docx")


def test_nothing_is_written_half(tmp_path, monkeypatch):
    path = write_notebook(tmp_path, filled_notebook())
    old = path.with_suffix(".pdf")
    old.write_bytes(b"the old one")
    monkeypatch.setattr(building, "_pdf", lambda report: b"%PDF-new")

    def busy(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(building.os, "replace", busy)
    with pytest.raises(ReportError, match="Is it open in another program"):
        build_report(path)
    assert old.read_bytes() == b"the old one"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, old.name]


def test_a_folder_that_is_not_there_is_told(tmp_path, monkeypatch):
    path = write_notebook(tmp_path, filled_notebook())
    monkeypatch.setattr(building, "_pdf", lambda report: b"%PDF-new")
    with pytest.raises(ReportError, match="can not be written"):
        build_report(path, tmp_path / "nowhere" / "a.pdf")
