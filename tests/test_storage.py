"""Files: written whole or not at all, read only after inspection."""

import io
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_networks import ENGINES, bits, mixed

from cnnlib.storage import load_arrays, save_arrays

ARRAYS = {
    "W1": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b1": np.array([0.5, -1, 1e-300]),
    "labels": np.arange(4),
    "text": np.array("a sentence: 합성곱"),
}


@pytest.fixture(params=ENGINES)
def network(request):
    """Return a network with running statistics of its own."""
    net = mixed(request.param)
    rng = np.random.default_rng(2)
    for array in net.state().values():
        array[...] = rng.random(array.shape)
    return net


@pytest.fixture
def path(tmp_path):
    return tmp_path / "params.npz"


def content(folder):
    return sorted(file.name for file in folder.iterdir())


# written whole


def test_what_is_saved_comes_back_bit_for_bit(path):
    assert save_arrays(str(path), ARRAYS) == path
    assert bits(load_arrays(str(path))) == bits(ARRAYS)
    assert bits(load_arrays(path, expected=ARRAYS)) == bits(ARRAYS)
    assert content(path.parent) == ["params.npz"]


def test_the_file_is_a_plain_npz(path):
    save_arrays(path, ARRAYS)
    with np.load(path, allow_pickle=False) as file:
        assert bits(dict(file)) == bits(ARRAYS)


def test_strides_and_order_do_not_matter(path):
    W = np.arange(24.0).reshape(4, 6)
    arrays = {"F": np.asfortranarray(W), "T": W.T, "sliced": W[::2, ::-3], "n": W[1, 1]}
    save_arrays(path, arrays)
    for name, array in load_arrays(path).items():
        np.testing.assert_array_equal(array, arrays[name])


