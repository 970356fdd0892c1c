"""Networks as data: a row a layer, from which everything else is computed.

``description`` says what a row may hold, ``kinds`` knows the arithmetic of each kind
of layer, ``tables`` applies it from the first row to the last, ``catalogue`` holds
famous networks, ``small_networks`` three for small pictures, ``construction`` makes
one that runs, and ``ledger`` keeps the numbers that others published.
"""

from .description import Architecture, Row
from .tables import Line, LayerTable, compare
from .catalogue import (
    ALEXNET,
    ALEXNET_TWO_GPUS,
    LENET5,
    LENET5_PAPER,
    LENET5_TABLE_I,
    SIMPLE_CONVNET,
)
from .small_networks import CIFAR_FIRST, CIFAR_IMPROVED, FASHION_CONVNET
from .construction import build
from .ledger import LEDGER, Published, computed

__all__ = [
    "ALEXNET",
    "ALEXNET_TWO_GPUS",
    "CIFAR_FIRST",
    "CIFAR_IMPROVED",
    "FASHION_CONVNET",
    "LEDGER",
    "LENET5",
    "LENET5_PAPER",
    "LENET5_TABLE_I",
    "SIMPLE_CONVNET",
    "Architecture",
    "LayerTable",
    "Line",
    "Published",
    "Row",
    "build",
    "compare",
    "computed",
]
