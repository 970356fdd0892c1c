"""Filters that listen for one tone each."""

import numpy as np

from ..base import Answer, Mistake


def tones(frequencies, rate, length, turn=2 * np.pi, window=np.hanning, wave=np.cos):
    """Return one filter a frequency (FN, 1, length): a short piece of its tone."""
    n = np.arange(length) - (length - 1) / 2
    shape = window(length)
    rows = shape * wave(turn * frequencies[:, np.newaxis] * n / rate)
    return (2 / shape.sum() * rows)[:, np.newaxis, :]


def _tone_case(rng, count, rate, length):
    frequencies = rng.choice(np.arange(100, rate // 2, 10), count, replace=False)
    return {"frequencies": np.sort(frequencies), "rate": rate, "length": length}


def _not_centred(frequencies, rate, length):
    shift = np.exp(2j * np.pi * frequencies * (length - 1) / 2 / rate)
    n = np.arange(length) - (length - 1) / 2
    turning = np.exp(2j * np.pi * frequencies[:, np.newaxis] * n / rate)
    shape = np.hanning(length)
    rows = (turning * shift[:, np.newaxis]).real * shape
    return {"W": (2 / shape.sum() * rows)[:, np.newaxis]}


def _divided_by_length(frequencies, rate, length):
    W = tones(frequencies, rate, length)
    return {"W": W * np.hanning(length).sum() / length}


TONES = Answer(
    "hw2.tone_filters",
    solve=lambda inputs: {"W": tones(**inputs)},
    visible=lambda rng: [_tone_case(rng, 1, 4000, 9), _tone_case(rng, 3, 8000, 32)],
    cases=lambda rng: [
        _tone_case(rng, 2, 8000, 16),
        _tone_case(rng, 5, 8000, 65),
        _tone_case(rng, 4, 11025, 128),
    ],
    mistakes={
        "2 pi missing": Mistake(
            lambda inputs: {"W": tones(**inputs, turn=1)},
            "2 pi is missing: one full turn of the cosine is 2 * np.pi.",
        ),
        "no window": Mistake(
            lambda inputs: {"W": tones(**inputs, window=np.ones)},
            "the Hann window is missing: the tone must begin and end softly.",
        ),
        "sine": Mistake(
            lambda inputs: {"W": tones(**inputs, wave=np.sin)},
            "this is the sine. Take the cosine: its top stands in the middle.",
        ),
        "not centred": Mistake(
            lambda inputs: _not_centred(**inputs),
            "the time begins at the left end. It is 0 in the middle of the filter: "
            "n - (length - 1) / 2.",
        ),
        "divided by the length": Mistake(
            lambda inputs: _divided_by_length(**inputs),
            "this was divided by the length. Divide by the sum of the Hann window.",
        ),
        "2 missing": Mistake(
            lambda inputs: {"W": tones(**inputs) / 2},
            "everything is half as large as it should be: the factor 2 is missing.",
        ),
        "no channel axis": Mistake(
            lambda inputs: {"W": tones(**inputs)[:, 0]},
            "the axis of the channels is missing: filters have the shape "
            "(FN, C, FL), here with C = 1.",
        ),
    },
)

ANSWERS = [TONES]
