"""Make the files of visible cases that students get, from the answers.

They hold inputs, right results, the results of known mistakes, and the hints: arrays
and sentences, no code.
"""

from pathlib import Path

import numpy as np

from cnnlib.exercises import EXERCISES
from cnnlib.exercises.comparison import ATOL, RTOL, equal
from cnnlib.exercises.files import VISIBLE

from .registry import ANSWERS

ASSIGNMENTS = sorted({exercise.assignment for exercise in EXERCISES.values()})


def write_visible(folder=VISIBLE) -> list[Path]:
    """Write one file for each assignment; the same bytes every time."""
    paths = []
    for assignment in ASSIGNMENTS:
        paths.append(Path(folder) / f"{assignment}.npz")
        np.savez(paths[-1], **visible_arrays(assignment))
    return paths


def visible_arrays(assignment) -> dict[str, np.ndarray]:
    """Return all arrays of an assignment's file by name."""
    arrays = {}
    for name, exercise in EXERCISES.items():
        if exercise.assignment == assignment:
            make = _by_hand_arrays if exercise.by_hand else _case_arrays
            arrays |= {f"{name}/{key}": a for key, a in make(ANSWERS[name]).items()}
    return arrays


def _case_arrays(answer):
    arrays = {f"tolerance/{key}": np.array(t) for key, t in answer.tolerance.items()}
    for k, inputs in enumerate(answer.shown()):
        right = answer.solve(inputs)
        arrays |= {f"inputs/{k}/{name}": np.asarray(v) for name, v in inputs.items()}
        arrays |= {f"right/{k}/{key}": _rounded(v) for key, v in right.items()}
        for m, mistake in enumerate(answer.mistakes.values()):
            for key, value in mistake.solve(inputs).items():
                tolerance = answer.tolerance.get(key, (RTOL, ATOL))
                if not equal(np.asarray(value), np.asarray(right[key]), *tolerance):
                    arrays[f"wrong/{m}/{k}/{key}"] = _rounded(value)
    return arrays | _hints(answer)


def _rounded(value):
    """Return an array whose bytes do not depend on the machine's last digits."""
    array = np.asarray(value)
    return np.round(array, 8) + 0.0 if array.dtype.kind == "f" else array  # no -0.0


def _by_hand_arrays(answer):
    variants = answer.usable
    names = list(variants[0])
    arrays = {
        f"numbers/{n}": np.array([v[n] for v in variants], np.int16) for n in names
    }
    arrays["shape"] = np.array(np.shape(answer.solve(variants[0])), dtype=int)
    for m, mistake in enumerate(answer.mistakes.values()):
        wrong = [mistake.solve(numbers) for numbers in variants]
        arrays[f"wrong/{m}/answer"] = _rounded(np.array(wrong, dtype=float))
    return arrays | _hints(answer)


def _hints(answer):
    hints = [mistake.hint for mistake in answer.mistakes.values()]
    return {f"hint/{m}": np.array(hint) for m, hint in enumerate(hints)}
