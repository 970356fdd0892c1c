"""Small helps for reading: folded answers, and checks that give a hint."""

import html

import numpy as np

__all__ = ["check", "guess"]


def check(answer, right, mistakes=()) -> None:
    """Say whether an answer is right, and if not, which mistake it looks like.

    Parameters
    ----------
    answer : number, array or None
        What the student wrote; None if nothing yet.
    right : number or array
    mistakes : sequence of (value, hint)
        What known mistakes lead to, each with a hint that names it.

    Examples
    --------
    >>> check(14, right=28, mistakes=[(14, "the padding counts on both sides")])
    Not yet: the padding counts on both sides.
    >>> check(28, right=28)
    Right.
    """
    if answer is None or answer is ...:
        print("Write your answer in place of None, then run the cell again.")
        return
    try:
        answer = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        print(f"Not yet: {answer!r} is no number or array of numbers.")
        return
    if _equal(answer, right):
        print("Right.")
        return
    for value, hint in mistakes:
        if _equal(answer, value):
            print(f"Not yet: {hint}.")
            return
    if answer.shape != np.shape(right):
        print(f"Not yet: the shape is {answer.shape}, expected {np.shape(right)}.")
    else:
        print("Not yet. Go back to the last example and follow it step by step.")


def _equal(answer, value):
    value = np.asarray(value, dtype=float)
    return answer.shape == value.shape and np.allclose(answer, value, rtol=1e-4)


class guess:  # lower case: it reads as a verb, guess(answer)
    """Keep an answer folded until the reader clicks on it.

    Parameters
    ----------
    answer : object
        Shown as ``print`` would show it.

    Examples
    --------
    >>> from cnnlib import conv_output_size
    >>> guess(conv_output_size(28, 5, pad=2))
    guess first, then look: 28
    """

    def __init__(self, answer):
        self.answer = answer

    def __repr__(self):
        return f"guess first, then look: {self.answer}"

    def _repr_html_(self):
        return (
            "<details><summary>Guess first, then click.</summary>"
            f"<pre>{html.escape(str(self.answer))}</pre></details>"
        )
