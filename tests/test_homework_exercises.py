"""The student's side of the homework: friendly words, numbers by hand, recording."""

import subprocess
import sys

import numpy as np
import pytest
from homework_notebooks import (
    answer,
    cells,
    marks,
    trained,
    visible_words,
)

from cnnlib.exercises import ExerciseError, check, example, numbers_for
from cnnlib.exercises.by_hand import choose, normal_number
from homework.answers import ANSWERS, hidden_cases, judge
from homework.answers.base import recorded_number

WITH_CASES = [name for name, right in ANSWERS.items() if not right.by_hand]
BY_HAND = [name for name, right in ANSWERS.items() if right.by_hand]
ME = "2026-12345"


# --- answers that are none ---------------------------------------------------------


class EqualToAll:
    """Says yes to every comparison."""

    shape, dtype, ndim, size = (), np.dtype(float), 0, 1

    def __eq__(self, other):
        return True

    __hash__ = None

    def __call__(self, *inputs):
        return EqualToAll()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __bool__(self):
        return True


class EqualArray(np.ndarray):
    """An array of NaN that claims to be close to everything."""

    def __eq__(self, other):
        return True

    def __array_ufunc__(self, *_, **__):
        return True

    __hash__ = None


def not_written(*inputs):
    raise NotImplementedError()


def wrong_by_zero(*inputs):
    return 1 / 0


def gives_up(*inputs):
    raise SystemExit


def edits_its_input(x, *rest):
    x[...] = 0
    return answer("hw2.conv1d_forward")(x, *rest)


def nan(*inputs):
    return np.full(3, np.nan)


DEGENERATE = [
    (None, "None"),
    (..., "Ellipsis"),
    (7, "of the kind int; expected the function itself"),
    ("conv", "of the kind str"),
    (not_written, "not written yet"),
    (wrong_by_zero, "ZeroDivisionError: division by zero"),
    (wrong_by_zero, "return 1 / 0"),
    (gives_up, "SystemExit"),
    (lambda: 0, "TypeError"),
    (lambda *_: None, "Is there a `return`"),
    (lambda *_: "out", "of the kind str"),
    (lambda *_: [[1, 2], [3]], "different lengths"),
    (lambda *_: [EqualToAll()], "object"),
    (lambda *_: 1j * np.ones(3), "complex128"),
    (lambda *_: (k for k in range(3)), "generator"),
    (lambda *_: np.ones(2_000_000), "far more numbers"),
    (nan, "shape (3,)"),
    (lambda x, *_: np.full((1, 1, 3), np.nan), "division by 0"),
    (lambda x, *_: np.zeros((1, 1, 3)), "expected"),
    (EqualToAll(), "EqualToAll"),
    (lambda *_: np.full((1, 1, 3), np.nan).view(EqualArray), "nan"),
    (edits_its_input, "changed its input number 1"),
]


@pytest.mark.parametrize(("bad", "words"), DEGENERATE)
def test_no_answer_gets_words_and_no_marks(bad, words):
    name = "hw2.conv1d_forward"
    text, content = visible_words(name, bad)
    assert not content
    assert words in text
    assert marks(name, bad).fraction == 0


