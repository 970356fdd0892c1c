"""Training: `loop` trains; the other files are what it must know and watch out for."""

from .loop import Trainer

__all__ = ["Trainer"]
