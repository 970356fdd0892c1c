"""Convolutional neural networks from scratch, on NumPy.

Read the modules in the order in which they are imported here: each one needs only
those above it. Names follow Saito's "Deep Learning from Scratch", chapter 7.
"""

from .geometry import conv_output_size, receptive_field
from .functions import cross_entropy_error, softmax
from .gradient import gradient_check, numerical_gradient
from .optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    CosineDecay,
    Momentum,
    Nesterov,
    RMSProp,
    StepDecay,
    WarmUp,
)
from .im2col import col2im, im2col
from . import naive
from .conv import (
    AveragePooling,
    Convolution,
    GlobalAveragePooling,
    GlobalMaxPooling,
    Pooling,
)
from .layers import (
    Affine,
    BatchNormalization,
    Dropout,
    Flatten,
    LocalResponseNormalization,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
    Tanh,
)
from . import fast
from .networks import (
    Add,
    Concat,
    Residual,
    Sequential,
    SimpleConvNet,
    initial_weights,
)
from .architectures import (
    ALEXNET,
    ALEXNET_TWO_GPUS,
    LENET5,
    LENET5_PAPER,
    SIMPLE_CONVNET,
    Architecture,
    Row,
    LayerTable,
    build,
    compare,
)
from .trainer import Trainer
from . import augment
from .data import (
    CIFAR10_CLASSES,
    COLOURED_SHAPES_CLASSES,
    FASHION_MNIST_CLASSES,
    load_cifar10,
    load_colour_images,
    load_coloured_shapes,
    load_digits,
    load_fashion_mnist,
    load_handwritten_digits,
    load_mnist,
)
