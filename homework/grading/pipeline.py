"""Grade a whole class: all cores, one result file each, nothing lost when stopped."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from queue import SimpleQueue

from tqdm import tqdm

from .clean import grade_id_of, is_graded, text_of
from .course import read_notebook
from .feedback import write_feedback
from .files import write_whole
from .gradebook import grades_of, record_marks
from .handed import Unreadable
from .one import Task, grade_one, is_untouched, read_result
from .release import ReleaseError, generate, try_out
from .submissions import find_submissions
from .tables import write_tables


@dataclass
class Summary:
    """What a run has done.

    Attributes
    ----------
    results : list of dict
        Of all submissions in the folder.
    fresh : int
        How many were graded now; the others had their result already.
    pages : int
        Feedback pages that were written now.
    tables : dict
        The rows of the tables for instructors.
    """

    results: list
    fresh: int = 0
    pages: int = 0
    tables: dict = field(default_factory=dict)


def grade(
    course,
    assignment,
    folder,
    sandbox,
    roster=None,
    jobs=None,
    retry=False,
    quiet=False,
    trial=False,
) -> Summary:
    """Grade all submissions of one assignment.

    Parameters
    ----------
    course : Course
    assignment : str
    folder : Path
        Holds the submissions.
    sandbox : Sandbox
    roster : dict of str to str, optional
        Names by student number.
    jobs : int, optional
        Submissions at a time; as many as there are cores.
    retry : bool
        Also run again what could not be graded last time.
    quiet : bool
        No progress bars.
    trial : bool
        Before anybody is graded, the solutions must get all points here and the empty
        version none: a broken installation would cost a class its points.

    Raises
    ------
    ReleaseError
        If nbgrader refuses the assignment, or the trial fails.
    """
    jobs = jobs or cores()
    generate(course, assignment)
    task = Task.of(course, assignment, sandbox.with_fonts(course.path("cache")))
    submissions = find_submissions(
        folder,
        assignment,
        roster,
        course.kinds(assignment),
        lambda file: is_untouched(file, task.release),
    )
    keep_submissions(course, assignment, submissions)
    todo = [s for s in submissions if not _done(task, s, retry)]
    if todo and trial and (faults := try_out(course, assignment, task.sandbox)):
        said = "\n".join(faults)
        raise ReleaseError(f"The trial fails here, so nobody was graded:\n{said}")
    run_all(task, todo, jobs, quiet)
    results = [read_result(course, assignment, s.student) for s in submissions]
    results = share_numbers([r for r in results if r is not None])
    record_marks(course, assignment, results)
    return finish(course, assignment, results, jobs, quiet, fresh=len(todo))


def finish(course, assignment, results, jobs, quiet, fresh=0) -> Summary:
    """Write feedback pages and tables from results and gradebook."""
    grades = grades_of(course, assignment)
    release = read_notebook(course.notebook("release", assignment))
    titles = titles_of(course, release)
    bar = lambda work: tqdm(work, "feedback", disable=quiet, unit="page")  # noqa: E731
    pages = write_feedback(course, assignment, results, grades, titles, jobs, bar)
    tables = write_tables(course, assignment, release, results, grades, titles)
    return Summary(results, fresh, pages, tables)


def run_all(task, submissions, jobs, quiet) -> None:
    """Grade submissions on several threads; each waits for a sandbox of its own."""
    free = SimpleQueue()
    for slot in range(jobs):
        free.put(slot)

    def work(submission):
        slot = free.get()
        try:
            return grade_one(task, submission, slot)
        finally:
            free.put(slot)

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(work, submission) for submission in submissions]
        try:
            for future in tqdm(
                as_completed(waiting), task.assignment, len(waiting), disable=quiet
            ):
                future.result()
        except BaseException:  # Ctrl+C: what runs now is finished, the rest is dropped
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def share_numbers(results) -> list[dict]:
    """Note where two notebooks claim the same student number."""
    places = {}
    for result in results:
        if result.get("claimed"):
            places.setdefault(result["claimed"], []).append(result["place"])
    for result in results:
        same = places.get(result.get("claimed"), [])
        if len(same) > 1:
            note = f"student number {result['claimed']!r} is also in: "
            others = [place for place in same if place != result["place"]]
            result["notes"] = [*result["notes"], note + ", ".join(others)]
    return results


def titles_of(course, release) -> dict[str, str]:
    """Return a title for each graded cell: of the exercise, or the heading above."""
    from cnnlib.exercises import EXERCISES

    known = {name.replace(".", "_"): e.title for name, e in EXERCISES.items()}
    titles, heading = {}, ""
    for cell in release["cells"]:
        if is_graded(cell):
            grade_id = grade_id_of(cell)
            titles[grade_id] = known.get(grade_id) or heading or grade_id
        elif cell["cell_type"] == "markdown":
            lines = [line for line in text_of(cell).split("\n") if line[:1] == "#"]
            heading = lines[-1].lstrip("# ").replace("`", "") if lines else heading
    return titles


def keep_submissions(course, assignment, submissions) -> None:
    """Copy what was handed in into the course folder, where nbgrader looks for it."""
    for one in submissions:
        if one.file is not None:
            target = course.notebook("submitted", assignment, one.student)
            with contextlib.suppress(Unreadable):
                write_whole(target.with_suffix(one.file.suffix), one.file.read())


def _done(task, submission, retry) -> bool:
    if not task.is_done(submission, task.version(submission)):
        return False
    result = read_result(task.course, task.assignment, submission.student)
    complete = not result["problem"] and all(
        mark["manual"] or mark["score"] is not None for mark in result["marks"].values()
    )
    return complete or not retry


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
