"""Training: ``loop`` trains, ``data`` describes what on, ``watching`` lets you look."""

from .loop import Trainer

__all__ = ["Trainer"]
