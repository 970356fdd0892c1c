"""Skip the notebooks that need PyTorch where it is not installed."""

import importlib.util
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
REASON = "PyTorch, which this notebook is about, is not installed"


def needs_torch(path):
    """Tell whether a file is a notebook of this folder that imports PyTorch."""
    if path.suffix != ".ipynb" or path.parent != FOLDER:
        return False
    return bool(re.search(r'"import torch\b', path.read_text("utf-8")))


def pytest_collection_modifyitems(items):
    """Mark every cell of such a notebook."""
    if importlib.util.find_spec("torch") is not None:
        return
    needy = {path for path in {item.path for item in items} if needs_torch(path)}
    for item in items:
        if item.path in needy:
            item.add_marker(pytest.mark.skip(reason=REASON))
