"""Submissions that attack: each is contained and reported, the others are unharmed.

One class of hostile submissions is graded once; each test looks at some of them.
"""

import json
import os
import platform
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_attacks import CANARY, class_of
from grading_class import NAME, hand_in, make_course

from homework.grading import bubblewrap
from homework.grading.inside.syscalls import ARCHITECTURES, REFUSED, filter_of
from homework.grading.pipeline import grade
from homework.grading.sandbox import Limits, Sandbox

LIMITS = Limits(
    cell_seconds=8,
    total_seconds=30,
    margin=5,
    resident=1_900_000_000,
    memory=3_000_000_000,
    processes=80,
    file_bytes=10_000_000,
)
# These never end by themselves. All others get all the time that they want: whether a
# test passes must not depend on how quick the machine is.
ENDLESS = ("20260000", "20260003", "20260004", "20260005", "20260007", "20260008")
PATIENT = replace(LIMITS, cell_seconds=200, total_seconds=500, margin=100)
DANGEROUS = {"script", "iframe", "svg", "object", "embed", "style", "link", "form"}
DANGEROUS |= {"input", "base", "meta", "button", "video", "audio"}


@dataclass(frozen=True)
class PatientSandbox(Sandbox):
    """Limits the time of those alone who need it."""

    def run(self, notebook, *rest):
        text = json.dumps(notebook)
        endless = any(number in text for number in ENDLESS)
        limits = self.limits if endless else PATIENT
        return Sandbox.run(replace(self, limits=limits), notebook, *rest)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade the hostile class once; return results, tables, course and secret."""
    if why := bubblewrap.why_no_sandbox():
        pytest.skip(f"no sandbox on this machine: {why}")
    folder = tmp_path_factory.mktemp("hostile")
    secret = folder / "secret" / "answers.txt"
    secret.parent.mkdir()
    secret.write_text(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        visitors = []
        listener = threading.Thread(target=accept, args=(server, visitors), daemon=True)
        listener.start()
        for name, notebook in class_of(secret, server.getsockname()[1]).items():
            path = hand_in(folder / "in", name, notebook)
            if "김민수" in name:  # with a kernel that nobody has
                notebook["metadata"]["kernelspec"]["name"] = "무서운-kernel"
                path.write_text(json.dumps(notebook, ensure_ascii=False), "utf-8")
        huge = hand_in(folder / "in", "20260028 huge", "")
        with huge.open("wb") as file:
            file.truncate(10**12)
        link = hand_in(folder / "in", "20260029 link", "")
        link.unlink()
        link.symlink_to(secret)
        course = make_course(folder)
        sandbox = PatientSandbox(LIMITS)
        summary = grade(course, NAME, folder / "in", sandbox, jobs=2, quiet=True)
    assert not visitors, "a submission reached the network"
    summary.by_number = {result["student"]: result for result in summary.results}
    summary.course, summary.secret, summary.folder = course, secret, folder
    return summary


def accept(server, visitors):
    while True:
        try:
            visitors.append(server.accept())
        except OSError:
            return


def scores(graded, number):
    """Return the scores of double, square and mine."""
    marks = graded.by_number[number]["marks"]
    return [marks[f"sample_{name}"]["score"] for name in ("double", "square", "mine")]


def words(graded, number, name):
    return graded.by_number[number]["marks"][f"sample_{name}"]["words"]


FULL = [4, 3, 2]


@pytest.mark.parametrize("number", ["20260001", "20260002"])
def test_right_answers_get_full_marks_whatever_the_others_do(graded, number):
    assert scores(graded, number) == FULL, graded.by_number[number]


def test_the_snoop_would_have_found_something_outside(graded):
    assert graded.secret.read_text() == CANARY, "nothing was deleted"
    assert (bubblewrap.LIBRARIES / "homework" / "answers").is_dir()


def test_a_loop_costs_only_its_own_exercise(graded):
    assert scores(graded, "20260003") == [4, None, 2]
    assert "too long" in words(graded, "20260003", "square")
    assert scores(graded, "20260004") == [4, None, None]
    assert "ended before" in words(graded, "20260004", "square")


def test_a_flood_of_output_is_dropped(graded):
    assert scores(graded, "20260005")[0] == 4
    path = graded.course.notebook("autograded", NAME, "20260005")
    assert path.stat().st_size < 100_000


def test_memory_of_many_processes_is_limited_from_inside_and_outside(graded):
    assert scores(graded, "20260006") == FULL, "what was recorded before is kept"
    assert "1900 MB" in graded.by_number["20260007"]["problem"]
    peaks = [result["peak_memory"] for result in graded.results]
    assert max(peaks) < 3 * LIMITS.resident


@pytest.mark.parametrize("number", ["20260007", "20260010", "20260000"])
def test_who_destroys_the_run_is_not_graded(graded, number):
    assert scores(graded, number) == [None, None, None]
    assert graded.by_number[number]["problem"]
    [row] = [r for r in graded.tables["grades"] if r["student"] == number]
    assert row["total"] == ""
    assert row["state"].startswith("NOT GRADED")


def test_a_fork_bomb_ends(graded):
    assert scores(graded, "20260008") in (FULL, [None, None, None])


def test_leaving_python_is_no_way_to_pass(graded):
    assert scores(graded, "20260009") == [4, None, None]
    assert "ended before" in words(graded, "20260009", "square")


def test_an_object_that_equals_everything_gets_nothing(graded):
    assert scores(graded, "20260011")[0] == 0


def test_a_check_that_records_nothing_is_not_graded(graded):
    assert scores(graded, "20260011")[1:] == [None, None]
    assert "recorded nothing" in words(graded, "20260011", "square")


def test_test_cells_are_those_of_the_release(graded):
    result = graded.by_number["20260012"]
    assert scores(graded, "20260012") == FULL
    assert "test cell sample_double was edited: put back" in result["notes"]
    assert "cell check is missing: put back" in result["notes"]
    assert any("twice" in note for note in result["notes"])
    assert sorted(m["points"] for m in result["marks"].values()) == [2, 3, 4, 5]


def test_patched_numpy_fools_only_itself(graded):
    assert scores(graded, "20260015") == [0, 0, 0]


def test_hidden_cases_do_not_reach_any_page(graded):
    assert scores(graded, "20260018")[0] == 0
    for step in ("autograded", "feedback"):
        for path in graded.course.path(step, "20260018").rglob(f"{NAME}.*"):
            assert hidden_number() not in path.read_text("utf-8")


def hidden_number():
    from grading_answers import hidden_cases

    return repr(hidden_cases("sample.double")[0]["x"].tolist()[0])[:6]


def test_nothing_of_a_student_runs_in_a_browser(graded):
    page = graded.course.notebook("feedback", NAME, "20260018").with_suffix(".html")
    clean = graded.course.notebook("feedback", NAME, "20260001").with_suffix(".html")
    assert dangers_in(page) == dangers_in(clean)
    notebook = graded.course.notebook("autograded", NAME, "20260018").read_text("utf-8")
    cells = json.loads(notebook)["cells"]
    kinds = {k for c in cells for o in c.get("outputs", []) for k in o.get("data", {})}
    assert kinds <= {"text/plain"}
    sources = [c["source"] for c in cells if c["cell_type"] == "markdown"]
    assert not [s for s in sources if "<script" in s or "<style" in s or "src=" in s]


def dangers_in(page):
    """Count what could act or call home in a page."""
    found = Counter()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found[tag] += tag in DANGEROUS
            for name, value in attributes:
                if name.startswith("on") or name in ("src", "style", "srcset"):
                    found[tag, name, value] += 1
                if name == "href" and not value.startswith(("#", "https://")):
                    found[tag, name, value] += 1

    Reader().feed(page.read_text("utf-8"))
    return +found


def test_late_writing_spoils_only_its_own_results(graded):
    double, *others = scores(graded, "20260022")
    assert double in (None, FULL[0])  # who is faster, the writer or the end of the run
    assert others == [3, None]


def test_traps_in_place_of_results_are_not_opened(graded):
    assert scores(graded, "20260019") == [None, None, None]
    assert "can not be read" in words(graded, "20260019", "double")
    assert not os.path.exists("/tmp/opened")


def test_somebody_elses_student_number_is_reported(graded):
    assert "not yours" in words(graded, "20260022", "mine")
    notes = " ".join(graded.by_number["20260022"]["notes"])
    assert "김민수" in notes


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("20260023", "no JSON"),
        ("20260024", "nested"),
        ("20260025", "no notebook"),
        ("20260028", "MB"),
        ("20260029", "no notebook in it"),
    ],
)
def test_what_is_no_notebook_is_listed(graded, number, reason):
    result = graded.by_number[number]
    assert reason in result["problem"]
    assert not result["marks"]
    assert number in {row["student"] for row in graded.tables["not_graded"]}


def test_a_second_run_has_nothing_to_do_and_says_the_same(graded):
    where = graded.folder / "in"
    again = grade(graded.course, NAME, where, Sandbox(LIMITS), quiet=True)
    assert (again.fresh, again.pages) == (0, 0)
    assert again.tables == graded.tables


def test_nothing_is_left_running(graded):
    import psutil

    names = [process.name() for process in psutil.Process().children(recursive=True)]
    assert not [name for name in names if "bwrap" in name], names


SYSTEM_CALLS = """
import os, threading
from homework.grading.inside.syscalls import refuse_system_calls
assert refuse_system_calls()
try:
    os.memfd_create("memory that belongs to nobody")
