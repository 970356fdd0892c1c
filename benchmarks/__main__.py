"""Run the benchmarks: ``python -m benchmarks --help``."""

import argparse
import contextlib
import os
import subprocess
import sys

from . import machine, report
from .case import NAMES, Setup
from .catalogue import CASES
from .timing import check_agreement, race
from .torch_worker import TorchWorker, torch_is_installed
from .worker import NumpyWorker


def arguments():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time cnnlib next to the book's algorithm and to PyTorch.",
        epilog="Cases: " + ", ".join(case.name for case in CASES),
    )
    add = parser.add_argument
    add("--seconds", type=float, default=12, help="time a case (default 12)")
    add("--quick", action="store_true", help="2 seconds a case, without the epoch")
    add(
        "--only",
        nargs="+",
        metavar="NAME",
        help="cases whose name contains one of these",
    )
    add("--no-epoch", action="store_true", help="leave the epoch out (minutes)")
    add("--no-book", action="store_true", help="leave the book's algorithm out")
    add("--no-textbook", action="store_true", help="leave the textbook engine out")
    add("--no-torch", action="store_true", help="leave PyTorch out")
    add(
        "--native", action="store_true", help=f"unset {' and '.join(machine.HELD_BACK)}"
    )
    add("--markdown", action="store_true", help="print the table of the README")
    add("--list", action="store_true", help="print the names of the cases and stop")
    return parser


def chosen(options):
    """Return the cases to run."""
    skip_epoch = options.no_epoch or (options.quick and not options.only)
    return [
        case
        for case in CASES
        if (not options.only or any(part in case.name for part in options.only))
        and not (skip_epoch and case.name == "epoch")
    ]


def run(cases, setup, workers, seconds, say):
    """Run cases one after the other; return them with their results."""
    results = []
    for case in cases:
        contenders = case.build(setup)
        for worker in workers:
            contenders += worker.contenders(case)
        check_agreement(contenders, case.rtol)
        result = race(contenders, seconds, case.least, case.most)
        say(report.block(case, result) + "\n")
        results.append((case, result))
    return results


def again_natively():
    """Run this very command without the settings that hold OpenBLAS back.

    A library reads them while it is loaded, so it has to be a new process.
    """
    rest = [argument for argument in sys.argv[1:] if argument != "--native"]
    environment = {k: v for k, v in os.environ.items() if k not in machine.HELD_BACK}
    command = [sys.executable, "-m", "benchmarks", *rest]
    if os.name == "posix":
        os.execve(sys.executable, command, environment)  # ends this one
    return subprocess.run(command, env=environment, check=False).returncode


def main():
    """Run what the command line asks for."""
    options = arguments().parse_args()
    if options.list:
        print("\n".join(f"{case.name:<16}{case.title}" for case in CASES))
        return 0
    if options.native and not machine.is_native():
        return again_natively()
    cases = chosen(options)
    if not cases:
        print(f"no case is called {options.only}; --list shows the names")
        return 2
    out = {name for name in NAMES if getattr(options, f"no_{name.lower()}", False)}
    if options.no_torch or not torch_is_installed():
        out.add("PyTorch")
    names = [name for name in NAMES if name not in out]
    seconds = 2 if options.quick else options.seconds

    def say(text):
        print(text, file=sys.stderr if options.markdown else sys.stdout, flush=True)

    with contextlib.ExitStack() as processes:
        start = processes.enter_context
        torch = start(TorchWorker()) if "PyTorch" in names else None
        workers = [start(NumpyWorker(n)) for n in ("book", "textbook") if n in names]
        facts = machine.describe(torch and torch.facts)
        say(report.facts_text(facts) + "\n")
        results = run(cases, Setup(("fast",), torch), workers, seconds, say)
    if options.markdown:
        print(report.facts_markdown(facts), report.table(results), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
