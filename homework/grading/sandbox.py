"""Run one notebook where it can harm nobody: bubblewrap on Linux, or not at all.

Inside there is a read-only system, no network, an empty home in memory, and nothing of
the homework but the notebook itself and the hidden inputs. They come in through one
pipe, the results leave through another. Limits on time, memory, processes, file size
and on what is handed out are kept from both sides.
"""

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cnnlib

from .inside.wire import BrokenBundle, pack, unpack
from .watch import Watch

INSIDE = Path(__file__).parent / "inside"
LIBRARIES = Path(cnnlib.__file__).resolve().parents[1]  # the folder that holds cnnlib
MEGA = 1_000_000
MARGIN = 20.0  # seconds for starting up and handing over


class NoSandbox(RuntimeError):
    """Nothing here can confine a student's code."""


@dataclass(frozen=True)
class Limits:
    """How much one submission may use.

    Attributes
    ----------
    cell_seconds, total_seconds : float
        Time for one cell, and for the notebook.
    memory, resident : int
        Bytes of address space of one process; bytes of real memory of all together.
    processes : int
        Processes and threads.
    file_bytes, disk_bytes : int
        Of one file; of all files, which lie in memory.
    output_bytes, result_bytes : int
        Of what the cells print; of what is recorded for the grader.
    """

    cell_seconds: float = 60
    total_seconds: float = 300
    memory: int = 4000 * MEGA
    resident: int = 2000 * MEGA
    processes: int = 128
    file_bytes: int = 64 * MEGA
    disk_bytes: int = 128 * MEGA
    output_bytes: int = 8 * MEGA
    result_bytes: int = 64 * MEGA


@dataclass
class Outcome:
    """What came out of one run.

    Attributes
    ----------
    report : dict or None
        What the runner says of each cell. None: there is no report.
    recorded : dict of str to bytes
        Files of results.
    why : str
        Why there is no report.
    seconds, peak_memory : float
        Duration, and the most memory that was seen in use, in bytes.
    """

    report: dict | None = None
    recorded: dict = field(default_factory=dict)
    why: str = ""
    seconds: float = 0.0
    peak_memory: float = 0.0


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
    command = [*bubblewrap(Limits(), 0), sys.executable, "-c", "import nbclient, numpy"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if run.returncode == 0:
        return ""
    last = (run.stderr.strip().splitlines() or ["no message"])[-1]
    return (
        f"bubblewrap does not start here: {last[:200]} (Ubuntu 24.04 needs: "
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0)"
    )


def bubblewrap(limits, slot) -> list[str]:
    """Return the command before the command: what the sandbox looks like."""
    size = ["--size", str(limits.disk_bytes // 2), "--perms", "1777"]
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
    command += ["--new-session", "--cap-drop", "ALL", "--clearenv"]
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
    command += ["--remount-ro", "/dev", *size, "--tmpfs", "/tmp"]
    command += [
        "--dir",
        "/home",
        *size,
        "--tmpfs",
        "/home/student",
        "--remount-ro",
        "/",
    ]
    command += ["--chdir", "/home/student"]
    for name, value in environment("/home/student", "/tmp").items():
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
            "PYTHONPATH": f"{'/grader' if home == '/home/student' else INSIDE.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "CNNLIB_OFFLINE": "1",
            "MPLCONFIGDIR": str(Path(temporary, "matplotlib")),
        }
    )


