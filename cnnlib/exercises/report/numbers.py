"""Compare the numbers that an answer states with those that the run printed."""

import re

from .words import prose

__all__ = ["agrees", "field_texts", "printed_results", "stated_accuracies"]

NUMBER = r"(?<![\w.,])(\d+(?:,\d{3})*(?:\.\d+)?)\s*(%|percent\b|퍼센트|프로)?"

COLONS = ":\uff1a"  # the second one is the wide colon of Korean keyboards

# "test accuracy is about 97.5 %", "시험 정확도는 97.5%"
CLAIM = re.compile(
    r"\b(?:test|training)\s+accuracy\b[\s:=*]*"
    r"(?:(?:after the last epoch|of|is|was|reache[sd]|at|the|my|network)\b[\s:=*]*)*"
    rf"(?P<about>about|nearly|almost|around|some)?\s*\**{NUMBER}"
    r"|(?:시험|테스트|훈련|학습)\s*(?:데이터\s*)?정확도(?:는|은|가|이|:|\s)*"
    rf"(?P<about_ko>약|거의|대략)?\s*\**{NUMBER}"
)
# A sentence with one of these speaks about another network, or about what might be.
NOT_MINE = re.compile(
    r"\b(?:if|would|could|should|may|might|chance|random\w*|guess\w*|expect\w*|paper|book|"
    r"lenet|alexnet|without|untrained|before|at least|more than|less than|above|below|"
    r"than|human|people)\b|논문|교재|무작위|추측|예상|기대|만약|다면|이상|이하|넘|미만|전에",
    re.IGNORECASE,
)


def printed_results(printed) -> dict:
    """Return what the run printed, by name: {'test accuracy': 96.06, 'wrong': 14}."""
    lines = re.findall(
        r"^(test accuracy|training accuracy|wrong): ([\d.]+)", printed, re.MULTILINE
    )
    return {name: float(value) for name, value in lines}


def printed_percentages(printed) -> list:
    """List the percentages of all lines that speak of training and test."""
    lines = re.findall(r"^.*(?:training|test) .*%.*$", printed, re.MULTILINE)
    own = [line for line in lines if "Expect about" not in line]
    return [float(x) for line in own for x in re.findall(r"([\d.]+)%", line)]


def agrees(stated, value, percent=True) -> bool:
    """Tell whether a stated number is the printed one, rounded or cut off.

    Parameters
    ----------
    stated : (str, str)
        Digits as they were written, and the sign after them: '%' or ''.
    value : float
        As it was printed.
    percent : bool
        Whether `value` is a percentage; then 0.96 and 96 % are the same.
    """
    digits, sign = stated
    number = float(digits.replace(",", ""))
    decimals = len(digits.partition(".")[2])
    if not percent:
        return number == value
    readings = [(number, decimals)]
    if not sign and number <= 1:
        readings.append((100 * number, decimals - 2))
    # one unit of the last digit: rounded, cut off, or rounded twice
    return any(abs(n - value) < 1.001 * min(1, 10.0**-d) for n, d in readings)


def first_number(text):
    """Return the first number of a text and its sign, or None."""
    found = re.search(NUMBER, prose(text))
    return (found[1], found[2] or "") if found else None


def field_texts(text, labels) -> dict:
    """Return what stands behind each label of a list to fill in.

    A label is the beginning of a list item, in bold or not; its text ends at the next
    label. A label that is gone maps to None.
    """
    starts = {}
    for label in labels:
        words = r"\s+".join(map(re.escape, label.split()))
        found = re.search(
            rf"^[ \t]*[-*+]?[ \t]*\**{words}\b[^{COLONS}\n]*[{COLONS}]\**",
            text,
            re.MULTILINE | re.IGNORECASE,
        )
        if found:
            starts[label] = found.span()
    fields = dict.fromkeys(labels)
    for label, (_, begin) in starts.items():
        end = min([s for s, _ in starts.values() if s >= begin], default=len(text))
        fields[label] = prose(text[begin:end]).strip(" \t\n*")
    return fields


def stated_accuracies(text) -> list:
    """List (words, (digits, sign), about) of the accuracies that a text claims.

    Only what is plainly said of the own run: "the test accuracy is 97 %". A sentence
    about guessing, expectations or another network is left alone, because a false
    alarm would do more harm than a number that is not compared.
    """
    claims = []
    for sentence in re.split(r"(?<=[.!?。])\s+|\n{2,}", prose(text)):
        if NOT_MINE.search(sentence):
            continue
        for found in CLAIM.finditer(" ".join(sentence.split())):
            _, digits, sign, _, digits_ko, sign_ko = found.groups()
            stated = (digits or digits_ko, sign or sign_ko or "")
            about = bool(found["about"] or found["about_ko"])
            if stated[1] or float(stated[0].replace(",", "")) <= 1:
                claims.append((found[0].strip(" *"), stated, about))
    return claims
