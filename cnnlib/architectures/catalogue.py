"""Networks that made history, row by row."""

from .description import Architecture, Row

__all__ = [
    "ALEXNET",
    "ALEXNET_TWO_GPUS",
    "LENET5",
    "LENET5_PAPER",
    "LENET5_TABLE_I",
    "SIMPLE_CONVNET",
]

# Which of the 6 maps of S2 (a row each) go into which of the 16 maps of C3 (a column
# each): LeCun et al. (1998), table I.
LENET5_TABLE_I = (
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
)

# As LeCun, Bottou, Bengio & Haffner printed it in 1998, section II.B. The output
# compares the 84 units of F6 with a drawing of each digit, 7 x 12 pixels, that was
# made by hand and not trained.
LENET5_PAPER = Architecture(
    "LeNet-5, 1998",
    (1, 32, 32),
    (
        Row("C1", "convolution", filters=6, window=5),
        Row("Squash1", "scaled tanh"),
        Row("S2", "subsampling", window=2, stride=2),
        Row("Squash2", "scaled tanh"),
        Row(
            "C3",
            "sparse convolution",
            window=5,
            sees=tuple(
                tuple(i for i, mark in enumerate(column) if mark == "X")
                for column in zip(*LENET5_TABLE_I, strict=True)
            ),
        ),
        Row("Squash3", "scaled tanh"),
        Row("S4", "subsampling", window=2, stride=2),
        Row("Squash4", "scaled tanh"),
        Row("C5", "convolution", filters=120, window=5),
        Row("Squash5", "scaled tanh"),
        Row("F6", "affine", units=84),
        Row("Squash6", "scaled tanh"),
        Row("Output", "rbf", units=10),
    ),
)

# As people build it today: every filter sees all channels, ReLU, max pooling, scores
# for a softmax. MNIST's 28 x 28 images take the place of 32 x 32 ones with pad 2.
LENET5 = Architecture(
    "LeNet-5, today",
    (1, 28, 28),
    (
        Row("C1", "convolution", filters=6, window=5, pad=2),
        Row("Relu1", "relu"),
        Row("S2", "max pooling", window=2, stride=2),
        Row("C3", "convolution", filters=16, window=5),
        Row("Relu2", "relu"),
        Row("S4", "max pooling", window=2, stride=2),
        Row("C5", "affine", units=120),
        Row("Relu3", "relu"),
        Row("F6", "affine", units=84),
        Row("Relu4", "relu"),
        Row("Output", "affine", units=10),
    ),
)

# Krizhevsky, Sutskever & Hinton (2012), section 3.5, on one device. The paper says
# 224 x 224; the sizes that follow in it need 227.
ALEXNET = Architecture(
    "AlexNet",
    (3, 227, 227),
    (
        Row("Conv1", "convolution", filters=96, window=11, stride=4),
        Row("Relu1", "relu"),
        Row("Norm1", "local response normalization"),
        Row("Pool1", "max pooling", window=3, stride=2),
        Row("Conv2", "convolution", filters=256, window=5, pad=2),
        Row("Relu2", "relu"),
        Row("Norm2", "local response normalization"),
        Row("Pool2", "max pooling", window=3, stride=2),
        Row("Conv3", "convolution", filters=384, window=3, pad=1),
        Row("Relu3", "relu"),
        Row("Conv4", "convolution", filters=384, window=3, pad=1),
        Row("Relu4", "relu"),
        Row("Conv5", "convolution", filters=256, window=3, pad=1),
        Row("Relu5", "relu"),
        Row("Pool5", "max pooling", window=3, stride=2),
        Row("Affine6", "affine", units=4096),
        Row("Relu6", "relu"),
        Row("Dropout6", "dropout", ratio=0.5),
        Row("Affine7", "affine", units=4096),
        Row("Relu7", "relu"),
        Row("Dropout7", "dropout", ratio=0.5),
        Row("Affine8", "affine", units=1000),
    ),
)

# As it was trained: half of the filters on each of two GPUs, which exchange their
# results before Conv3 only. Conv1 sees the whole image on both.
ALEXNET_TWO_GPUS = Architecture(
    "AlexNet, two GPUs",
    ALEXNET.input_dim,
    ALEXNET.with_row("Conv2", groups=2)
    .with_row("Conv4", groups=2)
    .with_row("Conv5", groups=2)
    .rows,
)

# Saito, section 7.5: the same network as cnnlib.SimpleConvNet().
SIMPLE_CONVNET = Architecture(
    "SimpleConvNet",
    (1, 28, 28),
    (
        Row("Conv1", "convolution", filters=30, window=5),
        Row("Relu1", "relu"),
        Row("Pool1", "max pooling", window=2, stride=2),
        Row("Affine1", "affine", units=100),
        Row("Relu2", "relu"),
        Row("Affine2", "affine", units=10),
    ),
)
