"""Augmentation: what changes and what must not."""

import inspect

import numpy as np
import pytest

from cnnlib import augment
from cnnlib.augment import (
    Augmentation,
    Brightness,
    Contrast,
    Cutout,
    HorizontalFlip,
    RandomCrop,
    Rotation,
    Saturation,
    Shift,
    brightened,
    contrasted,
    covered,
    cropped,
    flipped,
    padded,
    rotated,
    saturated,
    shifted,
)

DTYPES = [np.float16, np.float32, np.float64, np.uint8]
SHAPES = [(6, 3, 8, 8), (5, 1, 7, 4), (1, 3, 5, 9), (4, 1, 1, 1), (3, 3, 1, 6)]
EMPTY = (0, 3, 8, 8)

TRANSFORMS = [
    HorizontalFlip(),
    HorizontalFlip(probability=1),
    RandomCrop(pad=3),
    RandomCrop(pad=(0, 2), mode="edge"),
    Shift(2),
    Shift((0, 20), mode="edge"),
    Rotation(15),
    Rotation(180, mode="edge"),
    Brightness(0.9),
    Contrast(0.9),
    Saturation(1),
    Cutout(3),
    Cutout((2, 40), fill=0.5),
    Augmentation(HorizontalFlip(), Shift(1), Brightness(), rng=1),
]


def pictures(shape=(6, 3, 8, 8), dtype=np.float32, seed=0):
    x = np.random.default_rng(seed).integers(0, 256, shape)
    return x.astype(dtype) if dtype == np.uint8 else (x / 255).astype(dtype)


each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
each_shape = pytest.mark.parametrize("shape", [*SHAPES, EMPTY], ids=str)
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)


# all of them


@each_transform
@each_dtype
@each_shape
def test_a_transform_keeps_shape_type_range_and_its_argument(transform, dtype, shape):
    x = pictures(shape, dtype)
    before = x.copy()
    out = transform(x, np.random.default_rng(3))
    assert out.shape == shape
    assert out.dtype == dtype
    assert not np.shares_memory(out, x)
    assert out.flags.writeable
    np.testing.assert_array_equal(x, before)
    if dtype != np.uint8:
        assert out.min(initial=0) >= 0
        assert out.max(initial=0) <= 1


