"""Snapshots: the whole state of a training run as named arrays.

Parameters, optimizer, random streams and history go into one flat dict, which
can be kept in memory to go back to, or saved to go on from.
"""

import json

import numpy as np

BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def take(network, optimizer, streams, history, about) -> dict:
    """Return copies of everything that the next training step depends on.

    Parameters
    ----------
    network, optimizer : object
        With ``state()``; a network as in the book, with ``params`` alone, will do.
    streams : list of numpy.random.Generator
    history : dict of str to list of float
    about : dict
        Anything that JSON can hold.

    Returns
    -------
    dict of str to array
    """
    network, optimizer = state_of(network), state_of(optimizer)
    arrays = {
        **{f"history/{name}": np.array(values) for name, values in history.items()},
        **{f"network/{name}": np.array(array) for name, array in network.items()},
        **{f"optimizer/{name}": np.array(array) for name, array in optimizer.items()},
    }
    about = about | {
        "streams": [stream.bit_generator.state for stream in streams],
        "shared": shared(streams),
        "arrays": sorted(arrays),
    }
    return {"about": np.array(json.dumps(about, default=_plain)), **arrays}


def about(path, snapshot) -> dict:
    """Return what a snapshot from a file says about itself, and that it is whole.

    Raises
    ------
    ValueError
        If it is no snapshot, or some of its arrays are missing.
    """
    try:
        told = json.loads(str(snapshot["about"]))
        names = set(told["arrays"]) | {"about"}
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{path} is no checkpoint of a Trainer. If it comes from "
            "save_params, use network.load_params."
        ) from None
    if names != set(snapshot):
        raise ValueError(
            f"{path} is damaged: it should hold {sorted(names - set(snapshot))} too. "
            "Copy it again or use an older file."
        )
    return told


def shuffler(told, others) -> np.random.Generator:
    """Return a generator of the kind that shuffled, or the one of ``others`` that did.

    ``others`` are the generators inside the network and the augmentation.
    """
    users = [place for place, first in enumerate(told["shared"]) if first == 0]
    if len(users) > 1 and users[1] <= len(others):
        return others[users[1] - 1]
    kind = told["streams"][0]["bit_generator"]
    if kind not in BIT_GENERATORS:
        raise ValueError(f"random generator {kind!r}: NumPy has {BIT_GENERATORS}.")
    return np.random.Generator(getattr(np.random, kind)())


def check_streams(path, told, streams) -> None:
    """Say so if the random streams are not those that the snapshot can be put into."""
    saved = [state["bit_generator"] for state in told["streams"]]
    found = [stream.bit_generator.state["bit_generator"] for stream in streams]
    if saved != found or told["shared"] != shared(streams):
        raise ValueError(
            f"{path} belongs to another network: the shuffling, the augmentation and "
            f"the dropouts drew from {_kinds(saved, told['shared'])}, now from "
            f"{_kinds(found, shared(streams))}. Build the network, and the "
            "augmentation, as for the first run."
        )


def shared(streams) -> list:
    """Return a number for each stream; one that stands there twice keeps its own."""
    first = {}
    return [first.setdefault(id(stream), i) for i, stream in enumerate(streams)]


def _kinds(names, numbers) -> str:
    return ", ".join(f"{name} ({n})" for name, n in zip(names, numbers, strict=True))


def _plain(value):
    """Write NumPy's numbers and arrays as JSON can; describe anything else."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def restore(snapshot, network, optimizer, streams) -> dict:
    """Put a snapshot back, the parameters in place; return the history."""
    for name, array in state_of(network).items():
        array[...] = snapshot[f"network/{name}"]
    if hasattr(optimizer, "restore"):
        optimizer.restore(part(snapshot, "optimizer/"))
    states = json.loads(str(snapshot["about"]))["streams"]
    for stream, state in zip(streams, states, strict=True):
        stream.bit_generator.state = state
    return part(snapshot, "history/")


def state_of(thing) -> dict:
    """Return the state of a network or optimizer, or a network's params alone."""
    if hasattr(thing, "state"):
        return thing.state()
    return getattr(thing, "params", {})


def part(snapshot, prefix) -> dict:
    """Return the arrays whose names begin with ``prefix``, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in snapshot.items()
        if name.startswith(prefix)
    }
