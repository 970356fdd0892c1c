"""Reports in Markdown are graded like notebooks: the same cells, columns and lists."""

import json
import re
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import FakeSandbox, copy_of

from cnnlib.exercises.report import QUESTIONS, count_words
from homework.grading.clean import text_of
from homework.grading.course import HOMEWORK, Course, read_notebook
from homework.grading.handed import Handed, Unreadable
from homework.grading.markdown import notebook_of
from homework.grading.pipeline import grade
from homework.grading.release import generate

NAME = "hw1_report"
TEMPLATE = (HOMEWORK / NAME / "report.md").read_text("utf-8")
EMPTY = read_notebook(HOMEWORK / NAME / f"{NAME}.ipynb")
PNG = bytes.fromhex("89504e470d0a1a0a") + b"a picture"
ANSWER = "한글 answer of five words"


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("course"))
    generate(course, NAME)
    return course


def filled(text=ANSWER, names=("mnist", "curve")):
    """Return the template with some answers."""
    report = TEMPLATE.replace("name: ...", "name: 김하나")
    report = report.replace("student_number: ...", "student_number: 20260001")
    for name in names:
        mark = f"<!-- answer: {name} -->\n\n"
        assert mark in report
        report = report.replace(f"{mark}YOUR ANSWER HERE", mark + text)
    return report


def notebook_with(text=ANSWER):
    notebook = json.loads(json.dumps(EMPTY))
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in ("hw1_report_mnist", "hw1_report_curve"):
            cell["source"] = text
    return json.dumps(notebook)


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def answers_of(path, beside=()):
    """Return the cells of the answers by name."""
    file = Handed(path, (path.name,))
    notebook, notes = notebook_of(file, beside, EMPTY)
    cells = {
        cell["metadata"].get("nbgrader", {}).get("grade_id"): cell
        for cell in notebook["cells"]
    }
    return {q.name: cells[q.grade_id] for q in QUESTIONS}, notes


def test_markdown_and_notebook_get_the_same_rows(released, tmp_path):
    course = copy_of(released, tmp_path / "course")
    written(tmp_path / "in" / "20260001.md", filled())
    written(tmp_path / "in" / "20260002.ipynb", notebook_with())
    written(tmp_path / "in" / "20260003.md", b"\xb1\xe8\xb9\xce")
    written(tmp_path / "in" / "20260004.md", TEMPLATE)
    summary = grade(course, NAME, tmp_path / "in", FakeSandbox(), quiet=True, jobs=1)
    markdown, notebook, broken, empty = summary.tables["grades"]
    same = set(markdown) - {"student", "handed in as", "notes"}
    assert {k: markdown[k] for k in same} == {k: notebook[k] for k in same}
    assert markdown["state"] == "2 answer(s) to be read"
    assert "UTF-8" in broken["state"]
    assert (empty["total"], empty["state"]) == (0, "complete"), "as an empty notebook"
    read = [r for r in summary.tables["to_read"] if r["student"] == "20260001"]
    assert [row["exercise"] for row in read] == ["hw1_report_mnist", "hw1_report_curve"]
    assert {row["words"] for row in read} == {count_words(ANSWER)} == {5}
    assert [row["words asked for"] for row in read] == ["80 to 220", "60 to 180"]
    page = course.notebook("feedback", NAME, "20260001").with_suffix(".html")
    assert ANSWER in page.read_text("utf-8")
    assert course.notebook("submitted", NAME, "20260001").with_suffix(".md").exists()


def test_every_question_of_the_template_is_found(tmp_path):
    path = written(tmp_path / "report.md", filled(names=()))
    empty, _ = answers_of(path)
    given = {
        cell["metadata"]["nbgrader"]["grade_id"]: text_of(cell)
        for cell in EMPTY["cells"]
        if "nbgrader" in cell["metadata"]
    }
    assert {n: text_of(c) for n, c in empty.items()} == {
        q.name: given[q.grade_id] for q in QUESTIONS
    }
    names = [q.name for q in QUESTIONS if q.name != "results"]
    found, _ = answers_of(written(path, filled(names=names)))
    assert all(ANSWER in text_of(found[name]) for name in names)


