"""Reading submissions and results, and what is shown of them: no kernel is started."""

import io
import json
import zipfile
from html import unescape

import numpy as np
import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import (
    NAME,
    hand_in,
    make_course,
    npz,
    released,
    solved,
    without,
)

from homework.grading.clean import lay_into, read_submission, text_of
from homework.grading.files import safe_name, write_whole
from homework.grading.handed import Unreadable, read_bytes
from homework.grading.inside import wire
from homework.grading.recorded import Refused, read_arrays
from homework.grading.release import generate
from homework.grading.sandbox import Outcome, read_reply
from homework.grading.show import safe_html, safe_output, safe_picture
from homework.grading.submissions import find_submissions
from homework.grading.tables import as_csv
from homework.grading.who import read_roster


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("course"))
    generate(course, NAME)
    return course


# --- reading what was handed in ---------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no text"),
        (b"[]", "no notebook"),
        (b'{"worksheets": []}', "format 3"),
        (b'{"cells": 3}', "no notebook"),
        (b'{"cells": [' + b"0," * 2001 + b"0]}", "2002 cells"),
        (b"1" * 10_000, "no JSON"),
    ],
)
def test_what_is_no_notebook_says_why(content, reason):
    with pytest.raises(Unreadable, match=reason):
        read_submission(content)


def test_links_and_folders_are_not_opened(tmp_path):
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("folder.ipynb", "missing.ipynb"):
        with pytest.raises(Unreadable):
            read_bytes(tmp_path / name)


def test_the_answers_go_into_the_release(course):
    release = released(course)
    moved = solved(double="def double(x): return 7")
    moved["cells"].reverse()
    cleaned = lay_into(release, moved)
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in release["cells"]]
    found = [
        c["metadata"].get("nbgrader", {}).get("grade_id")
        for c in cleaned.notebook["cells"]
    ]
    assert [i for i in found if i] == [i for i in ids if i]
    sources = [text_of(cell) for cell in cleaned.notebook["cells"]]
    assert "def double(x): return 7" in sources
    assert len({cell["id"] for cell in cleaned.notebook["cells"]}) == len(sources)


def test_deleted_imports_come_back(course):
    empty = without(solved(), None)
    cleaned = lay_into(released(course), empty)
    assert text_of(cleaned.notebook["cells"][0]) == "import numpy as np"


def test_cells_of_any_kind_are_put_up_with(course):
    odd = {"cells": [1, None, {}, {"source": {"a": 1}}, {"metadata": 3}]}
    odd["cells"] += [{"cell_type": [], "metadata": {"nbgrader": {"grade_id": []}}}]
    cleaned = lay_into(released(course), odd)
    json.dumps(cleaned.notebook)
    assert len(cleaned.outputs) == len(cleaned.notebook["cells"])


def test_an_added_cell_keeps_its_place(course):
    notebook = solved()
    where = next(
        k for k, c in enumerate(notebook["cells"]) if "def square" in c["source"]
    )
    notebook["cells"].insert(where, {"cell_type": "code", "source": ["help", "er"]})
    sources = [
        text_of(c) for c in lay_into(released(course), notebook).notebook["cells"]
    ]
    assert sources.index("helper") < next(
        k for k, source in enumerate(sources) if "def square" in source
    )


def test_submissions_are_found_however_they_are_named(tmp_path):
    for name in (
        "2026-1234 Kim",
        "nested",
        "20265678_이서연",
        "none",
        "two",
        ".hidden",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "2026-1234 Kim" / f"{NAME}(1).ipynb").write_text("{}")
    (tmp_path / "2026-1234 Kim" / "notes.ipynb").write_text("{}")
    (tmp_path / "nested" / NAME).mkdir()
    (tmp_path / "nested" / NAME / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / f"20269999_{NAME}.ipynb").write_text("{}")
    (tmp_path / "20265678_이서연" / "hw.ipynb").write_text("{}")
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "two" / name).write_text("{}")
    (tmp_path / "20260007.zip").write_text("")
    (tmp_path / "roster.csv").write_text("20265678,이서연\n")
    found = {one.student: one for one in find_submissions(tmp_path, NAME)}
    assert set(found) == {
        "20261234",
        "nested",
        "20269999",
        "20265678",
        "none",
        "two",
        "20260007",
    }
    assert found["20261234"].file.name == f"{NAME}(1).ipynb"
    assert found["20261234"].number == "2026-1234"
    assert found["nested"].number == ""
    assert "no notebook" in found["none"].problem
    assert "2 files" in found["two"].problem
    assert "no .zip archive" in found["20260007"].problem


def test_two_submissions_of_one_student_are_left_to_the_instructor(tmp_path):
    for name in ("20260001 first", "2026-0001 second"):
        hand_in(tmp_path, name, solved())
    [one] = find_submissions(tmp_path, NAME)
    assert "more than once" in one.problem
    assert one.file is None


