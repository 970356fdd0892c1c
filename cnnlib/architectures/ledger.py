"""The ledger: what others published about these networks, and where.

Each entry is compared with what our descriptions give, in the tests and in notebooks 07
(``LEDGER``) and 08 (``LEDGER_SINCE_2014``). Where a paper rounds, ``within`` says how
far off it may be.

What the numbers include:

* parameters: all that is trained. Weights, biases where there are any, gamma and beta
  of batch normalization; the running averages of it are not trained.
* multiply-adds, for one image: each weight of a convolution (those in shortcuts, too)
  at each place where it is used, and each weight of an affine layer. Left out are
  biases, normalizations, activations, pooling and the additions of residual blocks.
* GoogLeNet is counted without the two extra classifiers that helped to train it.
"""

from typing import NamedTuple

from . import catalogue, modern, resnets
from .tables import CONVOLUTIONS, LayerTable

__all__ = ["LEDGER", "LEDGER_SINCE_2014", "Published", "computed"]

LECUN = "LeCun et al. (1998), section II.B"
KRIZHEVSKY = "Krizhevsky et al. (2012)"
EYERISS = "Chen et al., Eyeriss (ISSCC 2016), abstract"
WIDESPREAD = "widely printed, for example in course notes; derived in notebook 07"
TORCHVISION = "torchvision's documentation of its models"
SIMONYAN = "Simonyan & Zisserman (2015), table 2"
HE = "He et al. (2016), table 1"
HE_CIFAR = "He et al. (2016), table 6"
COUNTED = "widely printed; counted in notebook 08"


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

LEDGER_SINCE_2014 = (
    Published("ALEXNET_2014", "parameters", 61_100_840, TORCHVISION),
    Published("ALEXNET_2014", "multiply_adds", 0.71e9, TORCHVISION, within=0.007),
    Published("VGG16", "parameters", 138e6, SIMONYAN, within=0.004),
    Published("VGG16", "parameters", 138_357_544, TORCHVISION),
    Published("VGG16", "multiply_adds", 15.47e9, TORCHVISION, within=0.0004),
    Published("GOOGLENET", "parameters", 6_998_552, COUNTED),
    Published("GOOGLENET", "multiply_adds", 1.58e9, COUNTED, within=0.004),
    Published("GOOGLENET_TORCHVISION", "parameters", 6_624_904, TORCHVISION),
    Published(
        "GOOGLENET_TORCHVISION", "multiply_adds", 1.5e9, TORCHVISION, within=0.004
    ),
    Published("RESNET18", "parameters", 11_689_512, TORCHVISION),
    Published("RESNET18", "multiply_adds", 1.8e9, HE, within=0.03),
    Published("RESNET18", "multiply_adds", 1.81e9, TORCHVISION, within=0.003),
    Published("RESNET34", "parameters", 21_797_672, TORCHVISION),
    Published("RESNET34", "multiply_adds", 3.6e9, HE, within=0.03),
    Published("RESNET34", "multiply_adds", 3.66e9, TORCHVISION, within=0.002),
    Published("RESNET50", "parameters", 25_557_032, COUNTED),
    Published("RESNET50", "multiply_adds", 3.8e9, HE, within=0.03),
    Published("RESNET50", "multiply_adds", 3.86e9, COUNTED, within=0.002),
    Published("RESNET50_TORCHVISION", "parameters", 25_557_032, TORCHVISION),
    Published(
        "RESNET50_TORCHVISION", "multiply_adds", 4.09e9, TORCHVISION, within=0.002
    ),
    Published("RESNET152", "parameters", 60_192_808, COUNTED),
    Published("RESNET152", "multiply_adds", 11.3e9, HE, within=0.005),
    Published("RESNET152", "multiply_adds", 11.28e9, COUNTED, within=0.0005),
    Published("RESNET152_TORCHVISION", "parameters", 60_192_808, TORCHVISION),
    Published(
        "RESNET152_TORCHVISION", "multiply_adds", 11.51e9, TORCHVISION, within=0.0005
    ),
    Published("RESNET20", "parameters", 0.27e6, HE_CIFAR, within=0.02),
    Published("RESNET20", "parameters", 269_722, COUNTED),
    Published("RESNET20_PROJECTIONS", "parameters", 272_474, COUNTED),
)


def computed(entry):
    """Return what our description gives for an entry of the ledger."""
    known = vars(catalogue) | vars(modern) | vars(resnets)
    table = LayerTable(known[entry.network])
    if entry.row == "convolutions":
        return table.total(entry.what, CONVOLUTIONS)
    return getattr(table[entry.row] if entry.row else table, entry.what)
