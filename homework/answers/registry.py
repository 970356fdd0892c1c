"""All answers by name, and the one function that judges."""

import numpy as np

from cnnlib.exercises.files import scalars

from . import hw2_layers, hw3_network, hw4_design
from .base import Answer, ByHand, Verdict

ANSWERS: dict[str, Answer | ByHand] = {
    answer.name: answer
    for module in (hw2_layers, hw3_network, hw4_design)
    for answer in module.ANSWERS
}


def hidden_cases(name, seed=0) -> list[dict[str, np.ndarray]]:
    """Return the inputs of an exercise's hidden cases as plain arrays.

    Another ``seed`` gives other cases of the same kind.
    """
    cases = ANSWERS[name].hidden(seed)
    return [{n: np.asarray(value) for n, value in case.items()} for case in cases]


def judge(name, inputs, outputs, student_number=None) -> Verdict:
    """Judge what was recorded for one exercise.

    Parameters
    ----------
    name : str
        Of the exercise.
    inputs : list of dict
        The hidden cases, as ``hidden_cases`` returned them.
    outputs : list of (dict of array or None)
        What was recorded for each of them; None where there is nothing.
    student_number : str, optional
        From the roster, for questions with numbers of the student's own.
    """
    cases = [
        scalars({n: np.asarray(value) for n, value in case.items()}) for case in inputs
    ]
    return ANSWERS[name].judge(cases, outputs, student_number)
