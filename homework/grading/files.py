"""Small helpers for files: names that are safe, contents that are whole."""

import hashlib
import json
import os
import re
import unicodedata
import uuid
from pathlib import Path

UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|+!\[\]{}%,;=`$&\'~#^]')
LONGEST = 80  # characters of a student's id; a file system takes 255 bytes


def write_whole(path, content) -> Path:
    """Write text or bytes so that the name never shows half a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_json(path, value) -> Path:
    """Write a value as JSON, the same bytes for the same value."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    return write_whole(path, text + "\n")


def fingerprint(*parts) -> str:
    """Return a hash of texts, bytes and files (given as Path)."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def safe_name(text) -> str:
    """Turn any text into a name for a folder; letters of all scripts stay.

    Examples
    --------
    >>> safe_name(" 김민수/../x ")
    '김민수_.._x'
    """
    text = unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode()
    text = UNSAFE.sub("_", text).strip(" .")
    return text[:LONGEST].strip(" .") or "unnamed"
