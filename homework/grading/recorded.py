"""Read recorded results: plain arrays of numbers, or nothing."""

import io
import math
import zipfile

import numpy as np
from numpy.lib import format as npy

from cnnlib.storage import DAMAGE, HEADERS

MOST = 64  # arrays in one file


class Refused(ValueError):
    """A recorded file is not what ``np.savez`` writes for arrays of numbers."""


def read_arrays(data) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file. No pickle is opened, nothing unpacked.

    Raises
    ------
    Refused
        If it is damaged, compressed, pickled, or claims more than it holds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_members(archive, len(data))
    except Refused:
        raise
    except (*DAMAGE, TypeError, OverflowError, MemoryError, RecursionError) as error:
        raise Refused(f"no .npz file: {type(error).__name__}") from None


def _read_members(archive, room):
    members = archive.infolist()
    if len(members) > MOST:
        raise Refused(f"{len(members)} arrays in one file")
    arrays = {}
    for info in members:
        room -= info.file_size  # members that overlap would count twice
        if info.compress_type != zipfile.ZIP_STORED or room < 0:
            raise Refused("it is compressed, or larger than it says")
        with archive.open(info) as member:
            arrays[info.filename.removesuffix(".npy")] = _read_member(member)
    return arrays


def _read_member(member):
    version = npy.read_magic(member)
    if version not in HEADERS:
        raise Refused("an unknown format of arrays")
    shape, fortran, dtype = HEADERS[version](member)
    if dtype.hasobject or dtype.kind not in "fiub":
        raise Refused(f"an array of {dtype}; expected numbers")
    content = member.read()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise Refused(f"shape {shape} does not fit its {len(content)} bytes")
    flat = np.frombuffer(content, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
