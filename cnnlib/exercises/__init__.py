"""Homework that tells you at once what is wrong, and how to find it.

``check`` runs your answer on small cases. If the result is wrong, it looks whether a
well-known mistake gives the very same result, and names it.
"""

from .by_hand import normal_number, numbers_for
from .checking import EXERCISES, check, example
from .protocol import Exercise, ExerciseError
