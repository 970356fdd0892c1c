"""A short melody, made of numbers: the sound that hw2_layers listens to."""

import numpy as np

__all__ = ["NOTES", "melody"]

# Frequencies in Hz of an octave of piano keys, from middle C on.
NOTES = {
    "C4": 261.63,
    "D4": 293.66,
    "E4": 329.63,
    "F4": 349.23,
    "G4": 392.00,
    "A4": 440.00,
    "B4": 493.88,
    "C5": 523.25,
}

# A French song of the 18th century; most people know it as "Twinkle, twinkle".
TUNE = "C4 C4 G4 G4 A4 A4 G4 - F4 F4 E4 E4 D4 D4 C4 -"


def melody(rate=8000, beat=0.25, tune=TUNE, rng=7):
    """Return a melody as one row of numbers, and where each note begins.

    Parameters
    ----------
    rate : int
        Samples a second.
    beat : float
        Seconds a note.
    tune : str
        Names from ``NOTES`` with spaces between them; ``-`` makes the note before it
        longer.
    rng : numpy.random.Generator or int
        For a little noise, as every microphone has it.

    Returns
    -------
    sound : array (1, 1, L)
        One sound of one channel, between -1 and 1.
    starts : list of (float, str)
        Second and name of each note.
    """
    tune, samples = tune.split(), round(rate * beat)
    rng = np.random.default_rng(rng)
    sound = 0.005 * rng.standard_normal(samples * len(tune))
    starts = [k for k, name in enumerate(tune) if name != "-"]
    for k, end in zip(starts, [*starts[1:], len(tune)], strict=True):
        seconds = np.arange((end - k) * samples) / rate
        soft = np.minimum(1, seconds / 0.01) * np.exp(-3 * seconds)
        turns = 2 * np.pi * NOTES[tune[k]] * seconds
        tone = np.sin(turns) + 0.3 * np.sin(2 * turns)  # and one overtone
        sound[k * samples : end * samples] += 0.6 * soft * tone
    return sound.reshape(1, 1, -1), [(k * beat, tune[k]) for k in starts]
