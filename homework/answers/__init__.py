"""What is right: reference answers, hidden cases, and the mistakes that people make.

The grader imports this in a process of its own. Nothing here may be given to
students, or lie where their code runs.

To add an exercise:

1. Say how an answer is called: an ``Exercise`` in ``cnnlib/exercises/``.
2. Say what is right: an ``Answer`` here, with visible and hidden cases and the
   mistakes that people make. A hint names the misconception in a kind sentence.
3. ``python -m homework.answers`` writes the visible cases into ``cnnlib``.
4. In the source notebook: a cell with the solution, and a locked cell
   ``check("hw2.name", answer)`` whose grade_id is ``hw2_name``.
5. In ``tests/homework_mutants.py``: a row for each mistake; it must lose points and
   get its hint. In ``tests/test_homework_right_ways.py``: another right way.
"""

from .base import Answer, Mistake, Verdict
from .registry import ANSWERS, hidden_cases, judge
from .visible import visible_arrays, write_visible
