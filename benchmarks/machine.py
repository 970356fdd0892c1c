"""Where the figures come from: the facts that change them, and no date."""

import os
import platform

import numpy as np
import threadpoolctl

BLAS_SETTINGS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS")
HELD_BACK = BLAS_SETTINGS[:2]  # unset for figures that are called native


def describe(torch_facts=None):
    """Return pairs of a name and a fact about this machine and its software.

    Parameters
    ----------
    torch_facts : dict, optional
        Version and threads, as the PyTorch process reports them.
    """
    facts = [
        ("processor", f"{processor()}, {cores()} cores"),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Python", f"{platform.python_version()}, NumPy {np.__version__}"),
        *((f"BLAS of {name}", text) for name, text in blas()),
        (
            "settings",
            ", ".join(f"{s}={os.environ.get(s, 'unset')}" for s in BLAS_SETTINGS),
        ),
        ("figures", "native" if is_native() else "held back by these settings"),
    ]
    if torch_facts:
        threads = torch_facts["threads"]
        facts.append(("PyTorch", f"{torch_facts['version']}, {threads} threads"))
    return facts


def is_native() -> bool:
    """Tell whether BLAS was free to choose its kernels."""
    return not any(setting in os.environ for setting in HELD_BACK)


def processor() -> str:
    """Return the model name of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line for line in file if line.startswith("model name")]
        return lines[0].split(":", 1)[1].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def blas():
    """Yield, for each linear algebra library that is loaded, its owner and facts."""
    for library in threadpoolctl.threadpool_info():
        if library["user_api"] == "blas":
            words = (
                library["internal_api"],
                library["version"],
                library.get("architecture", ""),
                f"{library['num_threads']} threads",
            )
            owner = "SciPy" if "scipy.libs" in library["filepath"] else "NumPy"
            yield owner, ", ".join(word for word in words if word)