@each_transform
def test_the_same_seed_gives_the_same_and_another_one_something_else(transform):
    x = pictures((40, 3, 8, 8))
    first, again, other = (transform(x, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(transform(x, 1), first)  # a seed will do
    if transform != HorizontalFlip(probability=1):
        assert not np.array_equal(other, first)


@each_transform
def test_a_read_only_batch_is_fine(transform):
    x = pictures()
    x.flags.writeable = False
    transform(x, 1)


NO_CHANGE = [
    HorizontalFlip(probability=0),
    RandomCrop(pad=0),
    RandomCrop(pad=0, size=8),
    Shift(0),
    Rotation(0),
    Brightness(0),
    Contrast(0),
    Saturation(0),
    Augmentation(),
]


@pytest.mark.parametrize("transform", NO_CHANGE, ids=repr)
@each_dtype
def test_an_amount_of_nothing_changes_nothing(transform, dtype):
    x = pictures(dtype=dtype)
    out = transform(x, 1)
    np.testing.assert_array_equal(out, x)
    assert not np.shares_memory(out, x)


@pytest.mark.parametrize(
    "transform",
    [HorizontalFlip(), Shift(2), Rotation(20), Brightness(), RandomCrop(), Cutout(3)],
    ids=repr,
)
def test_each_picture_gets_its_own_amount(transform):
    x = np.repeat(pictures((1, 3, 8, 8)), 30, axis=0)
    out = transform(x, 1)
    assert len({picture.tobytes() for picture in out}) > 1


# the functions


@each_dtype
@each_shape
def test_two_flips_are_none(dtype, shape):
    x = pictures(shape, dtype)
    np.testing.assert_array_equal(flipped(flipped(x)), x)
    np.testing.assert_array_equal(flipped(x), x[..., ::-1])


def test_only_the_pictures_asked_for_are_flipped():
    x, which = pictures((4, 3, 5, 5)), np.array([True, False, False, True])
    out = flipped(x, which)
    np.testing.assert_array_equal(out[which], x[which][..., ::-1])
    np.testing.assert_array_equal(out[~which], x[~which])


def test_about_half_are_flipped():
    x = pictures((2000, 1, 1, 2))
    same = (HorizontalFlip()(x, 5) == x).all(axis=(1, 2, 3))
    assert 0.45 < same.mean() < 0.55


@each_dtype
@each_shape
def test_a_crop_is_a_window_of_the_padded_picture(dtype, shape):
    x = pictures(shape, dtype)
    rng, size = np.random.default_rng(2), (2, 3)
    border = padded(x, 2)
    top = rng.integers(0, border.shape[2] - 1, len(x))
    left = rng.integers(0, border.shape[3] - 2, len(x))
    out = cropped(border, top, left, size)
    assert out.shape == (*shape[:2], *size)
    for picture, i, j, crop in zip(border, top, left, out, strict=True):
        np.testing.assert_array_equal(picture[:, i : i + 2, j : j + 3], crop)


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_a_random_crop_is_a_window_of_the_padded_picture_at_every_place(mode):
    x = np.repeat(pictures((1, 2, 4, 4)), 300, axis=0)
    border = padded(x[:1], 1, mode)[0]
    windows = {
        border[:, i : i + 4, j : j + 4].tobytes() for i in range(3) for j in range(3)
    }
    out = RandomCrop(pad=1, mode=mode)(x, 1)
    assert {np.ascontiguousarray(picture).tobytes() for picture in out} == windows


def test_a_random_crop_can_be_smaller():
    assert RandomCrop(pad=0, size=5)(pictures(), 1).shape == (6, 3, 5, 5)
    assert RandomCrop(pad=1, size=(3, 10))(pictures(), 1).shape == (6, 3, 3, 10)


@pytest.mark.parametrize("mode", ["constant", "edge"])
@each_dtype
@each_shape
def test_a_shift_moves_the_pixels(dtype, shape, mode):
    x = pictures(shape, dtype)
    H, W = shape[2:]
    for down, right in ((0, 0), (1, 0), (0, -2), (-3, 1), (H, 0), (99, -99)):
        out = shifted(x, down, right, mode)
        rows, columns = np.arange(H) - down, np.arange(W) - right
        old = x[:, :, rows.clip(0, H - 1)][..., columns.clip(0, W - 1)]
        if mode == "constant":
            here = ((rows >= 0) & (rows < H))[:, None] & (columns >= 0) & (columns < W)
            old = np.where(here, old, 0)
        np.testing.assert_array_equal(out, old)


def test_a_shift_and_back_keeps_the_middle():
    x, right = pictures(), np.array([1, -1, 2, -2, 0, 1])
    out = shifted(shifted(x, 1, right), -1, -right)
    np.testing.assert_array_equal(out[:, :, :7, 2:6], x[:, :, :7, 2:6])


@pytest.mark.parametrize("mode", ["constant", "edge"])
@pytest.mark.parametrize("side", [1, 2, 5, 8])
@each_dtype
def test_quarter_turns_are_those_of_numpy(dtype, side, mode):
    x = pictures((4, 3, side, side), dtype)
    for turns in (-1, 0, 1, 2, 3, 4):
        expected = np.rot90(x, turns, axes=(2, 3))
        np.testing.assert_array_equal(rotated(x, 90 * turns, mode), expected)
    each = rotated(x, np.array([0, 90, 180, 270]), mode)
    for turns, picture in enumerate(each):
        np.testing.assert_array_equal(picture, np.rot90(x[turns], turns, axes=(1, 2)))


@each_shape
def test_half_a_turn_works_on_every_shape(shape):
    x = pictures(shape)
    np.testing.assert_array_equal(rotated(x, 180), x[:, :, ::-1, ::-1])


def test_a_small_turn_moves_a_spot_anticlockwise():
    x = np.zeros((1, 1, 31, 31))
    x[0, 0, 15, 27] = 1  # to the right of the middle, 12 pixels away
    out = rotated(x, 30)[0, 0]
    rows, columns = np.indices(out.shape)
    middle = (out * rows).sum() / out.sum(), (out * columns).sum() / out.sum()
    np.testing.assert_allclose(middle, (15 - 6, 15 + 12 * 3**0.5 / 2), atol=0.2)


def test_a_turn_of_one_colour_leaves_the_middle_and_blackens_the_corners():
    x = np.ones((1, 1, 9, 9), np.float32)
    out = rotated(x, 45)[0, 0]
    np.testing.assert_allclose(out[2:7, 2:7], 1, rtol=1e-6)
    assert out[0, 0] == 0
    np.testing.assert_allclose(rotated(x, 45, mode="edge"), 1, rtol=1e-6)


@each_dtype
def test_cutout_covers_a_square_and_nothing_else(dtype):
    x = pictures((3, 3, 8, 8), dtype)
    out = covered(x, np.array([2, -1, 7]), np.array([0, 5, -2]), (2, 3), fill=1)
    white = 255 if dtype == np.uint8 else 1
    expected = x.copy()
    expected[0, :, 2:4, 0:3] = white
    expected[1, :, 0:1, 5:8] = white
    expected[2, :, 7:8, 0:1] = white
    np.testing.assert_array_equal(out, expected)


def test_the_middle_of_a_cutout_can_be_every_pixel():
    x = np.ones((500, 1, 4, 4))
    out = Cutout(1)(x, 1)
    assert (out.sum(axis=(1, 2, 3)) == 15).all()
    assert (out.min(axis=0) == 0).all()


@each_dtype
def test_brightness_multiplies_and_clips(dtype):
    x = pictures(dtype=dtype)
    top = 255 if dtype == np.uint8 else 1
    np.testing.assert_array_equal(brightened(x, 0), np.zeros_like(x))
    expected = np.minimum(x.astype(float) * 2, top)
    np.testing.assert_allclose(brightened(x, 2), expected, rtol=1e-3)
    each = brightened(x, np.arange(6) / 5)
    np.testing.assert_array_equal(each[5], x[5])
    assert not each[0].any()


@each_dtype
def test_contrast_keeps_the_mean_and_scales_what_differs(dtype):
    x = pictures((4, 3, 8, 8), dtype)
    mean = x.mean(axis=(1, 2, 3), keepdims=True, dtype=float)
    rounding = 0.51 if dtype == np.uint8 else 1e-3
    flat = np.broadcast_to(mean, x.shape)
    np.testing.assert_allclose(contrasted(x, 0), flat, atol=rounding)
    halved = mean + (x - mean) / 2
    np.testing.assert_allclose(contrasted(x, 0.5), halved, atol=rounding)


@each_dtype
def test_saturation_goes_to_grey_and_keeps_how_bright_it_looks(dtype):
    x = pictures((4, 3, 8, 8), dtype)
    rounding = 1.01 if dtype == np.uint8 else 2e-3
    luma = np.array([0.299, 0.587, 0.114])
    for factor in (0, 0.5):
        out = saturated(x, factor)
        looks = [np.einsum("nchw,c->nhw", a.astype(float), luma) for a in (out, x)]
        np.testing.assert_allclose(*looks, atol=rounding)
    grey = saturated(x, 0)
    np.testing.assert_array_equal(grey[:, 0], grey[:, 1])
    np.testing.assert_array_equal(grey[:, 0], grey[:, 2])


@each_dtype
def test_a_grey_picture_has_no_saturation(dtype):
    x = pictures((4, 1, 8, 8), dtype)
    tolerance = 0 if dtype == np.uint8 else 1e-6
    np.testing.assert_allclose(saturated(x, 0.3), x, rtol=tolerance)


# in a row


def test_transforms_are_done_in_order_with_one_stream():
    x = pictures()
    first, second = Shift(3), Cutout(3)
    rng = np.random.default_rng(4)
    expected = second(first(x, rng), rng)
    both = Augmentation(first, second, rng=4)
    np.testing.assert_array_equal(both(x), expected)
    assert not np.array_equal(both(x), expected)  # anew at each call
    nested = Augmentation(Augmentation(first), second, rng=4)
    np.testing.assert_array_equal(nested(x), expected)


def test_an_own_function_is_a_transform():
    x = pictures()
    upside_down = Augmentation(lambda x, rng: x[:, :, ::-1], rng=1)
    np.testing.assert_array_equal(upside_down(x), x[:, :, ::-1])


def test_batches_bring_every_sample_once_with_its_label():
    x = np.arange(23, dtype=np.float64).reshape(23, 1, 1, 1) / 23
    t = np.arange(23)
    stream = Augmentation(HorizontalFlip(), rng=1)
    orders = []
    for _ in range(2):
        found = list(stream.batches(x, t, batch_size=5))
        assert [len(labels) for _, labels in found] == [5, 5, 5, 5, 3]
        for pixels, labels in found:
            np.testing.assert_array_equal(pixels[:, 0, 0, 0], labels / 23)
        orders.append(np.concatenate([labels for _, labels in found]).tolist())
        assert sorted(orders[-1]) == list(range(23))
    assert orders[0] != orders[1]
    assert list(stream.batches(x[:0], t[:0])) == []


def test_what_it_does_can_be_read():
    text = repr(Augmentation(HorizontalFlip(), RandomCrop(4), Brightness(), rng=3))
    assert text == (
        "Augmentation(HorizontalFlip(probability=0.5), RandomCrop(pad=4, size=None, "
        "mode='constant'), Brightness(strength=0.2))"
    )


def test_all_that_is_public_is_documented():
    for name in augment.__all__:
        assert inspect.getdoc(getattr(augment, name)), name


# what is refused


x = pictures()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: flipped(x[0]), ValueError, r"x has shape \(3, 8, 8\); augmentation n"),
        (lambda: flipped(x.reshape(6, -1)), ValueError, "flat rows of pixels need"),
        (lambda: flipped(x[:, :0]), ValueError, r"x has shape \(6, 0, 8, 8\)"),
        (lambda: Shift(1)(x[0], 1), ValueError, "For one grey picture write x"),
        (lambda: Augmentation()(x[0]), ValueError, "For one grey picture write x"),
        (lambda: flipped(x.astype(int)), TypeError, "x holds int64; expected floats i"),
        (lambda: flipped(x > 0), TypeError, "x holds bool; expected floats in"),
        (lambda: brightened(2 * x, 1), ValueError, "x holds numbers from 0 to 2; ligh"),
        (lambda: contrasted(x - 0.5, 1), ValueError, r"from -0.5 to 0.5; light and co"),
        (lambda: brightened(x * np.nan, 1), ValueError, "x holds numbers from nan to"),
        (lambda: Saturation()(x - 1, 1), ValueError, r"Scale to \[0, 1\] before augm"),
        (lambda: saturated(x[:, :2], 1), ValueError, "2 channels; saturation needs 3"),
        (
            lambda: flipped(x, [True]),
            ValueError,
            r"which has shape \(1,\); expected on",
        ),
        (lambda: rotated(x, [1, 2]), ValueError, r"degrees has shape \(2,\); expected"),
        (lambda: shifted(x, 0.5), TypeError, "down holds float64; expected whole pix"),
        (lambda: shifted(x, 1, mode="wrap"), ValueError, "mode is 'wrap'; expected 'c"),
        (
            lambda: cropped(x, 0, 3, 6),
            ValueError,
            "left from 0 to 3 with a length of 6",
        ),
        (lambda: cropped(x, -1, 0, 6), ValueError, "top from -1 to 0 .* within 8 pix"),
        (lambda: cropped(x, 0, 0, 0), ValueError, "size is 0; it must be at least 1"),
        (lambda: padded(x, -1), ValueError, "pad is -1; it must be at least 0"),
        (
            lambda: HorizontalFlip(1.5),
            ValueError,
            "probability is 1.5; it must be from",
        ),
        (
            lambda: HorizontalFlip("yes"),
            TypeError,
            "probability is 'yes'; expected a n",
        ),
        (lambda: HorizontalFlip(True), TypeError, "probability is True; expected a nu"),
        (lambda: RandomCrop(pad=1.5), TypeError, "pad is 1.5 .float.; expected a whol"),
        (lambda: RandomCrop(size=0), ValueError, "size is 0; it must be at least 1"),
        (
            lambda: RandomCrop(mode="wrap"),
            ValueError,
            "mode is 'wrap'; expected 'const",
        ),
        (
            lambda: RandomCrop(pad=1, size=11)(x, 1),
            ValueError,
            "can not cut 11x11 out of 10x10 pixels .pad 1 included.. Cut less",
        ),
        (lambda: Shift(-1), ValueError, "pixels is -1; it must be at least 0"),
        (
            lambda: Shift((1, 2, 3)),
            ValueError,
            r"pixels is \(1, 2, 3\); expected an in",
        ),
        (lambda: Rotation(-5), ValueError, "degrees is -5; it must be from 0 to 180"),
        (lambda: Rotation(mode="no"), ValueError, "mode is 'no'; expected 'constant'"),
        (lambda: Brightness(2), ValueError, "strength is 2; it must be from 0 to 1"),
        (lambda: Cutout(0), ValueError, "size is 0; it must be at least 1"),
        (
            lambda: Cutout(2, fill=255),
            ValueError,
            "fill is 255; it must be from 0 to 1",
        ),
        (lambda: Shift(1)(x, "seed"), TypeError, "rng is 'seed'; expected a generator"),
        (lambda: Augmentation(Shift), TypeError, "is no transform; .*with brackets"),
        (lambda: Augmentation(7), TypeError, "7 is no transform; expected objects su"),
        (
            lambda: Augmentation(lambda x, rng: None)(x),
            ValueError,
            r"returned None; expected as many pictures as it was given, \(6, C, H, W\)",
        ),
        (
            lambda: Augmentation(lambda x, rng: x[1:])(x),
            ValueError,
            r"returned shape \(5, 3, 8, 8\)",
        ),
        (
            lambda: next(Augmentation().batches(x, x, batch_size=0)),
            ValueError,
            "batch_size is 0; it must be at least 1",
        ),
    ],
)
def test_errors_are_sentences(call, error, message):
    with pytest.raises(error, match=message):
        call()
