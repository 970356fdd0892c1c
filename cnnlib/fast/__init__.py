"""The same layers, quick: what changes when only the order in memory changes.

Every class here has the name, the arguments and the results of its textbook
twin in ``cnnlib.conv`` and ``cnnlib.layers``. What differs is where the numbers
lie. A batch of images (N, C, H, W) is usually stored image after image. Here the
same pixel of all images is stored side by side ("batch-last"), although the
shape is still written (N, C, H, W)::

    two images      A: a b     B: e f       of 2 x 2 pixels
                       c d        g h

    textbook        a b c d e f g h         the stride of N is 4 numbers
    batch-last      a e b f c g d h         the stride of N is 1 number

Why is that quick? A convolution and a pooling look at pixels that are next to
each other in the image, but do the same thing to all images. In the first order
a 5x5 patch is 25 short jumps through memory. In the second each of its pixels is
one unbroken run of at least N numbers, and a processor copies, compares and
multiplies such runs as fast as memory delivers them. Three things follow:

* patches are copied row by row, not pixel by pixel, and only in one direction
  (``unfold``); the matrix product over them writes its result in the right order;
* max pooling compares four long slices instead of building windows (``pooling``);
* flattening for an ``Affine`` layer moves nothing at all (``layers``).

An ordinary array is converted when it enters the first layer; a layer that finds
batch-last memory leaves it so. Nobody outside sees any of this, for NumPy keeps
shape and strides apart: ``x.shape``, ``x[0]`` and ``x.sum()`` are what they were.
"""

from ..elementwise import Dropout, Sigmoid, SoftmaxWithLoss, Tanh
from .convolution import Convolution
from .layers import (
    Affine,
    Flatten,
    LocalResponseNormalization,
    Relu,
)
from .layout import hold_memory
from .normalization import BatchNormalization
from .optimizers import Adam, AdamW
from .parallel import loss_and_gradient, predict
from .pooling import AveragePooling, GlobalAveragePooling, GlobalMaxPooling, Pooling
from .threads import one_blas_thread

__all__ = [
    "Adam",
    "AdamW",
    "Affine",
    "AveragePooling",
    "BatchNormalization",
    "Convolution",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling",
    "GlobalMaxPooling",
    "LocalResponseNormalization",
    "Pooling",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
    "Tanh",
    "loss_and_gradient",
    "one_blas_thread",
    "predict",
]

hold_memory()
