"""Archives and the downloads of learning platforms: read safely, named rightly."""

import io
import json
import stat
import struct
import zipfile

import pytest

pytest.importorskip("nbgrader", reason="the instructors' extra is not installed")

from grading_class import NAME, copy_of, graded, hand_in, make_course, solved

from homework.grading import handed
from homework.grading.__main__ import guess_assignment
from homework.grading.handed import Handed, Unreadable
from homework.grading.release import generate
from homework.grading.submissions import find_submissions
from homework.grading.who import label_of, who

NOTEBOOK = json.dumps(solved())


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("course"))
    generate(course, NAME)
    return course


def packed(files, **options) -> bytes:
    """Return a .zip; a name may be a ZipInfo."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content, **options)
    return stream.getvalue()


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def found_in(folder, **options):
    return {one.student: one for one in find_submissions(folder, NAME, **options)}


def only(folder):
    [one] = find_submissions(folder, NAME)
    return one


def with_old_names(encoding):
    """Return an archive as Korean Windows or macOS make it: a name without a flag."""
    name = "김민수".encode(encoding) + b"/hw.ipynb"
    stand_in = "." * len(name)
    return packed({stand_in: NOTEBOOK}).replace(stand_in.encode(), name)


# --- what platforms hand out ------------------------------------------------------


def test_moodles_folders(tmp_path):
    for name in (
        "김민수_12345_assignsubmission_file_",
        "이 서연_54321_assignsubmission_file",
    ):
        written(tmp_path / name / "hw2_layers.ipynb", NOTEBOOK)
    written(tmp_path / "이 서연_54321_assignsubmission_onlinetext_" / "text.html", "x")
    found = found_in(tmp_path)
    assert set(found) == {"김민수_12345", "이 서연_54321"}
    assert [one.number for one in found.values()] == ["", ""], "Moodle's own numbers"
    assert all(one.file for one in found.values())
    roster = {"20260001": "김민수", "20260002": "이서연"}
    assert set(found_in(tmp_path, roster=roster)) == set(roster)


def test_canvas_flat_files(tmp_path):
    names = {
        "kimminsu_12345_678901_hw2.ipynb": "",
        "leeseoyeon_LATE_12346_678902_hw2-1.ipynb": "",
        "parkjihun_12347_678903_2026-1234 hw2.ipynb": "2026-1234",
        "parkjihun_12347_678904_figure.png": None,
        "choihaeun_12348_678905_report.pdf": "",
    }
    for name in names:
        written(tmp_path / name, NOTEBOOK)
    written(tmp_path / "roster.csv", "20261234,x")
    found = found_in(tmp_path)
    assert set(found) == {
        "kimminsu_12345",
        "leeseoyeon_12346",
        "20261234",
        "choihaeun_12348",
    }
    assert "LATE" in found["leeseoyeon_12346"].place
    assert found["20261234"].number == "2026-1234"
    assert "no notebook" in found["choihaeun_12348"].problem
    roster = {"20260001": "Minsu Kim", "20260002": "Lee, Seoyeon"}
    found = found_in(tmp_path, roster=roster)
    assert {"20260001", "20260002"} <= set(found)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("김민수_12345_assignsubmission_file_", "김민수_12345"),
        ("김민수_12345_assignsubmission_file_hw2.ipynb", "김민수_12345"),
        ("kimminsu_LATE_12345_678901_hw2.ipynb", "kimminsu_12345"),
        ("2026-12345_Kim.ipynb", "2026-12345_Kim.ipynb"),
        ("20265678 이서연", "20265678 이서연"),
    ],
)
def test_a_label_keeps_what_one_student_has_in_common(name, key):
    assert label_of(name).key == key


def test_names_are_found_in_either_order():
    roster = {"20260001": "Minsu Kim", "20260002": "김민수"}
    for text in ("kimminsu", "minsukim", "Kim, Minsu"):
        assert who(text, roster) == ("20260001", "Minsu Kim")
    assert who("민수 김", roster) == ("", "")


def test_a_file_of_another_kind_is_listed_and_a_table_is_not(tmp_path):
    written(tmp_path / "20260001.pdf", "x")
    written(tmp_path / "20260002.pdf", "x")
    written(tmp_path / "20260002.ipynb", NOTEBOOK)
    written(tmp_path / "20262_roster.csv", "x")
    found = found_in(tmp_path)
    assert set(found) == {"20260001", "20260002"}
    assert "it is a .pdf; expected .ipynb or .zip" in found["20260001"].problem
    assert found["20260002"].file


# --- archives ---------------------------------------------------------------------


def test_a_zip_of_the_whole_class_is_the_same_as_its_folder(released, tmp_path):
    folder = tmp_path / "in"
    hand_in(folder, "20260001 김민수", solved(essay="Because."))
    written(
        folder / "20260002.zip", packed({"a/hw.ipynb": json.dumps(solved("20260002"))})
    )
    written(folder / "20260003.ipynb", "{")
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}
    whole = written(tmp_path / "all.zip", packed(files))
    wrapped = {f"submissions/{name}": content for name, content in files.items()}
    wrapped = written(tmp_path / "wrapped.zip", packed(wrapped))
    tables = []
    for k, place in enumerate((folder, whole, wrapped)):
        summary = graded(copy_of(released, tmp_path / f"course{k}"), place)
        tables.append(summary.tables)
        assert len(summary.results) == 3
    assert tables[0] == tables[1] == tables[2]
    assert guess_assignment(whole, released) == NAME


def test_what_programs_leave_in_a_zip_is_no_notebook(tmp_path):
    files = {
        "과제/hw.ipynb": NOTEBOOK,
        "과제/.ipynb_checkpoints/hw-checkpoint.ipynb": "{}",
        "__MACOSX/과제/._hw.ipynb": "x",
        "과제/": "",
    }
    written(tmp_path / "20260001.zip", packed(files))
    one = only(tmp_path)
    assert one.file.name == "과제/hw.ipynb"
    assert one.file.read().decode() == NOTEBOOK


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_korean_names_without_the_flag(tmp_path, encoding):
    path = written(tmp_path / "all.zip", with_old_names(encoding))
    assert only(path).place == "김민수"
    assert only(path).file.read().decode() == NOTEBOOK


def link_to(target):
    info = zipfile.ZipInfo("hw.ipynb")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return packed({info: target})


def encrypted():
    """Set the flag by hand: zipfile can not write what is encrypted."""
    data = bytearray(packed({"hw.ipynb": NOTEBOOK}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + place
        data[at] |= 1
    return bytes(data)


def by_method(method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("hw.ipynb", NOTEBOOK)
    return stream.getvalue()


def lying_size(size):
    data = bytearray(packed({"hw.ipynb": NOTEBOOK}))
    data_at = data.index(b"PK\x01\x02") + 24
    data[data_at : data_at + 4] = struct.pack("<I", size)
    return bytes(data)


def bomb():
    return packed({"hw.ipynb": b"0" * (handed.LARGEST + 1)})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no .zip archive"),
        (packed({"hw.ipynb": NOTEBOOK})[:-30], "no .zip archive"),
        (packed({}), "there is no notebook"),
        (link_to("/etc/passwd"), "there is no notebook"),
        (packed({"in.zip": packed({"hw.ipynb": NOTEBOOK})}), "a .zip inside a .zip"),
        (packed({"a.ipynb": "{}", "b.ipynb": "{}"}), "2 files are possible"),
        (packed({f"{k}.txt": "" for k in range(30)}), "more than 20 files"),
    ],
)
def test_an_archive_that_can_not_be_graded_says_why(
    tmp_path, monkeypatch, content, reason
):
    monkeypatch.setattr(handed, "MOST", 20)
    written(tmp_path / "20260001.zip", content)
    assert reason in only(tmp_path).problem


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (encrypted, "encrypted"),
        (lambda: by_method(zipfile.ZIP_BZIP2), "method 12"),
        (lambda: by_method(zipfile.ZIP_LZMA), "method 14"),
        (lambda: lying_size(10), "damaged"),
        (bomb, "unpacks to more than 50 MB"),
    ],
)
def test_a_member_that_can_not_be_read_is_listed(released, tmp_path, make, reason):
    course = copy_of(released, tmp_path / "course")
    written(tmp_path / "in" / "20260001.zip", make())
    hand_in(tmp_path / "in", "20260002", solved("20260002"))
    summary = graded(course, tmp_path / "in")
    [row] = [r for r in summary.tables["not_graded"] if r["exercise"] == "all"]
    assert row["student"] == "20260001"
    assert reason in row["why"]
    assert len(summary.results) == 2


def test_too_many_entries_are_counted_before_any_is_read(tmp_path, monkeypatch):
    content = packed({f"{k}.ipynb": "" for k in range(30)})
    path = written(tmp_path / "20260001.zip", content)
    monkeypatch.setattr(handed, "MOST", 20)
    monkeypatch.setattr(handed.zipfile, "ZipFile", lambda *_: 1 / 0)
    with pytest.raises(Unreadable, match="more than 20 files"):
        Handed(path, (path.name,)).unpacked()


def test_the_size_in_the_header_is_not_believed(tmp_path, monkeypatch):
    """A member is read up to the limit, whatever it says of itself."""
    monkeypatch.setattr(handed, "LARGEST", 1000)
    path = written(tmp_path / "x.zip", packed({"a": b"0" * 900, "b": b"0" * 1001}))
    assert Handed(path, ("a",), (0,)).read() == b"0" * 900
    with pytest.raises(Unreadable, match="unpacks to more"):
        Handed(path, ("b",), (1,)).read()


@pytest.mark.parametrize(
    "name", ["../../../x.ipynb", "/etc/x.ipynb", "..\\..\\x.ipynb"]
)
def test_nothing_is_written_by_the_name_of_a_member(released, tmp_path, name):
    (tmp_path / "deep").mkdir()
    course = copy_of(released, tmp_path / "deep" / "course")
    written(tmp_path / "in" / "20260001.zip", packed({name: NOTEBOOK}))
    before = {p for p in tmp_path.rglob("*") if course.folder not in p.parents}
    summary = graded(course, tmp_path / "in")
    assert [r["problem"] for r in summary.results] == [""]
    after = {p for p in tmp_path.rglob("*") if course.folder not in p.parents}
    assert before == after


def test_a_folder_that_is_neither_folder_nor_archive_is_refused(tmp_path):
    path = written(tmp_path / "class.zip", b"nothing")
    with pytest.raises(Unreadable, match=r"no \.zip archive"):
        find_submissions(path, NAME)
