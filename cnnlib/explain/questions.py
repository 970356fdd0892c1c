"""Questions: folded answers, and checks that give a hint."""

import html

import numpy as np

from ..geometry import axis_pad, check_axis_pad, conv_output_size, span

__all__ = ["check", "check_output_size", "guess"]


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
    hints = [hint for value, hint in mistakes if _equal(answer, value)]
    if hints:
        print(f"Not yet: {'; or: '.join(dict.fromkeys(hints))}.")
    elif answer.shape != np.shape(right):
        print(f"Not yet: the shape is {answer.shape}, expected {np.shape(right)}.")
    else:
        print("Not yet. Go back to the last example and follow it step by step.")


def check_output_size(answer, size, window, stride=1, pad=0, dilation=1) -> None:
    """Say whether an output size is right, and if not, which mistake it looks like.

    The mistakes are computed from the same numbers, so any exercise has its hints.

    Parameters
    ----------
    answer : int or None
        What the student wrote; None if nothing yet.
    size, window, stride, pad, dilation
        As in ``conv_output_size``.

    Examples
    --------
    >>> check_output_size(26, size=28, window=5, pad=2)
    Not yet: the padding counts at both ends, not once.
    """
    right = conv_output_size(size, window, stride, pad, dilation)
    before, after = axis_pad(check_axis_pad(pad), size, window, stride, dilation)
    reach = span(window, dilation)
    padded, room = size + before + after, size + before + after - reach
    mistakes = [
        (room // stride, "the first place counts too: + 1 at the end"),
        (
            (size + after - reach) // stride + 1,
            "the padding counts at both ends, not once",
        ),
        ((size - reach) // stride + 1, "the padding is missing"),
        (
            (padded - window) // stride + 1,
            f"with dilation {dilation} the window reaches over {reach} pixels",
        ),
        (padded // stride - reach + 1, "subtract the window first, divide then"),
        (padded // stride, "subtract the window before you divide"),
        (-(-padded // stride), "subtract the window before you divide"),
        (room + 1, f"the window moves {stride} pixels a step: divide by the stride"),
        (room / stride + 1, "a number of places is whole: round down"),
        (-(-room // stride) + 1, "round down, not up: a part of a step is no place"),
    ]
    check(answer, right, mistakes)


def _equal(answer, value):
    value = np.asarray(value, dtype=float)
    if answer.shape != value.shape:
        return False
    if np.all(value == np.round(value)):  # a count: of 314,870 parameters 16 matter
        return np.allclose(answer, value, rtol=0, atol=1e-3)
    return np.allclose(answer, value, rtol=1e-4)


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
