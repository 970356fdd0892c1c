"""A bundle: one JSON header and some files, as bytes on a pipe."""

import json

__all__ = ["BrokenBundle", "pack", "unpack"]

LENGTH = 8  # bytes that hold the length of the header


class BrokenBundle(ValueError):
    """The bytes are no bundle."""


def pack(header, files) -> bytes:
    """Put a header and files (name to bytes) into one string of bytes."""
    sizes = [[name, len(content)] for name, content in files.items()]
    text = json.dumps({"header": header, "files": sizes}).encode("utf-8")
    return b"".join([len(text).to_bytes(LENGTH, "big"), text, *files.values()])


def unpack(data) -> tuple[dict, dict]:
    """Return the header and the files of a bundle.

    Raises
    ------
    BrokenBundle
        If the bytes are cut off, too many, or no bundle at all.
    """
    start = LENGTH + int.from_bytes(data[:LENGTH], "big")
    if len(data) < start or len(data) < LENGTH:
        raise BrokenBundle("the bundle is cut off")
    try:
        outer = json.loads(data[LENGTH:start])
        header, sizes = outer["header"], [(str(n), int(s)) for n, s in outer["files"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BrokenBundle(f"the header is no JSON: {type(error).__name__}") from None
    if not isinstance(header, dict) or any(size < 0 for _, size in sizes):
        raise BrokenBundle("the header is not what a runner writes")
    files = {}
    for name, size in sizes:
        files[name] = data[start : start + size]
        start += size
    if start != len(data):
        raise BrokenBundle(f"{len(data)} bytes arrived; expected {start}")
    return header, files
