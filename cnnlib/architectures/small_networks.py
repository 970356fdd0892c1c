"""Three networks for small pictures, from the plainest to the one that is used today.

They answer one question in steps: what does a network for 32 x 32 colour photographs
need? Notebook 09 trains them.
"""

from .description import Architecture, Row

__all__ = ["CIFAR_FIRST", "CIFAR_IMPROVED", "FASHION_CONVNET"]


def three_strides(name, input_dim, head):
    """Describe three 3x3 convolutions with stride 2, and then the head.

    A stride of 2 halves the picture as a pooling would, without a layer of its own.
    """
    rows = []
    for number, filters in enumerate((32, 64, 128), start=1):
        rows += [
            Row(f"Conv{number}", "convolution", filters=filters, window=3, stride=2),
            Row(f"Relu{number}", "relu"),
        ]
    return Architecture(name, input_dim, (*rows, *head))


def three_blocks(name, input_dim, head):
    """Describe three blocks of two 3x3 'same' convolutions each, and then the head.

    Batch normalization stands between each convolution and its ReLU. It subtracts the
    mean, so a bias before it would do nothing: there is none.
    """
    rows, number = [], 0
    for block, filters in enumerate((32, 64, 128), start=1):
        for _ in range(2):
            number += 1
            conv = {"filters": filters, "window": 3, "pad": 1, "bias": False}
            rows += [
                Row(f"Conv{number}", "convolution", **conv),
                Row(f"Norm{number}", "batch normalization"),
                Row(f"Relu{number}", "relu"),
            ]
        rows.append(Row(f"Pool{block}", "max pooling", window=2, stride=2))
    return Architecture(name, input_dim, (*rows, *head))


def cifar_head(relu):
    """Return the head of both CIFAR-10 networks: they differ in what is before it."""
    return (
        Row("Dropout1", "dropout", ratio=0.5),
        Row("Affine1", "affine", units=1024),
        Row(relu, "relu"),
        Row("Dropout2", "dropout", ratio=0.2),
        Row("Affine2", "affine", units=10),
    )


FASHION_CONVNET = three_strides(
    "Fashion-MNIST network",
    (1, 28, 28),
    (
        Row("Dropout1", "dropout", ratio=0.2),
        Row("Affine1", "affine", units=512),
        Row("Relu4", "relu"),
        Row("Affine2", "affine", units=10),
    ),
)

CIFAR_FIRST = three_strides("first CIFAR-10 network", (3, 32, 32), cifar_head("Relu4"))

CIFAR_IMPROVED = three_blocks(
    "improved CIFAR-10 network", (3, 32, 32), cifar_head("Relu7")
)
