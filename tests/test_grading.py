"""A class is graded: marks, tables, gradebook, and a kill in the middle."""

import csv
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import (
    NAME,
    FakeSandbox,
    copy_of,
    graded,
    hand_in,
    make_course,
    npz,
    released,
    solved,
)

from homework.grading import __main__ as command_line
from homework.grading import bubblewrap
from homework.grading.clean import lay_into
from homework.grading.gradebook import grades_of, open_book
from homework.grading.release import ReleaseError, generate
from homework.grading.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("course"))
    generate(course, NAME)
    return course


# --- marks ------------------------------------------------------------------------


def marks(summary, student="20260001"):
    [result] = [r for r in summary.results if r["student"] == student]
    return result, {k.removeprefix("sample_"): m for k, m in result["marks"].items()}


def with_status(course, index_of, status, **changes):
    """Return an outcome in which nothing was recorded for one exercise."""

    def ending():
        notebook = lay_into(released(course), solved()).notebook
        outcome = FakeSandbox().answered(notebook, **changes)
        index = next(
            k
            for k, c in enumerate(notebook["cells"])
            if c["metadata"].get("nbgrader", {}).get("grade_id") == index_of
        )
        outcome.report["cells"][index] = status
        outcome.recorded = {
            name: data
            for name, data in outcome.recorded.items()
            if index_of.replace("_", ".") not in name
        }
        return outcome

    return ending


@pytest.mark.parametrize(
    ("status", "score", "words"),
    [
        ({"status": "error", "error": "NameError: x"}, 0, "NameError"),
        ({"status": "error", "error": "ModuleNotFoundError: x"}, None, "ModuleNot"),
        ({"status": "error", "error": "<b>x</b>"}, None, "stopped."),
        ({"status": "timeout"}, None, "too long"),
        ({"status": "died"}, None, "ended its own"),
        ({"status": "skipped"}, None, "before this cell"),
        ({"status": "ok"}, None, "recorded nothing"),
        ({"status": ["?"]}, None, "could not judge it"),
        ({}, None, "does not say"),
    ],
)
def test_nothing_recorded_is_never_full_marks(course, tmp_path, status, score, words):
    hand_in(tmp_path, "20260001", solved(double="ending"))
    sandbox = FakeSandbox(ending=with_status(course, "sample_double", status))
    place = copy_of(course, tmp_path / "course")
    result, found = marks(graded(place, tmp_path, sandbox))
    assert found["double"]["score"] == score
    assert words in found["double"]["words"]
    assert found["square"]["score"] == 3
    assert ("NOT GRADED" in found["double"]["words"]) == (score is None)


def test_a_wrong_case_costs_its_share_and_a_text_is_no_result(course, tmp_path):
    hand_in(tmp_path, "20260001", solved(double="ending"))

    def ending():
        notebook = lay_into(released(course), solved()).notebook
        outcome = FakeSandbox().answered(notebook)
        outcome.recorded["outputs/sample.double/0.npz"] = npz(y=np.full(4, np.nan))
        del outcome.recorded["outputs/sample.square/1.npz"]
        outcome.recorded["outputs/sample.square/1.txt"] = b"secret words"
        return outcome

    place = copy_of(course, tmp_path / "course")
    result, found = marks(graded(place, tmp_path, FakeSandbox(ending=ending)))
    assert found["double"]["score"] == pytest.approx(4 * 2 / 3, abs=0.01)
    assert found["square"]["score"] == 2
    assert "secret" not in json.dumps(result)


def test_an_unanswered_essay_gets_no_points_and_an_answered_one_waits(course, tmp_path):
    release = released(course)
    hand_in(tmp_path / "in", "20260001", release)
    hand_in(tmp_path / "in", "20260002", solved(essay="Because $x$."))
    place = copy_of(course, tmp_path / "course")
    summary = graded(place, tmp_path / "in")
    assert marks(summary, "20260001")[1]["essay"]["score"] == 0
    assert marks(summary, "20260002")[1]["essay"]["score"] is None
    assert [row["student"] for row in summary.tables["to_read"]] == ["20260002"]


# --- the class --------------------------------------------------------------------


@pytest.fixture
def finished(course, tmp_path):
    """Return a graded class of three, its course and its folder."""
    place = copy_of(course, tmp_path / "course")
    folder = tmp_path / "in"
    hand_in(folder, "20260001", solved(essay="Because."))
    hand_in(folder, "20260002 이서연", solved("20260002", essay="Why not?"))
    hand_in(folder, "20260003", "{")
    return place, folder, graded(place, folder)


def test_grades_that_are_not_complete_have_no_total(finished):
    place, _, summary = finished
    path = place.path("reports", f"{NAME}_grades.csv")
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["20260001"]["sample_double"] == "4.0"
    assert rows["20260001"]["total"] == ""
    assert rows["20260001"]["state"] == "1 answer(s) to be read"
    assert rows["20260002"]["state"].startswith("NOT GRADED: 1 exercise")
    assert rows["20260003"]["state"].startswith("NOT GRADED: it is no JSON")
    assert rows["20260003"]["total"] == ""


def test_marks_given_by_hand_stay_and_complete_the_grade(finished):
    place, folder, _ = finished
    with open_book(place) as book:
        grade_ = book.find_grade("essay", NAME, NAME, "20260001")
        grade_.manual_score, grade_.needs_manual_grade = 3.5, False
        comment = book.find_comment("essay", NAME, NAME, "20260001")
        comment.manual_comment = "Look at <b>notebook 03</b>."
        book.db.commit()
    again = graded(place, folder)
    assert (again.fresh, again.pages) == (0, 1), "only the page of the one who was read"
    [row] = [r for r in again.tables["grades"] if r["student"] == "20260001"]
    assert (row["total"], row["of"], row["state"]) == (
        4 + 3 + 2 + 3.5,
        "14",
        "complete",
    )
    page = place.notebook("feedback", NAME, "20260001").with_suffix(".html")
    html = page.read_text("utf-8")
    assert "12.5 of 14 points" in html
    assert ">A tiny assignment</a>" in html, "the heading above is the title"
    assert "Look at &lt;b&gt;notebook 03" in html
    assert not grades_of(place, NAME)["20260001"]["essay"]["look_again"]


