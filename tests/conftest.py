"""What every run shares: no network, no display, nothing of the user's own setup.

Notebook kernels inherit the environment that is set here, when `notebooks/` is run
together with `tests/` (plain `pytest`, `make test`).
"""

import os
import tempfile
from pathlib import Path

import pytest

os.environ["CNNLIB_OFFLINE"] = "1"
# Small products gain nothing from more threads, and where other work is going on
# threads that wait for each other make a notebook ten times slower (measured).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("MPLBACKEND", None)  # the matplotlibrc below decides


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
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    matplotlib_folder = cache.mkdir("matplotlib") if cache else Path(scratch.name)
    (matplotlib_folder / "matplotlibrc").write_text("backend: Agg\n")
    os.environ["MPLCONFIGDIR"] = str(matplotlib_folder)


def has_mnist():
    """Tell whether the four MNIST files lie in CNNLIB_DATA or in the cache."""
    from cnnlib.fetch import MNIST, cache_folder, data_folder

    folders = filter(None, (data_folder(MNIST), cache_folder(MNIST)))
    return any(all((f / name).is_file() for name in MNIST.files) for f in folders)


def pytest_collection_modifyitems(items):
    """Skip what needs MNIST where there is none."""
    marked = [item for item in items if item.get_closest_marker("requires_mnist")]
    if marked and not has_mnist():
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
