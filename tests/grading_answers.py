"""The answers of a tiny assignment, for the tests of the grader."""

from types import SimpleNamespace

import numpy as np

CASES = 3


def verdict(fraction, words):
    return SimpleNamespace(fraction=fraction, words=words)


ANSWERS = {
    "sample.double": SimpleNamespace(by_hand=False),
    "sample.square": SimpleNamespace(by_hand=False),
    "sample.mine": SimpleNamespace(by_hand=True),
}


def hidden_cases(name, seed=0):
    if name == "sample.mine":
        return [{"case": np.array(0)}]
    rng = np.random.default_rng(len(name) + 1000 * seed)
    return [{"x": rng.integers(1000, 9000, 4) / 7} for _ in range(CASES)]


def judge(name, inputs, outputs, student_number=None):
    if name == "sample.mine":
        right = len(str(student_number).replace("-", ""))
        given = outputs[0]["answer"] if outputs[0] else None
        return verdict(float(np.array_equal(given, right)), "the length")
    good = 0
    for case, arrays in zip(inputs, outputs, strict=True):
        wanted = case["x"] * 2 if name == "sample.double" else case["x"] ** 2
        found = (arrays or {}).get("y")
        good += found is not None and np.array_equal(found, wanted)
    return verdict(good / len(inputs), f"{good} of {len(inputs)} cases")
