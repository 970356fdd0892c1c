"""From ordinary memory to batch-last memory, and back to ordinary shapes.

An array that lies batch-last keeps its shape (N, C, H, W); only its strides
differ. ``batch_last`` shows such an array as (C, H, W, N), the order of its
numbers in memory, and ``logical`` turns that view round again. Neither copies
anything but an array that comes from outside.
"""

import numpy as np

from .threads import cut, share


def hold_memory():
    """Let freed arrays of up to 32 MB stay with the process, to be used again.

    The C library (glibc) gives large arrays back to the system at once, and the
    system clears every page before handing it out again: 1,300 page faults, 3 of 12
    ms, in a training step of SimpleConvNet. But it learns: once an array of 32 MB
    was freed it keeps what is smaller (up to 64 MB in all; see mallopt(3), "dynamic
    mmap threshold"). So one is freed here, unused; elsewhere this does nothing.
    """
    np.empty((32 << 20) - (64 << 10), np.uint8)


def batch_last(x):
    """Return images as (C, H, W, N), samples side by side; copy only if needed.

    The copy is made once, in front of the first layer: every later layer finds
    its input in this order already.
    """
    view = x.transpose(1, 2, 3, 0)
    if view.flags.c_contiguous or (len(x) > 1 and view.strides[3] == view.itemsize):
        return view
    return _transposed(view)


def _transposed(view):
    """Copy (C, H, W, N) into its own order, some samples at a time.

    Each sample lies on a page of memory of its own, and a processor knows its way to
    64 pages (1.3x faster for 100 samples). Samples that lie a multiple of 1,024
    numbers apart all start in the same corner of the cache, where only eight of
    them fit (3x faster).
    """
    out = np.empty(view.shape, view.dtype)
    few = 8 if view[..., 0].size % 1024 == 0 else 64

    def work(channels):
        for some in cut(slice(0, view.shape[3]), few):
            out[channels, ..., some] = view[channels, ..., some]

    share(work, len(view), view.size)
    return out


def logical(view):
    """Return (C, H, W, N) as (N, C, H, W) without moving a number."""
    return view.transpose(3, 0, 1, 2)


def feature_rows(x):
    """Return a batch (N, ...) as a matrix (D, N), one row a feature.

    A matrix product takes either order of memory, so the only copy is that of
    images that are neither batch-last nor contiguous.
    """
    if x.ndim == 4 and not x.flags.c_contiguous:
        return batch_last(x).reshape(-1, len(x))
    return x.reshape(len(x), -1).T


def channel_rows(x):
    """Return a batch (N, C, ...) as a contiguous matrix, one row a channel."""
    view = batch_last(x) if x.ndim == 4 else x.T
    return np.ascontiguousarray(view.reshape(len(view), -1))


def from_channel_rows(rows, shape):
    """Return a matrix of ``channel_rows`` in the ``shape`` (N, C, ...) it had."""
    if len(shape) == 4:
        return logical(rows.reshape(*shape[1:], shape[0]))
    return rows.T


def working_type(x, *parameters):
    """Return the type to compute in: that of x if floating, else as NumPy mixes."""
    return x.dtype if x.dtype.kind == "f" else np.result_type(x, *parameters)


def gradient_like(gradient, array):
    """Return a parameter's gradient in the parameter's own floating type."""
    if array.dtype.kind == "f":
        return gradient.astype(array.dtype, copy=False)
    return gradient
