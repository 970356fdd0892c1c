"""The command that makes the sandbox: bubblewrap, and what can be seen inside.

Inside there is a read-only system, no network, an empty home in memory, and nothing of
the homework. As root, setpriv turns the code into a user without any rights; as anybody
else, bubblewrap does the same with a user namespace.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cnnlib

INSIDE = Path(__file__).parent / "inside"
LIBRARIES = Path(cnnlib.__file__).resolve().parents[1]  # the folder that holds cnnlib
HOME = "/student"
DISK = 64_000_000  # bytes of each of the three places that can be written


def why_no_sandbox() -> str:
    """Return "" if the sandbox works on this machine, otherwise the reason."""
    if not sys.platform.startswith("linux"):
        return f"there is none for {sys.platform}; use Linux, a container, or WSL 2"
    missing = [name for name in ("bwrap", "setpriv") if not shutil.which(name)]
    if missing:
        return (
            f"{' and '.join(missing)} can not be found; "
            "on Debian and Ubuntu: sudo apt install bubblewrap util-linux"
        )
    command = [*bubblewrap(DISK, 0), sys.executable, "-c", "import nbclient, numpy"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if run.returncode == 0:
        return ""
    last = (run.stderr.strip().splitlines() or ["no message"])[-1]
    return (
        f"bubblewrap does not start here: {last[:200]} (Ubuntu 24.04 needs: "
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0)"
    )


def bubblewrap(disk_bytes, slot) -> list[str]:
    """Return the command before the command: what the sandbox looks like."""
    size = ["--size", str(disk_bytes), "--perms", "1777"]
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
    command += ["--new-session", "--cap-drop", "ALL", "--clearenv"]
    command += [*size, "--tmpfs", "/tmp"]  # first: the course itself may lie in there
    for path in visible_folders():
        for parent in reversed(path.parents[:-1]):
            command += ["--dir", str(parent)]  # readable, whoever owns the real one
        command += ["--ro-bind", str(path), str(path)]
    for link in ("bin", "lib", "lib32", "lib64", "sbin"):
        if Path("/", link).is_symlink():
            command += ["--symlink", os.readlink(Path("/", link)), f"/{link}"]
        elif Path("/", link).is_dir():
            command += ["--ro-bind", f"/{link}", f"/{link}"]
    command += ["--dir", "/grader", "--ro-bind", str(INSIDE), "/grader/inside"]
    for name in ("ld.so.cache", "alternatives", "fonts", "localtime"):
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm"]
    command += ["--remount-ro", "/dev"]
    command += [*size, "--tmpfs", HOME, "--remount-ro", "/"]
    command += ["--chdir", HOME]
    for name, value in environment(HOME, "/tmp").items():
        command += ["--setenv", name, value]
    if os.geteuid() == 0:
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        command += ["--cap-add", "CAP_SETPCAP", "setpriv", *become(user_of(slot))]
    return command


def visible_folders() -> list[Path]:
    """Return the folders that can be read in the sandbox: Python, and cnnlib alone."""
    folders = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix)]
    folders += [LIBRARIES / "cnnlib"]
    data = os.environ.get("CNNLIB_DATA")
    if data and Path(data).is_dir():
        folders.append(Path(data))
    kept = []
    for path in dict.fromkeys(folder.absolute() for folder in folders):
        if not any(other in path.parents for other in kept):
            kept.append(path)
    return kept


def become(user) -> list[str]:
    """Return setpriv's options: another user, no powers, and no way to get any."""
    options = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [*options, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]


def user_of(slot) -> int:
    """Return a user number for each place: they must not share a process limit."""
    return 20_000 + (os.getpid() * 16 + slot) % 40_000


def environment(home, temporary) -> dict[str, str]:
    """Return the environment of the runner and of the student's kernel."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    kept = {n: os.environ[n] for n in ("CNNLIB_DATA", "SYSTEMROOT") if n in os.environ}
    return (
        threads
        | kept
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": home,
            "USERPROFILE": home,
            "USER": "student",
            "TMPDIR": temporary,
            "TEMP": temporary,
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{'/grader' if home == HOME else INSIDE.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "CNNLIB_OFFLINE": "1",
            "MPLCONFIGDIR": str(Path(temporary, "matplotlib")),
        }
    )


def kernel_version() -> tuple[int, ...]:
    """Return the first two numbers of the Linux kernel's version."""
    return tuple(int(n) for n in re.findall(r"\d+", platform.release())[:2])
