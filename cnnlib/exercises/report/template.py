"""Make the Markdown template out of the notebook, so that both ask the same."""

import re

from .questions import BY_GRADE_ID, FIGURES, PLACEHOLDERS

__all__ = ["markdown_template"]

HEAD = """\
---
title: "Report: what does a convolutional network learn?"
name: ...
student_number: ...
---

<!-- instructions -->

Homework 1 · 100 points. This is the report for those who do not write in Jupyter.
The notebook `hw1_report.ipynb` asks the same.

1. Write your name and student number (학번) into the lines above.
2. Write your student number into `train_convnet.py` and `visualize_filter.py`. Run both
   in this folder: `python train_convnet.py`, then `python visualize_filter.py`. They
   take about a minute. They save the figures in `figures/` and print your numbers.
3. Answer the twelve questions: replace `ANSWER_MARK`. Leave the lines that begin with
   `<!-- answer` as they are.
4. Open a terminal in the folder of the course:
   `make report REPORT=homework/hw1_report/report.md`. It lists what is missing, and
   makes the PDF. Without make: `cnnlib report check report.md`, then
   `cnnlib report build report.md`.

WRITING

<!-- end of instructions -->
"""

# What the notebook says about its cells, and what is true for files.
INSTEAD = {
    "The cells below are the script.": "The script is `train_convnet.py`.",
    "The steps of the\nscript": "The script is `visualize_filter.py`.\nIts steps",
    "The next cell prints `SimpleConvNet.__init__`.": (
        "`SimpleConvNet.__init__` stands in `cnnlib/networks/simple_convnet.py`."
    ),
    "The next cell prints the methods (메서드).": (
        "The methods (메서드) stand in `cnnlib/networks/sequential.py`."
    ),
}


def markdown_template(notebook) -> str:
    """Return the Markdown template with the questions of a notebook.

    Parameters
    ----------
    notebook : NotebookNode
        The source of the report, or the student version; answers are left out.
    """
    parts = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        question = BY_GRADE_ID.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if question:
            parts.append(_place(cell.source, question))
        elif "instructions" in cell.metadata.get("tags", []):
            writing = cell.source[cell.source.index("### How to write") :]
            head = HEAD.replace("WRITING", writing.strip())
            parts.insert(0, head.replace("ANSWER_MARK", PLACEHOLDERS[0]))
        elif not cell.source.startswith("# Report"):
            parts.append(_for_files(cell.source.strip()))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _place(source, question):
    """Return the place of an answer, with the figures that belong to it."""
    form = re.sub(
        r"<!-- BEGIN SOLUTION -->.*?<!-- END SOLUTION -->",
        PLACEHOLDERS[0],
        source,
        flags=re.DOTALL,
    )
    kept = form if PLACEHOLDERS[0] in form else PLACEHOLDERS[0]
    lines = [f"<!-- answer: {question.name} -->", kept]
    for number, (owner, what, file) in FIGURES.items():
        if owner == question.name:
            lines.append(f"![Figure {number}: {what}]({file})")
    return "\n\n".join(lines)


def _for_files(text):
    """Say where the code is, for a reader who has files and no cells."""
    for cells, files in INSTEAD.items():
        text = text.replace(cells, files)
    return text
