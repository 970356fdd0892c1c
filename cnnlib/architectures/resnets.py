"""Residual networks as data: large ones for ImageNet, small ones for CIFAR-10.

The row that adds has the name of its block, and the rows of the block begin with it:
'Stage2.1' adds what comes out of 'Stage2.1.Norm2' and what went into the block.
"""

from .description import Architecture, Row
from .modern import IMAGENET

__all__ = [
    "RESNET18",
    "RESNET20",
    "RESNET20_PROJECTIONS",
    "RESNET34",
    "RESNET50",
    "RESNET50_TORCHVISION",
    "RESNET152",
    "RESNET152_TORCHVISION",
    "cifar_resnet",
    "residual",
    "resnet",
]


def residual(name, after, path, shortcut=None):
    """Return the rows of one residual block, with its ReLU behind the sum.

    Parameters
    ----------
    name : str
        Of the row that adds, and before the names of all others.
    after : str
        The row whose output comes in.
    path : sequence of (filters, window, stride)
        The convolutions, each with batch normalization, all but the last with ReLU.
    shortcut : {None, 'identity', 'projection', 'zeros'}
        Whether the input itself is added, or made to fit with a 1x1 convolution
        ('projection') or without parameters ('zeros': every second pixel, and
        channels of 0). None adds nothing: a plain network.

    Returns
    -------
    list of Row

    References
    ----------
    He et al. (2016), figures 2 and 5; notebooks/08_modern_architectures.ipynb.
    """
    rows, above, stride = [], (after,), 1
    for number, (filters, window, step) in enumerate(path, start=1):
        conv = {"filters": filters, "window": window, "stride": step}
        conv |= {"pad": window // 2, "bias": False, "after": above}
        rows += [Row(f"{name}.Conv{number}", "convolution", **conv)]
        rows += [Row(f"{name}.Norm{number}", "batch normalization")]
        if number < len(path):
            rows += [Row(f"{name}.Relu{number}", "relu")]
        above, stride = (), stride * step
    ends = (rows[-1].name, after)
    if shortcut == "projection":
        conv = {"filters": filters, "window": 1, "stride": stride, "bias": False}
        rows += [Row(f"{name}.Shortcut", "convolution", after=(after,), **conv)]
        rows += [Row(f"{name}.ShortcutNorm", "batch normalization")]
        ends = (ends[0], rows[-1].name)
    elif shortcut == "zeros":
        pool = {"window": 1, "stride": stride, "after": (after,)}
        rows += [Row(f"{name}.Shortcut", "max pooling", **pool)]  # every second pixel
        rows += [Row(f"{name}.Zeros", "zero channels", filters=filters)]
        ends = (ends[0], rows[-1].name)
    if shortcut is not None:
        rows += [Row(name, "add", after=ends)]
    return [*rows, Row(f"{name}.Relu", "relu")]


def resnet(name, blocks, bottleneck=False, stride_in_3x3=False):
    """Describe a residual network for ImageNet.

    Parameters
    ----------
    name : str
    blocks : sequence of four int
        Blocks in each stage, from 56x56 pixels to 7x7.
    bottleneck : bool
        Three convolutions a block (1x1 with few filters, 3x3, 1x1 with four times as
        many) instead of two of 3x3.
    stride_in_3x3 : bool
        Which convolution of a bottleneck has the stride: the 3x3, as in most code of
        today (also called version 1.5), or the first 1x1, as in the paper.

    Returns
    -------
    Architecture

    References
    ----------
    He, Zhang, Ren & Sun (2016), table 1; notebooks/08_modern_architectures.ipynb.
    """
    rows = [
        Row("Conv1", "convolution", filters=64, window=7, stride=2, pad=3, bias=False),
        Row("Norm1", "batch normalization"),
        Row("Relu1", "relu"),
        Row("Pool1", "max pooling", window=3, stride=2, pad=1),
    ]
    for stage, count in enumerate(blocks, start=2):
        filters = 64 * 2 ** (stage - 2)
        for number in range(1, count + 1):
            stride = 2 if number == 1 and stage > 2 else 1
            path = [(filters, 3, stride), (filters, 3, 1)]
            if bottleneck:
                first, second = (1, stride) if stride_in_3x3 else (stride, 1)
                path = [(filters, 1, first), (filters, 3, second), (4 * filters, 1, 1)]
            fits = number > 1 or (stage == 2 and not bottleneck)
            shortcut = "identity" if fits else "projection"
            rows += residual(f"Stage{stage}.{number}", rows[-1].name, path, shortcut)
    rows += [Row("Mean", "global average pooling"), Row("Affine", "affine", units=1000)]
    return Architecture(name, IMAGENET, rows)


RESNET18 = resnet("ResNet-18", (2, 2, 2, 2))
RESNET34 = resnet("ResNet-34", (3, 4, 6, 3))
RESNET50 = resnet("ResNet-50", (3, 4, 6, 3), bottleneck=True)
RESNET152 = resnet("ResNet-152", (3, 8, 36, 3), bottleneck=True)
RESNET50_TORCHVISION = resnet("ResNet-50, torchvision", (3, 4, 6, 3), True, True)
RESNET152_TORCHVISION = resnet("ResNet-152, torchvision", (3, 8, 36, 3), True, True)


def cifar_resnet(depth, shortcut="zeros", input_dim=(3, 32, 32), classes=10, width=16):
    """Describe a residual network for small images: three stages, 3x3 only.

    Parameters
    ----------
    depth : int
        Layers with weights: 6n + 2, for n blocks in each stage.
    shortcut : {'zeros', 'projection', None}
        How a shortcut fits where the shape changes; None describes the plain network
        without any shortcut.
    input_dim : (C, H, W)
    classes : int
    width : int
        Filters in the first stage; the others have two and four times as many.

    Returns
    -------
    Architecture

    Raises
    ------
    ValueError
        If there is no network of this depth, or no such shortcut.

    References
    ----------
    He et al. (2016), section 4.2; notebooks/08_modern_architectures.ipynb.
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(
            f"depth is {depth}; expected 6n + 2, with n blocks in each of three "
            "stages: 8, 14, 20, 32, 44, 56, 110..."
        )
    if shortcut not in ("zeros", "projection", None):
        raise ValueError(
            f"shortcut is {shortcut!r}; expected 'zeros', 'projection', or None for a "
            "plain network."
        )
    conv = {"filters": width, "window": 3, "pad": 1, "bias": False}
    rows = [
        Row("Conv1", "convolution", **conv),
        Row("Norm1", "batch normalization"),
        Row("Relu1", "relu"),
    ]
    for stage in (1, 2, 3):
        filters = width * 2 ** (stage - 1)
        for number in range(1, (depth - 2) // 6 + 1):
            changes = stage > 1 and number == 1
            path = [(filters, 3, 2 if changes else 1), (filters, 3, 1)]
            kind = shortcut if changes or shortcut is None else "identity"
            rows += residual(f"Stage{stage}.{number}", rows[-1].name, path, kind)
    rows += [Row("Mean", "global average pooling")]
    rows += [Row("Affine", "affine", units=classes)]
    name = f"{'plain' if shortcut is None else 'ResNet'}-{depth}"
    name += ", projections" if shortcut == "projection" else ""
    return Architecture(name, input_dim, rows)


RESNET20 = cifar_resnet(20)
RESNET20_PROJECTIONS = cifar_resnet(20, "projection")
