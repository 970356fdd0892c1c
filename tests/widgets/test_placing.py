"""Drawings are placed as MNIST placed its digits, in Python and in the page."""

import numpy as np
import pytest

import cnnlib
from cnnlib.widgets import DigitPad, place_digit


def strokes(rng, size=(90, 70)):
    """Make a drawing of random blots, somewhere on the paper."""
    ink = np.zeros(size)
    for _ in range(rng.integers(1, 5)):
        top, left = (int(rng.integers(0, n - 3)) for n in size)
        high, wide = (int(rng.integers(1, n // 2)) for n in size)
        ink[top : top + high, left : left + wide] = rng.random()
    return ink


def test_the_ink_fills_the_box_and_its_mass_lies_in_the_middle(rng):
    for _ in range(50):
        image = place_digit(strokes(rng))
        rows, columns = np.nonzero(image > 1e-9)
        spans = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert max(spans) == 20
        mass = [
            (image.sum(axis=axis) @ (np.arange(28) + 0.5)) / image.sum()
            for axis in (1, 0)
        ]
        in_pixel_14 = [14 - 1e-6 <= centre <= 15 for centre in mass]
        touches = [min(p) == 0 or max(p) == 27 for p in (rows, columns)]
        assert all(np.logical_or(in_pixel_14, touches))


def test_placing_keeps_the_amount_of_ink(rng):
    ink = strokes(rng, (40, 40))
    rows, columns = np.nonzero(ink)
    scale = 20 / (max(np.ptp(rows), np.ptp(columns)) + 1)
    assert place_digit(ink).sum() == pytest.approx(ink.sum() * scale**2)


def test_place_and_size_of_a_drawing_do_not_matter(rng):
    ink = strokes(rng, (60, 60))
    larger = np.kron(np.pad(ink, ((31, 2), (5, 17))), np.ones((2, 2)))
    np.testing.assert_allclose(place_digit(larger), place_digit(ink), atol=1e-12)


def test_no_ink_is_darker_than_the_darkest_of_the_drawing(mathematics):
    drawings = [np.ones((height, 11)) for height in range(20, 140)]
    assert all(place_digit(ink).max() <= 1 for ink in drawings)
    placed = mathematics(DigitPad)(
        "placeDigit", [[ink.ravel().tolist(), *ink.shape] for ink in drawings]
    )
    assert np.max(placed) <= 1  # else the pad in the kernel refuses the image


def test_no_ink_gives_an_empty_image():
    assert not place_digit(np.zeros((50, 50))).any()


@pytest.mark.requires_mnist
def test_digits_of_mnist_stay_as_they_are():
    (_, _), (x, _) = cnnlib.load_mnist()
    x = x[:300, 0].astype(float)
    same = [np.abs(place_digit(image) - image).max() < 1e-6 for image in x]
    assert all(same)


def test_the_page_places_drawings_as_python_does(mathematics, rng):
    call = mathematics(DigitPad)
    inks = [strokes(rng, (36, 28)) for _ in range(40)]
    inks += [np.eye(30), np.ones((9, 9)), np.tri(40), np.zeros((5, 7))]
    answers = call("placeDigit", [[ink.ravel().tolist(), *ink.shape] for ink in inks])
    for ink, placed in zip(inks, answers, strict=True):
        np.testing.assert_allclose(placed, place_digit(ink).ravel(), atol=1e-12)


def test_a_stroke_is_two_pen_widths_of_ink_with_grey_edges(mathematics):
    (ink,) = mathematics(DigitPad)("layInk", [[[[40, 70], [100, 70]]]])
    ink = np.reshape(ink, (140, 140))
    assert ink[70, 70] == 1
    assert not ink[:60].any()
    assert ink.sum() == pytest.approx(60 * 12 + np.pi * 36, rel=0.01)
    assert ((ink > 0) & (ink < 1)).any()


@pytest.mark.parametrize(
    ("ink", "says"),
    [
        (np.ones((2, 3, 3)), r"expected one image \(H, W\)"),
        (-np.ones((3, 3)), "use 1 - ink"),
        ([[np.nan]], "expected 0 for paper"),
    ],
)
def test_what_is_no_drawing_is_refused(ink, says):
    with pytest.raises(ValueError, match=says):
        place_digit(ink)
