"""TrainingMonitor: see loss, accuracy and filters change while a network trains."""

import time

import numpy as np
import traitlets

from ..trainer import Trainer
from .base import CourseWidget
from .packing import levels, packed

INTERVAL = 0.1  # seconds between two pictures
SHARE = 0.02  # the part of the time that pictures may cost
POINTS = 256  # of the loss curve; more than a screen shows cost time only
FILTERS = 64


class TrainingMonitor(CourseWidget):
    """Watch a ``Trainer``: loss and accuracy, the filters, and a button to stop.

    Show it in one cell and train in the next. The picture follows about ten times a
    second and takes at most 2 % of the time. "Stop" ends training between two steps;
    nothing is lost, and training again goes on from there.

    Parameters
    ----------
    trainer : Trainer
        Its ``watch`` becomes this monitor.

    Attributes
    ----------
    trainer : Trainer
    figures : dict
        What is shown now.

    Raises
    ------
    TypeError
        If it is not a ``Trainer``.
    ValueError
        If somebody else watches the trainer already.

    Notes
    -----
    ``monitor.train()`` trains, and shows the progress bar only where nobody shows the
    monitor: in a terminal, in a script, in a test. ``trainer.train()`` works as well.

    References
    ----------
    notebooks/05_simple_convnet.ipynb.

    Examples
    --------
    >>> from cnnlib import SimpleConvNet, Trainer, load_digits
    >>> (x_train, t_train), (x_test, t_test) = load_digits()
    >>> network = SimpleConvNet(rng=7)
    >>> trainer = Trainer(network, x_train, t_train, x_test, t_test, epochs=2)
    >>> TrainingMonitor(trainer)
    TrainingMonitor: waiting, 0 of 2 epochs, 0 of 30 steps
    """

    scripts = ("tiles.js", "training.js")
    styles = ("network.css", "training.css")

    figures = traitlets.Dict().tag(sync=True)

    def __init__(self, trainer, **kwargs):
        if not isinstance(trainer, Trainer):
            raise TypeError(
                f"trainer is a {type(trainer).__name__}; expected a Trainer: "
                "TrainingMonitor(Trainer(network, x_train, t_train, x_test, t_test))."
            )
        if not isinstance(trainer.watch, TrainingMonitor | None):
            raise ValueError(
                f"{trainer.watch!r} watches this trainer already. Set trainer.watch = "
                "None first, or call the monitor there: monitor(trainer)."
            )
        self.trainer = trainer
        self._seen = False  # whether a page shows it
        self._running = False
        self._problem = ""
        self._next = 0.0
        self._loss = Curve(POINTS)
        super().__init__(**kwargs)
        trainer.watch = self
        self.show()
        self.on_msg(self._hear)

    def __call__(self, trainer) -> None:
        """Look at the trainer after a step; most of the time that is all."""
        self._running = True
        now = time.perf_counter()
        ended = trainer.stopped or trainer.epochs_done == trainer.epochs
        if now < self._next and not ended:
            return
        self._running = not ended
        self.show()
        after = time.perf_counter()
        self._next = after + max(INTERVAL, (after - now) / SHARE)

    def train(self) -> None:
        """Train as ``trainer.train()``, with a bar only if nobody sees the monitor."""
        verbose, self._problem, self._running = self.trainer.verbose, "", True
        self.trainer.verbose = verbose and not self._seen
        try:
            self.trainer.train()
        except FloatingPointError as error:
            self._problem = str(error)
            raise
        finally:
            self.trainer.verbose, self._running = verbose, False
            self.show()

    def show(self) -> None:
        """Show the present state of the trainer."""
        trainer = self.trainer
        self._loss.follow(trainer.train_loss_list)
        self.figures = {
            "state": self._state(),
            "problem": self._problem,
            "steps_done": trainer.steps_done,
            "steps": trainer.steps,
            "steps_per_epoch": trainer.steps_per_epoch,
            "epochs_done": trainer.epochs_done,
            "epochs": trainer.epochs,
            "loss": packed(self._loss.points()),
            "train_acc": list(trainer.train_acc_list),
            "test_acc": list(trainer.test_acc_list),
            "filters": first_filters(trainer.network),
        }

    def describe(self) -> str:
        """Say how far training is; no times, and no figures that differ by machine."""
        trainer = self.trainer
        return (
            f"{self._state()}, {trainer.epochs_done} of {trainer.epochs} epochs, "
            f"{trainer.steps_done} of {trainer.steps} steps"
        )

    def page_state(self) -> dict:
        """Return what a page shows: the curves as they are now."""
        self.show()
        return super().page_state()

    def _state(self) -> str:
        trainer = self.trainer
        if self._problem:
            return "failed"
        if trainer.epochs_done == trainer.epochs:
            return "done"
        if trainer.stopped:
            return "stopped"
        if self._running:
            return "training"
        return "paused" if trainer.steps_done else "waiting"

    def _hear(self, widget, content, buffers):
        """Listen to the page: it is there, or its button was pressed."""
        if content == "here":
            self._seen = True
        elif content == "stop" and self._running:
            self.trainer.stop()


class Curve:
    """The loss of every step, in few points: mean, least and most of equal stretches.

    When there are too many points, neighbours become one, so that a long training
    costs no more than a short one.

    Parameters
    ----------
    most : int
        The number of points that is never passed; even.
    """

    def __init__(self, most):
        self.most = most
        self.restart()

    def restart(self):
        """Forget everything."""
        self.stretch, self.steps = 1, 0
        self.rows = []  # sum, least, most of each full stretch
        self.open = []  # the losses of the last one, which is not full

    def follow(self, losses) -> None:
        """Add what is new in the list; start again if it became shorter."""
        if len(losses) < self.steps:
            self.restart()
        for loss in losses[self.steps :]:
            self.open.append(loss)
            if len(self.open) == self.stretch:
                self._close()
        self.steps = len(losses)

    def _close(self):
        self.rows.append((sum(self.open), min(self.open), max(self.open)))
        self.open = []
        if len(self.rows) == self.most:
            pairs = zip(self.rows[::2], self.rows[1::2], strict=True)
            self.rows = [
                (a[0] + b[0], min(a[1], b[1]), max(a[2], b[2])) for a, b in pairs
            ]
            self.stretch *= 2

    def points(self):
        """Return (points, 4): the middle of the stretch in steps, mean, least, most."""
        rows = [
            (self.stretch * (k + 0.5) + 0.5, total / self.stretch, least, most)
            for k, (total, least, most) in enumerate(self.rows)
        ]
        if self.open:
            n, full = len(self.open), self.stretch * len(self.rows)
            mean = sum(self.open) / n
            middle = full + (n + 1) / 2
            rows.append((middle, mean, min(self.open), max(self.open)))
        return np.array(rows).reshape(-1, 4)


def first_filters(network):
    """Return the filters of the first convolution, packed; None if there is none.

    Of colour filters the mean over the channels is shown.
    """
    for values in getattr(network, "params", {}).values():
        if values.ndim == 4:
            shown = values[:FILTERS].mean(axis=1)
            most = float(np.abs(shown).max())
            count, channels = values.shape[:2]
            return {"count": count, "channels": channels, **levels(shown, -most, most)}
    return None
