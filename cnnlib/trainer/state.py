"""The state of a run: taken, put back, saved, and found again in a file."""

from ..gradient import generators
from ..snapshot import about as about_snapshot
from ..snapshot import check_streams, part, restore, shuffler, state_of, take
from ..storage import check_same, load_arrays, save_arrays
from .data import check_same_augment, check_same_data, description, fingerprint

HISTORY = ("train_loss_list", "train_acc_list", "test_acc_list")


def snapshot(trainer) -> dict:
    """Return copies of all that training depends on, as named arrays."""
    about = {
        "settings": settings(trainer),
        "data": data_of(trainer),
        "augment": description(trainer.augment),
    }
    history = {name: getattr(trainer, name) for name in HISTORY}
    return take(trainer.network, trainer.optimizer, streams(trainer), history, about)


def put_back(trainer, saved) -> None:
    """Give a trainer the state that ``snapshot`` saw; parameters change in place."""
    history = restore(saved, trainer.network, trainer.optimizer, streams(trainer))
    for name in HISTORY:
        setattr(trainer, name, history[name].tolist())


def save(trainer, saved, keep_older) -> None:
    """Save a snapshot; an older run under the same name is kept beside it."""
    path = trainer.checkpoint
    if keep_older and path.exists():
        path.replace(path.with_suffix(".earlier.npz"))
    save_arrays(path, saved)


def read(path, network):
    """Return a snapshot and what it says about itself, if it is of such a network."""
    saved = load_arrays(path)
    about = about_snapshot(path, saved)
    check_same(path, part(saved, "network/"), state_of(network))
    return saved, about


def first_stream(about, network, augment):
    """Return a generator for the shuffling, of the kind that the snapshot needs."""
    return shuffler(about, generators(network) + inside(augment))


def check_same_run(path, about, trainer) -> None:
    """Say so if a snapshot can not be put into this trainer."""
    check_same_data(path, about["data"], data_of(trainer))
    check_same_augment(path, about.get("augment"), description(trainer.augment))
    check_streams(path, about, streams(trainer))


def streams(trainer) -> list:
    """Return each random stream: the shuffling, the dropouts, the augmentation."""
    network, augment = generators(trainer.network), inside(trainer.augment)
    return [trainer.rng, *network, *augment]


def inside(augment) -> list:
    """Return the random generators that an augmentation holds."""
    return generators(augment) if hasattr(augment, "__dict__") else []


def settings(trainer) -> dict:
    """Return the arguments with which the same trainer can be made again."""
    return {
        "epochs": trainer.epochs,
        "mini_batch_size": trainer.mini_batch_size,
        "evaluate_sample_num_per_epoch": trainer.evaluate_sample_num_per_epoch,
        "optimizer": type(trainer.optimizer).__name__,
        "optimizer_param": getattr(trainer.optimizer, "settings", dict)(),
    }


def data_of(trainer) -> dict:
    """Return the fingerprint of a trainer's data."""
    return fingerprint(trainer.x_train, trainer.t_train, trainer.x_test, trainer.t_test)