@dataclass(frozen=True)
class Sandbox:
    """A place to run notebooks in.

    Attributes
    ----------
    limits : Limits
    confined : bool
        False runs the code like your own, with nothing but time limits.
    extra : dict of str to bytes
        Files to lay into the temporary folder, such as Matplotlib's list of fonts.
    """

    limits: Limits = Limits()
    confined: bool = True
    extra: dict = field(default_factory=dict)

    def run(self, notebook, inputs, wanted, slot=0) -> Outcome:
        """Run a notebook and return what it recorded.

        Parameters
        ----------
        notebook : dict
            Ready to run.
        inputs : dict of str to bytes
            The hidden cases: ``inputs/<exercise>/<k>.npz``. Without any, nothing
            tells the student's code that it is being graded.
        wanted : list of str
            Names of the files to bring back.
        slot : int
            The number of the worker.
        """
        if self.confined:
            return self._run("/tmp", "/home/student", notebook, inputs, wanted, slot)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            home = Path(folder, "home")
            home.mkdir()
            return self._run(folder, str(home), notebook, inputs, wanted, slot)

    def _run(self, temporary, home, notebook, inputs, wanted, slot):
        work = f"{temporary}/grading"
        limits = asdict(self.limits) | {
            "sandboxed": self.confined,
            "processor_seconds": int(self.limits.total_seconds) + 10,
            "processes": self._processes(),
        }
        kernel = {"PYTHONPATH": str(LIBRARIES), "CNNLIB_GRADING": work}
        header = {
            "notebook": notebook,
            "limits": limits,
            "work": work,
            "cwd": home,
            "environment": kernel if inputs else {"PYTHONPATH": str(LIBRARIES)},
            "wanted": wanted,
        }
        files = inputs | {f"../{name}": data for name, data in self.extra.items()}
        command = [sys.executable, "-m", "inside"]
        variables = environment(home, temporary)
        if self.confined:
            command = [*bubblewrap(self.limits, slot), *command]
            variables = None
        return self._talk(command, variables, pack(header, files))

    def _processes(self):
        """Return the limit on processes; None where it would hit your own."""
        if not self.confined:
            return None
        if os.geteuid() == 0 or kernel_version() >= (5, 14):
            return self.limits.processes
        mine = sum(1 for _ in Path("/proc").glob("[0-9]*/task/*"))
        return self.limits.processes + mine  # older kernels count the user's others

    def _talk(self, command, variables, bundle):
        """Send the bundle, read the reply, and end whoever is late or greedy."""
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=variables,
            start_new_session=True,
        )
        most = self.limits.result_bytes + 2 * self.limits.output_bytes + MEGA
        reply = []
        reader = threading.Thread(
            target=lambda: reply.append(process.stdout.read(most + 1)), daemon=True
        )
        writer = threading.Thread(target=send, args=(process, bundle), daemon=True)
        watch = Watch(process.pid, self.limits.resident)
        reader.start()
        writer.start()
        deadline = start + self.limits.total_seconds + MARGIN
        why = ""
        while reader.is_alive() and not why:
            reader.join(watch.every)
            if watch.exceeded():
                why = (
                    f"it used more than {self.limits.resident / MEGA:.0f} MB of memory"
                )
            elif time.monotonic() > deadline:
                why = f"it did not end within {self.limits.total_seconds:.0f} seconds"
        end(process, self.confined)
        reader.join()
        writer.join()
        process.stdout.close()
        outcome = Outcome(why=why, peak_memory=watch.peak)
        outcome.seconds = time.monotonic() - start
        return outcome if why else read_reply(b"".join(reply), most, outcome)


def kernel_version() -> tuple[int, ...]:
    """Return the first two numbers of the Linux kernel's version."""
    return tuple(int(n) for n in re.findall(r"\d+", platform.release())[:2])


def send(process, bundle) -> None:
    """Write the bundle; a runner that is gone already does not matter."""
    try:
        process.stdin.write(bundle)
        process.stdin.close()
    except OSError:
        return


def end(process, confined) -> None:
    """End a run and all that it has started; a sandbox dies with its first process."""
    if not confined and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def read_reply(reply, most, outcome) -> Outcome:
    """Take a reply apart, believing nothing that it says."""
    if len(reply) > most:
        return replace(outcome, why="it handed out far too much")
    if not reply:
        return replace(
            outcome, why="the run was broken off from inside, with no report"
        )
    try:
        report, files = unpack(reply)
        json.dumps(report)  # no surprises later
        cells = report["cells"]
        fine = isinstance(cells, list) and all(isinstance(c, dict) for c in cells)
        if not fine or not isinstance(report["outputs"], list):
            raise BrokenBundle("the report is not what a runner writes")
    except (BrokenBundle, KeyError, ValueError) as error:
        return replace(outcome, why=f"its report can not be read: {error}"[:200])
    if "broken" in report:
        return replace(outcome, why=f"the kernel: {report['broken']}"[:300])
    return replace(outcome, report=report, recorded=files)
