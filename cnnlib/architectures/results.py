"""What famous networks achieved on ImageNet, and who says so."""

from typing import NamedTuple

__all__ = ["HUMAN_TOP5_ERROR", "ILSVRC", "IMAGENET_ACCURACY", "Result"]

RUSSAKOVSKY = "Russakovsky et al. (2015), ImageNet challenge, section 6"
HE = "He et al. (2016), table 5"


class Result(NamedTuple):
    """One entry of the ImageNet challenge.

    Attributes
    ----------
    year : int
    name : str
    error : float
        Top-5 error on the test images: the part whose label is not among the five
        answers that were given. Mostly of several networks together.
    source : str
    won : bool
    """

    year: int
    name: str
    error: float
    source: str
    won: bool = True


# Classification, trained on the challenge's own images only. With extra images the
# entry of 2012 reached 15.3 %.
ILSVRC = (
    Result(2010, "NEC-UIUC", 0.282, RUSSAKOVSKY),
    Result(2011, "XRCE", 0.258, RUSSAKOVSKY),
    Result(2012, "AlexNet", 0.164, RUSSAKOVSKY),
    Result(2013, "Clarifai", 0.117, RUSSAKOVSKY),
    Result(2014, "VGG", 0.073, RUSSAKOVSKY, won=False),
    Result(2014, "GoogLeNet", 0.067, RUSSAKOVSKY),
    Result(2015, "ResNet", 0.0357, HE),
)

# One trained person, on 1,500 of the test images: Russakovsky et al., section 6.4.
HUMAN_TOP5_ERROR = 0.051

# Top-1 and top-5 accuracy on the 50,000 validation images, one network, one crop of
# 224 x 224 pixels: torchvision's documentation, weights IMAGENET1K_V1. The names are
# those of the descriptions here that have the same layers.
IMAGENET_ACCURACY = {
    "ALEXNET_2014": (0.56522, 0.79066),
    "VGG16": (0.71592, 0.90382),
    "GOOGLENET_TORCHVISION": (0.69778, 0.89530),
    "RESNET18": (0.69758, 0.89078),
    "RESNET34": (0.73314, 0.91420),
    "RESNET50_TORCHVISION": (0.76130, 0.92862),
    "RESNET152_TORCHVISION": (0.78312, 0.94046),
}
