"""Invent a class: right, partly wrong, empty and hostile submissions.

For trying out the whole way before term, and for measuring it. The same seed gives the
same class.
"""

import copy
import json
from pathlib import Path

import numpy as np

from .clean import grade_id_of, is_editable, text_of
from .course import HOMEWORK, read_notebook

FAMILIES = ["김", "이", "박", "최", "정", "강", "조", "윤", "장", "임"]
GIVEN = ["민수", "서연", "지훈", "하은", "도윤", "수아", "예준", "지우", "시우", "하린"]
EMOJI = ["🦊", "❤️", "🎉", "🐢"]

# What goes wrong in a hurry: each changes some answers and leaves others right.
SLIPS = [
    ("+ 1", ""),
    (" + b", ""),
    ("+=", "="),
    ("range(", "range(1, "),
    (".sum(", ".mean("),
    ("2 * pad", "pad"),
    ("return ", "return -"),
]

HOSTILE = {
    "loop": "while True:\n    pass",
    "deaf loop": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "while True:\n    pass",
    "flood": "while True:\n    print('x' * 100_000)",
    "large output": "print('x' * 200_000_000)",
    "exit": "import os\nos._exit(0)",
    "kills all": "import os\nos.kill(-1, 9)",
    "memory": "blocks = []\nwhile True:\n    blocks.append(bytearray(100_000_000))",
    "fork bomb": "import os\nwhile True:\n    try:\n        os.fork()\n"
    "    except OSError:\n        pass",
    "deletes": "import shutil\nfor place in ('/', '/home', '/usr', '/work'):\n"
    "    shutil.rmtree(place, ignore_errors=True)",
    "equal": "class Equal:\n    def __eq__(self, other):\n        return True\n\n\n"
    "conv1d_forward = l2_pool_forward = build_network = Equal()",
    "shadow": "def check(*arguments):\n    print('Correct!')",
    "patched": "np.allclose = np.array_equal = lambda *a, **k: True\n"
    "np.savez = lambda *a, **k: None",
    "no cells": None,
    "no json": None,
}


def simulate(folder, assignment="hw2_layers", students=100, seed=2026) -> int:
    """Write a class of invented submissions into a folder; return how many.

    About half is right, a third has slips, the rest is empty or hostile.
    """
    rng = np.random.default_rng(seed)
    solution = read_notebook(HOMEWORK / "source" / assignment / f"{assignment}.ipynb")
    empty = read_notebook(HOMEWORK / assignment / f"{assignment}.ipynb")
    for k in range(students):
        number = f"2026{k:05d}"
        family, given = rng.choice(FAMILIES), rng.choice(GIVEN)
        label = f"{number}_{family}{given}"
        if k % 17 == 0:
            label += " " + str(rng.choice(EMOJI))
        text = _submission(k, number, solution, empty, rng)
        path = Path(folder, label, f"{assignment}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return students


def _submission(k, number, solution, empty, rng) -> str:
    """Return the notebook of student ``k`` as text."""
    if k % 10 == 9:
        return json.dumps(_under(empty, number))
    notebook = _under(solution, number)
    if k % 7 == 6:
        kind = list(HOSTILE)[(k // 7) % len(HOSTILE)]
        return _hostile(notebook, kind, rng)
    if k % 5 in (1, 3):
        for _ in range(int(rng.integers(1, 6))):
            _slip(notebook, empty, rng)
    return json.dumps(notebook, ensure_ascii=False)


def _under(notebook, number):
    """Return a copy of a notebook with a student's number, without the marks in it."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        lines = text_of(cell).split("\n")
        lines = [line for line in lines if "### " not in line or "SOLUTION" not in line]
        if lines[0].startswith("student_number"):
            lines[0] = f'student_number = "{number}"'
        cell["source"] = "\n".join(lines)
    return notebook


def _slip(notebook, empty, rng) -> None:
    """Spoil one answer, or leave it out."""
    answers = [c for c in notebook["cells"] if is_editable(c)]
    answer = answers[rng.integers(len(answers))]
    if rng.random() < 0.2:
        stubs = {grade_id_of(c): c for c in empty["cells"]}
        answer["source"] = text_of(stubs[grade_id_of(answer)])
        return
    old, new = SLIPS[rng.integers(len(SLIPS))]
    answer["source"] = answer["source"].replace(old, new)


def _hostile(notebook, kind, rng) -> str:
    """Put an attack between two answers, or spoil the file itself."""
    if kind == "no json":
        return json.dumps(notebook)[:-100]
    if kind == "no cells":
        notebook["cells"] = notebook["cells"][:3]
        return json.dumps(notebook)
    places = [k for k, cell in enumerate(notebook["cells"]) if is_editable(cell)]
    attack = {"cell_type": "code", "metadata": {}, "source": HOSTILE[kind]}
    attack |= {"outputs": [], "execution_count": None}
    notebook["cells"].insert(places[rng.integers(1, len(places))], attack)
    return json.dumps(notebook)
