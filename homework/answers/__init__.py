"""What is right: reference answers, hidden cases, and the mistakes that people make.

The grader imports this in a process of its own. Nothing here may be given to
students, or lie where their code runs.
"""

from .base import Answer, Mistake, Verdict
from .registry import ANSWERS, hidden_cases, judge
from .visible import visible_arrays, write_visible
