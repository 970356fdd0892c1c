"""Limits that a process sets for itself and all its children; nobody can raise them."""

import contextlib
import ctypes
import os

try:
    import resource
except ImportError:  # Windows
    resource = None

NOT_DUMPABLE = (4, 0)  # prctl: no other process of this user may look into this one


def confine(limits) -> None:
    """Limit memory, processor time, file size and the number of processes."""
    if resource is None:
        return
    for name, value in (
        ("RLIMIT_AS", limits["memory"]),
        ("RLIMIT_CPU", limits["processor_seconds"]),
        ("RLIMIT_FSIZE", limits["file_bytes"]),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", 256),
        ("RLIMIT_CORE", 0),
    ):
        if value is not None:
            lower(getattr(resource, name, None), value)
    if limits["sandboxed"]:
        # When the machine's memory runs out, Linux ends the student's code first.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as f:
            f.write("1000")
        ctypes.CDLL(None).prctl(*NOT_DUMPABLE)


def lower(kind, value) -> None:
    """Set a limit unless a stricter one stands already."""
    if kind is None:
        return
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some
        resource.setrlimit(kind, (value, value))


def kill_everything_else() -> None:
    """End every other process of the sandbox: nothing is written from now on."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(-1, 9)
