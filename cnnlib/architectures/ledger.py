"""The ledger: what others published about these networks, and where.

Each entry is compared with what our descriptions give, in the tests and in
notebook 07. Where a paper rounds, ``within`` says how far off it may be.
"""

from typing import NamedTuple

from . import catalogue
from .tables import CONVOLUTIONS, LayerTable

__all__ = ["LEDGER", "Published", "computed"]

LECUN = "LeCun et al. (1998), section II.B"
KRIZHEVSKY = "Krizhevsky et al. (2012)"
EYERISS = "Chen et al., Eyeriss (ISSCC 2016), abstract"
WIDESPREAD = "widely printed, for example in course notes; derived in notebook 07"


class Published(NamedTuple):
    """One published number.

    Attributes
    ----------
    network : str
        Name of the description in ``cnnlib.architectures``.
    what : str
        'parameters', 'multiply_adds', 'connections' or 'neurons'.
    value : float
    source : str
    row : str
        A row of the description, 'convolutions' for all of these, '' for the total.
    within : float
        How far the rounding of the source may lead away, as a part of the value.
    """

    network: str
    what: str
    value: float
    source: str
    row: str = ""
    within: float = 0


LEDGER = (
    Published("LENET5_PAPER", "parameters", 156, LECUN, "C1"),
    Published("LENET5_PAPER", "connections", 122_304, LECUN, "C1"),
    Published("LENET5_PAPER", "parameters", 12, LECUN, "S2"),
    Published("LENET5_PAPER", "connections", 5_880, LECUN, "S2"),
    Published("LENET5_PAPER", "parameters", 1_516, LECUN, "C3"),
    Published("LENET5_PAPER", "connections", 151_600, LECUN, "C3"),
    Published("LENET5_PAPER", "parameters", 32, LECUN, "S4"),
    Published("LENET5_PAPER", "connections", 2_000, LECUN, "S4"),
    Published("LENET5_PAPER", "parameters", 48_120, LECUN, "C5"),
    Published("LENET5_PAPER", "parameters", 10_164, LECUN, "F6"),
    Published("LENET5_PAPER", "parameters", 60_000, LECUN),
    Published("LENET5_PAPER", "connections", 340_908, LECUN),
    Published("LENET5", "parameters", 61_706, WIDESPREAD),
    Published("ALEXNET", "parameters", 62_378_344, WIDESPREAD),
    Published("ALEXNET", "multiply_adds", 1.14e9, WIDESPREAD, within=0.005),
    Published("ALEXNET_TWO_GPUS", "parameters", 60_965_224, WIDESPREAD),
    Published("ALEXNET_TWO_GPUS", "multiply_adds", 0.72e9, WIDESPREAD, within=0.007),
    Published(
        "ALEXNET_TWO_GPUS", "parameters", 60e6, f"{KRIZHEVSKY}, abstract", within=0.02
    ),
    Published(
        "ALEXNET_TWO_GPUS", "neurons", 650_000, f"{KRIZHEVSKY}, abstract", within=0.02
    ),
    Published(
        "ALEXNET_TWO_GPUS", "multiply_adds", 666e6, EYERISS, "convolutions", 0.001
    ),
    Published("ALEXNET_TWO_GPUS", "parameters", 2.3e6, EYERISS, "convolutions", 0.02),
    Published(
        "SIMPLE_CONVNET", "parameters", 433_890, "Saito, section 7.5 (by its shapes)"
    ),
)


def computed(entry):
    """Return what our description gives for an entry of the ledger."""
    table = LayerTable(getattr(catalogue, entry.network))
    if entry.row == "convolutions":
        return table.total(entry.what, CONVOLUTIONS)
    return getattr(table[entry.row] if entry.row else table, entry.what)
