"""The graders, tried on wrong and on differently written right solutions.

A wrong solution must lose points at the hidden judge, and the visible check must name
its mistake. A right one must get all points, however it is written.
"""

import dataclasses
import re

import numpy as np
import pytest
from homework_mutants import MUTANTS
from homework_notebooks import (
    NETWORKS,
    answer,
    marks,
    solutions,
    trained,
    visible_words,
)

from cnnlib.exercises import EXERCISES, numbers_for
from homework.answers import ANSWERS, judge

WITH_CASES = [name for name, right in ANSWERS.items() if not right.by_hand]
BY_HAND = [name for name, right in ANSWERS.items() if right.by_hand]
FUNCTIONS = [name for name in WITH_CASES if name not in NETWORKS]


# --- the solutions of the notebooks -------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_solution_gets_all_points(name):
    words, content = visible_words(name, answer(name))
    assert content, words
    assert words.startswith("Correct")
    assert marks(name, answer(name)).fraction == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_empty_version_gets_words_and_no_points(name):
    region = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
    exercise = name.split(".")[1]
    source = solutions(name.split(".")[0])[exercise]
    pieces = region.findall(source)
    empty = answer(name, *[(piece, "raise NotImplementedError()") for piece in pieces])
    words, content = visible_words(name, empty)
    assert not content
    assert "is not written yet" in words
    assert marks(name, empty).fraction == 0


def test_an_untrained_network_gets_no_points():
    network = trained("trainer.train()", "")
    assert not visible_words("hw3.train", network)[1]
    assert marks("hw3.train", network).fraction == 0


def test_gradients_of_another_forward_bring_nothing():
    """The forward pass of hw3.repair was given: it brings no points, but must stay."""
    Repaired = answer("hw3.repair")

    class Shifted(Repaired):
        def forward(self, x, train=True):
            return super().forward(x) + 1

    assert marks("hw3.repair", Shifted).fraction == 0


def test_each_repaired_bug_brings_a_third():
    one_left = answer("hw3.repair", ("dx[at] += ", "dx[at] = "))
    assert marks("hw3.repair", one_left).fraction == pytest.approx(2 / 3, abs=1e-3)


# --- wrong solutions ----------------------------------------------------------------


def test_there_are_enough_mutants():
    assert sum(label is not None for *_, label in MUTANTS) >= 40


@pytest.mark.parametrize(("name", "old", "new", "label"), MUTANTS)
def test_a_mutant_loses_points_and_gets_its_hint(name, old, new, label):
    with np.errstate(all="ignore"):
        mutant = answer(name, (old, new))
        words, content = visible_words(name, mutant)
        assert marks(name, mutant).fraction < 1
    assert not content
    if label:
        assert ANSWERS[name].mistakes[label].hint in words, words


def catalogue(names):
    return [(name, label) for name in names for label in ANSWERS[name].mistakes]


@pytest.mark.parametrize(("name", "label"), catalogue(FUNCTIONS))
def test_each_known_mistake_is_told_from_all_others(name, label, monkeypatch):
    right = ANSWERS[name]
    mistake = right.mistakes[label]

    def wrong(inputs):
        results = right.solve(inputs) | mistake.solve(inputs)
        return {key: np.asarray(value) for key, value in results.items()}

    direct = dataclasses.replace(EXERCISES[name], drive=lambda f, inputs: f(inputs))
    monkeypatch.setitem(EXERCISES, name, direct)
    words, content = visible_words(name, wrong)
    assert not content
    assert mistake.hint in words
    assert " Or: " not in words
    cases = right.hidden()
    assert judge(name, cases, [wrong(case) for case in cases]).fraction < 1


@pytest.mark.parametrize(("name", "label"), catalogue(BY_HAND))
def test_each_known_mistake_by_hand_is_named_for_every_student(name, label):
    question = ANSWERS[name]
    for student in ("2026-10001", "2026-10002", "2025-77777"):
        wrong = question.mistakes[label].solve(numbers_for(student, name))
        words, content = visible_words(name, wrong, student)
        assert not content
        hints = [m.hint for m in question.mistakes.values() if m.hint in words]
        assert hints
        assert marks(name, wrong, student).fraction == 0


@pytest.mark.parametrize("name", BY_HAND)
def test_right_numbers_are_taken_down_and_get_all_points(name):
    for student in ("2026-10001", "2026-10002", "2025-77777"):
        right = ANSWERS[name].solve(numbers_for(student, name))
        words, content = visible_words(name, right, student)
        assert content
        assert words.startswith("Taken down")
        assert marks(name, right, student).fraction == 1


@pytest.mark.parametrize("name", BY_HAND)
def test_numbers_of_another_student_are_hardly_ever_right(name):
    mine = ANSWERS[name].solve(numbers_for("2026-10001", name))
    others = [f"2026-2{k:04}" for k in range(100)]
    lucky = sum(marks(name, mine, student).fraction for student in others)
    assert lucky < 30
