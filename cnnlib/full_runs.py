"""The full trainings of notebook 09, which take too long for a notebook, as a command.

::

    python -m cnnlib.full_runs cifar-first
    python -m cnnlib.full_runs --help

A run that was stopped (Ctrl-C, or the computer went to sleep) goes on where it was
when the same command is given again. At the end it leaves a small file of numbers:
the curves and the confusion matrix. Those of our own runs come with the package, and
``recorded`` reads them.
"""

import argparse
import datetime
import importlib.resources
import json
import platform
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .architectures import (
    CIFAR_FIRST,
    CIFAR_IMPROVED,
    FASHION_CONVNET,
    Architecture,
    build,
)
from .augment import Augmentation, HorizontalFlip, RandomCrop, Shift
from .data import load_cifar10, load_fashion_mnist
from .optimizers import CosineDecay
from .trainer import Trainer

__all__ = ["RUNS", "Run", "record", "recorded", "trainer_of"]


class Run(NamedTuple):
    """What is trained, on what, and for how long.

    Attributes
    ----------
    architecture : Architecture
    data : {'fashion', 'cifar10'}
    epochs : int
        If the command does not say another number.
    changed : bool
        Whether the training images are mirrored, cropped and shifted at random, and
        the learning rate falls along a cosine, with weight decay. Without: plain
        Adam.
    """

    architecture: Architecture
    data: str
    epochs: int
    changed: bool = False


RUNS = {
    "fashion": Run(FASHION_CONVNET, "fashion", 15),
    "cifar-first": Run(CIFAR_FIRST, "cifar10", 20),
    "cifar-blocks": Run(CIFAR_IMPROVED, "cifar10", 20),
    "cifar-improved": Run(CIFAR_IMPROVED, "cifar10", 20, changed=True),
}

BATCH = 100  # images a step
MEASURED = 2_000  # images of each part that are scored after every epoch


