"""The student's side of the homework: hints, friendly words, recording."""

import numpy as np
import pytest

from cnnlib.exercises import EXERCISES, ExerciseError, check
from homework.answers import ANSWERS, hidden_cases, judge


def conv1d_forward(x, W, b, stride=1, pad=0):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    FL = W.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(x, FL, axis=2)[:, :, ::stride]
    return np.einsum("nclk,fck->nfl", windows, W) + b[:, np.newaxis]


def record(tmp_path, monkeypatch, name, answer, *more):
    """Run a check as the grader does; return hidden inputs and recorded outputs."""
    cases = hidden_cases(name)
    folder = tmp_path / "inputs" / name
    folder.mkdir(parents=True)
    for k, case in enumerate(cases):
        np.savez(folder / f"{k}.npz", **case)
    monkeypatch.setenv("CNNLIB_GRADING", str(tmp_path))
    try:
        check(name, answer, *more)
    except ExerciseError as error:
        print(error)
    outputs = []
    for k in range(len(cases)):
        path = tmp_path / "outputs" / name / f"{k}.npz"
        outputs.append(dict(np.load(path)) if path.exists() else None)
    return cases, outputs


def test_every_exercise_has_an_answer():
    assert set(EXERCISES) == set(ANSWERS)


def test_a_right_answer_is_praised(capsys):
    check("hw2.conv1d_forward", conv1d_forward)
    assert capsys.readouterr().out.startswith("Correct")


def test_a_known_mistake_is_named(capsys):
    with pytest.raises(ExerciseError):
        check(
            "hw2.conv1d_forward", lambda x, W, *a: conv1d_forward(x, W[..., ::-1], *a)
        )
    assert "turned around" in capsys.readouterr().out


def test_recorded_results_are_judged(tmp_path, monkeypatch):
    name = "hw2.conv1d_forward"
    cases, outputs = record(tmp_path, monkeypatch, name, conv1d_forward)
    assert judge(name, cases, outputs).fraction == 1
    outputs[0] = None
    assert judge(name, cases, outputs).fraction == 0.8
