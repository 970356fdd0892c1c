"""Count words of prose, in English, Korean, or both in one sentence."""

import re
import unicodedata

__all__ = ["count_words", "prose"]

# In this order: a fence may hold anything, a comment may hold a link.
NOT_PROSE = [
    r"^[ \t]*(```+|~~~+).*?^[ \t]*\1[ \t]*$",  # code
    r"<!--.*?-->",
    r"!\[[^\]]*\]\([^)]*\)",  # a figure and its text alternative
    r"(?<=\])\([^)]*\)",  # where a link goes
    r"https?://\S+",
    r"<[a-zA-Z/][^>\n]*>",
]
FORMULA = r"\$\$.+?\$\$|\$[^$\n]+\$"

# Hangul, and for students from elsewhere Chinese characters and kana.
SYLLABLE = r"[\uac00-\ud7a3\u3131-\u318e\u3040-\u30ff\u3400-\u9fff]"
LATIN_WORD = rf"(?:(?!{SYLLABLE})\w)+(?:[.,'\u2019_-](?:(?!{SYLLABLE})\w)+)*"


def prose(text) -> str:
    """Return Markdown without code blocks, comments, pictures and addresses."""
    for pattern in NOT_PROSE:
        text = re.sub(pattern, " ", text, flags=re.MULTILINE | re.DOTALL)
    return text


def count_words(text) -> int:
    """Count the words of an answer written in Markdown.

    A word of Latin letters or a number counts 1, a formula counts 1, and **two
    Korean syllables (글자) count as one word**: a Korean translation has about two
    syllables for each English word. Code blocks and pictures do not count.

    Parameters
    ----------
    text : str
        Markdown.

    Examples
    --------
    >>> count_words("The filter is 5x5.")
    4
    >>> count_words("합성곱 계층")
    3
    >>> count_words("filter는 5x5이다")
    4
    """
    text = unicodedata.normalize("NFC", prose(text))  # macOS may split syllables
    text, formulas = re.subn(FORMULA, " ", text, flags=re.DOTALL)
    syllables = len(re.findall(SYLLABLE, text))
    return formulas + len(re.findall(LATIN_WORD, text)) + -(-syllables // 2)
