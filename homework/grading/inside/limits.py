"""Limits that a process sets for itself and all its children; nobody can raise them."""

import contextlib
import ctypes
import os
import threading
import time

from .syscalls import refuse_system_calls

try:
    import resource
except ImportError:  # Windows
    resource = None

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
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
        refuse_system_calls()
        guard_memory(0.7 * limits["resident"])


def lower(kind, value) -> None:
    """Set a limit unless a stricter one stands already."""
    if kind is None:
        return
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some
        resource.setrlimit(kind, (value, value))


def guard_memory(most) -> None:
    """End the student's processes when together they use too much memory.

    What was recorded before is kept. The grader watches too, from outside, and would
    end the whole run.
    """

    def watch():
        while True:
            if used_by_others() > most:
                kill_everything_else()
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()


def used_by_others() -> int:
    """Return how many bytes of memory all other processes of the sandbox use."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/statm") as file:
                total += int(file.read().split()[1]) * PAGE
    return total


def kill_everything_else() -> None:
    """End every other process of the sandbox: nothing is written from now on."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(-1, 9)
