"""Watch how much memory a process and its children use."""

import contextlib

import psutil


class Watch:
    """The memory of a process tree, looked at again and again.

    Attributes
    ----------
    every : float
        Seconds between two looks.
    peak : int
        The most that was seen, in bytes.
    """

    every = 0.1

    def __init__(self, pid, most):
        self.pid, self.most, self.peak = pid, most, 0

    def exceeded(self) -> bool:
        """Look once; tell whether it is too much."""
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self.pid)
            total = 0
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
            self.peak = max(self.peak, total)
        return self.peak > self.most
