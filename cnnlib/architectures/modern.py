"""Networks since 2014, as data: VGG, GoogLeNet and the residual networks.

They are long, and made of blocks that repeat. So functions write the rows, the way
the papers' own tables do. A row that joins branches has the name of its block, and
the rows of the block begin with it: 'Stage2.1' joins what 'Stage2.1.Conv2' and others
made.
"""

from .description import Architecture, Row

__all__ = [
    "ALEXNET_2014",
    "GOOGLENET",
    "GOOGLENET_TORCHVISION",
    "RESNET18",
    "RESNET20",
    "RESNET20_PROJECTIONS",
    "RESNET34",
    "RESNET50",
    "RESNET50_TORCHVISION",
    "RESNET152",
    "RESNET152_TORCHVISION",
    "VGG16",
    "cifar_resnet",
    "inception",
    "residual",
    "resnet",
]

IMAGENET = (3, 224, 224)

# A window that may begin on the last pixel and hang over the edge by one: what other
# libraries call ceil mode.
OVERHANG = ((0, 1), (0, 1))


def _unit(name, filters, window, stride=1, after=(), norm=False):
    """Write a convolution that keeps the size (but for a stride) and its ReLU."""
    conv = {"filters": filters, "window": window, "stride": stride, "after": after}
    rows = [Row(name, "convolution", pad=window // 2, bias=not norm, **conv)]
    rows += [Row(f"{name}.Norm", "batch normalization")] if norm else []
    return [*rows, Row(f"{name}.Relu", "relu")]


def _vgg16():
    """Thirteen convolutions of 3x3 in five groups, three affine layers."""
    rows, number = [], 0
    for group, (filters, layers) in enumerate(
        [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1
    ):
        for _ in range(layers):
            number += 1
            conv = {"filters": filters, "window": 3, "pad": 1}
            rows += [Row(f"Conv{number}", "convolution", **conv)]
            rows += [Row(f"Relu{number}", "relu")]
        rows += [Row(f"Pool{group}", "max pooling", window=2, stride=2)]
    for number in (14, 15):
        rows += [
            Row(f"Affine{number}", "affine", units=4096),
            Row(f"Relu{number}", "relu"),
            Row(f"Dropout{number}", "dropout", ratio=0.5),
        ]
    return [*rows, Row("Affine16", "affine", units=1000)]


# Simonyan & Zisserman (2015), table 1, column D.
VGG16 = Architecture("VGG-16", IMAGENET, _vgg16())

# Krizhevsky (2014), "One weird trick for parallelizing convolutional neural networks",
# in the form of torchvision: AlexNet made slimmer, on one device, without
# normalization.
ALEXNET_2014 = Architecture(
    "AlexNet, 2014",
    IMAGENET,
    (
        Row("Conv1", "convolution", filters=64, window=11, stride=4, pad=2),
        Row("Relu1", "relu"),
        Row("Pool1", "max pooling", window=3, stride=2),
        Row("Conv2", "convolution", filters=192, window=5, pad=2),
        Row("Relu2", "relu"),
        Row("Pool2", "max pooling", window=3, stride=2),
        Row("Conv3", "convolution", filters=384, window=3, pad=1),
        Row("Relu3", "relu"),
        Row("Conv4", "convolution", filters=256, window=3, pad=1),
        Row("Relu4", "relu"),
        Row("Conv5", "convolution", filters=256, window=3, pad=1),
        Row("Relu5", "relu"),
        Row("Pool5", "max pooling", window=3, stride=2),
        Row("Dropout6", "dropout", ratio=0.5),
        Row("Affine6", "affine", units=4096),
        Row("Relu6", "relu"),
        Row("Dropout7", "dropout", ratio=0.5),
        Row("Affine7", "affine", units=4096),
        Row("Relu7", "relu"),
        Row("Affine8", "affine", units=1000),
    ),
)


# --- GoogLeNet -----------------------------------------------------------------------


def inception(name, after, sizes, wide=5, norm=False):
    """Return the rows of one inception block: four branches, joined by a concat.

    Parameters
    ----------
    name : str
        Of the row that joins, and before the names of all others.
    after : str
        The row whose output comes in.
    sizes : sequence of six int
        Filters of: 1x1; 1x1 before 3x3, and 3x3; 1x1 before 5x5, and 5x5; 1x1 after
        the pooling. The order of the paper's table 1.
    wide : int
        Window of the widest branch: 5 in the paper.
    norm : bool
        Batch normalization after each convolution, which then has no bias.

    Returns
    -------
    list of Row

    References
    ----------
    Szegedy et al. (2015), figure 2b; notebooks/08_modern_architectures.ipynb.
    """
    one, three_in, three, five_in, five, pooled = sizes
    paths = [
        [("1x1", one, 1)],
        [("3x3in", three_in, 1), ("3x3", three, 3)],
        [("5x5in", five_in, 1), ("5x5", five, wide)],
    ]
    rows, ends = [], []
    for path in paths:
        above = (after,)
        for part, filters, window in path:
            rows += _unit(f"{name}.{part}", filters, window, after=above, norm=norm)
            above = ()
        ends += [rows[-1].name]
    pool = {"window": 3, "stride": 1, "pad": 1, "after": (after,)}
    rows += [Row(f"{name}.Pool", "max pooling", **pool)]
    rows += _unit(f"{name}.Pool1x1", pooled, 1, norm=norm)
    return [*rows, Row(name, "concat", after=(*ends, rows[-1].name))]


INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def _googlenet(norm=False, wide=5, last_pool=3, ratio=0.4):
    """Write the rows of GoogLeNet, without the two classifiers that helped to train.

    Local response normalization where there is no batch normalization.
    """
    local = "local response normalization"
    rows = _unit("Conv1", 64, 7, stride=2, norm=norm)
    rows += [Row("Pool1", "max pooling", window=3, stride=2, pad=OVERHANG)]
    rows += [] if norm else [Row("Norm1", local)]
    rows += [*_unit("Conv2in", 64, 1, norm=norm), *_unit("Conv2", 192, 3, norm=norm)]
    rows += [] if norm else [Row("Norm2", local)]
    rows += [Row("Pool2", "max pooling", window=3, stride=2, pad=OVERHANG)]
    for name, sizes in INCEPTIONS.items():
        rows += inception(f"Inception{name}", rows[-1].name, sizes, wide, norm)
        if name in ("3b", "4e"):
            window = 3 if name == "3b" else last_pool
            pool = {
                "window": window,
                "stride": 2,
                "pad": OVERHANG if window == 3 else 0,
            }
            rows += [Row(f"Pool{name[0]}", "max pooling", **pool)]
    return [
        *rows,
        Row("Mean", "global average pooling"),
        Row("Dropout", "dropout", ratio=ratio),
        Row("Affine", "affine", units=1000),
    ]


# Szegedy et al. (2015), table 1. Biases, no batch normalization.
GOOGLENET = Architecture("GoogLeNet", IMAGENET, _googlenet())

# As torchvision has it: batch normalization in place of biases, and 3x3 filters in the
# branch that the paper gives 5x5.
GOOGLENET_TORCHVISION = Architecture(
    "GoogLeNet, torchvision",
    IMAGENET,
    _googlenet(norm=True, wide=3, last_pool=2, ratio=0.2),
)


# --- residual networks ---------------------------------------------------------------


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
