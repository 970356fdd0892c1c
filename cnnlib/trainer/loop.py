"""Training: epochs of shuffled batches, measured, interruptible, resumable.

The loop itself is short: draw a batch, ask the network for its gradient, let the
optimizer step. The rest makes sure that no work is lost when something stops it.
"""

import numpy as np

from .. import checks, fast
from ..geometry import whole
from ..interrupts import stop_on_interrupt
from ..optimizers import make_optimizer
from ..storage import npz_path
from . import faults, state
from .data import augmented, check_augment, check_most, same_length
from .watching import Watcher, figures

__all__ = ["Trainer"]

# NumPy's warnings of a diverging network; faults.py tells it better.
QUIET = {"over": "ignore", "invalid": "ignore", "divide": "ignore"}


class Trainer:
    """Train a network with mini-batches, and keep the history of it.

    Each epoch sees each sample once, in a new random order; the last batch of an
    epoch may be smaller. Stop the kernel (or call ``stop()``) and training ends
    between two steps; ``train()`` again goes on from there.

    Parameters
    ----------
    network : Sequential
        Or any object with ``params``, ``gradient``, ``loss`` and ``accuracy`` as
        the book's networks have them.
    x_train, x_test : array (N, ...)
        Samples.
    t_train, t_test : array (N,) or (N, classes)
        Labels, or one-hot rows.
    epochs : int
        How often each sample is seen in all.
    mini_batch_size : int
        Samples a step.
    optimizer : str or optimizer
        'SGD', 'Momentum', 'Nesterov', 'AdaGrad', 'RMSProp', 'Adam' or 'AdamW', in
        any case; or an object with ``update(params, grads)``.
    optimizer_param : dict, optional
        Arguments of the optimizer, for example ``{'lr': 0.001, 'weight_decay': 5e-4,
        'schedule': CosineDecay(steps=5000)}``.
    evaluate_sample_num_per_epoch : int, optional
        Measure the accuracies on this many first samples only; None takes all.
    verbose : bool
        Show a progress bar. An interrupt is told in any case.
    rng : numpy.random.Generator, int or None
        Shuffles; an int is a seed.
    checkpoint : str or Path, optional
        An .npz file that is saved after every epoch, for ``Trainer.resume``. If
        another run is in it, that is kept as ``NAME.earlier.npz``.
    augment : callable, optional
        Takes a batch of training samples and returns a changed one of the same
        length, for example a ``cnnlib.augment.Augmentation``. If it holds random
        generators, as its attributes, checkpoints keep their state.
    watch : callable, optional
        Called as ``watch(trainer)`` after every step, and once more after an epoch
        was measured and saved. It may read all that stands here, look at
        ``trainer.network``, and call ``trainer.stop()``. If it fails, it is called
        no more: a warning says so, and training goes on.

    Attributes
    ----------
    network : Sequential
        Its ``params`` are those after the last step.
    train_loss_list : list of float
        The loss of every step, before the step was taken.
    train_acc_list, test_acc_list : list of float
        One accuracy an epoch, in [0, 1].
    epochs, epochs_done : int
        Epochs in all, and those that are complete.
    steps, steps_done, steps_per_epoch : int
        The same for steps. ``steps_done`` is the length of ``train_loss_list``.
    stopped : bool
        True from ``stop()`` until the next ``train()``.
    watch : callable or None
        Can be set at any time.

    Raises
    ------
    ValueError
        If the data do not fit together or a setting is impossible.

    References
    ----------
    Saito, section 7.5; notebooks/05_simple_convnet.ipynb.
    """

    def __init__(
        self,
        network,
        x_train,
        t_train,
        x_test,
        t_test,
        epochs=20,
        mini_batch_size=100,
        optimizer="SGD",
        optimizer_param=None,
        evaluate_sample_num_per_epoch=None,
        verbose=True,
        rng=None,
        checkpoint=None,
        augment=None,
        watch=None,
    ):
        self.network = network
        self.x_train, self.t_train = same_length(x_train, t_train, "train")
        self.x_test, self.t_test = same_length(x_test, t_test, "test")
        self.epochs = whole(epochs, "epochs", least=1)
        self.mini_batch_size = whole(mini_batch_size, "mini_batch_size", least=1)
        engine = getattr(network, "engine", None)
        quick = (fast.Adam, fast.AdamW) if engine == "fast" else ()
        self.optimizer = make_optimizer(optimizer, optimizer_param, quick)
        faults.check_last_batch(network, len(self.x_train), self.mini_batch_size)
        self.evaluate_sample_num_per_epoch = check_most(evaluate_sample_num_per_epoch)
        self.verbose = verbose
        self.rng = checks.as_rng(rng)
        self.checkpoint = None if checkpoint is None else npz_path(checkpoint, "write")
        self.augment = check_augment(augment)
        self.watch = watch

        self.train_loss_list = []
        self.train_acc_list, self.test_acc_list = [], []
        self._order = None  # of the samples, in the epoch that is under way
        self._stopped = False
        self._owns_checkpoint = False  # whether the file holds this very run
        self._good = state.snapshot(self)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch, the smaller last one included."""
        return -(-len(self.x_train) // self.mini_batch_size)

    @property
    def steps(self) -> int:
        """Steps in all epochs."""
        return self.epochs * self.steps_per_epoch

    @property
    def steps_done(self) -> int:
        """Steps that were taken."""
        return len(self.train_loss_list)

    @property
    def epochs_done(self) -> int:
        """Epochs that are complete, with their accuracies."""
        return len(self.test_acc_list)

    @property
    def stopped(self) -> bool:
        """Whether ``stop()`` was called since the last ``train()``."""
        return self._stopped

    @property
    def watch(self):
        """What looks on, as ``watch(trainer)``; None if nobody does."""
        return self._watcher.watch

    @watch.setter
    def watch(self, watch):
        self._watcher = Watcher(watch)

    def train(self) -> None:
        """Train until ``epochs`` are done, or until it is stopped.

        Raises
        ------
        FloatingPointError
            If the loss is not finite. Everything is then as it was at the end of
            the last good epoch.
        """
        from tqdm.auto import tqdm  # here, since it would slow down `import cnnlib`

        self._stopped = self._interrupted = False
        with (
            stop_on_interrupt(self._interrupt),
            tqdm(
                total=self.steps,
                initial=self.steps_done,
                disable=not self.verbose,
                unit="step",
            ) as bar,
        ):
            try:
                while self.epochs_done < self.epochs and not self._stopped:
                    bar.set_description(f"epoch {self.epochs_done + 1}/{self.epochs}")
                    self._train_epoch(bar)
            except KeyboardInterrupt:  # the second one, perhaps amid an update
                self._restore(self._good)
                raise
        if self._stopped and (self.verbose or self._interrupted):
            tqdm.write(
                f"Stopped after {self.steps_done} of {self.steps} steps. All is kept: "
                "train() goes on from here."
            )

    def stop(self) -> None:
        """End training after the step that is under way."""
        self._stopped = True

    def _interrupt(self):
        """Stop, and say so in any case: the cell goes on with its next line."""
        self._interrupted = True
        self.stop()

    def _train_epoch(self, bar):
        """Finish the epoch that is under way, or run a new one, and measure it."""
        if self._order is None:
            self._order = self.rng.permutation(len(self.x_train))
        done = self.steps_done - self.epochs_done * self.steps_per_epoch
        for step in range(done, self.steps_per_epoch):
            if self._stopped:
                return
            self._step(step)
            bar.set_postfix(figures(self), refresh=False)
            bar.update()
            self._watcher.look(self)
        if self._stopped:
            return
        with np.errstate(**QUIET):
            self._check_finite()
            self._measure()
        self._order = None
        bar.set_postfix(figures(self))
        self._good = state.snapshot(self)
        if self.checkpoint is not None:
            self._save_checkpoint()
        self._watcher.look(self)

    def _step(self, step):
        """Take one batch, by index, and let the optimizer change the parameters."""
        size = self.mini_batch_size
        batch = self._order[step * size : (step + 1) * size]
        x, t = self.x_train[batch], self.t_train[batch]
        if self.augment is not None:
            x = augmented(self.augment, x)
        with np.errstate(**QUIET):
            loss, grads = _loss_and_gradient(self.network, x, t)
            if not np.isfinite(loss):
                self._diverged(f"the loss became {loss}")
            self.optimizer.update(self.network.params, grads)
        self.train_loss_list.append(float(loss))

    def _save_checkpoint(self):
        """Save the epoch."""
        state.save(self, self._good, keep_older=not self._owns_checkpoint)
        self._owns_checkpoint = True

    def _measure(self):
        """Append one accuracy of the training and one of the test samples."""
        most = self.evaluate_sample_num_per_epoch
        accuracy = self.network.accuracy
        train = accuracy(self.x_train[:most], self.t_train[:most])
        test = accuracy(self.x_test[:most], self.t_test[:most])
        self.train_acc_list.append(float(train))
        self.test_acc_list.append(float(test))

    def _check_finite(self):
        """See that the epoch was a good one, to which one can go back later."""
        name = faults.not_finite(self.network, self.optimizer)
        if name is not None:
            self._diverged(f"{name} is not finite any more")
        last = self._order[-self.mini_batch_size :]
        loss = self.network.loss(self.x_train[last], self.t_train[last])
        if not np.isfinite(loss):
            self._diverged(f"the loss became {loss}")

    def _diverged(self, what):
        """Go back to the last good epoch and say why."""
        rate = getattr(self.optimizer, "lr", None)
        error = faults.diverged(what, self.steps_done, self.epochs_done + 1, rate)
        self._restore(self._good)
        raise error

    def _restore(self, snapshot):
        """Become what the snapshot saw; the parameters change in place."""
        state.put_back(self, snapshot)
        self._order = None
        self._good = snapshot

    @classmethod
    def resume(
        cls,
        checkpoint,
        network,
        x_train,
        t_train,
        x_test,
        t_test,
        epochs=None,
        verbose=True,
        augment=None,
        watch=None,
    ):
        """Return a trainer that goes on as if it had never stopped.

        Build the network and load the data as for the first run. All the rest, the
        parameters, the optimizer, the random state and the history, comes from the
        file. Then call ``train()``.

        Parameters
        ----------
        checkpoint : str or Path
            The file that ``Trainer(..., checkpoint=...)`` saved.
        network, x_train, t_train, x_test, t_test
            As they were given to the first trainer.
        epochs : int, optional
            A new number of epochs in all; None keeps the first trainer's.
        verbose : bool
        augment : callable, optional
            Made as for the first trainer; its random state comes from the file.
        watch : callable, optional

        Raises
        ------
        FileNotFoundError, ValueError
            If the file is missing, damaged, or of another network or other data.
            ``network`` is then unchanged.
        """
        snapshot, about = state.read(checkpoint, network)
        settings = about["settings"]
        trainer = cls(
            network,
            x_train,
            t_train,
            x_test,
            t_test,
            **settings | {"epochs": settings["epochs"] if epochs is None else epochs},
            verbose=verbose,
            rng=state.first_stream(about, network, augment),
            checkpoint=checkpoint,
            augment=augment,
            watch=watch,
        )
        state.check_same_run(checkpoint, about, trainer)
        trainer._restore(snapshot)
        trainer._owns_checkpoint = True
        return trainer


def _loss_and_gradient(network, x, t):
    """Ask for both at once, or one after the other of a network as in the book."""
    if hasattr(network, "loss_and_gradient"):
        return network.loss_and_gradient(x, t)
    return network.loss(x, t), network.gradient(x, t)
