"""Sounds as pictures: the wave, and how loud each tone is over time."""

import numpy as np

from .. import checks
from .basic import _axes

__all__ = ["loudness_map", "waveform"]


def waveform(sound, rate, start=0, ax=None, **line):
    """Draw the numbers of a sound over time; return the Axes.

    Parameters
    ----------
    sound : array (L,)
        Any shape with only one axis longer than 1.
    rate : int
        Samples a second.
    start : int
        Number of the first sample: negative for padding before the sound.
    ax : Axes, optional
    **line
        Passed to ``Axes.plot``.
    """
    sound = checks.array(sound, "sound").reshape(-1)
    ax = _axes(ax)
    seconds = (start + np.arange(len(sound))) / rate
    ax.plot(seconds, sound, **{"linewidth": 0.8} | line)
    ax.set(xlabel="time (s)", ylabel="amplitude")
    return ax


def loudness_map(loudness, names, step, ax=None):
    """Draw how loud each tone is over time, dark where it is loud; return the Axes.

    Parameters
    ----------
    loudness : array (tones, times)
        From 0 on.
    names : sequence of str
        One for each tone, lowest first.
    step : float
        Seconds from one column to the next.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If there are not as many names as rows.
    """
    loudness = checks.array(loudness, "loudness")
    if loudness.ndim != 2 or len(names) != len(loudness):
        raise ValueError(
            f"loudness has shape {loudness.shape} and there are {len(names)} names; "
            "expected one row for each name: (tones, times)."
        )
    ax = _axes(ax)
    extent = (0, loudness.shape[1] * step, -0.5, len(names) - 0.5)
    ax.imshow(
        loudness, cmap="Blues", vmin=0, aspect="auto", origin="lower", extent=extent
    )
    ax.set(xlabel="time (s)", ylabel="tone", yticks=range(len(names)))
    ax.set_yticklabels(names)
    ax.grid(False)
    return ax