def test_without_its_mark_an_answer_is_found_by_its_heading(tmp_path):
    text = filled().replace("<!-- answer: mnist -->", "")
    found, notes = answers_of(written(tmp_path / "report.md", text))
    assert text_of(found["mnist"]) == ANSWER
    assert not [note for note in notes if "no place" in note]


def test_a_file_without_questions_is_pointed_to_and_nothing_counts_as_empty(
    released, tmp_path
):
    course = copy_of(released, tmp_path / "course")
    written(tmp_path / "in" / "20260001.md", "# My own report\n\nAll of it.")
    summary = grade(course, NAME, tmp_path / "in", FakeSandbox(), quiet=True, jobs=1)
    [row] = summary.tables["grades"]
    assert row["state"] == "11 answer(s) to be read", "the twelfth has no points"
    assert "read the whole file" in row["notes"]
    page = course.notebook("feedback", NAME, "20260001").with_suffix(".html")
    assert "All of it." in page.read_text("utf-8")


@pytest.mark.parametrize("place", ["figures/accuracy.png", "./figures/accuracy.png"])
def test_pictures_beside_the_report_are_shown(tmp_path, place):
    text = filled("See ![Figure 1](PLACE) and ![x](../../etc/passwd)")
    path = written(tmp_path / "report.md", text.replace("PLACE", place))
    picture = written(tmp_path / "figures" / "accuracy.png", PNG)
    beside = [Handed(picture, ("figures", "accuracy.png"))]
    found, _ = answers_of(path, beside)
    assert "![Figure 1](attachment:figure0.png)" in text_of(found["curve"])
    assert list(found["curve"]["attachments"]["figure0.png"]) == ["image/png"]
    assert "../../etc/passwd" in text_of(found["curve"]), "nothing is opened for it"


def test_of_template_and_report_the_report_is_taken(released, tmp_path):
    """Who hands in the whole folder hands in both, and one of them is empty."""
    folder = HOMEWORK / NAME
    for number, (name, content) in enumerate(
        [("report.md", filled()), (f"{NAME}.ipynb", notebook_with())], start=1
    ):
        place = tmp_path / "in" / f"2026000{number}.zip"
        place.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(place, "w") as archive:
            for path in folder.glob("*.*"):
                archive.write(path, f"{NAME}/{path.name}")
        with zipfile.ZipFile(place) as archive:
            kept = {n: archive.read(n) for n in archive.namelist()}
        with zipfile.ZipFile(place, "w") as archive:
            for old, data in {**kept, f"{NAME}/{name}": content}.items():
                archive.writestr(old, data)
    written(tmp_path / "in" / "20260003" / "report.md", filled())
    written(tmp_path / "in" / "20260003" / f"{NAME}.ipynb", notebook_with())
    course = copy_of(released, tmp_path / "course")
    summary = grade(course, NAME, tmp_path / "in", FakeSandbox(), quiet=True, jobs=1)
    one, two, three = summary.tables["grades"]
    assert one["state"] == two["state"] == "2 answer(s) to be read"
    assert "Markdown" in one["notes"]
    assert "Markdown" not in two["notes"]
    assert "2 files are possible" in three["state"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a\x00b", "no text"),
        (b"\xff\xfe\xb1", "UTF-8"),
        (b"x" * 200_001, "200001 characters"),
    ],
)
def test_what_is_no_report_says_why(tmp_path, content, reason):
    with pytest.raises(Unreadable, match=re.escape(reason)):
        answers_of(written(tmp_path / "report.md", content))


@pytest.mark.parametrize(
    "text", ["<!-- instructions -->", "![", "---\n", "## Question 1.", "<!--", "```\n"]
)
def test_a_text_made_to_be_slow_is_read(tmp_path, text):
    """It would take hours if a reader began anew at each of these."""
    path = Path(tmp_path, "report.md")
    answers_of(written(path, text * (190_000 // len(text))))
    answers_of(written(path, filled(text * (19_000 // len(text)))))
