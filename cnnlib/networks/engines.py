"""Engines: the rooms that hold the layer classes."""

from types import SimpleNamespace

from .. import conv, fast
from .. import layers as textbook

# Where the layer classes of each engine are found, as attributes.
ENGINES = {
    "textbook": SimpleNamespace(**vars(conv) | vars(textbook)),
    "fast": fast,
}


def engine_room(engine):
    """Return an object that has the layer classes of an engine as attributes."""
    if engine not in ENGINES:
        raise ValueError(
            f"engine is {engine!r}; expected 'fast' (quick) or 'textbook' (readable)."
        )
    return ENGINES[engine]
