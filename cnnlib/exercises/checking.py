"""``check``: run an answer on the visible cases, and name the mistake in it."""

from collections import Counter

import numpy as np

from . import hw2_layers, hw3_network, hw4_design
from .by_hand import choose
from .comparison import describe_case, difference, equal
from .files import below, numbered, record, scalars, visible
from .protocol import ExerciseError, wrapped

__all__ = ["EXERCISES", "check", "example"]

ASSIGNMENTS = (hw2_layers, hw3_network, hw4_design)
EXERCISES = {e.name: e for module in ASSIGNMENTS for e in module.EXERCISES}


def check(name, answer=None, student_number=None) -> None:
    """Check an answer on small cases, and give a hint if it is not right yet.

    Parameters
    ----------
    name : str
        Of the exercise, such as ``"hw2.conv1d_forward"``.
    answer : function, class, object or numbers
        What the exercise asks for.
    student_number : str, optional
        For questions with numbers of your own.

    Raises
    ------
    ExerciseError
        If the answer is missing or not right yet. The hint is printed before.
    ValueError
        If there is no such exercise.
    """
    exercise = _find(name)
    record(exercise, answer, student_number)
    arrays = below(visible(exercise.assignment), name)
    if exercise.by_hand:
        lines = _look_at_number(exercise, arrays, answer, student_number)
    else:
        lines = _look_at_cases(exercise, arrays, answer)
    if lines:
        print("\n".join(wrapped(line) for line in lines))
        raise ExerciseError(f"{exercise.title}. The hint stands above.")


def example(name, case=1):
    """Return the inputs of a visible case, and the right results, to try things out.

    Parameters
    ----------
    name : str
        Of the exercise.
    case : int
        Its number, from 1 on, as the hint of ``check`` names it.

    Returns
    -------
    inputs, right : dict
        By name.

    Raises
    ------
    ValueError
        If there is no such exercise or case.
    """
    arrays = below(visible(_find(name).assignment), name)
    inputs = numbered(below(arrays, "inputs"))
    if case not in range(1, len(inputs) + 1):
        raise ValueError(
            f"{name} has no case {case!r}; its cases are numbered from 1 to "
            f"{len(inputs)}."
        )
    right = numbered(below(arrays, "right"))
    copies = [
        {n: a.copy() for n, a in part[case - 1].items()} for part in (inputs, right)
    ]
    return scalars(copies[0]), copies[1]


def _find(name):
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; there are {list(EXERCISES)}.")
    return EXERCISES[name]


def _look_at_cases(exercise, arrays, answer):
    """Return hints, one for each result that is wrong; print praise if none is."""
    inputs = [scalars(case) for case in numbered(below(arrays, "inputs"))]
    right = numbered(below(arrays, "right"))
    outputs = [exercise.drive(answer, case) for case in inputs]
    if exercise.look:
        words = [exercise.look(*pair) for pair in zip(right, outputs, strict=True)]
        lines = [word for word in words if word][:1]
    else:
        wrong = [k for k in right[0] if _wrong_cases(arrays, k, right, outputs)]
        lines = _hints_by_result(arrays, wrong, inputs, right, outputs)
    if not lines:
        count = f"{len(right)} cases agree" if len(right) > 1 else "it agrees"
        print(f"Correct: {exercise.title} ({count}).")
    return lines


def _hints_by_result(arrays, wrong, inputs, right, outputs):
    """Return a line for each hint, with the names of the results that it explains."""
    known = {key: _hints(arrays, key, right, outputs) for key in wrong}
    votes = Counter(hint for hints in known.values() for hint in hints)
    lines = {}
    for key, hints in known.items():
        # a mistake that explains several results is the likelier one
        best = [h for h in hints if votes[h] == max(votes[h] for h in hints)]
        lines.setdefault(" Or: ".join(best[:2]), []).append(key)
    unknown = lines.pop("", [])
    return [
        *(f"{', '.join(keys)}: {text}" for text, keys in lines.items()),
        *(_place(arrays, key, inputs, right, outputs) for key in unknown),
    ]


def _hints(arrays, key, right, outputs):
    """List the hints that explain all cases, or at least the first wrong one."""
    wrong = _wrong_cases(arrays, key, right, outputs)
    everywhere = _known(arrays, key, right, outputs, range(len(right)))
    return everywhere or _known(arrays, key, right, outputs, wrong[:1])


def _wrong_cases(arrays, key, right, outputs):
    tolerance = arrays.get(f"tolerance/{key}", ())
    pairs = enumerate(zip(right, outputs, strict=True))
    return [k for k, (a, b) in pairs if not equal(b[key], a[key], *tolerance)]


def _place(arrays, key, inputs, right, outputs):
    """Say where a result differs in the first wrong case."""
    k = _wrong_cases(arrays, key, right, outputs)[0]
    tolerance = arrays.get(f"tolerance/{key}", ())
    text = difference(key, outputs[k][key], right[k][key], *tolerance)
    return f"{text} (Case {k + 1} of {len(right)}: {describe_case(inputs[k])}.)"


def _known(arrays, key, right, outputs, cases):
    """List the hints of known mistakes that give just these results."""
    tolerance = arrays.get(f"tolerance/{key}", ())
    hints = []
    for number, results in enumerate(numbered(below(arrays, "wrong"))):
        mistaken = [results.get(f"{k}/{key}", right[k][key]) for k in cases]
        pairs = list(zip(mistaken, (outputs[k][key] for k in cases), strict=True))
        differs = any(f"{k}/{key}" in results for k in cases)
        if differs and all(equal(b, a, *tolerance, nan=True) for a, b in pairs):
            hints.append(str(arrays[f"hint/{number}"]))
    return list(dict.fromkeys(hints))


def _look_at_number(exercise, arrays, answer, student_number):
    """Return a hint if a by-hand answer has the wrong form or a known mistake."""
    wrong = numbered(below(arrays, "wrong"))
    count = len(next(iter(below(arrays, "numbers").values())))
    row = choose(student_number, exercise.name, count)
    found = exercise.drive(answer, {})["answer"]
    shape = tuple(arrays["shape"].tolist())
    if found.shape != shape:
        wanted = f"{shape[0]} numbers" if shape else "one number"
        return [f"the answer has shape {found.shape}; expected {wanted}."]
    if not np.isfinite(found.astype(float)).all():
        return ["the answer holds something that is no number."]
    hints = [
        str(arrays[f"hint/{number}"])
        for number, case in enumerate(wrong)
        if equal(found, case["answer"][row])
    ]
    if not hints:
        print(f"Taken down: {found.tolist()}. The grader will say whether it is right.")
    return [" Or: ".join(hints[:2])] if hints else []
