"""The homework's files: what is recorded, the visible cases, the notebooks."""

import os

import nbformat
import numpy as np
import pytest
from homework_notebooks import (
    NETWORKS,
    NOTEBOOKS,
    answer,
    cells,
    grader,
    marks,
    run,
    visible_words,
)
from test_notebooks import (
    describes_its_images,
    has_a_summary,
    has_goals,
    has_one_title_that_asks,
    has_short_prose,
    is_valid,
    stays_in_its_folder,
)

from cnnlib.exercises import EXERCISES, numbers_for
from cnnlib.exercises.files import VISIBLE, visible
from cnnlib.exercises.sounds import NOTES, melody
from homework.answers import ANSWERS, hidden_cases, judge, visible_arrays
from homework.answers.base import recorded_number

WITH_CASES = [name for name, right in ANSWERS.items() if not right.by_hand]
BY_HAND = [name for name, right in ANSWERS.items() if right.by_hand]
ME = "2026-12345"


def nothing(*inputs):
    raise NotImplementedError()


# --- recording ---------------------------------------------------------------------


def record(folder, monkeypatch, name, answer, *more):
    """Run a check as the grader does; return hidden inputs and recorded outputs."""
    cases = hidden_cases(name)
    (folder / "inputs" / name).mkdir(parents=True, exist_ok=True)
    for k, case in enumerate(cases):
        np.savez(folder / "inputs" / name / f"{k}.npz", **case)
    monkeypatch.setenv("CNNLIB_GRADING", str(folder))
    words, _ = visible_words(name, answer, *more)
    outputs = []
    for k in range(len(cases)):
        path = folder / "outputs" / name / f"{k}.npz"
        outputs.append(dict(np.load(path)) if path.exists() else None)
    return cases, outputs


@pytest.mark.parametrize("name", [n for n in WITH_CASES if n not in NETWORKS])
def test_what_is_recorded_gets_all_points(name, tmp_path, monkeypatch):
    cases, outputs = record(tmp_path, monkeypatch, name, answer(name))
    assert judge(name, cases, outputs).fraction == 1
    assert not list(tmp_path.rglob("*.txt"))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", BY_HAND)
def test_a_number_is_recorded_with_its_student(name, tmp_path, monkeypatch):
    right = ANSWERS[name].solve(numbers_for(ME, name))
    cases, outputs = record(tmp_path, monkeypatch, name, right, ME)
    assert recorded_number(outputs[0]) == ME
    assert judge(name, cases, outputs).fraction == 1


def test_a_case_with_an_error_has_words_and_no_file(tmp_path, monkeypatch):
    def sometimes(x, W, b, stride, pad):
        if stride > 1:
            raise KeyError("stride")
        return answer("hw2.conv1d_forward")(x, W, b, stride, pad)

    name = "hw2.conv1d_forward"
    cases, outputs = record(tmp_path, monkeypatch, name, sometimes)
    assert [found is None for found in outputs] == [False, False, False, True, True]
    words = (tmp_path / "outputs" / name / "3.txt").read_text("utf-8")
    assert "KeyError" in words
    verdict = judge(name, cases, outputs)
    assert verdict.fraction == 0.6
    assert "case 4: no result" in verdict.words


def test_a_later_call_replaces_what_was_recorded(tmp_path, monkeypatch):
    name = "hw2.conv1d_forward"
    record(tmp_path, monkeypatch, name, answer(name))
    cases, outputs = record(tmp_path, monkeypatch, name, nothing)
    assert outputs == [None] * len(cases)


def test_recording_never_spoils_a_check(tmp_path, monkeypatch):
    name = "hw2.conv1d_forward"
    (tmp_path / "outputs").write_text("a file where a folder should be")
    _, outputs = record(tmp_path, monkeypatch, name, answer(name))
    assert outputs[0] is None
    monkeypatch.setenv("CNNLIB_GRADING", str(tmp_path / "nowhere"))
    assert visible_words(name, answer(name))[1]
    (tmp_path / "inputs" / name / "0.npz").write_bytes(b"no archive")
    monkeypatch.setenv("CNNLIB_GRADING", str(tmp_path))
    (tmp_path / "outputs").unlink()
    assert visible_words(name, answer(name))[1]


def test_without_a_grader_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("CNNLIB_GRADING", raising=False)
    monkeypatch.chdir(tmp_path)
    visible_words("hw2.conv1d_forward", answer("hw2.conv1d_forward"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"out": "text"},
        {"out": np.array(["a"])},
        {"out": np.array([None])},
        {"out": np.zeros(2_000_000)},
        {"out": np.zeros((1, 1, 1))},
        {"out": np.full((1, 1, 6), np.nan)},
    ],
)
def test_recorded_nonsense_gets_no_marks(found):
    cases = hidden_cases("hw2.conv1d_forward")
    verdict = judge("hw2.conv1d_forward", cases, [found] * len(cases))
    assert verdict.fraction == 0