def trainer_of(name, parts, checkpoint, epochs=None, seed=0, verbose=True):
    """Return the trainer of a run: a new one, or the one that was stopped.

    Parameters
    ----------
    name : str
        One of ``RUNS``.
    parts : (x_train, t_train), (x_test, t_test)
        The images.
    checkpoint : str or Path
        An .npz file. If it is there, the run goes on from it.
    epochs : int, optional
        In all; None takes that of ``RUNS``.
    seed : int
        Of the first weights, of dropout, of the shuffling and of the changes.
    verbose : bool
        Show a progress bar.

    Raises
    ------
    ValueError
        If the checkpoint belongs to another network, other data or another plan.
    """
    run = RUNS[name]
    epochs = run.epochs if epochs is None else epochs
    network = build(run.architecture, rng=seed)
    data = (*parts[0], *parts[1])
    how = {"epochs": epochs, "verbose": verbose, "augment": augmentation(run, seed)}
    if Path(checkpoint).exists():
        trainer = Trainer.resume(checkpoint, network, *data, **how)
        check_schedule(trainer)
        return trainer
    return Trainer(
        network,
        *data,
        **how,
        **optimization(run, epochs, -(-len(data[0]) // BATCH)),
        mini_batch_size=BATCH,
        evaluate_sample_num_per_epoch=MEASURED,
        rng=seed,
        checkpoint=checkpoint,
    )


def check_schedule(trainer) -> None:
    """Refuse another number of epochs where the learning rate was planned for one."""
    schedule = trainer.optimizer.schedule
    if schedule is not None and schedule.steps != trainer.steps:
        planned = schedule.steps // trainer.steps_per_epoch
        raise ValueError(
            f"this run was planned for {planned} epochs: its learning rate falls to 0 "
            f"there, so it can not be made one of {trainer.epochs}. Say --epochs "
            f"{planned} to go on with it, or begin a new one in another --folder."
        )


def augmentation(run, seed):
    """Return what changes the training images of a run, or None."""
    if not run.changed:
        return None
    return Augmentation(HorizontalFlip(), RandomCrop(pad=3), Shift(2), rng=seed)


def optimization(run, epochs, steps_per_epoch) -> dict:
    """Return the optimizer of a run, as the arguments of ``Trainer``."""
    if not run.changed:
        return {"optimizer": "Adam"}
    steps = epochs * steps_per_epoch
    schedule = CosineDecay(steps, warmup=steps // 20)
    settings = {"lr": 0.002, "weight_decay": 0.05, "schedule": schedule}
    return {"optimizer": "AdamW", "optimizer_param": settings}


def record(trainer, facts) -> dict:
    """Return the numbers of a run, ready for JSON.

    Parameters
    ----------
    trainer : Trainer
        After its training.
    facts : dict
        How it was made: command, data, date, machine.

    Returns
    -------
    dict
        ``facts`` and 'loss' (mean of each epoch), 'train_accuracy', 'test_accuracy'
        (of each epoch, on the first 2,000 images), 'accuracy' (all test images) and
        'confusion' (rows: true class, columns: answer).
    """
    steps, network = trainer.steps_per_epoch, trainer.network
    losses = np.reshape(trainer.train_loss_list, (-1, steps)).mean(axis=1)
    answers = network.predict(trainer.x_test).argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (trainer.t_test, answers), 1)
    return facts | {
        "loss": [round(float(v), 4) for v in losses],
        "train_accuracy": [round(v, 4) for v in trainer.train_acc_list],
        "test_accuracy": [round(v, 4) for v in trainer.test_acc_list],
        "accuracy": round(float(np.mean(answers == trainer.t_test)), 4),
        "confusion": confusion.tolist(),
    }


def recorded(name) -> dict:
    """Return the numbers of our own run, as ``record`` made them.

    Raises
    ------
    ValueError
        If there was no such run.

    Examples
    --------
    >>> from cnnlib.full_runs import recorded
    >>> len(recorded("cifar-first")["confusion"])
    10
    """
    folder = importlib.resources.files("cnnlib") / "runs"
    names = sorted(
        file.name.removesuffix(".json")
        for file in folder.iterdir()
        if file.name.endswith(".json")
    )
    if name not in names:
        raise ValueError(f"no run {name!r} is recorded; there are {names}.")
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def load(data, folder=None):
    """Return the images of a run as (x_train, t_train), (x_test, t_test)."""
    return load_fashion_mnist() if data == "fashion" else load_cifar10(folder=folder)


def arguments():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m cnnlib.full_runs",
        description="Train a network of notebook 09 on all of its data. Give the same "
        "command again to go on with a run that was stopped.",
    )
    add = parser.add_argument
    add("name", choices=RUNS, help="the run")
    add("--epochs", type=int, help="in all; more than before prolong a run")
    add("--seed", type=int, default=0, help="of weights, dropout, order (default 0)")
    add("--data", type=Path, help="folder of CIFAR-10's unpacked *.bin files")
    add(
        "--folder",
        type=Path,
        default=Path("full_runs"),
        help="where NAME.npz (to go on) and NAME.json (the numbers) are written",
    )
    add("--about", default="", help="a sentence on the data, kept with the numbers")
    add("--quiet", action="store_true", help="no progress bar")
    return parser


def main(argv=None) -> int:
    """Run what the command line asks for; return 1 if it was stopped."""
    options = arguments().parse_args(argv)
    parts = load(RUNS[options.name].data, options.data)
    options.folder.mkdir(parents=True, exist_ok=True)
    trainer = trainer_of(
        options.name,
        parts,
        options.folder / f"{options.name}.npz",
        options.epochs,
        options.seed,
        not options.quiet,
    )
    trainer.train()
    if trainer.epochs_done < trainer.epochs:
        return 1
    facts = {
        "run": options.name,
        "epochs": trainer.epochs,
        "seed": options.seed,
        "command": f"python -m cnnlib.full_runs {options.name}",
        "data": options.about,
        "images": [len(trainer.x_train), len(trainer.x_test)],
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, NumPy {np.__version__}",
    }
    numbers = record(trainer, facts)
    file = options.folder / f"{options.name}.json"
    lines = (f"{json.dumps(key)}: {json.dumps(v)}" for key, v in numbers.items())
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(f"{options.name}: test accuracy {numbers['accuracy']:.1%}, see {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
