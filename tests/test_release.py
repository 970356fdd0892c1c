"""What students get is what `make homework` makes of the sources."""

from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import NAME, make_course, read_notebook

from homework.grading.bubblewrap import why_no_sandbox
from homework.grading.clean import text_of
from homework.grading.course import HOMEWORK, Course
from homework.grading.release import ReleaseError, generate, release, stable, try_out
from homework.grading.sandbox import Limits, Sandbox

ASSIGNMENTS = Course(Path("nowhere")).assignments


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_committed_student_version_is_the_one_that_is_made(assignment, tmp_path):
    made = release(assignment, HOMEWORK, tmp_path)
    for path in sorted(p for p in made.parent.rglob("*") if p.is_file()):
        committed = HOMEWORK / assignment / path.relative_to(made.parent)
        assert committed.read_bytes() == path.read_bytes(), "run `make homework`"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_answer_is_given_away(assignment):
    text = (HOMEWORK / assignment / f"{assignment}.ipynb").read_text("utf-8")
    assert "SOLUTION" not in text
    assert "homework.answers" not in text
    assert '"outputs": []' in text
    assert '"output_type"' not in text


def test_the_tiny_solution_passes_and_its_empty_version_fails(tmp_path):
    """The trial of `make homework`, and of every `make grade` before it grades."""
    course = make_course(tmp_path)
    sandbox = Sandbox(Limits(cell_seconds=60), confined=not why_no_sandbox())
    assert try_out(course, NAME, sandbox) == []
    source = course.source(NAME)
    wrong = read_notebook(source)
    for cell in wrong["cells"]:
        cell["source"] = text_of(cell).replace("2 * x", "3 * x")
    source.write_text(stable(wrong), "utf-8")
    faults = try_out(course, NAME, sandbox)
    assert len(faults) == 1
    assert "sample_double: the solution version gets 0 of 4 points" in faults[0]


def test_what_nbgrader_refuses_is_explained(tmp_path):
    course = make_course(tmp_path)
    source = course.source(NAME)
    text = source.read_text("utf-8")
    source.write_text(text.replace("### END SOLUTION", "# end"), "utf-8")
    with pytest.raises(ReleaseError, match=f"can not release {NAME}: .*solution"):
        generate(course, NAME)
