"""Execute the cells of one notebook, whatever they do, and report on each."""

import asyncio
import os
import stat
import time
from pathlib import Path

import nbformat
import zmq.asyncio
from jupyter_client import AsyncKernelClient
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from traitlets import default

from .limits import kill_everything_else
from .wire import pack, unpack

GRACE = 3.0  # seconds between asking a cell to stop and ending its kernel
LARGEST = 16_000_000  # bytes of one message of the kernel
WORDS = 300  # characters of an error's text that are worth keeping
ARGUMENTS = [
    "--HistoryManager.enabled=False",
    "--InlineBackend.figure_formats=set()",  # nobody looks: figures are not painted
]


class QuietClient(NotebookClient):
    """A client that drops what is printed beyond a limit, and all widgets."""

    room = 0

    def output(self, outs, msg, display_id, cell_index):
        """Keep an output if there is room for it."""
        size = weight(msg["content"])
        if size > self.room:
            self.room = min(self.room, 1000)
            return None
        self.room -= size
        return super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, outs, msg, cell_index):
        """Widgets need a browser; here they are silent."""


class NarrowClient(AsyncKernelClient):
    """A connection that a flood can not fill: few messages wait, huge ones are lost."""

    @default("context")
    def _narrow_context(self):
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST)
        context.setsockopt(zmq.RCVHWM, 10)
        return context


def weight(content) -> int:
    """Return about how many characters an output has."""
    parts = [*content.values(), *content.get("data", {}).values()]
    parts += content.get("traceback", [])
    return sum(len(part) for part in parts if isinstance(part, str)) + 100


def serve(data, confine) -> bytes:
    """Unpack a bundle, run its notebook, and pack the report and the recordings."""
    header, files = unpack(data)
    work = Path(header["work"])
    for name, content in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    confine(header["limits"])
    notebook = nbformat.from_dict(header["notebook"])
    report = {"cells": []}
    try:
        asyncio.run(execute(notebook, header, report["cells"]))
    except Exception as error:  # the kernel did not even start
        report["broken"] = f"{type(error).__name__}: {error}"[:WORDS]
    if header["limits"]["sandboxed"]:
        kill_everything_else()
    recorded, report["left_out"] = collect(work, header)
    return pack(report, recorded)


async def execute(notebook, header, cells) -> None:
    """Run every code cell in order; append one entry for each cell to ``cells``."""
    limits = header["limits"]
    deadline = time.monotonic() + limits["total_seconds"]
    client = QuietClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        raise_on_iopub_timeout=True,
        interrupt_on_timeout=True,
        startup_timeout=limits["total_seconds"],
        ipython_hist_file="",
        shutdown_kernel="immediate",
    )
    client.room = limits["output_bytes"]
    client.extra_arguments = ARGUMENTS
    client.create_kernel_manager()
    client.km.client_factory = NarrowClient
    environment = {**os.environ, **header["environment"]}
    alive = True
    async with client.async_setup_kernel(cwd=header["cwd"], env=environment):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                cells.append({"status": "no code"})
                continue
            left = min(limits["cell_seconds"], deadline - time.monotonic())
            if not alive or left <= 0:
                cells.append({"status": "skipped"})
                continue
            entry = await run_cell(client, cell, index, left)
            alive = not entry.pop("dead", False)
            cells.append(entry)


async def run_cell(client, cell, index, seconds) -> dict:
    """Run one cell and say how it went."""
    client.timeout = max(1, round(seconds))
    start = time.monotonic()
    entry = {"status": "ok"}
    try:
        running = client.async_execute_cell(cell, index)
        await asyncio.wait_for(running, client.timeout + GRACE)
    except CellTimeoutError:  # the cell has ended; its output was never read
        entry["status"] = "flood"
        client.kc.stop_channels()
        await client.async_start_new_kernel_client()
    except Exception as error:
        late = time.monotonic() - start >= client.timeout
        died = isinstance(error, DeadKernelError) and not late
        entry = {"status": "died" if died else "timeout", "dead": True}
        if not died:
            await client.km.shutdown_kernel(now=True)
    else:
        failed = [o for o in cell.outputs if o.output_type == "error"]
        if failed:
            late = time.monotonic() - start >= client.timeout
            entry["status"] = "timeout" if late else "error"
            entry["error"] = f"{failed[-1].ename}: {failed[-1].evalue}"[:WORDS]
    entry["seconds"] = round(time.monotonic() - start, 3)
    return entry


def collect(work, header) -> tuple[dict, list]:
    """Read the recordings that the grader has asked for; list those left out."""
    files, left_out = {}, []
    room = header["limits"]["result_bytes"]
    for name in header["wanted"]:
        try:
            content = read_plain(work / name, min(room, header["limits"]["file_bytes"]))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            left_out.append([name, f"{type(error).__name__}: {error}"[:WORDS]])
            continue
        files[name] = content
        room -= len(content)
    return files, left_out


def read_plain(path, largest) -> bytes:
    """Read a regular file of limited size; a link, pipe or device is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a plain file")
        if status.st_size > largest:
            raise ValueError(f"{status.st_size} bytes, more than {largest}")
        return stream.read(largest)