def test_words_of_the_judge_tell_no_results():
    cases = hidden_cases("hw2.conv1d_forward")
    wrong = [{"out": np.zeros(3)} for _ in cases]
    words = judge("hw2.conv1d_forward", cases, wrong).words
    numbers = {f"{x:.3f}" for case in cases for x in np.ravel(case["x"])}
    assert not [number for number in numbers if number in words]
    assert "." not in words.split("\n")[1]


# --- the files and the notebooks ---------------------------------------------------


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_visible_cases_are_up_to_date(assignment):
    made, stored = visible_arrays(assignment), visible(assignment)
    assert list(made) == list(stored)
    for name, array in made.items():
        assert array.dtype == stored[name].dtype, name
        if array.dtype.kind == "U":
            assert array == stored[name]
        else:
            np.testing.assert_allclose(stored[name], array, rtol=1e-6, atol=1e-9)


def test_visible_cases_are_small_and_hold_no_objects():
    for path in VISIBLE.glob("*.npz"):
        assert path.stat().st_size < 400_000
    for assignment in NOTEBOOKS:
        kinds = {array.dtype.kind for array in visible(assignment).values()}
        assert kinds <= set("fiubU")


def test_hidden_cases_are_others_and_always_the_same():
    for name in WITH_CASES:
        one, two = hidden_cases(name), hidden_cases(name)
        assert all(map(same_case, one, two))
        shown = ANSWERS[name].shown()
        assert not any(same_case(a, b) for a in one for b in shown)
        others = hidden_cases(name, seed=1)  # an instructor may choose a seed
        assert not all(map(same_case, one, others))


def same_case(one, two):
    return set(one) == set(two) and all(
        np.array_equal(np.asarray(one[name]), np.asarray(two[name])) for name in one
    )


def test_every_exercise_has_one_test_cell_with_its_points():
    for assignment in NOTEBOOKS:
        tests = {
            grader(cell)["grade_id"]: grader(cell)["points"]
            for cell in cells(assignment)
            if cell.cell_type == "code" and grader(cell).get("grade")
        }
        wanted = {
            name.replace(".", "_"): exercise.points
            for name, exercise in EXERCISES.items()
            if exercise.assignment == assignment
        }
        assert tests == wanted
    assert set(EXERCISES) == set(ANSWERS)


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_a_notebook_brings_100_points_and_says_so(assignment):
    given = [grader(c)["points"] for c in cells(assignment) if grader(c).get("grade")]
    assert sum(given) == 100
    prose = "\n".join(c.source for c in cells(assignment) if c.cell_type == "markdown")
    for cell in cells(assignment):
        if grader(cell).get("grade"):
            assert f"({grader(cell)['points']} points)" in prose
    ids = [grader(cell)["grade_id"] for cell in cells(assignment) if grader(cell)]
    assert len(ids) == len(set(ids))


FORM = [
    is_valid,
    has_one_title_that_asks,
    has_goals,
    has_a_summary,
    has_short_prose,
    stays_in_its_folder,
    describes_its_images,
]


@pytest.mark.parametrize("assignment", NOTEBOOKS)
@pytest.mark.parametrize("complaints_of", FORM, ids=lambda f: f.__name__)
def test_the_form_of_a_notebook(assignment, complaints_of):
    notebook = nbformat.read(NOTEBOOKS[assignment], as_version=nbformat.NO_CONVERT)
    assert not list(complaints_of(notebook))


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_a_source_notebook_stores_no_outputs(assignment):
    for cell in cells(assignment):
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_a_source_notebook_runs_from_top_to_bottom(assignment):
    _, words = run(assignment)
    kinds = [e.by_hand for e in EXERCISES.values() if e.assignment == assignment]
    assert words.count("Correct: ") == kinds.count(False)
    assert words.count("Taken down: ") == kinds.count(True)


def test_the_planted_bugs_are_seen_by_the_gradient_check_only():
    from cnnlib import gradient_check

    Repaired = answer("hw3.repair")
    Careless = Repaired.__mro__[1]
    rng = np.random.default_rng(0)
    W, b, a = rng.normal(size=(2, 3, 3, 3)), rng.normal(size=2), np.array([0.1, 0.3])
    x = rng.normal(size=(3, 3, 6, 5))
    assert np.array_equal(
        Careless(W, b, a, 1, 1).forward(x), Repaired(W, b, a, 1, 1).forward(x)
    )
    rows = gradient_check(Careless(W, b, a, 1, 1), x).rows
    assert {row.name: row.passed for row in rows} == {
        "dW": False,
        "db": False,
        "da": True,
        "dx": False,
    }
    assert gradient_check(Repaired(W, b, a, 1, 1), x).passed
    assert marks("hw3.repair", Careless).fraction == 0


def test_the_melody_is_short_and_always_the_same():
    sound, starts = melody()
    assert sound.shape == (1, 1, 32000)
    assert np.abs(sound).max() < 1
    assert [name for _, name in starts][:4] == ["C4", "C4", "G4", "G4"]
    assert {name for _, name in starts} < set(NOTES)
    assert np.array_equal(sound, melody()[0])
