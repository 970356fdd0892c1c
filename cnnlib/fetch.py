"""Find the files of a data set: on this computer if possible, else on the network.

The order is: the folder in ``CNNLIB_DATA``, the cache, then the mirrors one after
another. Each file is compared with its published hash before anyone reads it.

Environment
-----------
CNNLIB_DATA
    A folder with ``mnist/*.gz``, ``fashion/*.gz``, ``cifar10/*``; each may be missing.
CNNLIB_CACHE
    Where downloads are kept, instead of the operating system's place for caches.
CNNLIB_OFFLINE
    Set to 1, the network is never touched. Tests and CI set it.
"""

import os
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SIGN_OF_LIFE = 5  # seconds: how long a mirror may take to answer at all
TIMEOUT = (3, 10)  # seconds: to connect, and between two pieces of the file


@dataclass(frozen=True)
class DataSet:
    """Where the files of a data set lie, and how to know that they are genuine.

    Attributes
    ----------
    name : str
        What people call it.
    folder : str
        Its folder inside ``CNNLIB_DATA`` and inside the cache.
    files : dict of str to str
        The hash (``"sha256:..."``) of each file, by file name.
    mirrors : tuple of str
        Addresses of folders that hold the files, the preferred first; end in "/".
    """

    name: str
    folder: str
    files: dict
    mirrors: tuple


MNIST = DataSet(
    "MNIST",
    "mnist",
    {
        "train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea37026"
        "5605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cc"
        "a23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e3"
        "3eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd"
        "2371eca3ffa0defaefb259924204aec6",
    },
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
)

