"""Output sizes and receptive fields against counting by hand, place by place."""

from itertools import product

import numpy as np
import pytest

from cnnlib.geometry import conv_output_size, receptive_field, resolve, resolve_pooling

GRID = list(product(range(1, 9), range(1, 5), (1, 2, 3), (0, 1, 2), (1, 2, 3)))


def count_places(size, window, stride, before, after, dilation):
    """Slide the window by hand; return the places and the pixels never reached."""
    length = before + size + after
    starts = [
        start
        for start in range(0, length, stride)
        if all(start + point * dilation < length for point in range(window))
    ]
    reached = starts[-1] + (window - 1) * dilation + 1 if starts else 0
    return len(starts), length - reached


def test_size_is_the_number_of_places_where_the_window_fits():
    for size, window, stride, pad, dilation in GRID:
        places, _ = count_places(size, window, stride, pad, pad, dilation)
        if places:
            found = conv_output_size(size, window, stride, pad, dilation)
            assert found == places, (size, window, stride, pad, dilation)
        else:
            with pytest.raises(ValueError, match="does not fit"):
                conv_output_size(size, window, stride, pad, dilation)


def test_size_agrees_with_pytorch(torch):
    for size, window, stride, pad, dilation in GRID:
        if not count_places(size, window, stride, pad, pad, dilation)[0]:
            continue
        x, W = torch.zeros(1, 1, size), torch.zeros(1, 1, window)
        out = torch.conv1d(x, W, None, stride, pad, dilation)
        found = conv_output_size(size, window, stride, pad, dilation)
        assert found == out.shape[-1], (size, window, stride, pad, dilation)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (2, 0), (1, 3)])
def test_both_ends_may_be_padded_differently(before, after):
    for size, window, stride in product(range(3, 9), (1, 2, 3), (1, 2, 3)):
        places, _ = count_places(size, window, stride, before, after, 1)
        assert conv_output_size(size, window, stride, (before, after)) == places


def test_strict_raises_exactly_where_pixels_are_dropped():
    for size, window, stride, pad, dilation in GRID:
        places, dropped = count_places(size, window, stride, pad, pad, dilation)
        if not places:
            continue
        if dropped:
            with pytest.raises(ValueError, match=f"last {dropped} pixel"):
                conv_output_size(size, window, stride, pad, dilation, strict=True)
        else:
            found = conv_output_size(size, window, stride, pad, dilation, strict=True)
            assert found == places


def test_valid_adds_nothing():
    for size, window, stride in product(range(4, 9), range(1, 5), (1, 2, 3)):
        valid = conv_output_size(size, window, stride, "valid")
        assert valid == conv_output_size(size, window, stride, 0)


def test_same_gives_one_place_for_each_stride_begun():
    for size, window, stride, _, dilation in GRID:
        places = conv_output_size(size, window, stride, "same", dilation)
        assert places == -(-size // stride), (size, window, stride, dilation)


def test_same_adds_no_more_than_it_needs_and_the_odd_pixel_comes_last():
    for size, window, stride, _, dilation in GRID:
        g = resolve(size, 1, window, 1, (stride, 1), "same", (dilation, 1))
        before, after = g.pad[0]
        assert after - before in (0, 1)
        if after:  # one pixel less would lose a place
            fewer = count_places(size, window, stride, before, after - 1, dilation)[0]
            assert fewer == g.OH - 1


def test_full_counts_every_place_with_a_common_pixel():
    for size, window, _, _, dilation in GRID:
        points = range(0, window * dilation, dilation)
        touching = [
            start
            for start in range(-points[-1], size)
            if start <= size - 1 and start + points[-1] >= 0
        ]
        assert conv_output_size(size, window, 1, "full", dilation) == len(touching)


@pytest.mark.parametrize(
    ("stride", "pad", "dilation"),
    [
        (1, 0, 1),
        ((2, 3), (1, 0), (1, 2)),
        (2, ((0, 1), (2, 0)), 1),
        ((1, 2), "same", (2, 1)),
        (1, ("same", "valid"), 1),
        (3, "full", 2),
    ],
)
def test_the_two_axes_do_not_mix(stride, pad, dilation):
    g = resolve(7, 9, 2, 3, stride, pad, dilation)
    swapped = resolve(9, 7, 3, 2, *map(swap, (stride, pad, dilation)))
    assert (g.OH, g.OW) == (swapped.OW, swapped.OH)
    assert g.pad == swapped.pad[::-1]
    vertical = [v[0] if isinstance(v, tuple) else v for v in (stride, pad, dilation)]
    horizontal = [v[1] if isinstance(v, tuple) else v for v in (stride, pad, dilation)]
    assert conv_output_size(7, 2, *vertical) == g.OH
    assert conv_output_size(9, 3, *horizontal) == g.OW


def swap(value):
    return value[::-1] if isinstance(value, tuple) else value


def test_pooling_steps_by_its_window_unless_told():
    assert resolve_pooling(6, 9, 2, 3).stride == (2, 3)
    assert resolve_pooling(6, 9, 2, 3, stride=1).stride == (1, 1)


def test_numpy_integers_are_whole_numbers():
    size = conv_output_size(np.int64(28), np.uint8(5), np.int32(2), np.int64(1))
    assert type(size) is int
    assert size == 13


STACKS = [
    [],
    [3],
    [1, 1],
    [3, 3, 3],
    [5, (2, 2), 5, (2, 2)],
    [(3, 2), (3, 2)],
    [(4, 3), [2, 1]],
    [(3, 1, 2), (3, 1, 4)],
    [(2, 3, 2), (3, 2), (2, 1, 3)],
    [(2, 5), (3, 4)],
]


@pytest.mark.parametrize("layers", STACKS, ids=str)
def test_receptive_field_is_what_a_change_of_one_pixel_reaches(layers):
    """Perturb each input pixel of a stack of all-ones filters; see who notices."""
    settings = [(*(p if isinstance(p, tuple | list) else (p,)), 1, 1) for p in layers]
    size = 1
    for window, stride, dilation, *_ in reversed(settings):
        size = (size - 1) * stride + (window - 1) * dilation + 1

    def first_output(signal):
        for window, stride, dilation, *_ in settings:
            places = range(0, len(signal) - (window - 1) * dilation, stride)
            points = range(0, window * dilation, dilation)
            signal = [sum(signal[start + p] for p in points) for start in places]
        return signal[0]

    size += 3  # pixels beyond the field
    noticed = [pixel for pixel in range(size) if first_output(np.eye(size)[pixel])]
    assert receptive_field(layers) == noticed[-1] - noticed[0] + 1
    if all(stride == dilation == 1 for _, stride, dilation, *_ in settings):
        assert receptive_field(layers) == len(noticed)


def test_receptive_field_takes_any_sequence():
    assert receptive_field(window for window in (3, 3)) == receptive_field((3, 3)) == 5
