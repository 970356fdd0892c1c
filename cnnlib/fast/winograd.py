"""Winograd's convolution for wide 3x3 filters: 36 products where others need 144.

A tile of 4x4 outputs needs 6x6 pixels and, done directly, 16 * 9 = 144 products
for each pair of channel and filter. Winograd's matrices turn tile and filter into
36 numbers each; these are multiplied one by one, and a last matrix turns the
products into the 16 outputs. Only the one-by-one step grows with channels *
filters: it becomes 36 matrix products, with a quarter of the work.

The price is rounding: errors of 7e-6 of the largest output instead of 8e-7, for
float32. So float64, where nobody wants to lose digits, goes the other way.
(Lavin & Gray 2016, F(4x4, 3x3).)
"""

import numpy as np

from .direct import block_length, chunks, cut
from .threads import share

# fmt: off
BT = np.array([[4,  0, -5,  0, 1, 0],
               [0, -4, -4,  1, 1, 0],
               [0,  4, -4, -1, 1, 0],
               [0, -2, -1,  2, 1, 0],
               [0,  2, -1, -2, 1, 0],
               [0,  4,  0, -5, 0, 1]], np.float32)
G = np.array([[1 / 4,      0,     0],
              [-1 / 6, -1 / 6, -1 / 6],
              [-1 / 6,  1 / 6, -1 / 6],
              [1 / 24, 1 / 12,  1 / 6],
              [1 / 24, -1 / 12, 1 / 6],
              [0,           0,     1]], np.float32)
AT = np.array([[1, 1,  1, 1,  1, 0],
               [0, 1, -1, 2, -2, 0],
               [0, 1,  1, 4,  4, 0],
               [0, 1, -1, 8, -8, 1]], np.float32)
# fmt: on
# a matrix for rows and the same for columns are one matrix for the whole tile
BT2, G2, AT2 = np.kron(BT, BT), np.kron(G, G), np.kron(AT, AT)

WIDE = 64  # channels and filters from which the transforms are paid back


def suits(W, g, N):
    """Tell whether a convolution can and should be done this way."""
    FN, C, *window = W.shape
    places = _tiles(g)[0] * _tiles(g)[1]
    return (
        W.dtype == np.float32
        and window == [3, 3]
        and g.stride == g.dilation == (1, 1)
        and min(C, FN) >= WIDE
        and places * N >= WIDE
        and 16 * places <= 1.5 * g.OH * g.OW
    )


def forward(x, W, b, g, out):
    """Write the feature maps of images x (C, H, W, N) to ``out`` (FN, OH, OW, N).

    Returns what ``backward`` wants: the tiles and the filters, transformed.
    """
    V = _transform_images(x, g)  # (36, C, T) for T tiles
    U = _transform_filters(W)  # (36, FN, C)
    size = V.shape[2]

    def work(filters):
        for few in chunks(filters, 36 * size):
            products = (U[:, few] @ V).reshape(36, -1)
            tiles = _product(AT2, products).reshape(16, -1, size)
            if b is not None:
                tiles += b[few, np.newaxis]
            for part, place in _corners(out[few], tiles, g, 4):
                part[...] = place

    share(work, len(W), out.size + V.size)
    return V, U


def backward(dout, kept, W, g, shape, images):
    """Return dW, and dx (C, H, W, N) if ``images``: each step above, transposed."""
    V, U = kept
    size = V.shape[2]
    dproducts = np.empty((36, len(W), size), dout.dtype)
    dU = np.empty_like(U)

    def work(filters):
        for few in chunks(filters, 36 * size):
            tiles = np.zeros((16, few.stop - few.start, size), dout.dtype)
            for part, place in _corners(dout[few], tiles, g, 4):
                place[...] = part
            d = _product(AT2.T, tiles.reshape(16, -1)).reshape(36, -1, size)
            dproducts[:, few] = d
            dU[:, few] = d @ V.transpose(0, 2, 1)

    share(work, len(W), dout.size + V.size)
    dW = (G2.T @ dU.reshape(36, -1)).T.reshape(W.shape)
    return dW, _images(dproducts, U, g, shape) if images else None


def _images(dproducts, U, g, shape):
    """Return dx (C, H, W, N): the tiles' gradients, added up where tiles overlap."""
    size = dproducts.shape[2]
    padded, inside = _padded(shape, g, dproducts.dtype)

    def work(channels):
        for few in chunks(channels, 36 * size):
            d = U[:, :, few].transpose(0, 2, 1) @ dproducts  # (36, few, T)
            tiles = _product(BT2.T, d.reshape(36, -1)).reshape(36, -1, size)
            for part, place in _corners(padded[few], tiles, g, 6):
                part += place

    share(work, shape[0], dproducts.size)
    return inside


def _transform_images(x, g):
    """Return the tiles of the images, transformed: (36, C, T)."""
    th, tw = _tiles(g)
    size = th * tw * x.shape[3]
    V = np.empty((36, len(x), size), x.dtype)

    def work(channels):
        for few in chunks(channels, 36 * size):
            padded, inside = _padded(x[few].shape, g, x.dtype)
            inside[...] = x[few]
            tiles = np.empty((36, len(padded), size), x.dtype)
            for part, place in _corners(padded, tiles, g, 6):
                place[...] = part
            V[:, few] = _product(BT2, tiles.reshape(36, -1)).reshape(tiles.shape)

    share(work, len(x), V.size)
    return V


def _transform_filters(W):
    """Return the filters, transformed: (36, FN, C)."""
    return (G2 @ W.reshape(-1, 9).T).reshape(36, *W.shape[:2])


def _product(matrix, columns):
    """Return ``matrix @ columns``, in blocks of columns that OpenBLAS likes."""
    out = np.empty((len(matrix), columns.shape[1]), columns.dtype)
    for block in cut(slice(0, columns.shape[1]), block_length(matrix.size)):
        np.matmul(matrix, columns[:, block], out=out[:, block])
    return out


def _tiles(g):
    """Return how many tiles of 4x4 outputs stand below and beside each other."""
    return -(-g.OH // 4), -(-g.OW // 4)


def _padded(shape, g, dtype):
    """Return zeros for whole tiles with their margins, and the view of the images."""
    (top, _), (left, _) = g.pad
    C, H, W, N = shape
    th, tw = _tiles(g)
    padded = np.zeros((C, 4 * th + 2, 4 * tw + 2, N), dtype)
    return padded, padded[:, top : top + H, left : left + W]


def _corners(images, tiles, g, width):
    """Pair each pixel of the tiles with its slice of the images, as equal shapes.

    ``images`` is (C, H, W, N), ``tiles`` (width * width, C, T). Where the last tile
    reaches over the edge of the images both are cut.
    """
    th, tw = _tiles(g)
    tiles = tiles.reshape(width, width, len(images), th, tw, -1)
    for i, j in np.ndindex(width, width):
        part = images[:, i : i + 4 * th - 3 : 4, j : j + 4 * tw - 3 : 4]
        yield part, tiles[i, j, :, : part.shape[1], : part.shape[2]]
