"""Coloured shapes: the same everywhere, well spread, and no give-away but the shape."""

import tracemalloc
import zlib

import numpy as np
import pytest

from cnnlib import COLOURED_SHAPES_CLASSES, load_coloured_shapes
from cnnlib.data.shapes import LARGEST, SHAPES, SMALLEST, draw_shapes


@pytest.fixture(scope="module")
def shapes():
    return load_coloured_shapes(normalize=False)


def masks(side=101, reach=1.3):
    """Return (u, v) and, for each kind, which points lie inside."""
    u, v = np.meshgrid(
        np.linspace(-reach, reach, side), np.linspace(-reach, reach, side)
    )
    return u, v, [shape(u, v) < 0 for shape in SHAPES]


def test_the_pictures_are_the_same_on_every_machine(shapes):
    # A change here changes the numbers in notebooks: do it on purpose, or not at all.
    assert [zlib.crc32(x.tobytes()) for x, _ in shapes] == [3581946734, 269803905]


def test_each_kind_comes_as_often_as_the_others(shapes):
    (_, t_train), (_, t_test) = shapes
    for t, n in ((t_train, 500), (t_test, 100), (t_train[:70], 7)):
        assert np.bincount(t).tolist() == [n] * 10
    assert len(set(COLOURED_SHAPES_CLASSES)) == 10
    assert COLOURED_SHAPES_CLASSES[2] == "half circle"


def test_no_picture_comes_twice(shapes):
    (x_train, _), (x_test, _) = shapes
    assert len({x.tobytes() for x in np.concatenate([x_train, x_test])}) == 6000


def test_another_seed_draws_other_pictures():
    labels = np.arange(10)
    one, again, other = (draw_shapes(labels, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not any((a == b).all() for a, b in zip(one, other, strict=True))


def test_any_number_of_pictures_can_be_drawn():
    for n in (0, 1, 199, 201):
        assert draw_shapes(np.zeros(n, int), 3).shape == (n, 3, 32, 32)


def test_every_kind_fills_its_frame():
    u, v, insides = masks()
    for shape, inside in zip(SHAPES, insides, strict=True):
        furthest = np.sqrt(u * u + v * v)[inside].max()
        assert 0.85 < furthest < 1.15, shape.__name__
        assert 0.15 < inside.mean() * 2.6**2 / np.pi < 0.95, shape.__name__


def test_no_kind_looks_like_another_one_turned_a_little():
    u, v, insides = masks()
    for angle in np.radians([-60, -30, 0, 30, 60]):
        cos, sin = np.cos(angle), np.sin(angle)
        turned = [s(cos * u + sin * v, cos * v - sin * u) < 0 for s in SHAPES]
        for i, one in enumerate(insides):
            for j, other in enumerate(turned):
                shared = (one & other).sum() / (one | other).sum()
                assert i == j or shared < 0.82, (SHAPES[i], SHAPES[j], angle)


def test_the_distance_is_in_units_of_the_radius():
    # a step of 0.01 never changes it by more: so one pixel of blur stays one
    u, v, _ = masks()
    for shape in SHAPES:
        for du, dv in ((0.01, 0), (0, 0.01)):
            change = abs(shape(u + du, v + dv) - shape(u, v))
            assert change.max() < 0.01 + 1e-9, shape.__name__


def test_figure_and_background_differ_in_every_channel():
    x = draw_shapes(np.zeros(300, int), 5).astype(float)  # discs
    noise = 0.12 * 255
    middle = np.median(x, axis=(2, 3), keepdims=True)
    spread = abs(x - middle).max(axis=(2, 3))
    assert (spread > 0.25 * 255 / 2 - noise).all()
    assert 0.3 < x.mean() / 255 < 0.7


def test_neither_place_nor_colour_tells_the_kind(shapes):
    (x, t), (x_test, t_test) = shapes
    x, x_test = x / 255.0, x_test / 255.0
    means = np.array([x[t == k].mean(axis=0).ravel() for k in range(10)])
    rows = x_test.reshape(len(x_test), -1)
    gaps = ((rows[:, None] - means) ** 2).sum(axis=2)
    assert (gaps.argmin(axis=1) == t_test).mean() < 0.2  # 0.1 is guessing
    colours = np.array([x[t == k].mean(axis=(0, 2, 3)) for k in range(10)])
    assert np.ptp(colours, axis=0).max() < 0.05


def test_the_shape_tells_the_kind(shapes):
    # a quick stand-in for a network: compare with the clean pictures of all kinds,
    # in some sizes, places and turns; a network does better
    _, (x, t) = shapes
    x = x[:200] / 255.0
    x = x - x.mean(axis=(2, 3), keepdims=True)
    templates, kinds = clean_pictures()
    fits = np.abs(np.einsum("nchw,khw->nck", x, templates)).sum(axis=1)
    assert (kinds[fits.argmax(axis=1)] == t[:200]).mean() > 0.6


def clean_pictures():
    pixel = np.arange(32) - 15.5
    found, kinds = [], []
    for kind, shape in enumerate(SHAPES):
        for radius in np.linspace(SMALLEST, LARGEST, 4):
            for angle in np.radians([-24, -8, 8, 24]):
                room = max(16 - radius, 2)
                for right in np.linspace(-room, room, 5):
                    for up in np.linspace(-room, room, 5):
                        x, y = (pixel - right) / radius, (-pixel[:, None] - up) / radius
                        cos, sin = np.cos(angle), np.sin(angle)
                        inside = shape(cos * x + sin * y, cos * y - sin * x) < 0
                        picture = inside - inside.mean()
                        found.append(picture / np.linalg.norm(picture))
                        kinds.append(kind)
    return np.array(found), np.array(kinds)


def test_drawing_needs_little_memory():
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    x = draw_shapes(np.arange(2000) % 10, 1)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < x.nbytes + 30e6
