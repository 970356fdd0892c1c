"""Networks as data: a row a layer, from which everything else is computed.

``description`` says what a row may hold, ``kinds`` knows the arithmetic of each kind
of layer, ``tables`` applies it from the first row to the last (``printing`` shows it),
``catalogue`` holds the famous networks up to 2012, ``modern`` and ``resnets`` others,
``small_networks`` three for small pictures,
``construction`` makes one that runs (``nesting`` finds its blocks), ``ledger`` keeps
the sizes that others published, and ``results`` what these networks achieved.
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
from .modern import (
    ALEXNET_2014,
    GOOGLENET,
    GOOGLENET_TORCHVISION,
    VGG16,
    inception,
)
from .resnets import (
    RESNET18,
    RESNET20,
    RESNET20_PROJECTIONS,
    RESNET34,
    RESNET50,
    RESNET50_TORCHVISION,
    RESNET152,
    RESNET152_TORCHVISION,
    cifar_resnet,
    residual,
    resnet,
)
from .small_networks import CIFAR_FIRST, CIFAR_IMPROVED, FASHION_CONVNET
from .construction import build
from .ledger import LEDGER, LEDGER_SINCE_2014, Published, computed
from .results import HUMAN_TOP5_ERROR, ILSVRC, IMAGENET_ACCURACY, Result

__all__ = [
    "ALEXNET",
    "ALEXNET_2014",
    "ALEXNET_TWO_GPUS",
    "CIFAR_FIRST",
    "CIFAR_IMPROVED",
    "FASHION_CONVNET",
    "GOOGLENET",
    "GOOGLENET_TORCHVISION",
    "HUMAN_TOP5_ERROR",
    "ILSVRC",
    "IMAGENET_ACCURACY",
    "LEDGER",
    "LEDGER_SINCE_2014",
    "LENET5",
    "LENET5_PAPER",
    "LENET5_TABLE_I",
    "RESNET18",
    "RESNET20",
    "RESNET20_PROJECTIONS",
    "RESNET34",
    "RESNET50",
    "RESNET50_TORCHVISION",
    "RESNET152",
    "RESNET152_TORCHVISION",
    "SIMPLE_CONVNET",
    "VGG16",
    "Architecture",
    "LayerTable",
    "Line",
    "Published",
    "Result",
    "Row",
    "build",
    "cifar_resnet",
    "compare",
    "computed",
    "inception",
    "residual",
    "resnet",
]