def test_a_new_submission_of_one_is_graded_alone(finished):
    place, folder, before = finished
    (folder / "20260001" / f"{NAME}.ipynb").write_text(json.dumps(solved(essay="New.")))
    again = graded(place, folder)
    assert again.fresh == 1
    assert len(again.results) == len(before.results) == 3


def test_retry_runs_what_was_not_graded(finished):
    place, folder, _ = finished
    assert graded(place, folder, retry=True).fresh == 2  # 20260002 and 20260003


def test_a_fault_of_ours_in_one_submission_leaves_the_others(course, tmp_path):
    def fault():
        raise ZeroDivisionError("ours")

    hand_in(tmp_path, "20260001", solved(essay="Fine."))
    hand_in(tmp_path, "20260002", solved("20260002", essay="BREAK"))
    place = copy_of(course, tmp_path / "course")
    summary = graded(place, tmp_path, FakeSandbox(BREAK=fault))
    assert "the grader failed" in marks(summary, "20260002")[0]["problem"]
    assert marks(summary, "20260001")[1]["double"]["score"] == 4


def test_a_broken_installation_grades_nobody(course, tmp_path):
    """NumPy missing has cost whole classes their points, elsewhere."""

    def broken():
        outcome = FakeSandbox().answered({"cells": [{}] * 20})
        failed = {"status": "error", "error": "ModuleNotFoundError: no numpy"}
        outcome.report["cells"] = [failed] * 20
        return replace(outcome, recorded={})

    hand_in(tmp_path, "20260001", solved())
    place = copy_of(course, tmp_path / "course")
    with pytest.raises(ReleaseError, match="ModuleNotFoundError"):
        graded(place, tmp_path, FakeSandbox(double=broken), trial=True)
    assert not list(place.path("results").rglob("*.json"))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from grading_class import NAME, make_course
from homework.grading.course import Course
from grading_class import FakeSandbox, graded

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

course = Course(Path({course!r}), Path({homework!r}), "grading_answers")
graded(course, {folder!r}, FakeSandbox(DIE=kill))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_kill_in_the_middle_loses_nothing(course, tmp_path):
    folder = tmp_path / "in"
    for number in range(20260001, 20260007):
        essay = "DIE" if number == 20260004 else "x"
        hand_in(folder, str(number), solved(str(number), essay=essay))
    place = copy_of(course, tmp_path / "course")
    script = KILLED.format(
        tests=str(Path(__file__).parent),
        course=str(place.folder),
        homework=str(place.homework),
        folder=str(folder),
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    kept = sorted(path.stem for path in place.path("results", NAME).glob("*.json"))
    assert kept == ["20260001", "20260002", "20260003"]
    sandbox = FakeSandbox()
    summary = graded(place, folder, sandbox)
    assert (summary.fresh, sandbox.runs) == (3, 3)
    other = copy_of(course, tmp_path / "other")
    assert graded(other, folder).tables == summary.tables


def test_a_seed_of_ones_own_gives_other_hidden_cases(course):
    seed = course.path("seed.txt")
    try:
        public = course.key
        seed.write_text(" 48151\n")
        own = replace(course).key
        assert own.version != public.version
        cases = [key.cases("sample.double")[0]["x"] for key in (public, own)]
        assert not np.array_equal(*cases)
        seed.write_text("my birthday")
        with pytest.raises(
            ValueError, match="'my birthday'; expected one whole number"
        ):
            _ = replace(course).key
    finally:
        seed.unlink()


def test_nbgraders_own_autograding_runs_nothing(finished):
    place, _, _ = finished
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", NAME, "--force"],
        cwd=place.folder,
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert "make grade" in run.stderr


# --- the command line -------------------------------------------------------------


def test_without_a_sandbox_nothing_is_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bubblewrap, "why_no_sandbox", lambda: "a reason")
    hand_in(tmp_path, "20260001", solved())
    code = command_line.main(["grade", str(tmp_path), "--assignment", "hw2_layers"])
    said = capsys.readouterr().err
    assert code == 2
    assert "a reason" in said
    assert "--i-trust-these-submissions" in said


def test_the_assignment_is_guessed_from_names(tmp_path, course, capsys):
    hand_in(tmp_path, "20260001", solved())
    assert command_line.guess_assignment(tmp_path, course) == NAME
    with pytest.raises(ValueError, match="no folder"):
        command_line.guess_assignment(tmp_path / "none", course)
    with pytest.raises(ValueError, match="Say which"):
        command_line.guess_assignment(
            course.homework, replace(course, homework=tmp_path)
        )


def test_a_missing_tool_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    if sys.platform.startswith("linux"):
        assert "apt install bubblewrap" in bubblewrap.why_no_sandbox()
    monkeypatch.setattr("sys.platform", "darwin")
    assert "container" in bubblewrap.why_no_sandbox()


def test_trusted_submissions_run_without_a_sandbox(course, tmp_path):
    """The way of macOS and Windows, and of trying things out."""
    hand_in(tmp_path, "20260001", solved(essay="x"))
    place = copy_of(course, tmp_path / "course")
    sandbox = Sandbox(Limits(cell_seconds=60), confined=False)
    _, found = marks(graded(place, tmp_path, sandbox))
    assert [found[name]["score"] for name in ("double", "square", "mine")] == [4, 3, 2]