SAVE_FOREVER = """
import itertools, sys
import numpy as np
from cnnlib.storage import save_arrays
for number in itertools.count(1):
    a, b = np.full(1_250_000, number), np.full((1_250, 1_000), number)
    save_arrays(sys.argv[1], {"a": a, "b": b})
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize("written", [0, 0.4, 0.6, 0.99])
def test_a_process_killed_while_saving_leaves_a_whole_file(path, written):
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOREVER, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout.readline() == b"1\n"  # from now on the name is taken
        latest = time.monotonic() + 2
        while time.monotonic() < latest:  # until the next file is being written
            assert process.poll() is None
            sizes = []
            for file in path.parent.glob(".*.tmp"):
                try:
                    sizes.append(file.stat().st_size)
                except FileNotFoundError:  # it just took over the name
                    continue
            if sizes and sizes[0] >= written * 20_000_000:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        last = max(map(int, process.stdout.read().split() or [1]))
        process.stdout.close()
    arrays = load_arrays(path)
    assert arrays["a"].shape == (1_250_000,)
    assert arrays["b"].shape == (1_250, 1_000)
    numbers = {*np.unique(arrays["a"]), *np.unique(arrays["b"])}
    assert len(numbers) == 1
    assert numbers <= {last, last + 1}


def fail_with(exception, after_writing=b""):
    def fail(file, *args, **kwargs):
        if after_writing:
            file.write(after_writing)
        raise exception

    return fail


@pytest.mark.parametrize("exception", [OSError(28, "disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["np.savez", "os.fsync", "os.replace"])
def test_a_failure_while_saving_leaves_the_old_file_and_no_litter(
    path, monkeypatch, exception, where
):
    save_arrays(path, ARRAYS)
    before = path.read_bytes()
    module, name = {"np": np, "os": os}[where[:2]], where[3:]
    half = before[:200] if name == "savez" else b""
    with monkeypatch.context() as patch:
        patch.setattr(module, name, fail_with(exception, half))
        with pytest.raises(type(exception)):
            save_arrays(path, {"W1": np.ones(3)})
    assert path.read_bytes() == before
    assert content(path.parent) == ["params.npz"]


@pytest.mark.parametrize("name", ["params", "params.npy", "params.txt", "a.npz.bak"])
def test_only_names_that_end_in_npz_are_written_and_read(tmp_path, name):
    with pytest.raises(
        ValueError, match=rf"can not write .*{name}: expected a name tha"
    ):
        save_arrays(tmp_path / name, ARRAYS)
    with pytest.raises(
        ValueError, match=rf"can not read .*{name}: expected a name that"
    ):
        load_arrays(tmp_path / name)
    assert content(tmp_path) == []


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    path = tmp_path / "run" / "params.npz"
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*run.*mkdir"):
        save_arrays(path, ARRAYS)
    assert content(tmp_path) == []


def test_objects_are_refused_before_anything_is_written(path):
    with pytest.raises(TypeError, match=r"params.npz: b1 holds Python objects, which "):
        save_arrays(path, {"W1": np.ones(2), "b1": np.array([None])})
    assert content(path.parent) == []


# read only after inspection: every case leaves the network as it was


def refused(network, path, *parts):
    """Load a bad file; return the message, which names the file."""
    before, held = bits(network.state()), dict(network.params)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        network.load_params(path)
    assert bits(network.state()) == before
    assert all(network.params[name] is array for name, array in held.items())
    message = str(caught.value)
    for part in (str(path), *parts):
        assert part in message
    return message


def saved(network, path, **changes):
    """Write the file of another network: these arrays are changed; None: left out."""
    arrays = {name: array + 1 for name, array in network.state().items()} | changes
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})


def test_a_network_comes_back_with_its_statistics(network, path):
    network.save_params(path)
    names = set(load_arrays(path))
    assert {"W1", "b1", "gamma2", "beta2", "running_mean1", "running_var2"} < names
    before, held = bits(network.state()), dict(network.params)
    x = np.random.default_rng(0).random((3, 2, 6, 6), np.float32)
    scores = network.predict(x)
    for array in network.state().values():
        array += 1
    assert not np.array_equal(network.predict(x), scores)
    network.load_params(path)
    assert bits(network.state()) == before
    assert all(network.params[name] is array for name, array in held.items())
    np.testing.assert_array_equal(network.predict(x), scores)


def test_a_truncated_file_is_refused_wherever_it_is_cut(network, path):
    saved(network, path)
    whole = path.read_bytes()
    cuts = [0, 1, 3, 4, 29, 30, len(whole) - 1, len(whole) - 21, len(whole) - 22]
    for cut in (*cuts, *range(100, len(whole), len(whole) // 14)):
        path.write_bytes(whole[:cut])
        message = refused(network, path)
        assert ("is empty" in message) == (cut == 0)
        assert any(word in message for word in ("cut off", "not a zip archive"))


def test_a_flipped_bit_is_harmless_or_refused(path):
    # Every bit of one entry in the archive's directory, and one of some other bytes.
    # A bit may be in a date or a comment: then the numbers are the right ones.
    arrays = {name: ARRAYS[name] for name in ("W1", "b1")}
    save_arrays(path, arrays)
    whole, refusals = path.read_bytes(), 0
    with zipfile.ZipFile(path) as archive:
        entry = range(archive.start_dir, archive.start_dir + 52)
    one = [(i, i % 8) for i in range(0, len(whole), 5) if i not in entry]
    for place, bit in [*one, *((i, bit) for i in entry for bit in range(8))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            assert bits(load_arrays(path, expected=arrays)) == bits(arrays)
        except ValueError as error:
            refusals += 1
            assert str(path) in str(error)  # noqa: PT017
    assert refusals > len(one) / 2


def test_a_flipped_bit_in_the_numbers_is_always_refused(network, path):
    saved(network, path)
    whole = path.read_bytes()
    numbers = (network.params["W2"] + 1).tobytes()
    start = whole.index(numbers)
    for place in range(start, start + len(numbers), 97):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        refused(network, path, "is damaged or was cut off (BadZipFile: Bad CRC-32")


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is empty"),
        ("파라미터\n".encode(), "is no .npz file (it is not a zip archive)"),
        (npy(np.ones(3)), "is a single array (.npy)"),
        (
            pickle.dumps({"W1": [1.0]}),
            "is a pickle, whatever its name says. It can run",
        ),
        (b"PK\x03\x04 and no more", "is damaged or was cut off"),
    ],
    ids=["empty", "text", "npy", "pickle", "zip"],
)
def test_other_kinds_of_files_are_named(network, path, data, part):
    path.write_bytes(data)
    refused(network, path, part)


def test_a_zip_with_other_things_is_refused(network, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("report.docx", b"text")
    refused(network, path, "is a zip archive with other things in it (report.docx)")


class Bomb:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (self.file, "w")


def test_a_bomb_would_go_off_if_it_were_opened(tmp_path):
    # so that the two tests below can fail
    file = tmp_path / "exploded"
    pickle.loads(pickle.dumps(Bomb(str(file)))).close()
    assert file.exists()


def test_a_pickle_under_another_name_does_not_run(network, path, tmp_path):
    path.write_bytes(pickle.dumps({"W1": Bomb(str(tmp_path / "exploded"))}))
    refused(network, path, "is a pickle")
    assert content(tmp_path) == ["params.npz"]


@pytest.mark.parametrize("place", ["W1", "extra"])
def test_a_pickle_bomb_inside_an_npz_does_not_run(network, path, tmp_path, place):
    bomb = np.array([Bomb(str(tmp_path / "exploded"))], dtype=object)
    saved(network, path, **{place: bomb})
    refused(network, path, f"{place}.npy holds pickled objects", "It was not opened")
    with pytest.raises(ValueError, match="holds pickled objects"):
        load_arrays(path)
    assert content(tmp_path) == ["params.npz"]


def rewrite(path, member, data):
    """Replace one member of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in members.items():
            archive.writestr(name, data if name == member else old)


