"""The data sets: what the loaders return, where files come from, what goes wrong.

No test needs a network or a data cache. Downloads come from a server on this
computer; the real MNIST is looked at only if CNNLIB_DATA holds it.
"""

import gzip
import hashlib
import io
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cnnlib import data, fetch, formats
from cnnlib.data import files as data_files
from cnnlib.data import form

REAL_DATA = os.environ.get("CNNLIB_DATA")
REAL_MNIST = bool(REAL_DATA) and all(
    (Path(REAL_DATA).expanduser() / "mnist" / name).is_file()
    for name in fetch.MNIST.files
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep every test away from the network and from the user's own files."""
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("CNNLIB_DATA", raising=False)
    monkeypatch.setenv("CNNLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(fetch, "_failed", {})
    return tmp_path / "cache"


# --- small files of the same layout as the official ones


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes())


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def mnist_files(n_train=12, n_test=5):
    rng = np.random.default_rng(0)
    files = {}
    for part, n in (("train", n_train), ("t10k", n_test)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        images[0, 0, :2] = 0, 255
        labels = (np.arange(n) % 10).astype(np.uint8)
        files[f"{part}-images-idx3-ubyte.gz"] = idx(images)
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(labels)
    return files


def hashes(files):
    return {n: f"sha256:{hashlib.sha256(c).hexdigest()}" for n, c in files.items()}


@pytest.fixture
def mnist(monkeypatch):
    """A small MNIST: its files by name; the hash table knows them, no mirrors."""
    files = mnist_files()
    small = replace(fetch.MNIST, files=hashes(files), mirrors=())
    monkeypatch.setattr(data_files, "MNIST", small)
    monkeypatch.setattr(data_files, "FASHION_MNIST", replace(small, folder="fashion"))
    return files


def records(labels, seed=0):
    rng = np.random.default_rng(seed)
    out = rng.integers(0, 256, (len(labels), 3073), dtype=np.uint8)
    out[:, 0] = labels
    return out.tobytes()


def cifar_files():
    names = (*formats.CIFAR10_TRAIN, formats.CIFAR10_TEST)
    return {n: records([k, 9 - k], seed=k) for k, n in enumerate(names)}


def tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def in_batches_bin(files):
    return {f"cifar-10-batches-bin/{name}": content for name, content in files.items()}


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """A small CIFAR-10 in CNNLIB_DATA: its files by name; the hash table knows it."""
    files = cifar_files()
    folder = tmp_path / "data" / "cifar10"
    folder.mkdir(parents=True)
    # In another order than the names': the order of the archive must not matter.
    path = tar(
        folder / "cifar-10-binary.tar.gz",
        {
            **in_batches_bin(dict(reversed(files.items()))),
            "../evil.bin": b"evil",
            "/etc/evil.bin": b"evil",
            "cifar-10-batches-bin/readme.html": b"hello",
        },
    )
    official = hashes({path.name: path.read_bytes()})
    monkeypatch.setattr(data_files, "CIFAR10", replace(fetch.CIFAR10, files=official))
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    return files


def load_small_cifar10(*args, **kwargs):
    with pytest.warns(UserWarning, match="part of CIFAR-10"):
        return data.load_cifar10(*args, **kwargs)


# --- a mirror on this computer


class Mirror:
    """Serve ``files`` over HTTP; ``asked`` lists the names of the GET requests."""

    def __init__(self, files):
        self.files, self.asked, self.cut, self.delay = files, [], 0, 0
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.head(self.path.lstrip("/"))

            def do_GET(self):
                name = self.path.lstrip("/")
                mirror.asked.append(name)
                content = self.head(name)
                half = len(content) // 2
                self.wfile.write(content[:half])
                time.sleep(mirror.delay)
                self.wfile.write(content[half : len(content) - mirror.cut])

            def head(self, name):
                content = mirror.files.get(name)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                return content or b""

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def serve(monkeypatch):
    """Allow the network, and start mirrors: serve(files) -> Mirror."""
    monkeypatch.delenv("CNNLIB_OFFLINE")
    mirrors = []

    def start(files):
        mirrors.append(Mirror(files))
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.close()


@pytest.fixture
def refused():
    """Return the address of a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def use_mirrors(monkeypatch, *urls):
    monkeypatch.setattr(data_files, "MNIST", replace(data_files.MNIST, mirrors=urls))


def paths_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


# --- what the loaders return


LOADERS = ["mnist", "fashion_mnist", "cifar10", "digits", "handwritten", "shapes"]


@pytest.fixture(params=LOADERS)
def loader(request, tmp_path, monkeypatch):
    """Return (a loader on small files, the shape of its images)."""
    if request.param == "cifar10":
        request.getfixturevalue("cifar")
        return load_small_cifar10, (3, 32, 32)
    if request.param == "digits":
        return data.load_digits, (1, 28, 28)
    if request.param == "shapes":
        return data.load_coloured_shapes, (3, 32, 32)
    files = request.getfixturevalue("mnist")
    write(tmp_path / "data" / "mnist", files)
    write(tmp_path / "data" / "fashion", files)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    if request.param == "handwritten":
        return data.load_handwritten_digits, (1, 28, 28)
    return getattr(data, f"load_{request.param}"), (1, 28, 28)


def test_loaders_return_float32_in_0_to_1_and_int64_labels(loader):
    load, shape = loader
    for x, t in load():
        assert x.shape == (len(t), *shape)
        assert x.dtype == np.float32
        assert x.min() == 0
        assert x.max() <= 1
        assert t.shape == (len(x),)
        assert t.dtype == np.int64
        assert set(t) <= set(range(10))


def test_normalize_divides_the_bytes_by_255(loader):
    load, _ = loader
    for (x, t), (raw, raw_t) in zip(load(), load(normalize=False), strict=True):
        assert raw.dtype == np.uint8
        np.testing.assert_array_equal(x, raw / np.float32(255))
        np.testing.assert_array_equal(t, raw_t)


def test_flatten_makes_one_row_an_image(loader):
    load, _ = loader
    for (x, _), (rows, _) in zip(load(), load(flatten=True), strict=True):
        np.testing.assert_array_equal(rows, x.reshape(len(x), -1))


def test_one_hot_rows_hold_a_single_one_at_the_label(loader):
    load, _ = loader
    for (_, t), (_, one_hot) in zip(load(), load(one_hot_label=True), strict=True):
        assert one_hot.dtype == np.float32
        assert one_hot.shape == (len(t), 10)
        np.testing.assert_array_equal(one_hot.sum(axis=1), 1)
        np.testing.assert_array_equal(one_hot.argmax(axis=1), t)


@pytest.mark.parametrize("normalize", [True, False])
def test_changing_loaded_arrays_does_not_change_the_next_load(loader, normalize):
    load, _ = loader
    before = [a.copy() for pair in load(normalize) for a in pair]
    for pair in load(normalize):
        for array in pair:
            array[...] = 7  # raises if it is read-only
    after = [a for pair in load(normalize) for a in pair]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_normalize_makes_no_float64_on_the_way():
    x, t = np.zeros((200, 1, 28, 28), np.uint8), np.zeros(200, np.int64)
    form.arrange([(x, t)], True, True, True)  # warm up
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    form.arrange([(x, t)], True, True, True)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 4 * x.nbytes + 100_000


def test_images_are_those_in_the_file(mnist, tmp_path, monkeypatch):
    write(tmp_path / "mnist", mnist)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path))
    parts = data.load_mnist(normalize=False)
    for (x, t), name in zip(parts, ("train", "t10k"), strict=True):
        images = gzip.decompress(mnist[f"{name}-images-idx3-ubyte.gz"])
        labels = gzip.decompress(mnist[f"{name}-labels-idx1-ubyte.gz"])
        assert x.tobytes() == images[16:]
        assert bytes(t.tolist()) == labels[8:]


def test_cifar10_is_label_then_planes_in_the_order_of_the_batches(cifar):
    (x_train, t_train), (x_test, t_test) = load_small_cifar10(normalize=False)
    assert t_train.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert t_test.tolist() == [5, 4]
    record = np.frombuffer(cifar["data_batch_2.bin"], np.uint8)[:3073]
    red, green, blue = record[1:].reshape(3, 1024)
    np.testing.assert_array_equal(x_train[2, 0].ravel(), red)
    np.testing.assert_array_equal(x_train[2, 1].ravel(), green)
    np.testing.assert_array_equal(x_train[2, 2].ravel(), blue)
    assert x_test[0].tobytes() == cifar["test_batch.bin"][1:3073]


def test_ten_class_names_each():
    assert len(set(data.FASHION_MNIST_CLASSES)) == 10
    assert len(set(data.CIFAR10_CLASSES)) == 10


def test_digits_are_all_there_placed_as_in_mnist_and_split_by_class():
    (x_train, t_train), (x_test, t_test) = data.load_digits()
    assert (len(x_train), len(x_test)) == (1442, 355)
    x = np.concatenate([x_train, x_test])
    assert x.max() == 1
    inside = np.zeros((28, 28), bool)
    inside[4:24, 4:24] = True
    assert not x[:, 0, ~inside].any()
    np.testing.assert_array_equal(
        np.bincount(t_test), (np.bincount(t_train) + np.bincount(t_test)) // 5
    )
    assert len(np.unique(x.reshape(1797, -1), axis=0)) == 1797  # no image in both


def test_enlarging_keeps_planes():
    # Bilinear interpolation is exact on a linear ramp, away from the clamped rim.
    i, j = np.mgrid[:8, :8]
    ramp = (3 * i - 2 * j + 5).astype(np.float64)[None]
    at = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    expected = 3 * at[:, None] - 2 * at + 5
    out = form.enlarge(ramp, 20)
    assert out.shape == (1, 20, 20)
    np.testing.assert_allclose(out[0, 2:-2, 2:-2], expected[2:-2, 2:-2])
    np.testing.assert_allclose(form.enlarge(np.ones((1, 8, 8)), 20), 1)


def test_import_is_lazy():
    code = (
        "import sys, cnnlib.data; "
        "print([m for m in ('sklearn', 'pooch', 'requests') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(data.__file__).parents[2],
    )
    assert out.stdout.strip() == "[]"


# --- where files come from


def test_cnnlib_data_goes_before_the_cache(mnist, cache, tmp_path, monkeypatch):
    folder = write(tmp_path / "data" / "mnist", mnist)
    write(cache / "mnist", mnist)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    assert {path.parent for path in fetch.fetch(data_files.MNIST)} == {folder}


@pytest.mark.parametrize("exists", [True, False])
def test_cnnlib_data_without_mnist_falls_on_to_the_cache(
    mnist, cache, tmp_path, monkeypatch, exists
):
    if exists:
        (tmp_path / "data" / "cifar10").mkdir(parents=True)
    write(cache / "mnist", mnist)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    assert len(data.load_mnist()[0][0]) == 12


def test_damaged_file_in_cnnlib_data_stops_with_both_hashes(
    mnist, cache, tmp_path, monkeypatch
):
    write(cache / "mnist", mnist)  # a good copy that must not be taken silently
    folder = write(tmp_path / "data" / "mnist", mnist)
    damaged = folder / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(b"damaged")
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    for load in (data.load_mnist, data.load_handwritten_digits):
        with pytest.raises(ValueError, match="damaged or not the official") as error:
            load()
        for part in (
            str(damaged),
            data_files.MNIST.files[damaged.name],
            hashlib.sha256(b"damaged").hexdigest(),
        ):
            assert part in str(error.value)
    assert damaged.read_bytes() == b"damaged"


def test_download_fills_the_cache_once(mnist, cache, serve, monkeypatch, capsys):
    mirror = serve(mnist)
    use_mirrors(monkeypatch, mirror.url)
    assert len(data.load_mnist()[0][0]) == 12
    assert "100%" in capsys.readouterr().err  # the progress bar
    assert paths_in(cache) == sorted(mnist)
    data.load_mnist()
    assert sorted(mirror.asked) == sorted(mnist)


def test_offline_switch_touches_no_network(mnist, serve, monkeypatch):
    mirror = serve(mnist)
    use_mirrors(monkeypatch, mirror.url)
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.setattr(fetch, "_knock", lambda *args: pytest.fail("asked the network"))
    with pytest.raises(FileNotFoundError, match="CNNLIB_OFFLINE is set"):
        data.load_mnist()
    assert mirror.asked == []


@pytest.mark.parametrize(
    ("value", "offline"),
    [("1", True), ("true", True), ("0", False), ("", False), ("False", False)],
)
def test_offline_switch_values(monkeypatch, value, offline):
    monkeypatch.setenv("CNNLIB_OFFLINE", value)
    assert fetch.is_offline() is offline


def test_dead_first_mirror_is_asked_once_then_the_second_serves(
    mnist, cache, serve, refused, monkeypatch
):
    mirror = serve(mnist)
    use_mirrors(monkeypatch, refused, mirror.url)
    knocks = []
    knock = fetch._knock
    monkeypatch.setattr(
        fetch, "_knock", lambda url, d: knocks.append(url) or knock(url, d)
    )
    data.load_mnist()
    assert paths_in(cache) == sorted(mnist)
    assert sum(url.startswith(refused) for url in knocks) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("wrong", "wrong file"),
        ("cut", "the transfer broke off"),
        ("missing", "the server says 404"),
    ],
)
def test_faulty_mirror_is_passed_over_and_leaves_nothing_behind(
    mnist, cache, serve, monkeypatch, fault, says
):
    files = {"wrong": {n: b"portal" for n in mnist}, "cut": mnist, "missing": {}}
    faulty, good = serve(files[fault]), serve(mnist)
    faulty.cut = 20 if fault == "cut" else 0

    use_mirrors(monkeypatch, faulty.url)
    with pytest.raises(FileNotFoundError, match=says):
        data.load_mnist()
    assert paths_in(cache) == []

    use_mirrors(monkeypatch, faulty.url, good.url)
    assert len(data.load_mnist()[0][0]) == 12
    assert paths_in(cache) == sorted(mnist)


def test_silent_mirror_is_given_up_soon(mnist, serve, monkeypatch):
    monkeypatch.setattr(fetch, "SIGN_OF_LIFE", 0.2)
    with socket.socket() as silent:  # takes connections, never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        use_mirrors(monkeypatch, url)
        start = time.monotonic()
        with pytest.raises(FileNotFoundError, match="no answer in time"):
            data.load_mnist()
        assert time.monotonic() - start < 2


def test_damaged_file_in_the_cache_is_fetched_again(mnist, cache, serve, monkeypatch):
    mirror = serve(mnist)
    use_mirrors(monkeypatch, mirror.url)
    damaged = write(cache / "mnist", mnist) / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(b"damaged")
    data.load_mnist()
    assert mirror.asked == [damaged.name]
    assert damaged.read_bytes() == mnist[damaged.name]


def test_damaged_file_in_the_cache_is_named_when_offline(mnist, cache):
    damaged = write(cache / "mnist", mnist) / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(b"damaged")
    with pytest.raises(FileNotFoundError, match="is damaged") as error:
        data.load_mnist()
    assert str(damaged) in str(error.value)


def test_cache_that_cannot_be_written_is_reported(mnist, cache, serve, monkeypatch):
    use_mirrors(monkeypatch, serve(mnist).url)
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(FileNotFoundError, match="Error"):
        data.load_mnist()


def test_downloads_at_the_same_time_do_not_mix(mnist, cache, serve, monkeypatch):
    mirror = serve(mnist)
    mirror.delay = 0.05  # so that they overlap
    use_mirrors(monkeypatch, mirror.url)
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(data.load_mnist(normalize=False))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mirror.asked) > len(mnist)  # they did overlap
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result[0][0], results[0][0][0])
    assert paths_in(cache) == sorted(mnist)


def test_error_says_what_was_tried_and_what_to_do(
    mnist, cache, tmp_path, serve, refused, monkeypatch
):
    use_mirrors(monkeypatch, refused)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "mine"))
    with pytest.raises(FileNotFoundError, match="could not be downloaded") as error:
        data.load_mnist()
    first = next(iter(mnist))
    for part in (
        f"CNNLIB_DATA: no file {tmp_path / 'mine' / 'mnist' / first}",
        f"cache: no file {cache / 'mnist' / first}",
        f"{refused}{first}: cannot connect",
        f"put into the folder {cache / 'mnist'}",
        *mnist,
    ):
        assert part in str(error.value)


def test_files_placed_by_hand_where_the_error_says_are_found(mnist):
    with pytest.raises(FileNotFoundError) as error:
        data.load_mnist()
    folder = re.search(r"put into the folder (.*?);", str(error.value))[1]
    write(Path(folder), mnist)
    data.load_mnist()


def test_real_tables_name_official_files_and_two_mirrors():
    for dataset in (fetch.MNIST, fetch.FASHION_MNIST):
        assert list(dataset.files) == list(mnist_files())
        assert len(dataset.mirrors) == 2
    for dataset in (fetch.MNIST, fetch.FASHION_MNIST, fetch.CIFAR10):
        assert all(url.endswith("/") for url in dataset.mirrors)
        for value in dataset.files.values():
            assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", value)


# --- MNIST or the small digits: never a silent swap


def test_banner_with_mnist(mnist, cache, capsys):
    write(cache / "mnist", mnist)
    (x_train, _), _ = data.load_handwritten_digits()
    assert len(x_train) == 12
    assert capsys.readouterr().out == (
        "MNIST: 12 images for training, 5 for testing. "
        "Expect about 98 to 99 % test accuracy.\n"
    )


def test_banner_without_mnist_says_which_why_and_how(mnist, capsys):
    (x_train, _), _ = data.load_handwritten_digits()
    assert len(x_train) == 1442
    banner = capsys.readouterr().out
    assert banner.count("\n") == 1
    for part in (
        "NOT MNIST",
        "1,442 images for training, 355 for testing",
        "about 94 to 97 %",
        "CNNLIB_OFFLINE is set",
        "load_mnist()",
    ):
        assert part in banner


def test_failed_download_is_remembered_until_load_mnist_succeeds(
    mnist, serve, monkeypatch, capsys
):
    mirror = serve({})
    use_mirrors(monkeypatch, mirror.url)
    data.load_handwritten_digits()
    assert "127.0.0.1: the server says 404" in capsys.readouterr().out
    assert len(mirror.asked) == 1
    data.load_handwritten_digits()
    assert "not tried again in this session" in capsys.readouterr().out
    assert len(mirror.asked) == 1

    with pytest.raises(FileNotFoundError):
        data.load_mnist()  # asks again, every time
    assert len(mirror.asked) == 2
    mirror.files = mnist
    data.load_mnist()
    capsys.readouterr()
    data.load_handwritten_digits()
    assert capsys.readouterr().out.startswith("MNIST: 12 images")


# --- CIFAR-10 or the coloured shapes: never a silent swap, never a big download


def test_colour_images_are_cifar10_where_it_is(cifar, capsys):
    train, test, classes = data.load_colour_images()
    assert (train[0].shape, test[0].shape) == ((10, 3, 32, 32), (2, 3, 32, 32))
    assert classes == data.CIFAR10_CLASSES
    assert capsys.readouterr().out == (
        "A part of CIFAR-10: 10 images for training, 2 for testing.\n"
    )


def test_all_of_cifar10_is_called_so(cifar, monkeypatch, capsys):
    monkeypatch.setattr(data_files, "CIFAR10_COUNTS", (10, 2))
    data.load_colour_images()
    assert capsys.readouterr().out.startswith("CIFAR-10: 10 images for training, 2 for")


def test_without_cifar10_the_shapes_say_which_why_and_how(serve, monkeypatch, capsys):
    mirror = serve({"cifar-10-binary.tar.gz": b"it is large"})
    here = replace(fetch.CIFAR10, mirrors=(mirror.url,))
    monkeypatch.setattr(data_files, "CIFAR10", here)
    train, test, classes = data.load_colour_images(flatten=True)
    assert (train[0].shape, test[0].shape) == ((5000, 3072), (1000, 3072))
    assert classes == data.COLOURED_SHAPES_CLASSES
    banner = capsys.readouterr().out
    assert banner.count("\n") == 1
    for part in (
        "Coloured shapes, NOT CIFAR-10: 5,000 images for training, 1,000 for testing",
        "it is not on this computer",
        "load_cifar10()",
    ):
        assert part in banner
    assert mirror.asked == []  # nobody asked for 170 MB


def test_a_damaged_cifar10_wants_mending(cifar, tmp_path):
    path = tmp_path / "data" / "cifar10" / "cifar-10-binary.tar.gz"
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged or not the official file"):
        data.load_colour_images()


# --- damaged and wrong files


GOOD = gzip.decompress(idx(np.zeros((2, 28, 28), np.uint8)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>no gzip</html>", "cannot be unpacked"),
        (gzip.compress(GOOD)[:-9], "cannot be unpacked"),
        (b"", "is no idx file"),
        (gzip.compress(b"PK" + GOOD[2:]), "is no idx file: it begins with '50 4b 08"),
        (gzip.compress(b"\0\0\x0d" + GOOD[3:]), "type 0x0d; expected 0x08"),
        (idx(np.zeros(5, np.uint8)), "has 1 dimensions, expected 3"),
        (gzip.compress(GOOD[:9]), "ends within its header"),
        (gzip.compress(GOOD[:-1]), "2 x 28 x 28 = 1568 bytes .* has 1567"),
        (gzip.compress(GOOD + b"\0"), "2 x 28 x 28 = 1568 bytes .* has 1569"),
    ],
    ids=[
        "html",
        "cut-gzip",
        "empty",
        "zip",
        "double",
        "labels",
        "header",
        "short",
        "long",
    ],
)
def test_faulty_idx_files_are_named(tmp_path, content, says):
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as error:
        formats.read_idx(path, 3)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("train-labels-idx1-ubyte.gz", np.zeros(11), r"expected \(11, 28, 28\)"),
        ("train-images-idx3-ubyte.gz", np.zeros((12, 20, 28)), r"\(12, 20, 28\)"),
        ("t10k-labels-idx1-ubyte.gz", [0, 1, 2, 10, 4], "label 10 at place 3"),
    ],
    ids=["count", "size", "label"],
)
def test_images_and_labels_have_to_fit(mnist, cache, monkeypatch, name, array, says):
    files = {**mnist, name: idx(np.array(array, np.uint8))}
    monkeypatch.setattr(
        data_files, "MNIST", replace(data_files.MNIST, files=hashes(files))
    )
    write(cache / "mnist", files)
    with pytest.raises(ValueError, match=says) as error:
        data.load_mnist()
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has 0 bytes"),
        (records([1, 2])[:-1], "6145 bytes, .*3072 left over"),
        (records([1, 10]), "label 10 in record 1"),
    ],
    ids=["empty", "cut", "label"],
)
def test_faulty_cifar10_records_are_named(content, says):
    with pytest.raises(
        ValueError, match=f"^some.bin has .*{says.removeprefix('has ')}"
    ):
        formats.parse_cifar10(content, "some.bin")


def test_archive_writes_nothing_to_the_disk(cifar, tmp_path):
    before = paths_in(tmp_path)
    load_small_cifar10()
    assert paths_in(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"data_batch_3.bin": None, "test_batch.bin": None},
            "lacks data_batch_3.bin, t",
        ),
        ({"data_batch_1.bin": "/etc/passwd"}, "lacks data_batch_1.bin"),
        ({"data_batch_1.bin": bytes(10_001 * 3073)}, "expected at most 30730000"),
        ({"data_batch_4.bin": b"cut off"}, "data_batch_4.bin has 7 bytes"),
    ],
    ids=["missing", "link", "huge", "cut"],
)
def test_faulty_archives_are_named(tmp_path, change, says):
    files = {n: c for n, c in {**cifar_files(), **change}.items() if c is not None}
    path = tar(tmp_path / "c.tar.gz", in_batches_bin(files))
    with pytest.raises(ValueError, match=says) as error:
        formats.read_cifar10_archive(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"no archive", None], ids=["text", "cut"])
def test_damaged_archives_are_named(tmp_path, content):
    path = tar(tmp_path / "c.tar.gz", in_batches_bin(cifar_files()))
    path.write_bytes(content or path.read_bytes()[:-3000])
    with pytest.raises(ValueError, match=r"c\.tar\.gz cannot be unpacked"):
        formats.read_cifar10_archive(path)


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_unpacked_cifar10_equals_the_archive(cifar, tmp_path, monkeypatch, inner):
    packed = load_small_cifar10()
    write(tmp_path / "unpacked" / "cifar10" / inner, cifar)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "unpacked"))
    for pair, expected in zip(load_small_cifar10(), packed, strict=True):
        for a, b in zip(pair, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_part_of_cifar10_is_loaded_with_a_warning(tmp_path):
    some = ("data_batch_4.bin", "data_batch_2.bin", "test_batch.bin")
    write(tmp_path, {n: c for n, c in cifar_files().items() if n in some})
    with pytest.warns(UserWarning, match="4 of 50,000 training and 2 of 10,000 test"):
        (_, t_train), _ = data.load_cifar10(folder=tmp_path)
    assert t_train.tolist() == [1, 8, 3, 6]  # batch 2, then batch 4


@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.bin"])
def test_folder_needs_images_to_train_and_to_test(tmp_path, name):
    write(tmp_path, {name: records([1])})
    with pytest.raises(FileNotFoundError, match=f"found .*{name}"):
        data.load_cifar10(folder=tmp_path)


def test_damaged_cifar10_archive_in_cnnlib_data_is_not_replaced(cifar, tmp_path):
    path = tmp_path / "data" / "cifar10" / "cifar-10-binary.tar.gz"
    write(path.parent, cifar)  # unpacked files that must not be taken silently
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged or not the official file"):
        data.load_cifar10()


# --- the real thing


@pytest.mark.skipif(not REAL_MNIST, reason="CNNLIB_DATA does not hold MNIST")
def test_official_mnist(monkeypatch, capsys):
    monkeypatch.setenv("CNNLIB_DATA", REAL_DATA)
    (x_train, t_train), (x_test, t_test) = data.load_handwritten_digits()
    assert "MNIST: 60,000 images for training, 10,000 for" in capsys.readouterr().out
    assert x_train.shape == (60_000, 1, 28, 28)
    assert x_test.shape == (10_000, 1, 28, 28)
    assert (x_train.min(), x_train.max()) == (0, 1)
    assert np.bincount(t_train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(t_test, minlength=10).sum() == 10_000
    assert x_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=1e-4)
