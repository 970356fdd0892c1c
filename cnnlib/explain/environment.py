"""Is everything here that the course needs? And if not: what to do."""

import importlib.metadata
import re
import sys

from ..networks import SimpleConvNet
from .drawing import draw_strokes

__all__ = ["check_environment"]

PYTHON = (3, 11)

# The dependencies of pyproject.toml; a test holds the two lists together.
PACKAGES = {
    "numpy": "2",
    "matplotlib": "3.8",
    "scikit-learn": "1.4",
    "pooch": "1.8",
    "requests": "2.31",
    "tqdm": "4.66",
    "threadpoolctl": "3.5",
    "jupyterlab": "4.2",
    "ipywidgets": "8.1",
    "anywidget": "0.9",
}


def check_environment(version=importlib.metadata.version, python=sys.version_info):
    """Look for everything that the course needs, and say what to do if it is missing.

    Prints one line for each thing, and a verdict. Versions are compared but not
    printed, so the same text appears on every computer where all is well.

    Parameters
    ----------
    version : callable
        Returns the version of an installed package by its name.
    python : sequence of int
        The version of Python.

    Returns
    -------
    bool
        Whether all is well.
    """
    advice = {"Python": _python_advice(python)}
    for name, least in PACKAGES.items():
        advice[name] = _package_advice(name, least, version)
    advice["shipped network"] = _network_advice()
    for name, todo in advice.items():
        print(f"{name:<16} {'ok' if todo is None else todo}")
    well = not any(advice.values())
    print("\nAll is well. Go on." if well else "\nNot yet: do what stands above.")
    return well


def _python_advice(python):
    if tuple(python[:2]) >= PYTHON:
        return None
    return (
        f"TOO OLD: Python {PYTHON[0]}.{PYTHON[1]} or newer is needed. Install one, "
        "then run in the folder of the course: make lab"
    )


def _package_advice(name, least, version):
    try:
        found = version(name)
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found is not None and _numbers(found) >= _numbers(least):
        return None
    trouble = "MISSING" if found is None else f"TOO OLD ({found})"
    return (
        f'{trouble}. Run in a terminal: "{sys.executable}" -m pip install '
        f'"{name}>={least}" and restart the kernel.'
    )


def _network_advice():
    """Let the shipped network read a digit: layers, weights and data types at once."""
    seven = draw_strokes([[(5, 8), (5, 19), (23, 12)]])
    try:
        answer = SimpleConvNet.pretrained().predict(seven).argmax()
    except (FileNotFoundError, ValueError) as error:
        return f"DAMAGED: {error} Download the course again."
    return None if answer == 7 else f"WRONG: it reads {answer} where a 7 was drawn."


def _numbers(version):
    """Turn '2.10.1rc1' into (2, 10, 1): as text, 2.10 would come before 2.9."""
    return tuple(int(n) for n in re.findall(r"\d+", version)[:3])