@pytest.mark.parametrize("shape", [(10**6, 10**6), (2**40,), (3,)])
def test_a_header_that_claims_another_size_reserves_no_memory(network, path, shape):
    header = io.BytesIO()
    description = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    saved(network, path)
    rewrite(path, "b1.npy", header.getvalue() + bytes(8))
    with pytest.raises(ValueError, match=r"b1\.npy claims .* bytes and holds 8"):
        load_arrays(path)
    refused(network, path, "b1.npy claims", "holds 8")


def test_an_array_without_a_proper_header_is_refused(network, path):
    saved(network, path)
    for data in (b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00\x10\x00", npy(np.ones(3))[:40]):
        rewrite(path, "b1.npy", data)
        refused(network, path, "is damaged or was cut off")


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"b2": None}, ["belongs to another network: missing ['b2'], unknown nothing"]),
        ({"W9": np.ones(3)}, ["missing nothing, unknown ['W9']"]),
        ({"running_var2": None}, ["missing ['running_var2']"]),
        (
            {"W1": np.ones((9, 2, 3, 3), "f")},
            ["W1 has shape (9, 2, 3, 3)", "(3, 2, 3,"],
        ),
        (
            {"b1": np.ones((3, 1), "f")},
            ["b1 has shape (3, 1), this network needs (3,)"],
        ),
        ({"b1": np.ones(3)}, ["b1 holds float64, this network float32", "np.float64"]),
        (
            {"b1": np.ones(3, int)},
            ["b1 holds int64", "Convert the array", "np.float32"],
        ),
        ({"b1": np.ones(3, ">f4")}, ["b1 holds >f4", "Convert the array in the file"]),
        ({"b1": np.array(["a", "b", "c"])}, ["b1 holds <U1, this network float32"]),
        (
            {"W3": np.full((7, 4), np.nan, "f")},
            ["W3 holds 28 number(s)", "not a number"],
        ),
        (
            {"running_mean1": np.array([0, np.inf, 0], "f")},
            ["running_mean1 holds 1 numb"],
        ),
    ],
)
def test_the_difference_is_named(network, path, changes, parts):
    saved(network, path, **changes)
    refused(network, path, *parts)


def test_a_file_that_is_not_there(network, path):
    refused(network, path, "there is no file", str(path.parent))
    refused(network, path.parent / "nowhere" / "params.npz", "there is no file")


def test_a_folder_is_no_file(network, path):
    path.mkdir()
    refused(network, path, "is a folder; expected an .npz file")
    with pytest.raises(OSError, match=r"directory|denied"):
        network.save_params(path)
    assert content(path.parent) == ["params.npz"]
    refused(network, path.parent, "expected a name that ends in .npz")


def test_a_pkl_is_refused_with_the_reason_and_the_way_out(network, path):
    path = path.with_suffix(".pkl")
    path.write_bytes(pickle.dumps({"W1": 0}))
    before = path.read_bytes()
    message = refused(
        network, path, "can not read", "can run any code when it is opened"
    )
    assert f"Use {path.with_suffix('.npz')}; train again" in message
    with pytest.raises(
        ValueError, match=r"can not write .*params\.pkl: a pickle can run"
    ):
        network.save_params(path)
    assert path.read_bytes() == before
