"""Images unfolded in width: patches without copying each pixel FH*FW times.

im2col copies each pixel FH*FW times. Here each is copied FW times, into ``xw``
(rows, C*FW, columns). The patches of output row y are then FH rows of xw that
follow each other in memory: one matrix (FH*C*FW, columns), no further copy. The
matrices of neighbouring y overlap, which a read-only view may do.
(Memory-efficient convolution, Cho & Brand 2017.)
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..geometry import span
from .threads import share


def unfold(x, g, ones=False):
    """Return images (C, H, W, N) unfolded: (rows, C*FW, OW*N).

    With ``ones`` each row ends with a line of ones, for the bias.
    """
    xw = empty_unfolded(x, g, g.OW * x.shape[3], ones)
    fill_unfolded(x, g, xw)
    return xw


def empty_unfolded(x, g, columns, ones=False):
    """Return memory for unfolded images (rows, C*FW, columns), the ones set.

    Where the columns are a multiple of 1,024 all rows would start in the same corner
    of the cache; 16 unused numbers at the end of each avoid that (1.3x faster).
    """
    rows = (g.OH - 1) * g.stride[0] + span(g.FH, g.dilation[0])
    lines = len(x) * g.FW + ones
    spare = 16 if columns % 1024 == 0 else 0
    xw = np.empty((rows, lines, columns + spare), x.dtype)[..., :columns]
    if ones:
        xw[:, -1] = 1
    return xw


def fill_unfolded(x, g, xw):
    """Copy each pixel to the FW lines of xw, at most, whose places see it.

    ``g`` may be a part of the window: then its padding and OW are those of the part.
    """
    C, H, W, N = x.shape
    (top, _), (left, _) = g.pad
    rows = len(xw)
    target = xw[:, : C * g.FW].reshape(rows, C, g.FW, g.OW, N)
    first, last = (min(max(y, 0), rows) for y in (top, top + H))
    target[:first] = target[last:] = 0
    source = x[:, first - top : last - top].transpose(1, 0, 2, 3)
    target, step = target[first:last], g.stride[1]
    if left <= 0 and span(g.FW, g.dilation[1]) + step * (g.OW - 1) - left <= W:
        # all places see real pixels only: one copy instead of FW
        row, channel, column, number = source.strides
        target[...] = as_strided(
            source[:, :, -left:],
            target.shape,
            (row, channel, g.dilation[1] * column, step * column, number),
            writeable=False,
        )
        return
    for j in range(g.FW):
        offset = j * g.dilation[1] - left
        start, stop, pixels = reach(offset, step, W, g.OW)
        target[:, :, j, :start] = target[:, :, j, stop:] = 0
        target[:, :, j, start:stop] = source[:, :, pixels]


def reach(offset, stride, size, places):
    """Find the places that see a real pixel through one column of the window.

    Place x looks at pixel ``offset + stride * x``. Returns the first such place,
    the one after the last, and the slice of the pixels that they see.
    """
    first = min(max(-(offset // stride), 0), places)
    last = min(max((size - 1 - offset) // stride + 1, first), places)
    start = offset + stride * first
    return first, last, slice(start, start + stride * (last - first), stride)


def windows(xw, g):
    """Show unfolded rows as patches (OH, FH*C*FW, columns): overlapping, read-only.

    Rows that a vertical dilation keeps apart are copied by ``reshape``, others not.
    """
    _, lines, columns = xw.shape
    row, line, number = xw.strides
    view = as_strided(
        xw,
        (g.OH, g.FH, lines, columns),
        (g.stride[0] * row, g.dilation[0] * row, line, number),
        writeable=False,
    )
    return view.reshape(g.OH, g.FH * lines, columns)


def gather(x, g):
    """Copy all patches into one matrix (C*FH*FW, OH*OW*N), in the order of W."""
    C, *_, N = x.shape
    col = np.empty((C, g.FH, g.FW, g.OH, g.OW * N), x.dtype)

    def work(channels):
        xw = unfold(x[channels], g)
        for i in range(g.FH):
            start, step = i * g.dilation[0], g.stride[0]
            rows = xw[start : start + step * (g.OH - 1) + 1 : step]
            rows = rows.reshape(g.OH, -1, g.FW, g.OW * N)
            col[channels, i] = rows.transpose(1, 2, 0, 3)

    share(work, C, col.size)
    return col.reshape(C * g.FH * g.FW, -1)
