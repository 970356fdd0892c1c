"""What a benchmark case is, and the data that several cases share."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .timing import Contender

NAMES = ("book", "textbook", "fast", "PyTorch")


@dataclass(frozen=True)
class Setup:
    """Who takes part, and at which size.

    Attributes
    ----------
    names : tuple of str
        Of ``NAMES``.
    torch : TorchWorker or None
        The process that runs PyTorch.
    tiny : bool
        Take sizes that are computed at once: for the tests.
    """

    names: tuple = NAMES
    torch: object = None
    tiny: bool = False

    def numpy_names(self):
        """Return who takes part in this process."""
        return [name for name in self.names if name != "PyTorch"]

    def torch_contenders(self, kind, **arrays):
        """Return the variants of PyTorch for one kind of work, none if it is out."""
        return [] if self.torch is None else self.torch.contenders(kind, **arrays)


@dataclass(frozen=True)
class Case:
    """One piece of work that all contenders do.

    Attributes
    ----------
    name, title : str
        For ``--only``, and for people.
    build : callable
        ``build(setup)`` returns the contenders.
    book, torch : float or None
        The target: how many times faster than these the fast engine has to be.
    limit : float or None
        The most that the fast engine may take, in the unit of the case.
    unit : {'s', 'B'}
        Seconds or bytes.
    least, most : int
        Bounds on the number of rounds.
    rtol : float
        How far results may be apart.
    """

    name: str
    title: str
    build: Callable[[Setup], list[Contender]]
    book: float | None = None
    torch: float | None = None
    limit: float | None = None
    unit: str = "s"
    least: int = 3
    most: int = 200
    rtol: float = 1e-3


def images(*shape, seed=7):
    """Return random float32 images or weights around 0."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape, dtype=np.float32)


def batch_last(x):
    """Return the same images, lying in memory as the fast layers hand them on."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)


def digits(n, size=28, seed=7):
    """Return n random images of intensities in [0, 1], and labels."""
    rng = np.random.default_rng(seed)
    return rng.random((n, 1, size, size), dtype=np.float32), rng.integers(0, 10, n)


def mnist():
    """Return MNIST if it is on this computer, else random data of that shape."""
    from cnnlib.data import load_mnist

    before = os.environ.get("CNNLIB_OFFLINE")
    os.environ["CNNLIB_OFFLINE"] = "1"  # a benchmark downloads nothing
    try:
        return load_mnist()
    except FileNotFoundError:
        return digits(60_000), digits(10_000, seed=8)
    finally:
        os.environ.pop("CNNLIB_OFFLINE")
        if before is not None:
            os.environ["CNNLIB_OFFLINE"] = before
