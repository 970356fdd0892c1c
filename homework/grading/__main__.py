"""``python -m homework.grading``: release the homework, grade what comes back."""

import argparse
import sys
import time
from pathlib import Path

from .course import HOMEWORK, Course

ROOT = HOMEWORK.parent


def main(arguments=None) -> int:
    """Run one command; return 0 if all is well."""
    options = parser().parse_args(arguments)
    try:
        import nbgrader  # noqa: F401
    except ImportError:
        print(
            "Grading needs nbgrader. Install the instructors' extra:\n"
            '    python -m pip install -e ".[instructor]"',
            file=sys.stderr,
        )
        return 2
    return options.command(options)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser("python -m homework.grading", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="command")

    one = commands.add_parser("release", help="make the student versions, try them out")
    one.add_argument("assignments", nargs="*", help="all, if none is named")
    one.add_argument("--no-trial", action="store_true", help="do not try them out")
    one.set_defaults(command=release_command)

    one = commands.add_parser("grade", help="grade a folder or a .zip")
    one.add_argument("submissions", type=Path)
    one.add_argument("--assignment", help="such as hw2_layers")
    one.add_argument("--course", type=Path, default=HOMEWORK / "course")
    one.add_argument("--roster", type=Path, help="CSV: student number, name")
    one.add_argument("--jobs", type=int, help="submissions at a time (all cores)")
    one.add_argument("--cell-seconds", type=float, default=60)
    one.add_argument("--total-seconds", type=float, default=300)
    one.add_argument("--memory", type=int, default=2000, help="MB for a submission")
    one.add_argument(
        "--retry", action="store_true", help="run the not graded ones again"
    )
    one.add_argument(
        "--i-trust-these-submissions",
        action="store_true",
        help="run them without a sandbox: they can do whatever you can",
    )
    one.set_defaults(command=grade_command)

    one = commands.add_parser("simulate", help="make a class of invented submissions")
    one.add_argument("folder", type=Path)
    one.add_argument("--assignment", default="hw2_layers")
    one.add_argument("--students", type=int, default=100)
    one.set_defaults(command=simulate_command)
    return top


def release_command(options) -> int:
    """Make the visible cases and the student versions; try both out."""
    import tempfile

    from homework.answers import write_visible

    from .bubblewrap import why_no_sandbox
    from .release import ReleaseError, release, try_out
    from .sandbox import Sandbox

    for path in write_visible():
        print(f"visible cases: {path.name}")
    known = Course(HOMEWORK).assignments
    unknown = set(options.assignments) - set(known)
    if unknown:
        print(f"There is no {', '.join(unknown)}; there are {', '.join(known)}.")
        return 2
    # The solutions are ours: without a sandbox they run like any code of ours.
    sandbox = Sandbox(confined=not why_no_sandbox())
    faults = []
    for assignment in options.assignments or known:
        try:
            path = release(assignment, HOMEWORK)
            print(f"student version: {path.relative_to(ROOT)}")
            if not options.no_trial:
                with tempfile.TemporaryDirectory() as place:
                    faults += try_out(Course(Path(place)), assignment, sandbox)
        except ReleaseError as error:
            faults.append(str(error))
    for fault in faults:
        print(f"WRONG: {fault}", file=sys.stderr)
    if not faults and not options.no_trial:
        print("The solutions get all points, the empty versions none.")
    return 1 if faults else 0


def grade_command(options) -> int:
    """Grade a folder; print where everything is."""
    from .bubblewrap import why_no_sandbox
    from .handed import Unreadable
    from .pipeline import grade
    from .release import ReleaseError
    from .sandbox import Limits, Sandbox
    from .who import read_roster

    course = Course(options.course)
    try:
        assignment = options.assignment or guess_assignment(options.submissions, course)
        roster = read_roster(options.roster) if options.roster else None
        whose = "your own" if course.seed else "the public ones (no seed.txt)"
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Hidden cases: {whose}.")
    confined = not options.i_trust_these_submissions
    if confined and (why := why_no_sandbox()):
        print(
            f"There is no working sandbox here: {why}.\nWithout one, a submission can "
            "read, change and delete whatever you can. Nothing was run. If you wrote "
            "them all yourself: --i-trust-these-submissions",
            file=sys.stderr,
        )
        return 2
    limits = Limits(
        cell_seconds=options.cell_seconds,
        total_seconds=options.total_seconds,
        resident=options.memory * 1_000_000,
    )
    sandbox = Sandbox(limits, confined)
    start = time.monotonic()
    folder, jobs, retry = options.submissions, options.jobs, options.retry
    try:
        summary = grade(
            course, assignment, folder, sandbox, roster, jobs, retry, trial=True
        )
    except (ReleaseError, Unreadable) as error:
        print(error, file=sys.stderr)
        return 1
    report(course, assignment, summary, time.monotonic() - start)
    return 0


def guess_assignment(folder, course) -> str:
    """Return the only assignment that names of files and folders mention.

    Raises
    ------
    ValueError
        If it is none, or more than one.
    """
    from .submissions import mentions, names_in

    if not Path(folder).exists():
        raise ValueError(f"there is no folder and no .zip {folder} with submissions.")
    for names in names_in(folder):  # the second, in archives, if the first tell nothing
        known = course.assignments
        found = [a for a in known if any(mentions(name, a) for name in names)]
        if found:
            break
    if len(found) != 1:
        raise ValueError(
            f"{folder} mentions {' and '.join(found) or 'no assignment'}. Say which: "
            f"ASSIGNMENT=... with make, --assignment ... without; there are "
            f"{', '.join(course.assignments)}."
        )
    return found[0]


def report(course, assignment, summary, seconds) -> None:
    """Print what was done and where it lies."""
    results, tables = summary.results, summary.tables
    print(
        f"\n{len(results)} submissions, {summary.fresh} graded now, in {seconds:.0f} s."
    )
    if summary.fresh:
        peak = max(result["peak_memory"] for result in results) / 1e6
        print(f"At most {peak:.0f} MB for one submission.")
    for name, what in (
        ("grades", "grades"),
        ("not_graded", "not graded: look at these"),
        ("to_read", "answers that a person must read"),
    ):
        path = course.path("reports", f"{assignment}_{name}.csv")
        print(f"  {len(tables[name]):4} {what}: {path}")
    print(f"  {summary.pages:4} new feedback pages: {course.path('feedback')}")
    for row in tables["not_graded"][:20]:
        print(f"  NOT GRADED {row['handed in as']}, {row['exercise']}: {row['why']}")


def simulate_command(options) -> int:
    """Write a class of invented submissions."""
    from .simulate import simulate

    count = simulate(options.folder, options.assignment, options.students)
    print(f"{count} submissions in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
