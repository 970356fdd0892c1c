"""Run one notebook where it can harm nobody: bubblewrap on Linux, or not at all.

The notebook and the hidden inputs come in through one pipe, the results leave through
another; no file of a student's making is ever opened out here. Limits on time, memory,
processes, file size and on what is handed out are kept from both sides.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .bubblewrap import HOME, LIBRARIES, bubblewrap, environment, kernel_version
from .inside.wire import BrokenBundle, pack, unpack
from .watch import Watch

MEGA = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How much one submission may use.

    Attributes
    ----------
    cell_seconds, total_seconds, margin : float
        Time for one cell, for the notebook, and for starting and handing over.
    memory, resident : int
        Bytes of address space of one process; bytes of real memory of all together.
    processes : int
        Processes and threads.
    file_bytes, disk_bytes : int
        Of one file; of each of three folders, which lie in memory.
    output_bytes, result_bytes : int
        Of what the cells print; of what is recorded for the grader.
    """

    cell_seconds: float = 60
    total_seconds: float = 300
    margin: float = 20
    memory: int = 4000 * MEGA
    resident: int = 2000 * MEGA
    processes: int = 128
    file_bytes: int = 64 * MEGA
    disk_bytes: int = 64 * MEGA
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

    def with_fonts(self, folder) -> "Sandbox":
        """Return a sandbox with Matplotlib's list of fonts, which takes seconds."""
        folder = Path(folder, "matplotlib")
        if not list(folder.glob("fontlist*.json")):
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [sys.executable, "-c", "import matplotlib.font_manager"],
                env={**os.environ, "MPLCONFIGDIR": str(folder)},
                capture_output=True,
            )
        lists = {f"matplotlib/{p.name}": p for p in folder.glob("fontlist*.json")}
        extra = {name: path.read_bytes() for name, path in lists.items()}
        return replace(self, extra=self.extra | extra)

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
            return self._run("/tmp", HOME, notebook, inputs, wanted, slot)
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
            command = [*bubblewrap(self.limits.disk_bytes, slot), *command]
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
        deadline = start + self.limits.total_seconds + self.limits.margin
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
        if not fine:
            raise BrokenBundle("the report is not what a runner writes")
    except (BrokenBundle, KeyError, ValueError) as error:
        return replace(outcome, why=f"its report can not be read: {error}"[:200])
    if "broken" in report:
        return replace(outcome, why=f"the kernel: {report['broken']}"[:300])
    return replace(outcome, report=report, recorded=files)
