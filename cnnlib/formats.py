"""Turn the bytes of data files into arrays: idx (MNIST) and CIFAR-10 records.

Both formats are simpler than they look: a few numbers, then one byte a pixel.
Every error names the file, because the usual cause is a damaged or wrong file
and not the code of the one who reads the message.

Notation: N images, C channels, H x W pixels.
"""

import gzip
import math
import tarfile
import zlib
from pathlib import Path

import numpy as np

# What Python raises when packed bytes are cut off or are no packed bytes at all.
UNPACK_ERRORS = (EOFError, OSError, zlib.error, tarfile.TarError)

CIFAR10_RECORD = 1 + 3 * 32 * 32  # a label byte, then the red, green, blue planes
CIFAR10_BATCH = 10_000  # records in each official file
CIFAR10_TRAIN = tuple(f"data_batch_{k}.bin" for k in range(1, 6))
CIFAR10_TEST = "test_batch.bin"


def read_idx(path, ndim):
    """Read a gzip-packed idx file of bytes, the format of MNIST.

    An idx file says of what kind it is (two zeros, a code for the type of a
    number, the count of dimensions), how long each dimension is (4 bytes, the
    highest first), and then lists its numbers.

    Parameters
    ----------
    path : path
        The file, still packed (``.gz``).
    ndim : int
        The dimensions expected: 1 for labels, 3 for images.

    Returns
    -------
    ndarray of uint8
        (N,) or (N, H, W), its own memory.

    Raises
    ------
    ValueError
        If the file is not gzip, is cut off, holds no bytes (uint8), or has
        other dimensions or another length than its own header says.

    References
    ----------
    LeCun, Cortes and Burges, "The MNIST database", section "File formats".
    """
    path = Path(path)
    packed = path.read_bytes()
    try:
        data = gzip.decompress(packed)
    except UNPACK_ERRORS as error:
        raise ValueError(
            f"{path} cannot be unpacked ({error}): it is damaged or no .gz file. "
            "Delete it and get it again."
        ) from error

    start = 4 + 4 * ndim
    if len(data) < 4 or data[0] or data[1]:
        raise ValueError(
            f"{path} is no idx file: it begins with '{data[:4].hex(' ')}', "
            "and an idx file begins with '00 00'."
        )
    if data[2] != 0x08:
        raise ValueError(
            f"{path} holds numbers of type 0x{data[2]:02x}; "
            "expected 0x08 (unsigned bytes)."
        )
    if data[3] != ndim:
        raise ValueError(
            f"{path} has {data[3]} dimensions, expected {ndim}: "
            "are the files of images and labels swapped?"
        )
    header, body = data[4:start], memoryview(data)[start:]
    if len(header) < 4 * ndim:
        raise ValueError(f"{path} ends within its header. Delete it and get it again.")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    if len(body) != math.prod(shape):
        raise ValueError(
            f"{path} should hold {' x '.join(map(str, shape))} = {math.prod(shape)} "
            f"bytes after its header and has {len(body)}: it was cut off or mixed up. "
            "Delete it and get it again."
        )
    return np.frombuffer(body, np.uint8).reshape(shape).copy()


def parse_cifar10(data, name):
    """Split CIFAR-10 records into images and labels.

    Parameters
    ----------
    data : bytes
        N records of 3,073 bytes: the label, then 1,024 bytes each of red, green
        and blue, row by row.
    name : str or path
        The file they come from, for the errors.

    Returns
    -------
    images : ndarray of uint8
        (N, 3, 32, 32), its own memory.
    labels : ndarray of int64
        (N,), 0 to 9.

    Raises
    ------
    ValueError
        If there is no whole number of records, or a label is not 0 to 9.
    """
    count, rest = divmod(len(data), CIFAR10_RECORD)
    if rest or not count:
        raise ValueError(
            f"{name} has {len(data)} bytes, which is no whole number of records of "
            f"{CIFAR10_RECORD} bytes ({rest} left over): it was cut off or is no "
            "CIFAR-10 *binary* file. Delete it and get it again."
        )
    records = np.frombuffer(data, np.uint8).reshape(count, CIFAR10_RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise ValueError(
            f"{name} has the label {labels.max()} in record {labels.argmax()}; "
            "expected 0 to 9. Is it a file of CIFAR-100?"
        )
    return records[:, 1:].reshape(count, 3, 32, 32).copy(), labels


def read_cifar10_archive(path):
    """Read the six batches out of ``cifar-10-binary.tar.gz``.

    Nothing is unpacked to the disk: the members we know by name are read, and
    whatever else an archive holds (links, ``../`` paths) is passed over.

    Returns
    -------
    dict of str to (images, labels)
        The batches by file name, as from `parse_cifar10`, in the official order.

    Raises
    ------
    ValueError
        If the archive is damaged or lacks a batch.
    """
    path = Path(path)
    wanted = {f"cifar-10-batches-bin/{n}": n for n in (*CIFAR10_TRAIN, CIFAR10_TEST)}
    batches = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = wanted.get(member.name)
                if name is None or not member.isfile():
                    continue
                if member.size > CIFAR10_BATCH * CIFAR10_RECORD:
                    raise ValueError(
                        f"{path}: {name} has {member.size} bytes, expected at most "
                        f"{CIFAR10_BATCH * CIFAR10_RECORD}. This is not the official "
                        "archive."
                    )
                data = archive.extractfile(member).read()
                batches[name] = parse_cifar10(data, f"{path}: {name}")
    except UNPACK_ERRORS as error:
        raise ValueError(
            f"{path} cannot be unpacked ({error}): it is damaged or no .tar.gz "
            "archive. Delete it and get it again."
        ) from error
    missing = [name for name in wanted.values() if name not in batches]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}. The archives for Python and MATLAB do "
            "not do: take the *binary* version."
        )
    return {name: batches[name] for name in wanted.values()}


def read_cifar10_folder(folder):
    """Read the batches that lie unpacked in a folder, however many there are.

    Returns
    -------
    dict of str to (images, labels)
        The batches by file name, as from `parse_cifar10`, in the official order.

    Raises
    ------
    FileNotFoundError
        If there is no ``test_batch.bin`` or not one ``data_batch_k.bin``.
    ValueError
        If a file is damaged.
    """
    folder = Path(folder)
    names = [n for n in (*CIFAR10_TRAIN, CIFAR10_TEST) if (folder / n).is_file()]
    if CIFAR10_TEST not in names or len(names) < 2:
        found = ", ".join(sorted(p.name for p in folder.glob("*.bin"))) or "none"
        raise FileNotFoundError(
            f"{folder} holds no CIFAR-10: expected {CIFAR10_TEST} and at least one of "
            f"data_batch_1.bin to data_batch_5.bin, found *.bin files: {found}."
        )
    return {n: parse_cifar10((folder / n).read_bytes(), folder / n) for n in names}
