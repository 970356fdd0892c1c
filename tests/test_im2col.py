"""im2col writes windows as rows, col2im is its exact adjoint: random shapes."""

import numpy as np
import pytest
from layer_table import distinct, random_windows
from numpy.testing import assert_array_equal

from cnnlib import naive
from cnnlib.geometry import resolve
from cnnlib.im2col import col2im, im2col

SETTINGS = [
    ((6, 7), (3, 3), {}),
    ((4, 5), (1, 1), {}),
    ((1, 1), (1, 1), {}),
    ((7, 5), (3, 2), {"stride": (1, 2), "pad": ((2, 0), (1, 3)), "dilation": (2, 1)}),
    ((9, 8), (2, 2), {"stride": (4, 3)}),
    *random_windows(seed=5, count=40, dilated=True),
]

over_settings = pytest.mark.parametrize(("sizes", "window", "settings"), SETTINGS)


def images(sizes, dtype=np.float64, N=2, C=3):
    return distinct((N, C, *sizes), f"images {sizes}", dtype)


def rows_for(x, window, settings):
    """Draw a matrix of the shape of im2col's result."""
    g = resolve(*x.shape[2:], *window, **settings)
    N, C = x.shape[:2]
    shape = (N * g.OH * g.OW, C * g.FH * g.FW)
    return distinct(shape, f"rows {shape}", x.dtype)


@over_settings
def test_rows_are_those_of_the_plain_loops(sizes, window, settings):
    x = images(sizes)
    expected = naive.im2col(x, *window, **settings)
    assert_array_equal(im2col(x, *window, **settings), expected)


@over_settings
def test_col2im_adds_as_the_plain_loops_do(sizes, window, settings):
    x = images(sizes)
    col = rows_for(x, window, settings)
    expected = naive.col2im(col, x.shape, *window, **settings)
    found = col2im(col, x.shape, *window, **settings)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@over_settings
def test_col2im_is_the_adjoint_of_im2col(sizes, window, settings):
    x = images(sizes)
    y = rows_for(x, window, settings)
    left = np.vdot(im2col(x, *window, **settings), y)
    right = np.vdot(x, col2im(y, x.shape, *window, **settings))
    assert left == pytest.approx(right, rel=1e-12, abs=1e-10)


@over_settings
def test_adjoint_exactly_in_whole_numbers(sizes, window, settings):
    """Without rounding there is no tolerance either."""
    x = np.rint(1000 * images(sizes)).astype(np.int64)
    y = np.rint(1000 * rows_for(images(sizes), window, settings)).astype(np.int64)
    left = (im2col(x, *window, **settings) * y).sum()
    assert left == (x * col2im(y, x.shape, *window, **settings)).sum()


@over_settings
def test_rows_agree_with_pytorch(torch, sizes, window, settings):
    x = images(sizes)
    g = resolve(*sizes, *window, **settings)
    padded = torch.tensor(np.pad(x, ((0, 0), (0, 0), *g.pad)))
    unfolded = torch.nn.functional.unfold(padded, window, g.dilation, 0, g.stride)
    expected = unfolded.transpose(1, 2).reshape(-1, 3 * window[0] * window[1])
    assert_array_equal(im2col(x, *window, **settings), expected.numpy())


def test_overlapping_windows_add_up():
    """A pixel comes back once for each window that it stands in."""
    x = np.ones((1, 1, 3, 4))
    found = col2im(im2col(x, 2, 2), x.shape, 2, 2)
    assert_array_equal(found[0, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])


def test_pixels_that_no_window_reaches_stay_zero():
    x = np.ones((1, 1, 5, 5))
    found = col2im(im2col(x, 2, 2, stride=3), x.shape, 2, 2, stride=3)
    seen = np.outer([1, 1, 0, 1, 1], [1, 1, 0, 1, 1])
    assert_array_equal(found[0, 0], seen)


def test_rows_by_hand():
    """Rows: left to right, then down. Columns: channel, then the window's points."""
    x = np.arange(1, 13).reshape(1, 2, 2, 3)
    assert_array_equal(
        im2col(x, 2, 2), [[1, 2, 4, 5, 7, 8, 10, 11], [2, 3, 5, 6, 8, 9, 11, 12]]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_the_type_is_kept(dtype):
    x = np.arange(24).reshape(1, 2, 3, 4).astype(dtype)
    col = im2col(x, 2, 2, pad=1)
    assert col.dtype == dtype
    assert col2im(col, x.shape, 2, 2, pad=1).dtype == dtype


@pytest.mark.parametrize("window", [(1, 1), (2, 3), (4, 5)])
def test_results_are_new_arrays_and_arguments_stay(window):
    """A 1x1 window needs no copying, so a view would be easy to return."""
    x = images((4, 5))
    copy = x.copy()
    x.flags.writeable = False
    col = im2col(x, *window)
    assert not np.shares_memory(x, col)
    assert col.flags.c_contiguous
    col[...] = 1
    assert_array_equal(x, copy)
    col.flags.writeable = False
    back = col2im(col, x.shape, *window)
    assert not np.shares_memory(col, back)
    back[...] = 2
    assert (col == 1).all()


def test_memory_order_does_not_matter():
    x = images((6, 5))
    expected = im2col(x, 3, 2, (2, 1), 1)
    for same in (np.asfortranarray(x), x[::-1, ::-1].copy()[::-1, ::-1]):
        assert_array_equal(im2col(same, 3, 2, (2, 1), 1), expected)
    reversed_rows = expected[::-1].copy()[::-1]
    assert_array_equal(
        col2im(np.asfortranarray(expected), x.shape, 3, 2, (2, 1), 1),
        col2im(reversed_rows, x.shape, 3, 2, (2, 1), 1),
    )


def test_lists_are_images_too():
    col = im2col([[[[1, 2], [3, 4]]]], 2, 1)
    assert_array_equal(col, [[1, 3], [2, 4]])
    assert_array_equal(col2im(col.tolist(), [1, 1, 2, 2], 2, 1), [[[[1, 2], [3, 4]]]])
