"""What every run shares: no network, no display, nothing of the user's own setup.

Notebook kernels inherit the environment that is set here, when `notebooks/` is run
together with `tests/` (plain `pytest`, `make test`).
"""

import os
import tempfile
from pathlib import Path

import pytest

os.environ["CNNLIB_OFFLINE"] = "1"
os.environ.pop("MPLBACKEND", None)  # the matplotlibrc below decides

MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def pytest_configure(config):
    """Keep Jupyter, IPython and Matplotlib away from the home folder."""
    config.addinivalue_line(
        "markers", "requires_mnist: skipped where the four MNIST files are missing"
    )
    scratch = tempfile.TemporaryDirectory(prefix="cnnlib-", ignore_cleanup_errors=True)
    config.add_cleanup(scratch.cleanup)
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        folder = Path(scratch.name, name.lower())
        folder.mkdir()
        os.environ[name] = str(folder)

    # Kept between runs, since building the font cache takes seconds. Tests draw with
    # Agg; a kernel sets its own inline backend, which an environment variable from
    # here would override.
    matplotlib_folder = config.cache.mkdir("matplotlib")
    (matplotlib_folder / "matplotlibrc").write_text("backend: Agg\n")
    os.environ["MPLCONFIGDIR"] = str(matplotlib_folder)


def find_mnist():
    """Return the folder that holds MNIST, in CNNLIB_DATA or the cache, or None."""
    import pooch

    cache = os.environ.get("CNNLIB_CACHE") or pooch.os_cache("cnnlib")
    for parent in filter(None, (os.environ.get("CNNLIB_DATA"), cache)):
        folder = Path(parent, "mnist")
        if all((folder / name).is_file() for name in MNIST_FILES):
            return folder
    return None


def pytest_collection_modifyitems(items):
    """Skip what needs MNIST where there is none."""
    marked = [item for item in items if item.get_closest_marker("requires_mnist")]
    if marked and find_mnist() is None:
        reason = "MNIST is neither in CNNLIB_DATA nor in the cache"
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def torch():
    """PyTorch as an oracle, on one thread: small arrays gain nothing from more."""
    module = pytest.importorskip(
        "torch", reason="PyTorch, the optional oracle, is not installed"
    )
    module.set_num_threads(1)
    return module


@pytest.fixture
def rng():
    """Give each test its own stream, the same in every run."""
    import numpy as np

    return np.random.default_rng(0)
