"""The report: its template asks what the checker expects, and each fault is found."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import unicodedata

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from report_files import (
    SOURCE,
    answer_cell,
    code_cell,
    filled_markdown,
    filled_notebook,
    identity,
    source_notebook,
    stdout,
    student_notebook,
    write_markdown,
    write_notebook,
)

import cnnlib
from cnnlib.__main__ import main
from cnnlib.exercises.report import (
    FIELDS,
    FIGURES,
    QUESTIONS,
    ReportError,
    check_report,
    count_words,
    markdown_template,
    summary,
)

# --- words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("The filter is 5x5.", 4),
        ("don't count twice: 98.06 % of well-known 1,442 images", 8),
        ("합성곱", 2),  # three syllables: one and a half words, rounded up
        ("합성곱 신경망은 이미지를 읽는다", 7),
        (unicodedata.normalize("NFD", "합성곱 신경망"), 3),  # as macOS may store it
        ("filter는 5x5 크기이다", 5),  # 2 words, 5 syllables
        ("`params` holds **all** weights", 4),
        ("so $OH = (H - FH) / S + 1$ is 24", 4),
        ("$$\na + b\n$$", 1),
        ("one\n```python\nx = 1  # not prose\n```\ntwo", 2),
        ("![Figure 1: the curve](figures/a.png) one", 1),
        ("[see here](https://example.org/a/b) and https://example.org", 3),
        ("<!-- answer: mnist --> one <br> two", 2),
        ("| a | b |\n|---|:--:|\n| one | two |", 4),
        ("- one\n- two\n\n1. three", 4),
    ],
)
def test_words_are_counted_in_both_languages(text, words):
    assert count_words(text) == words


def test_a_translation_counts_about_the_same():
    english = "The pooling layer keeps the largest number of each window."
    korean = "풀링 계층은 각 윈도우에서 가장 큰 수만 남긴다."
    assert abs(count_words(english) - count_words(korean)) <= 2


# --- the template ---------------------------------------------------------------------


def test_the_notebook_asks_what_the_table_says():
    cells = [c for c in source_notebook().cells if c.source.startswith("## Question")]
    assert len(cells) == len(QUESTIONS)
    for cell, question in zip(cells, QUESTIONS, strict=True):
        title, length = [line for line in cell.source.splitlines() if line][:2]
        assert title == f"## {question.heading}"
        points = f"{question.points} points" if question.points else "no points"
        words = question.words and f", {question.words[0]} to {question.words[1]} words"
        assert length == f"*{points}{words or ''}*"
        rubric = re.findall(r"^\| (\d+) \|", cell.source, re.MULTILINE)
        assert sum(map(int, rubric)) == question.points
    assert sum(question.points for question in QUESTIONS) == 100


def test_every_answer_is_graded_by_hand_with_its_points():
    for question in QUESTIONS:
        about = answer_cell(source_notebook(), question.name).metadata.nbgrader
        assert about.solution
        assert about.grade  # nbgrader allows no other answer in Markdown
        assert about.points == question.points
    notebook = source_notebook()
    ids = [
        c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata
    ]
    assert len(ids) == len(set(ids))
    nbformat.validate(notebook)


def test_the_markdown_template_is_made_from_the_notebook():
    made = markdown_template(source_notebook())
    assert (SOURCE / "report.md").read_text("utf-8") == made
    assert markdown_template(student_notebook()) == made
    assert all(line in made for _, _, line in FIGURES.values())
    assert "cell" not in re.sub(r"(?s).*end of instructions", "", made)


def test_students_get_no_model_answer():
    student = student_notebook()
    given = "\n".join(cell.source for cell in student.cells)
    given += (SOURCE / "report.md").read_text("utf-8")
    for question in QUESTIONS:
        model = answer_cell(source_notebook(), question.name).source
        lines = re.findall(r"(?s)BEGIN SOLUTION -->\n(.*?)\n *<!-- END", model)
        for line in lines or model.splitlines():
            if len(line.strip()) > 12:
                assert line.strip() not in given


def test_nbgrader_makes_the_same_student_version():
    preprocessors = pytest.importorskip(
        "nbgrader.preprocessors", reason="nbgrader is not installed"
    )
    notebook, _ = preprocessors.ClearSolutions().preprocess(source_notebook(), {})
    sources = [[c.source for c in nb.cells] for nb in (notebook, student_notebook())]
    squeezed = [[" ".join(s.split()) for s in source] for source in sources]
    assert squeezed[0] == squeezed[1]


def steps(source):
    """Map 'T1', 'V2'... to the code under that comment, without how it is shown."""
    parts = re.split(r"^# ([TV]\d)\. ", source, flags=re.MULTILINE)[1:]
    code = dict(zip(parts[::2], parts[1::2], strict=True))
    shows = r"^(?:describe\(|ax\.figure\.savefig\(|\(folder / \"results).*$"
    return {
        step: ast.dump(ast.parse(re.sub(shows, "", "# " + text, flags=re.MULTILINE)))
        for step, text in code.items()
    }


def test_scripts_and_notebook_have_the_same_steps():
    cells = [c.source for c in source_notebook().cells if c.cell_type == "code"]
    notebook = {}
    for cell in cells:
        notebook |= steps(cell)
    scripts = {}
    for name in ("train_convnet.py", "visualize_filter.py"):
        scripts |= steps((SOURCE / name).read_text("utf-8"))
    assert list(scripts) == [f"T{i}" for i in range(1, 8)] + [
        f"V{i}" for i in range(1, 5)
    ]
    assert scripts == notebook


@pytest.fixture
def few_digits(monkeypatch):
    """Let every program find 200 digits only, so that it is done in a second."""
    pytest.importorskip("matplotlib")
    (x, t), (x_test, t_test) = cnnlib.load_digits()
    few = (x[:200], t[:200]), (x_test[:50], t_test[:50])
    monkeypatch.setattr(cnnlib, "load_handwritten_digits", lambda: few)
    monkeypatch.setattr("matplotlib.use", lambda backend: None)


@pytest.mark.usefixtures("few_digits")
def test_scripts_and_notebook_print_the_same_numbers(tmp_path, capsys):
    plt = pytest.importorskip("matplotlib.pyplot")
    (tmp_path / "figures").mkdir()
    for name in ("train_convnet.py", "visualize_filter.py"):
        shutil.copy(SOURCE / name, tmp_path)
        runpy.run_path(str(tmp_path / name))
    scripts = (tmp_path / "figures" / "results.txt").read_text("utf-8")
    assert all((tmp_path / file).stat().st_size > 1000 for *_, file in FIGURES.values())
    capsys.readouterr()

    names = {}
    for cell in source_notebook().cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "<cell>", "exec"), names)
    plt.close("all")
    printed = capsys.readouterr().out
    assert scripts in printed
    assert len(re.findall(r"^(?:test|training) accuracy: ", printed, re.M)) == 2
    # Figure 2 shows the very numbers with which the training began
    before = cnnlib.SimpleConvNet(rng=names["seed"]).params["W1"]
    assert not np.array_equal(before, names["network"].params["W1"])


# --- a good report --------------------------------------------------------------------


def test_the_model_answers_pass(tmp_path):
    path = write_notebook(tmp_path, filled_notebook())
    assert check_report(path) == []
    assert "is complete: 12 answers" in summary(path, [])


def test_the_model_answers_pass_in_markdown(tmp_path):
    path = write_markdown(tmp_path, filled_markdown())
    assert check_report(path) == []
    assert "report.md is complete" in summary(path, [])


def test_a_fresh_template_is_told_everything(tmp_path):
    places = [
        c.where for c in check_report(write_notebook(tmp_path, student_notebook()))
    ]
    assert places.count("The cell with your name, at the top") == 2
    assert places.count("The whole notebook") == 1
    for question in QUESTIONS:
        assert places.count(question.heading) == (4 if question.words is None else 1)


def test_answers_may_be_longer_than_one_cell(tmp_path):
    notebook = filled_notebook()
    cell = answer_cell(notebook, "init")
    first, rest = cell.source.split("\n\n", 1)
    cell.source = first
    at = notebook.cells.index(cell)
    notebook.cells.insert(at + 1, new_markdown_cell(rest))
    assert check_report(write_notebook(tmp_path, notebook)) == []


def test_a_notebook_without_metadata_is_understood(tmp_path):
    notebook = filled_notebook()
    for cell in notebook.cells:
        cell.metadata = {}  # some editors drop what they do not know
    assert check_report(write_notebook(tmp_path, notebook)) == []


def test_a_pasted_picture_is_a_figure(tmp_path):
    notebook = filled_notebook()
    code_cell(notebook, "# T6").outputs = []
    cell = answer_cell(notebook, "curve")
    cell.source += "\n\n![Figure 1](attachment:curve.png)"
    cell.attachments = {"curve.png": {"image/png": "iVBORw0KGgo="}}
    assert check_report(write_notebook(tmp_path, notebook)) == []


# --- one fault, one complaint ---------------------------------------------------------


def answers(name, text):
    def damage(notebook):
        answer_cell(notebook, name).source = text

    return damage


def edits(name, old, new):
    def damage(notebook):
        cell = answer_cell(notebook, name)
        assert re.search(old, cell.source)
        cell.source = re.sub(old, new, cell.source)

    return damage


def identity_is(text):
    def damage(notebook):
        identity(notebook).source = text

    return damage


def counts(start, count):
    def damage(notebook):
        code_cell(notebook, start).execution_count = count

    return damage


def never_run(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def fails(notebook):
    at = notebook.cells.index(code_cell(notebook, "# V3."))
    error = new_output(
        "error", ename="FileNotFoundError", evalue="no file", traceback=[]
    )
    notebook.cells[at].outputs = [error]
    for cell in notebook.cells[at + 1 :]:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def without_picture(notebook):
    code_cell(notebook, "# V2.").outputs = []


def without_figure_cell(notebook):
    cell = code_cell(notebook, "# V4.")
    cell.source = cell.source.replace("Figure 3", "The picture")


def without_answer_cell(notebook):
    notebook.cells.remove(answer_cell(notebook, "lenet"))


def run_out_of_order(notebook):
    code_cell(notebook, "# T3.").execution_count = 40


def mnist_run(notebook):
    for output in code_cell(notebook, "# T5.").outputs:
        output.text = output.text.replace("images: 1442", "images: 60000")


NAME_CELL, RESULTS, CURVE = "with your name", "Question 2.", "Question 3."
ID = 'name = "{}"\nstudent_number = "{}"'.format

# (damage, where it is, what is said)
FAULTS = [
    (identity_is(ID("...", "2026123456")), NAME_CELL, "Your name is missing"),
    (identity_is(ID("", "2026123456")), NAME_CELL, "Your name is missing"),
    (identity_is(ID("12", "2026123456")), NAME_CELL, "Your name is missing"),
    (identity_is('student_number = "2026123456"'), NAME_CELL, "line with your name"),
    (identity_is(ID("김하나", "...")), NAME_CELL, "student number (학번) is missing"),
    (identity_is('name = "김하나"'), NAME_CELL, "line with your student number"),
    (identity_is(ID("김하나", "12")), NAME_CELL, "does not look like one"),
    (identity_is(ID("김하나", "2026x123456")), NAME_CELL, "does not look like one"),
    (never_run, "The whole notebook", "was not run"),
    (counts("# T3.", None), "T3. Decide", "this cell was not run"),
    (run_out_of_order, "T3. Decide", "out of order"),
    (fails, "V3. Load", "FileNotFoundError: no file"),
    (answers("mnist", ""), "Question 1.", "There is no answer yet"),
    (answers("mnist", "YOUR ANSWER HERE"), "Question 1.", "There is no answer yet"),
    (answers("mnist", "여기에 답을 쓰세요"), "Question 1.", "There is no answer yet"),
    (edits("lenet", "^", "YOUR ANSWER HERE\n"), "Question 9.", "still stands"),
    (answers("lenet", "LeNet is old."), "Question 9.", "A little short: 3 words"),
    (answers("lenet", "합성곱 " * 29), "Question 9.", "A little short: 44 words"),
    (answers("alexnet", "word " * 166), "Question 10.", "Too long: 166 words"),
    (answers("sources", "YOUR ANSWER HERE"), "Question 12.", "no answer yet"),
    (without_answer_cell, "Question 9.", "cell of the answer is gone"),
    (without_picture, "Question 4.", "Figure 2 (filters before training): its cell"),
    (without_figure_cell, "Question 4.", "Figure 3 (filters after training): no cell"),
    (edits("results", "96.06 %", "97.06 %"), RESULTS, "printed 96.06 %"),
    (edits("results", "97.64 %", "0.9"), RESULTS, "printed 97.64 %"),
    (edits("results", r"\n  14\n", "\n  15\n"), RESULTS, "printed 14."),
    (edits("results", "96.06 %", "high"), RESULTS, "“Test accuracy” holds no number"),
    (edits("results", "96.06 %", "YOUR ANSWER HERE"), RESULTS, "is not filled in"),
    (edits("results", r"- \*\*Test acc", "- **A"), RESULTS, "“Test accuracy: ...” is"),
    (edits("results", "sci.*, not MNIST", "MNIST"), RESULTS, "scikit-learn's small"),
    (mnist_run, RESULTS, ""),
    (edits("curve", "96.06 %", "86.5 %"), CURVE, "“test accuracy is 86.5 %”"),
    (edits("curve", "96.06 %", "0.75"), CURVE, "no such accuracy"),
]


@pytest.mark.parametrize(("damage", "where", "what"), FAULTS)
def test_one_fault_gives_one_complaint(tmp_path, damage, where, what):
    notebook = filled_notebook()
    damage(notebook)
    if damage is mnist_run:  # the model answer says "small digits, not MNIST"
        edits("results", "sci.*, not MNIST", "the small digits")(notebook)
        what = "your run used MNIST itself"
    [complaint] = check_report(write_notebook(tmp_path, notebook))
    assert where in complaint.where
    assert what in complaint.what


def without(text):
    return lambda report: report.replace(text, "", 1)


MARKDOWN_FAULTS = [
    (without("name: 김하나\n"), "first lines", "line with your name is missing"),
    (lambda r: r.replace("2026123456", "..."), "first lines", "student number (학번)"),
    (
        without("<!-- answer: alexnet -->"),
        "Question 10.",
        "Put the line <!-- answer: al",
    ),
    (
        lambda r: r.replace("![Figure 1: accuracy after each epoch]", "[a link]"),
        "Question 3.",
        "Figure 1 (accuracy after each epoch): no picture is linked",
    ),
    (
        lambda r: r.replace("figures/filters_after.png", "figures/filter_after.png"),
        "Question 4.",
        "is not there, or is no picture",
    ),
    (lambda r: r.replace("  14\n", "  41\n"), "Question 2.", "printed 14."),
]


@pytest.mark.parametrize(("damage", "where", "what"), MARKDOWN_FAULTS)
def test_one_fault_in_markdown_gives_one_complaint(tmp_path, damage, where, what):
    text = filled_markdown()
    damaged = damage(text)
    assert damaged != text
    [complaint] = check_report(write_markdown(tmp_path, damaged))
    assert where in complaint.where
    assert what in complaint.what
    if "Question" in where and "Put the line" not in what:
        number = int(re.search(r"line (\d+)$", complaint.where)[1])
        assert damaged.splitlines()[number - 1].startswith("<!-- answer")


def test_a_missing_record_of_the_run_is_named(tmp_path):
    path = write_markdown(tmp_path, filled_markdown())
    (tmp_path / "figures" / "results.txt").unlink()
    [complaint] = check_report(path)
    assert "Run in this folder: python train_convnet.py" in complaint.what


# --- no false alarms ------------------------------------------------------------------

STATED = [
    "96.06 %",
    "96.06%",
    "96.1 %",
    "96 %",
    "96",
    "0.9606",
    "0.961",
    "0.96",
    "96.0%",
]
STATED += ["**96.06 %**", "about 96 percent", "96.06 % (341 of 355)", "96.06퍼센트"]


@pytest.mark.parametrize("stated", STATED)
def test_a_rounded_number_is_accepted(tmp_path, stated):
    notebook = filled_notebook()
    edits("results", "96.06 %", stated)(notebook)
    assert check_report(write_notebook(tmp_path, notebook)) == []


@pytest.mark.parametrize(
    "form",
    [
        "- **Data**: small digits\n- **Training accuracy**: 97.64 %\n"
        "- **Test accuracy**: 96.06 %\n- **Wrongly classified test images**: 14",
        "Data\uff1a 작은 숫자\nTraining accuracy\uff1a 97.6%\n"  # a wide colon
        "Test accuracy\uff1a 96%\nWrongly classified test images\uff1a 14개",
        "* test accuracy (last): 0.9606\n* training accuracy: 0.976\n"
        "* wrongly classified test images: 14 of 355\n* data: scikit-learn digits",
    ],
)
def test_the_form_may_be_filled_in_in_other_ways(tmp_path, form):
    notebook = filled_notebook()
    answer_cell(notebook, "results").source = form
    assert check_report(write_notebook(tmp_path, notebook)) == []


@pytest.mark.parametrize("stated", ["98 %", "0.98", "69.06 %", "9.606", "94.0", "0.9"])
def test_another_number_is_not(tmp_path, stated):
    notebook = filled_notebook()
    edits("results", "96.06 %", stated)(notebook)
    assert len(check_report(write_notebook(tmp_path, notebook))) == 1


INNOCENT = [
    "After epoch 1 the test accuracy is 69.58 %.",
    "In epoch 5 the training accuracy reached 91.5 %.",
    "At the end the test accuracy is about 99 %.",
    "By guessing the test accuracy is 10 %.",
    "If I trained longer, the test accuracy might reach 99 %.",
    "LeNet had a test accuracy of 99.05 %.",
    "The test accuracy is below 100 %.",
    "The test accuracy changed 20 times.",
    "I used 20 % of the images.",
    "시험 정확도는 96.06%이다.",
    "테스트 정확도는 약 96%이다.",
    "논문에서 테스트 정확도는 99%였다.",
    "The test accuracy is 0.9606, the training accuracy is 0.9764.",
]


@pytest.mark.parametrize("sentence", INNOCENT)
def test_a_true_sentence_is_left_alone(tmp_path, sentence):
    notebook = filled_notebook()
    answer_cell(notebook, "curve").source += f" {sentence}"
    assert check_report(write_notebook(tmp_path, notebook)) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The test accuracy is 99.1 %.",
        "My test accuracy was **88.0 %** in the end.",
        "시험 정확도는 99.1%이다.",
        "테스트 정확도는 약 76%이다.",
        "So the test accuracy of my network is about 80 %.",
    ],
)
def test_a_sentence_with_another_number_is_seen(tmp_path, sentence):
    notebook = filled_notebook()
    answer_cell(notebook, "curve").source += f"\n\n{sentence}"
    [complaint] = check_report(write_notebook(tmp_path, notebook))
    assert "no such accuracy" in complaint.what


def test_own_cells_are_welcome(tmp_path):
    notebook = filled_notebook()
    notebook.cells.append(new_markdown_cell("A note of mine."))
    notebook.cells.append(new_code_cell(""))  # JupyterLab leaves one at the end
    assert check_report(write_notebook(tmp_path, notebook)) == []


# --- files that can not be read -------------------------------------------------------


def bytes_of(notebook):
    return nbformat.writes(notebook).encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.ipynb",
            lambda: bytes_of(filled_notebook())[:5000],
            "damaged: it is not JSON",
        ),
        ("a.ipynb", lambda: b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> b", "git merge"),
        ("a.ipynb", lambda: b'{"hello": 1}', "is no notebook, though"),
        ("a.ipynb", lambda: b"[1, 2]", "is no notebook, though"),
        (
            "a.ipynb",
            lambda: b'{"cells": [{}], "nbformat": 4}',
            "is no notebook, though",
        ),
        ("a.ipynb", lambda: b" \n", "is empty. Was it saved?"),
        (
            "a.md",
            lambda: filled_markdown().encode("cp949", "replace"),
            "not stored as UTF-8",
        ),
        ("a.docx", lambda: b"PK", "expected a notebook (.ipynb) or a Markdown"),
    ],
)
def test_an_unreadable_file_is_told_kindly(tmp_path, capsys, name, content, words):
    path = tmp_path / name
    path.write_bytes(content())
    with pytest.raises(ReportError, match=re.escape(words)):
        check_report(path)
    assert main(["report", "check", str(path)]) == 1
    told = capsys.readouterr()
    assert words in told.err
    assert "Traceback" not in told.err + told.out


def test_a_missing_file_and_a_folder_are_told_kindly(tmp_path):
    with pytest.raises(ReportError, match=r"There is no file .*gone\.md"):
        check_report(tmp_path / "gone.md")
    with pytest.raises(ReportError, match="is a folder"):
        check_report(tmp_path)


def test_a_markdown_file_of_ones_own_lacks_every_answer(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("No heading, nothing of the template.", "utf-8")
    missing = [c for c in check_report(path) if "place of the answer is gone" in c.what]
    assert len(missing) == len(QUESTIONS)


def test_windows_line_ends_and_byte_marks_are_read(tmp_path):
    path = write_markdown(tmp_path, "")
    text = filled_markdown().replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert check_report(path) == []


# --- the command ----------------------------------------------------------------------


def test_the_command_tells_by_its_exit_code(tmp_path, capsys):
    good = write_notebook(tmp_path, filled_notebook())
    assert main(["report", "check", str(good)]) == 0
    assert "Well done" in capsys.readouterr().out

    notebook = filled_notebook()
    answers("lenet", "")(notebook)
    edits("results", "96.06 %", "12 %")(notebook)
    bad = write_notebook(tmp_path, notebook)
    assert main(["report", "check", str(bad)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "2 things to do before you hand it in" in lines[0]
    assert lines[2].startswith(" 1. Question 2.")
    assert lines[4].startswith(" 2. Question 9.")


def test_the_command_starts_as_a_module_and_prints_anywhere(tmp_path):
    path = write_notebook(tmp_path, student_notebook())
    run = subprocess.run(
        [sys.executable, "-m", "cnnlib", "report", "check", str(path)],
        capture_output=True,
        cwd=SOURCE.parents[2],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert run.returncode == 1
    assert b"Your name is missing" in run.stdout
    assert b"Traceback" not in run.stderr


def test_the_stored_run_is_the_one_that_is_described():
    printed = stdout(source_notebook())
    for label, name in FIELDS.items():
        if name:
            [value] = re.findall(rf"(?m)^{name}: ([\d.]+)", printed)
            assert value in answer_cell(source_notebook(), "results").source, label
