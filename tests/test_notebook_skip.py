"""Without PyTorch its notebook is skipped, with the reason, and no other one."""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

COLLECT = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", "-q", "-rs", *sys.argv[1:]]))
"""


def test_without_pytorch_notebook_10_is_skipped_with_the_reason():
    name = "notebooks/10_from_numpy_to_pytorch.ipynb"
    run = subprocess.run(
        [sys.executable, "-c", COLLECT, name], capture_output=True, text=True, cwd=ROOT
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PyTorch, which this notebook is about, is not installed" in run.stdout
    assert " passed" not in run.stdout
    assert " failed" not in run.stdout


def test_only_notebook_10_needs_pytorch():
    place = ROOT / "notebooks" / "conftest.py"
    spec = importlib.util.spec_from_file_location("notebooks_conftest", place)
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    paths = [*place.parent.iterdir(), *place.parent.parent.rglob("*.py")]
    assert [path.name for path in paths if conftest.needs_torch(path)] == [
        "10_from_numpy_to_pytorch.ipynb"
    ]