FASHION_MNIST = DataSet(
    "Fashion-MNIST",
    "fashion",
    {
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master"
        "/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)

CIFAR10 = DataSet(
    "CIFAR-10",
    "cifar10",
    {
        "cifar-10-binary.tar.gz": "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d6"
        "8f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
    ("https://www.cs.toronto.edu/~kriz/",),
)


class DataNotFoundError(FileNotFoundError):
    """A data set is neither on this computer nor to be had from the network.

    Attributes
    ----------
    reason : str
        Why it could not be downloaded, in a few words, for banners.
    """

    def __init__(self, message, reason):
        super().__init__(message)
        self.reason = reason


# Data sets whose download failed in this session, by name, and why. It spares a
# learner without network the wait at every cell; see `fetch(again=False)`.
_failed = {}


def fetch(dataset, again=True, download=True):
    """Return the paths of all files of a data set, downloading what is missing.

    Parameters
    ----------
    dataset : DataSet
        Which files, with which hashes, from where.
    again : bool
        False: if a download of this data set failed in this session, do not try the
        network again, and say so. Files on this computer are always looked for.
    download : bool
        False: look on this computer only.

    Returns
    -------
    list of Path
        In the order of ``dataset.files``; each has the right hash.

    Raises
    ------
    ValueError
        If a file in ``CNNLIB_DATA`` is damaged. Someone placed it there on purpose,
        so nothing is silently loaded from elsewhere.
    DataNotFoundError
        If a file is nowhere to be had. The message lists what was tried, and how to
        place the files by hand.
    """
    mirrors = list(dataset.mirrors)
    paths = []
    for name in dataset.files:
        path, tried = _find(dataset, name)
        if path is None and not download:
            tried.append("network: not asked")
            raise DataNotFoundError(
                _explain(dataset, name, tried), "it is not on this computer"
            )
        if path is None:
            path, reason = _download(dataset, name, mirrors, again, tried)
        if path is None:
            raise DataNotFoundError(_explain(dataset, name, tried), reason)
        paths.append(path)
    return paths


def data_folder(dataset):
    """Return the folder of a data set inside ``CNNLIB_DATA``, None if that is unset."""
    root = os.environ.get("CNNLIB_DATA")
    return Path(root).expanduser() / dataset.folder if root else None


def cache_folder(dataset):
    """Return the folder of a data set inside the cache; it need not exist yet."""
    import pooch  # here, not above: `import cnnlib` has to be quick

    root = os.environ.get("CNNLIB_CACHE") or pooch.os_cache("cnnlib")
    return Path(root).expanduser() / dataset.folder


def is_offline():
    """Tell whether ``CNNLIB_OFFLINE`` forbids the network."""
    value = os.environ.get("CNNLIB_OFFLINE", "").strip().lower()
    return value not in ("", "0", "no", "false", "off")


def _find(dataset, name):
    """Look for one file on this computer; return (path or None, lines of a report)."""
    tried = []
    expected = dataset.files[name]
    folder = data_folder(dataset)
    if folder is None:
        tried.append("CNNLIB_DATA: not set")
    elif not (folder / name).is_file():
        tried.append(f"CNNLIB_DATA: no file {folder / name}")
    else:
        found = _file_hash(folder / name, expected)
        if found != expected:
            raise ValueError(
                f"{folder / name} is damaged or not the official file:\n"
                f"  expected {expected}\n"
                f"  found    {found}\n"
                "Replace it, or delete it: then it is looked for elsewhere."
            )
        return folder / name, tried

    path = cache_folder(dataset) / name
    if not path.is_file():
        tried.append(f"cache: no file {path}")
        return None, tried
    found = _file_hash(path, expected)
    if found != expected:
        tried.append(f"cache: {path} is damaged (expected {expected}, found {found})")
        return None, tried
    return path, tried


def _download(dataset, name, mirrors, again, tried):
    """Try the mirrors; return (path or None, reason), reorder mirrors, extend tried."""
    if is_offline():
        tried.append("network: not used, CNNLIB_OFFLINE is set")
        return None, "CNNLIB_OFFLINE is set"
    if not again and dataset.name in _failed:
        reason = f"{_failed[dataset.name]}, and not tried again in this session"
        tried.append(f"network: {reason}")
        return None, reason
    problems = []
    for mirror in list(mirrors):
        problem = _try_mirror(dataset, name, mirror)
        if problem is None:
            mirrors.remove(mirror)
            mirrors.insert(0, mirror)  # the other files need not wait for a dead one
            return cache_folder(dataset) / name, None
        tried.append(f"{mirror}{name}: {problem}")
        problems.append(f"{urlsplit(mirror).hostname}: {problem.split(' (')[0]}")
    _failed[dataset.name] = f"no download ({'; '.join(problems)})"
    return None, _failed[dataset.name]


def _try_mirror(dataset, name, mirror):
    """Download one file from one mirror; return None or, in words, what went wrong.

    pooch writes to a temporary file in the same folder and renames it only when its
    hash is right. So an interrupted download leaves nothing behind that looks like
    the file, and two processes at once cannot mix their bytes.
    """
    import pooch

    downloader = pooch.HTTPDownloader(
        progressbar=True, timeout=TIMEOUT, chunk_size=2**16
    )
    problem = _knock(mirror + name, downloader)
    if problem is None:
        try:
            pooch.retrieve(
                mirror + name,
                known_hash=dataset.files[name],
                fname=name,
                path=cache_folder(dataset),
                downloader=downloader,
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            problem = error
            response = getattr(error, "response", None)
            if response is not None:
                response.close()  # pooch leaves the connection of a "404" open
    return None if problem is None else _in_words(problem)


def _knock(url, downloader):
    """Wait SIGN_OF_LIFE seconds at most for any answer; return None or the error.

    A connect timeout alone does not do: a host name can stand for a dozen addresses,
    each of which gets the full timeout, and looking up the name has none at all.
    """
    answer = queue.SimpleQueue()

    def ask():
        try:
            downloader(url, None, None, check_only=True)  # a HEAD request
            answer.put(None)  # even "404" is a sign of life: the download will say it
        except Exception as error:
            answer.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=SIGN_OF_LIFE)
    except queue.Empty:
        return TimeoutError()


def _in_words(error):
    """Say in one line what a download's exception means."""
    from requests import exceptions  # pooch downloads with requests

    if isinstance(error, (TimeoutError, exceptions.Timeout)):
        return "no answer in time"
    if isinstance(error, exceptions.HTTPError):
        return f"the server says {error.response.status_code}"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the transfer broke off"
    if isinstance(error, exceptions.ProxyError):
        return "the proxy does not answer"
    if isinstance(error, exceptions.SSLError):
        return f"no secure connection ({error})"
    if isinstance(error, exceptions.ConnectionError):
        return "cannot connect"
    if isinstance(error, ValueError):
        return f"wrong file ({error})"
    return f"{type(error).__name__} ({error})"


def _file_hash(path, expected):
    """Hash a file the way its expected hash was made; return "algorithm:digits"."""
    import pooch

    algorithm = expected.partition(":")[0]
    return f"{algorithm}:{pooch.file_hash(str(path), alg=algorithm)}"


def _explain(dataset, name, tried):
    """Write the error for a file that is nowhere to be had."""
    lines = "\n".join(f"  - {line}" for line in tried)
    return (
        f"{dataset.name} is not on this computer and could not be downloaded: "
        f"{name} is missing. Tried:\n{lines}\n"
        f"By hand: download {', '.join(dataset.files)} from "
        f"{' or '.join(dataset.mirrors)} in a browser, do not unpack, and put into the "
        f"folder {cache_folder(dataset)}; or into a folder {dataset.folder} of your "
        "own, and set the environment variable CNNLIB_DATA to the folder above it."
    )
