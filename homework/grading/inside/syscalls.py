"""Refuse the system calls that no exercise needs and that could do harm.

Memory that belongs to no process (``memfd_create``, ``shmget``) would escape every
limit; the others have been doors out of sandboxes before.
"""

import ctypes
import errno
import platform
import struct

# Numbers of the calls by machine, from the kernel's tables.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "ptrace": (101, 117),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "add_key": (248, 217),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
}

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
FOREIGN = 0x40000000  # calls from here on belong to another way of calling (x32)
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


def refuse_system_calls() -> bool:
    """Set the filter for this process and its children; tell whether it is set."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return False
    column = list(ARCHITECTURES).index(machine)
    numbers = [pair[column] for pair in REFUSED.values()]
    code = filter_of(ARCHITECTURES[machine], numbers)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    holder = ctypes.create_string_buffer(program)
    return prctl(PR_SET_SECCOMP, FILTER, ctypes.addressof(holder), 0, 0) == 0


def filter_of(architecture, numbers) -> bytes:
    """Return the filter: another architecture or a listed number is refused."""
    steps = [
        (LOAD, 0, 0, 4),  # the architecture
        (EQUAL, 0, len(numbers) + 3, architecture),
        (LOAD, 0, 0, 0),  # the number of the call
        (AT_LEAST, len(numbers) + 1, 0, FOREIGN),
    ]
    for k, number in enumerate(numbers):
        steps.append((EQUAL, len(numbers) - k, 0, number))
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