except PermissionError:
    thread = threading.Thread(target=print, args=("refused",))
    thread.start()
    thread.join()
"""


def test_system_calls_that_no_exercise_needs_are_refused():
    if platform.machine() not in ARCHITECTURES or not hasattr(os, "memfd_create"):
        pytest.skip("no filter for this machine")
    run = subprocess.run(
        [sys.executable, "-c", SYSTEM_CALLS], capture_output=True, text=True
    )
    assert run.stdout == "refused\n", run.stderr


@pytest.mark.parametrize("call", ["memfd_create", "shmget", "ptrace", "unshare"])
def test_the_filter_jumps_to_the_right_place(call):
    """Run the filter by hand: the kernel does the same with each system call."""
    numbers = [pair[0] for pair in REFUSED.values()]
    code = filter_of(ARCHITECTURES["x86_64"], numbers)
    steps = list(struct.iter_unpack("HBBI", code))

    def verdict(architecture, number):
        place = 0
        while True:
            kind, yes, no, value = steps[place]
            if kind == 0x06:
                return "allow" if value == 0x7FFF0000 else "refuse"
            if kind == 0x20:
                loaded = architecture if value == 4 else number
            else:
                hit = loaded == value if kind == 0x15 else loaded >= value
                place += yes if hit else no
            place += 1

    here = ARCHITECTURES["x86_64"]
    assert verdict(here, REFUSED[call][0]) == "refuse"
    assert verdict(here, 0) == verdict(here, 1) == verdict(here, 59) == "allow"
    assert verdict(here, 0x40000001) == "refuse"
    assert verdict(ARCHITECTURES["aarch64"], 1) == "refuse"
