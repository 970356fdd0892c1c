"""Small helps for reading: questions that keep their answer back."""

import html

__all__ = ["guess"]


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
