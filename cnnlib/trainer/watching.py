"""Watching: let somebody look on while a network trains, without danger to the run."""

import warnings


class Watcher:
    """Call ``watch(trainer)``, but never let a fault in it cost the training.

    Hours of training are worth more than a picture of them. So the first error of
    the watcher becomes a warning, and training goes on unwatched.

    Parameters
    ----------
    watch : callable or None
        Takes the trainer.
    """

    def __init__(self, watch):
        if watch is not None and not callable(watch):
            raise TypeError(
                f"watch is {watch!r}; expected a function that takes the trainer, for "
                "example watch=lambda trainer: print(trainer.steps_done), or None."
            )
        self.watch = watch

    def look(self, trainer) -> None:
        """Let the watcher look, between two steps."""
        if self.watch is None:
            return
        try:
            self.watch(trainer)
        except Exception as error:
            self.watch = None  # before the warning, which may be made an error
            warnings.warn(
                f"watch failed after step {trainer.steps_done} with "
                f"{type(error).__name__}: {error}. Training goes on without it. Mend "
                "it and set trainer.watch to look on again.",
                RuntimeWarning,
                stacklevel=2,
            )


def figures(trainer) -> dict:
    """Return what the progress bar shows: the last loss and the last accuracies."""
    shown = {"loss": f"{trainer.train_loss_list[-1]:.3f}"}
    if trainer.test_acc_list:
        shown["train"] = f"{trainer.train_acc_list[-1]:.1%}"
        shown["test"] = f"{trainer.test_acc_list[-1]:.1%}"
    return shown