def test_the_roster_knows_who_is_who(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("number,name\n2026-0001,김민수\n20260002,이서연\n", "utf-8-sig")
    names = read_roster(roster)
    folder = tmp_path / "in"
    for name in ("김민수_77123_file", "x_20260002", "somebody_99999999"):
        hand_in(folder, name, solved())
    found = [(s.number, s.name) for s in find_submissions(folder, NAME, names)]
    assert sorted(found) == [("", ""), ("2026-0001", "김민수"), ("20260002", "이서연")]
    roster.write_text("number,name\nKim,20260001\n")
    with pytest.raises(ValueError, match="line 2: 'Kim' is no student number"):
        read_roster(roster)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("김민수", "김민수"),
        ("../../etc", "_.._etc"),
        ("a*b[c]?", "a_b_c__"),
        ("...", "unnamed"),
        ("🦊" * 200, "🦊" * 80),
    ],
)
def test_names_become_safe_folders(text, name):
    assert safe_name(text) == name


# --- results ----------------------------------------------------------------------


def test_recorded_arrays_come_back_as_they_were():
    arrays = {
        "y": np.arange(6.0).reshape(2, 3),
        "n": np.array(3),
        "z": np.zeros((0, 2)),
    }
    arrays["fortran"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    found = read_arrays(npz(**arrays))
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def lying_header(shape):
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("y.npy", stream.getvalue())
    return archive.getvalue()


def packed(**options):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", **options) as file:
        file.writestr("y.npy", npz(y=np.zeros(1000))[:40] + b"0" * 100_000)
    return archive.getvalue()


def test_an_array_that_is_no_array_of_numbers_is_refused():
    objects = np.array([{}], dtype=object)
    for data in (
        b"",
        b"PK",
        npz(y=np.zeros(4))[:-30],
        npz(y=objects),
        npz(y=np.array(["text"])),
        npz(y=np.zeros(3, complex)),
        npz(**{f"a{k}": np.zeros(1) for k in range(65)}),
        lying_header((10**11,)),
        lying_header((-1, -4)),
        packed(compression=zipfile.ZIP_DEFLATED),
        packed(),
    ):
        with pytest.raises(Refused):
            read_arrays(data)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"x",
        b"\xff" * 100,
        wire.pack({}, {}),
        wire.pack({"cells": 3, "outputs": []}, {}),
        wire.pack({"cells": [], "outputs": []}, {"a": b"1"})[:-1],
        wire.pack({"cells": [], "outputs": []}, {"a": b"1"}) + b"2",
        wire.pack({"cells": [], "outputs": [], "broken": "it"}, {}),
        b"x" * 2001,
    ],
)
def test_a_forged_reply_is_no_report(reply):
    outcome = read_reply(reply, 2000, Outcome())
    assert outcome.report is None
    assert outcome.why


def test_a_bundle_arrives_as_it_was_sent():
    header, files = {"a": [1, "한글"]}, {"x": b"", "y/z": b"\x00\xff"}
    assert wire.unpack(wire.pack(header, files)) == (header, files)


# --- what is shown ----------------------------------------------------------------


def test_markdown_stays_readable_and_becomes_harmless():
    html = safe_html(
        "# 제목\n\nA *good* $x^2 < 3$ [link](https://example.com) `<script>`\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        '<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick="x">b</b>'
    )
    for good in (
        "제목",
        "<em>good</em>",
        "https://example.com",
        "&lt;script&gt;",
        "<td>",
    ):
        assert good in unescape(html).replace("<script>", "&lt;script&gt;")
    assert "¶" not in unescape(html), "no anchors"
    for bad in ("<script", 'href="javascript', "onclick"):
        assert bad not in html
    assert "\n\n" not in html
    assert safe_html("x" * 10 + "[" * 5000)  # slow parsers fall here


def test_pictures_must_be_pictures():
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    png += "WjR9awAAAABJRU5ErkJggg=="
    assert safe_picture("image/png", png + "\n") == png
    for bad in ("PHN2Zz4=", '"onerror=', None, 7, "=", ["P"]):
        assert safe_picture("image/png", bad) is None
    data = {"image/png": png, "text/html": "<script>"}
    kept = safe_output({"output_type": "display_data", "data": data})
    assert kept["data"] == {"image/png": png}


def test_long_output_is_cut_off():
    kept = safe_output({"output_type": "stream", "text": ["x"] * 100_000})
    assert len(kept["text"]) < 21_000


def test_a_table_is_no_place_for_formulas():
    text = as_csv([{"a": "=cmd|' /C calc'!A0", "b": "x\ny", "c": -1.5}])
    assert "'=cmd" in text
    assert "x y" in text
    assert "-1.5" in text


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "x.json", "old")
    monkeypatch.setattr("os.replace", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
