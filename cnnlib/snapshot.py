"""Snapshots: the whole state of a training run as named arrays.

Parameters, optimizer, random streams and history go into one flat dict, which
can be kept in memory to go back to, or saved to go on from.
"""

import json

import numpy as np


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
    about = about | {"streams": [stream.bit_generator.state for stream in streams]}
    network, optimizer = state_of(network), state_of(optimizer)
    return {
        "about": np.array(json.dumps(about, default=np.ndarray.tolist)),
        **{f"history/{name}": np.array(values) for name, values in history.items()},
        **{f"network/{name}": np.array(array) for name, array in network.items()},
        **{f"optimizer/{name}": np.array(array) for name, array in optimizer.items()},
    }


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