class Refuses:
    """Does not let itself be turned into an array."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")


def test_an_object_that_refuses_gets_words():
    text, content = visible_words("hw2.conv1d_forward", lambda *_: [Refuses()])
    assert not content
    assert "RuntimeError" in text


@pytest.mark.parametrize("name", [*WITH_CASES, *BY_HAND])
@pytest.mark.parametrize("bad", [None, ..., EqualToAll(), "7", not_written, nan])
def test_no_exercise_is_solved_by_nothing(name, bad):
    text, content = visible_words(name, bad, ME)
    assert not content
    assert text
    assert marks(name, bad, ME).fraction == 0


def bare_layer(**parts):
    """Return a class with the given methods, that takes any arguments."""
    return type("Layer", (), {"__init__": lambda self, *_: None} | parts)


CLASSES = [
    (bare_layer(), "has no method forward"),
    (bare_layer(forward=lambda self, x: x), "has no method backward"),
    (
        bare_layer(forward=lambda self, x: x, backward=lambda self, dout: dout),
        "no dW: set self.dW",
    ),
    (bare_layer(forward=not_written), "its method forward is not written yet"),
]


@pytest.mark.parametrize(("layer", "words"), CLASSES)
def test_an_unfinished_class_gets_words(layer, words):
    for name in ("hw2.conv1d_layer", "hw3.repair"):
        text, content = visible_words(name, layer)
        assert not content
        assert words in text


def test_an_object_in_place_of_its_class_gets_words():
    text, _ = visible_words("hw2.conv1d_layer", object())
    assert "expected the class itself, by its name without ( )" in text


def test_a_network_that_can_not_predict_gets_words():
    text, _ = visible_words("hw3.train", object())
    assert "your network is of the kind object, and has no method predict" in text


def test_a_function_with_too_few_results_gets_words():
    for result, words in ((np.ones(3), "ndarray"), ((1, 2), "2 values")):
        text, _ = visible_words("hw2.conv1d_backward", lambda *_, r=result: r)
        assert words in text
        assert "return dx, dW, db" in text


def test_a_network_without_parameters_gets_words():
    text, _ = visible_words("hw3.build_network", lambda *_: object())
    assert "expected a Sequential" in text


def test_an_unknown_mistake_is_located():
    name = "hw2.conv1d_forward"
    right = answer(name)
    text, content = visible_words(name, lambda *inputs: right(*inputs) + 0.5)
    assert not content
    assert "out[0, 0, 0] is " in text
    assert "Case 1 of 3: x (1, 1, 5), W (1, 1, 3)" in text
    inputs, wanted = example("hw2.conv1d_forward", 1)
    assert f"expected {wanted['out'][0, 0, 0]:.6g}" in text
    np.testing.assert_allclose(right(*inputs.values()), wanted["out"])


def test_an_exercise_error_shows_without_a_traceback():
    with pytest.raises(ExerciseError) as caught:
        check("hw2.conv1d_forward", None)
    lines = caught.value._render_traceback_()
    assert lines == [f"Not yet: {caught.value}"]
    long = ExerciseError("word " * 50)._render_traceback_()
    assert max(map(len, long)) <= 88


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(ValueError, match=r"no exercise 'hw2.conv'.*hw2.conv1d_forward"):
        check("hw2.conv", None)
    for case in (0, 4, None):
        with pytest.raises(ValueError, match="numbered from 1 to 3"):
            example("hw2.conv1d_forward", case)
    for question in ("hw2.by_hand_9", "hw7.by_hand_1", None):
        with pytest.raises(ValueError, match="numbers of your own"):
            numbers_for(ME, question)


# --- training ----------------------------------------------------------------------


def test_the_trained_network_reaches_the_band():
    network = trained()
    words, content = visible_words("hw3.train", network)
    assert content, words
    assert marks("hw3.train", network).fraction == 1


def test_a_network_that_trained_little_gets_some_points():
    network = trained("epochs=8", "epochs=1")
    words, content = visible_words("hw3.train", network)
    assert not content
    assert "Train for more epochs" in words
    assert 0 < marks("hw3.train", network).fraction < 1


def scores(rule):
    """Return a network that reads images by a rule."""
    predict = staticmethod(lambda x: rule(len(x)))
    return type("Network", (), {"predict": predict})()


NETWORKS = [
    (scores(lambda N: np.eye(10)[np.zeros(N, int)]), "That is guessing"),
    (scores(lambda N: np.full((N, 10), np.nan)), "diverge"),
    (scores(lambda N: np.zeros(N)), "expected (355, 10)"),
]


@pytest.mark.parametrize(("network", "words"), NETWORKS)
def test_a_network_that_guesses_gets_no_points(network, words):
    text, content = visible_words("hw3.train", network)
    assert not content
    assert words in text
    assert marks("hw3.train", network).fraction == 0


def test_a_network_that_knows_every_digit_is_reported():
    cases = hidden_cases("hw3.train")
    from cnnlib import load_digits

    labels = load_digits()[1][1]
    verdict = judge("hw3.train", cases, [{"scores": np.eye(10)[labels]}] * 2)
    assert verdict.fraction == 1
    assert "trained on the test digits?" in verdict.words


# --- by hand -----------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_HAND)
def test_numbers_depend_on_the_student_and_on_nothing_else(name):
    assert numbers_for(ME, name) == numbers_for("202612345", name)
    assert numbers_for(ME, name) == numbers_for(202612345, name)
    many = [str(numbers_for(f"2026-{k:05}", name)) for k in range(300)]
    assert len(set(many)) > 50
    index = choose(ME, name, len(ANSWERS[name].usable))
    assert numbers_for(ME, name) == ANSWERS[name].usable[index]


def test_numbers_are_the_same_in_another_process():
    code = "from cnnlib.exercises import numbers_for; "
    code += f"print(numbers_for({ME!r}, {BY_HAND[0]!r}))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str(numbers_for(ME, BY_HAND[0]))


@pytest.mark.parametrize("empty", ["", "  ", "-", None, ...])
def test_a_missing_student_number_is_asked_for(empty):
    with pytest.raises(ExerciseError, match="student number is missing"):
        numbers_for(empty, BY_HAND[0])
    text, content = visible_words(BY_HAND[0], 3, empty)
    assert not content
    assert "student number is missing" in text


def test_the_number_of_the_example_is_noticed(capsys):
    example = next(c.source for c in cells("hw2") if "student_number = " in c.source)
    space = {}
    exec(example, space)
    numbers_for(space["student_number"], BY_HAND[0])
    assert "write your own" in capsys.readouterr().out


def test_full_width_digits_are_digits():
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in ME)  # as Korean keyboards do
    assert normal_number(wide) == normal_number(ME)


@pytest.mark.parametrize(
    ("bad", "words"),
    [([1, 2], "expected one number"), (np.nan, "no number"), ("12", "kind str")],
)
def test_a_number_of_the_wrong_form_gets_words(bad, words):
    text, content = visible_words("hw2.by_hand_1", bad, ME)
    assert not content
    assert words in text


def test_the_roster_decides_whose_numbers_count():
    name = "hw2.by_hand_1"
    mine = np.array(ANSWERS[name].solve(numbers_for(ME, name)))
    recorded = {"answer": mine, "student_number": np.frombuffer(ME.encode(), np.uint8)}
    assert recorded_number(recorded) == ME
    assert judge(name, [{}], [recorded]).fraction == 1
    assert judge(name, [{}], [recorded], ME).fraction == 1
    others = [f"2026-{k}" for k in range(20, 60)]
    assert any(judge(name, [{}], [recorded], n).fraction == 0 for n in others)
    assert judge(name, [{}], [{"answer": mine}]).fraction == 0
    assert judge(name, [{}], [None], ME).fraction == 0
