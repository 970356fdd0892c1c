"""Files that were handed in, on disk or in a ``.zip``, read without unpacking anything.

An archive is a stranger's: the names in it are only shown and compared, its sizes are
not believed, and its content is read piece by piece into memory, never further than
the limit.
"""

import contextlib
import io
import stat
import struct
import unicodedata
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cnnlib.storage import DAMAGE

LARGEST = 50_000_000  # bytes of one file, packed or not
MOST = 20_000  # files in one archive
ENTRY = b"PK\x01\x02"  # begins every entry of an archive's list
ENCRYPTED, UTF_8 = 0x1, 0x800  # flags of an entry
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack without measure
SKIPPED = {"__MACOSX", "__pycache__"}
FAULTS = (*DAMAGE, struct.error, LookupError, OverflowError, MemoryError)


class Unreadable(ValueError):
    """What was handed in can not be read. The text says why."""


@dataclass(frozen=True)
class Handed:
    """One file; its content is read when it is asked for, and not kept.

    Attributes
    ----------
    path : Path
        The file on disk: this one, or the archive that it is in.
    parts : tuple of str
        Folders and name, as the student called them.
    members : tuple of int
        Which member of the archive, and which member of the archive in that.
    """

    path: Path
    parts: tuple[str, ...]
    members: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Folders and name, for people."""
        return "/".join(self.parts)

    @property
    def stem(self) -> str:
        """The name of the file without its ending."""
        return PurePosixPath(self.parts[-1]).stem

    @property
    def suffix(self) -> str:
        """The ending of the name, in small letters: ``.ipynb``."""
        return PurePosixPath(self.parts[-1]).suffix.lower()

    def read(self) -> bytes:
        """Return the content.

        Raises
        ------
        Unreadable
            If it is no plain file, too large, encrypted or damaged.
        """
        if not self.members:
            return read_bytes(self.path)
        *outer, last = self.members
        outer = replace(self, members=tuple(outer))
        source = io.BytesIO(outer.read()) if outer.members else self.path
        with opened(source) as archive:
            return read_member(archive, last)

    def unpacked(self) -> list["Handed"]:
        """List the files of this archive.

        Raises
        ------
        Unreadable
            If it is none, or has too many files.
        """
        content = self.read()
        if content.count(ENTRY) > MOST:  # before zipfile makes an object of each
            raise Unreadable(f"it holds more than {MOST} files")
        with opened(io.BytesIO(content)) as archive:
            return members_of(archive, self)


def read_bytes(path) -> bytes:
    """Return what is in a file that was handed in.

    Raises
    ------
    Unreadable
        If it is no plain file, too large, or can not be read.
    """
    try:
        status = Path(path).lstat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is a link or a device; expected a plain file")
        if status.st_size > LARGEST:
            size, most = status.st_size / 1e6, LARGEST / 1e6
            raise Unreadable(f"the file has {size:.0f} MB; at most {most:.0f} are read")
        return Path(path).read_bytes()
    except OSError as error:
        raise Unreadable(f"it can not be read: {error.strerror}") from None


def files_below(folder) -> list[Handed]:
    """List the files of one student's folder; links are not followed."""
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not any(map(is_hidden, parts)) and not path.is_symlink() and path.is_file():
            found.append(Handed(path, tuple(map(composed, parts))))
    return found


@contextlib.contextmanager
def opened(source):
    """Open an archive; whatever is wrong with it is said in one kind of error."""
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except Unreadable:
        raise
    except FAULTS as error:
        why = str(error) or type(error).__name__
        raise Unreadable(
            f"it is no .zip archive, or a damaged one: {why[:80]}"
        ) from None


def members_of(archive, outer) -> list[Handed]:
    """List the files of an open archive, without links and what programs leave."""
    if len(archive.infolist()) > MOST:
        raise Unreadable(f"it holds more than {MOST} files")
    found = []
    for index, info in enumerate(archive.infolist()):
        parts = parts_of(info)
        link = stat.S_ISLNK(info.external_attr >> 16)
        if parts and not (info.is_dir() or link or any(map(is_hidden, parts))):
            found.append(Handed(outer.path, parts, (*outer.members, index)))
    return found


def parts_of(info) -> tuple[str, ...]:
    """Return folders and name of a member, in the letters of its maker.

    Without the flag for UTF-8, macOS writes UTF-8 all the same, and Korean Windows
    its code page 949; ``zipfile`` then reads the bytes as those of code page 437.
    """
    name = info.filename
    if not info.flag_bits & UTF_8:
        with contextlib.suppress(UnicodeEncodeError):
            name = decoded(name.encode("cp437"))
    parts = composed(name).replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def decoded(name) -> str:
    """Return the first reading of a name that makes sense."""
    for encoding in ("utf-8", "cp949"):
        with contextlib.suppress(UnicodeDecodeError):
            return name.decode(encoding)
    return name.decode("cp437")


def composed(name) -> str:
    """Return a name with whole Korean syllables: macOS takes them apart."""
    return unicodedata.normalize("NFC", name)


def read_member(archive, index) -> bytes:
    """Return the content of one member, and never more than the limit."""
    info = archive.infolist()[index]
    if info.flag_bits & ENCRYPTED:
        raise Unreadable("it is encrypted; expected an archive without a password")
    if info.compress_type not in PLAIN:
        raise Unreadable(
            f"it is packed by method {info.compress_type}; expected an ordinary .zip"
        )
    with archive.open(info) as member:
        content = member.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unreadable(f"it unpacks to more than {LARGEST / 1e6:.0f} MB")
    return content


def is_hidden(name) -> bool:
    """Tell whether a program left this file or folder, and no student."""
    return name.startswith(".") or name in SKIPPED
