"""Arrays in files: written whole or not at all, read only after inspection.

The format is NumPy's ``.npz`` without pickle. A pickle can run any code when it
is opened; an array can not.
"""

import contextlib
import math
import os
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib import format as npy

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

# What reading a damaged archive may raise, from the zip down to the array.
# RuntimeError: a flipped bit can say "encrypted" or "packed by an unknown method".
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    KeyError,
    RuntimeError,
)


def save_arrays(path, arrays) -> Path:
    """Write named arrays to an .npz file, so that the name never shows half a file.

    The arrays go to a temporary file beside it, which then takes over the name.
    A process that is killed in between leaves the old file as it was.

    Parameters
    ----------
    path : str or Path
        File name, ending in ``.npz``.
    arrays : dict of str to array

    Returns
    -------
    Path
        Where the arrays are.

    Raises
    ------
    ValueError
        If the name does not end in ``.npz``, or a number is not finite.
    TypeError
        If an array holds Python objects: only a pickle could keep them.
    OSError
        If the folder is missing or can not be written.
    """
    path = npz_path(path, "write")
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.hasobject:
            raise TypeError(
                f"can not write {path}: {name} holds Python objects, which only a "
                "pickle could keep. Save plain arrays of numbers."
            )
        if _not_finite(array):
            raise ValueError(
                f"can not write {path}: {name} holds {_not_finite(array)} number(s) "
                "that are infinite or not a number, so the network has diverged. A "
                "file of this name stays as it was. Train again with a smaller lr."
            )
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it
        os.replace(temporary, path)
    except BaseException:  # KeyboardInterrupt too: leave no litter
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return path


def load_arrays(path, expected=None) -> dict:
    """Read an .npz file after comparing all that it claims with what is expected.

    Headers are read first: nothing is unpickled, and no memory is reserved for an
    array that should not be there.

    Parameters
    ----------
    path : str or Path
        File name, ending in ``.npz``.
    expected : dict of str to array, optional
        Arrays of the names, shapes and types that the file must hold. Without it
        any set of numeric or text arrays is accepted.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, foreign, pickled, or different from ``expected``,
        or holds a number that is not finite.
    """
    path = npz_path(path, "read")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected an .npz file.")
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {path} (looked in {path.resolve().parent}). "
            "Check the name, or save the parameters first."
        )
    with _explaining_damage(path), zipfile.ZipFile(path) as archive:
        claims = {name: _claim(archive, name) for name in archive.namelist()}
    _refuse_what_is_no_array(path, claims)
    claims = {name.removesuffix(".npy"): claim for name, claim in claims.items()}
    if expected is not None:
        check_same(path, claims, expected)
    with _explaining_damage(path), zipfile.ZipFile(path) as archive:
        arrays = {name: _read(archive, f"{name}.npy") for name in claims}
    for name, array in arrays.items():
        if _not_finite(array):
            raise ValueError(
                f"{path}: {name} holds {_not_finite(array)} number(s) that are "
                "infinite or not a number. The network diverged before it was saved: "
                "use an older file."
            )
    return arrays


def npz_path(path, verb) -> Path:
    """Return ``path`` as a Path, refusing names that do not end in .npz.

    To "write" needs a folder as well, better missed before training than after.
    """
    path = Path(path)
    if path.suffix == ".pkl":
        raise ValueError(
            f"can not {verb} {path}: a pickle can run any code when it is opened, so "
            f"cnnlib uses .npz files of plain arrays. Use {path.with_suffix('.npz')}; "
            "train again to replace an old .pkl file."
        )
    if path.suffix != ".npz":
        raise ValueError(
            f"can not {verb} {path}: expected a name that ends in .npz, for example "
            f"{path.with_suffix('.npz')}."
        )
    if verb == "write" and not path.parent.is_dir():
        raise FileNotFoundError(
            f"can not write {path}: there is no folder {path.parent}. Create it first, "
            f"for example with Path({str(path.parent)!r}).mkdir(parents=True)."
        )
    return path


def _not_finite(array) -> int:
    """Count the numbers that are infinite or not a number."""
    return int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0


class _Claim(NamedTuple):
    """What the header of an array says of it."""

    shape: tuple[int, ...]
    dtype: np.dtype


def _claim(archive, name):
    """Return the shape and type that a member claims, without reading its data.

    None if its name is not that of an array.
    """
    if not name.endswith(".npy"):
        return None
    with archive.open(name) as member:
        shape, _, dtype = HEADERS[npy.read_magic(member)](member)
        start = member.tell()
    claimed, found = math.prod(shape) * dtype.itemsize, archive.getinfo(name).file_size
    if not dtype.hasobject and found - start != claimed:
        raise EOFError(f"{name} claims {claimed} bytes and holds {found - start}")
    return _Claim(shape, dtype)


def _refuse_what_is_no_array(path, claims):
    """Say that the archive holds other things than plain arrays."""
    for name, claim in claims.items():
        if claim is None:
            raise ValueError(
                f"{path} is a zip archive with other things in it ({name}); expected "
                "an .npz file from save_params."
            )
        if claim.dtype.hasobject:
            raise ValueError(
                f"{path}: {name} holds pickled objects, which can run any code when "
                "they are read. It was not opened. Save plain arrays of numbers."
            )


def _read(archive, name):
    with archive.open(name) as member:
        return npy.read_array(member, allow_pickle=False)


def check_same(path, found, expected) -> None:
    """Say how a file differs from what is expected, by names, shapes and types.

    Both are dicts by name; the values have a ``shape`` and a ``dtype``.
    """
    missing = sorted(set(expected) - set(found))
    extra = sorted(set(found) - set(expected))
    if missing or extra:
        raise ValueError(
            f"{path} belongs to another network: missing {missing or 'nothing'}, "
            f"unknown {extra or 'nothing'}. Build the network as it was when saved."
        )
    for name, array in expected.items():
        shape, dtype = found[name].shape, found[name].dtype
        if shape != array.shape:
            raise ValueError(
                f"{path}: {name} has shape {shape}, this network needs {array.shape}. "
                "Build the network with the same sizes as the saved one."
            )
        if dtype != array.dtype:
            advice = f"Convert the array in the file: {name}.astype(np.{array.dtype})."
            if dtype.kind == "f" and dtype.isnative:
                advice = f"Convert the network first: network.astype(np.{dtype})."
            raise ValueError(
                f"{path}: {name} holds {dtype}, this network {array.dtype}. {advice}"
            )


@contextlib.contextmanager
def _explaining_damage(path):
    """Turn whatever a broken archive raises into a sentence about the file."""
    try:
        yield
    except (*DAMAGE, MemoryError) as error:
        raise ValueError(f"{path} {_what_is_wrong(path, error)}") from None


def _what_is_wrong(path, error) -> str:
    """Name the reason why a file is no .npz archive."""
    start = path.read_bytes()[:6] if path.is_file() else b""
    if start[:1] == b"\x80":
        return (
            "is a pickle, whatever its name says. It can run any code, so it was not "
            "opened. Train again and save with save_params('params.npz')."
        )
    if start == b"\x93NUMPY":
        return "is a single array (.npy); expected an .npz file from save_params."
    if not start:
        return "is empty. Saving was cut off; use an older file or train again."
    if start[:2] == b"PK":
        return (
            f"is damaged or was cut off ({type(error).__name__}: {error}). "
            "Copy it again, use an older file or train again."
        )
    return "is no .npz file (it is not a zip archive). Was it renamed?"
