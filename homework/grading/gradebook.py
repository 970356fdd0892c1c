"""Write the marks into nbgrader's gradebook, and never over a person's."""

import warnings

from nbgrader.api import Gradebook, MissingEntry

from .course import find_own_commands


def record_marks(course, assignment, results) -> None:
    """Bring the gradebook up to date with all results of an assignment.

    Scores given by hand in the formgrader stay. Where the automatic score has changed
    since, the cell is flagged to be looked at again.
    """
    with open_book(course) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy, about nbgrader's way of adding
        for result in results:
            if result["marks"]:
                _record(book, course, assignment, result)
        book.db.commit()


def open_book(course) -> Gradebook:
    """Open the gradebook of a course folder."""
    find_own_commands()
    return Gradebook(f"sqlite:///{course.path('gradebook.db').resolve()}", "cnnlib")


def _record(book, course, assignment, result):
    student = result["student"]
    names = {"last_name": result["name"] or None}
    book.update_or_create_student(student, **names)
    book.update_or_create_submission(assignment, student)
    notebook = book.find_submission_notebook(assignment, assignment, student)
    for grade in notebook.grades:
        mark = result["marks"].get(grade.name)
        if mark is None:
            continue
        score = mark["score"]
        changed = grade.auto_score != score
        grade.auto_score = score
        if grade.manual_score is None:
            grade.needs_manual_grade = score is None
        elif changed:
            grade.needs_manual_grade = True


def grades_of(course, assignment) -> dict[str, dict[str, dict]]:
    """Return what the gradebook holds: student, cell, and its scores.

    ``score`` is None as long as nobody, neither grader nor person, has given one.
    """
    grades = {}
    with open_book(course) as book:
        try:
            submissions = book.assignment_submissions(assignment)
        except MissingEntry:
            return {}
        for submission in submissions:
            for notebook in submission.notebooks:
                cells = grades.setdefault(submission.student.id, {})
                for grade in notebook.grades:
                    cells[grade.name] = _scores(grade)
                for comment in notebook.comments:
                    if comment.manual_comment:
                        cells.setdefault(comment.name, {})
                        cells[comment.name]["comment"] = comment.manual_comment
    return grades


def _scores(grade):
    by_hand, automatic = grade.manual_score, grade.auto_score
    known = by_hand is not None or automatic is not None
    return {
        "score": grade.score if known else None,
        "by_hand": by_hand is not None,
        "look_again": bool(grade.needs_manual_grade),
    }
