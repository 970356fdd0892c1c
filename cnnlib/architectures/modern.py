"""Networks of 2014 as data: VGG and GoogLeNet.

They are long, and made of parts that repeat. So functions write the rows, the way the
papers' own tables do. A row that joins branches has the name of its block, and the
rows of the block begin with it: 'Inception3a' joins what 'Inception3a.1x1' and others
made.
"""

from .description import Architecture, Row

__all__ = [
    "ALEXNET_2014",
    "GOOGLENET",
    "GOOGLENET_TORCHVISION",
    "IMAGENET",
    "VGG16",
    "inception",
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
