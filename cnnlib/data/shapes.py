"""Coloured shapes: small pictures that the package draws itself.

A shape is what remains of the plane after a few cuts. A straight cut, a disc and a
strip are each one line of arithmetic: the distance to the edge in pixels, negative
inside. The smaller of two distances joins two shapes, the larger one keeps what they
share. Within one pixel of the edge the colours mix, so that edges are smooth.

The same pictures must come out on every machine, and so nothing is computed here but
``+ - * /``, square roots and comparisons, number by number: these are exact by
IEEE 754. Sines differ in the last digit from one machine to the next; ours are rounded.

Notation: coordinates u (to the right) and v (up) in the shape's own frame, in units of
its radius; n shapes at once, (n, 32, 32).
"""

import math

import numpy as np

SIDE = 32  # pixels
SMALLEST, LARGEST = 8.0, 13.0  # radius, in pixels
TURN = math.radians(30)  # the furthest, to either side
THREE_CORNERS = [(0.0, -1.0), (math.sqrt(3) / 2, 0.5), (-math.sqrt(3) / 2, 0.5)]


def circle(u, v):
    """Return the distance to a disc."""
    return np.sqrt(u * u + v * v) - 0.9


def ring(u, v):
    """Return the distance to a disc with a hole."""
    return abs(np.sqrt(u * u + v * v) - 0.72) - 0.24


def half_circle(u, v):
    """Return the distance to the upper half of a disc."""
    v = v + 0.45
    return np.maximum(np.sqrt(u * u + v * v) - 1.05, -v)


def crescent(u, v):
    """Return the distance to a disc without another disc."""
    bite = np.sqrt((u - 0.5) * (u - 0.5) + v * v) - 0.72
    return np.maximum(np.sqrt(u * u + v * v) - 0.98, -bite)


def triangle(u, v):
    """Return the distance to what lies behind three straight cuts."""
    cuts = [a * u + b * v - 0.5 for a, b in THREE_CORNERS]
    return np.maximum(np.maximum(cuts[0], cuts[1]), cuts[2])


def square(u, v):
    """Return the distance to what lies in two strips."""
    return np.maximum(abs(u), abs(v)) - 0.74


def star(u, v):
    """Return the distance to a star: behind all of five cuts, but for one."""
    cuts = np.stack([a * u + b * v - 0.34 for a, b in _directions(5)])
    return np.sort(cuts, axis=0)[-2]


def cross(u, v):
    """Return the distance to two bars, one upon the other."""
    lying = np.maximum(abs(u) - 0.95, abs(v) - 0.3)
    standing = np.maximum(abs(v) - 0.95, abs(u) - 0.3)
    return np.minimum(lying, standing)


def heart(u, v):
    """Return the distance to a square on its corner with two discs."""
    v, u = v - 0.05, abs(u)
    tilted = (u + abs(v + 0.25)) / math.sqrt(2) - 0.5
    lobe = np.sqrt((u - 0.354) * (u - 0.354) + (v - 0.104) * (v - 0.104)) - 0.5
    return np.minimum(tilted, lobe)


def arrow(u, v):
    """Return the distance to a triangle upon a bar."""
    head = np.maximum((abs(u) + (v - 1) * 0.8) / math.sqrt(1.64), 0.05 - v)
    bar = np.maximum(abs(u) - 0.24, abs(v + 0.42) - 0.53)
    return np.minimum(head, bar)


SHAPES = (
    circle,
    ring,
    half_circle,
    crescent,
    triangle,
    square,
    star,
    cross,
    heart,
    arrow,
)


def _directions(n):
    """Return n directions around the circle, rounded to be the same everywhere."""
    angles = [2 * math.pi * (k + 0.5) / n + math.pi / 2 for k in range(n)]
    return [(_rounded(math.cos(a)), _rounded(math.sin(a))) for a in angles]


def _rounded(values):
    return np.float32(np.round(values * 2.0**20) / 2.0**20)


def draw_shapes(labels, seed):
    """Draw one picture for each label.

    Place, size, angle, proportions, colours, background and noise are all drawn at
    random, and none of them tells anything about the label.

    Parameters
    ----------
    labels : array (N,) of int
        Places in ``SHAPES``.
    seed : int

    Returns
    -------
    array (N, 3, 32, 32) of uint8
        Red, green, blue.
    """
    labels = np.asarray(labels)
    # random() and nothing else: what it returns is fixed by the bit generator
    rng = np.random.default_rng(seed)
    pose = rng.random((len(labels), 5), np.float32)
    colours = rng.random((len(labels), 3, 4), np.float32)
    strength = 0.02 + 0.1 * rng.random(len(labels), np.float32)
    images = np.empty((len(labels), 3, SIDE, SIDE), np.uint8)
    for start in range(0, len(labels), 200):  # so that few numbers wait in memory
        part = slice(start, start + 200)
        inside = _inside(labels[part], pose[part])
        noise = 2 * rng.random(images[part].shape, np.float32) - 1
        noise *= strength[part, None, None, None]
        images[part] = _paint(inside, colours[part], noise)
    return images


def _inside(labels, pose):
    """Return how much of each pixel the shape covers, (n, 32, 32), from 0 to 1."""
    size, right, up, angle, squeeze = (column[:, None, None] for column in pose.T)
    radius = SMALLEST + (LARGEST - SMALLEST) * size
    room = np.maximum(SIDE / 2 - radius, 2)  # how far the middle may lie from ours
    pixel = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    x = (pixel - room * (2 * right - 1)) / radius
    y = (-pixel[:, None] - room * (2 * up - 1)) / radius
    angle = TURN * (2 * angle.astype(np.float64) - 1)
    cos, sin = _rounded(np.cos(angle)), _rounded(np.sin(angle))
    stretch = 0.85 + 0.3 * squeeze
    u, v = (cos * x + sin * y) * stretch, (cos * y - sin * x) / stretch
    distance = np.empty_like(u)
    for label, shape in enumerate(SHAPES):
        these = labels == label
        distance[these] = shape(u[these], v[these])
    return np.clip(0.5 - distance * radius, 0, 1)


def _paint(inside, colours, noise):
    """Mix shape and background, both with a gradient, add noise; return uint8."""
    ground, turn, across, down = (colours[:, :, i, None, None] for i in range(4))
    # half-way around each channel: the colours always differ, in all three
    figure = (ground + 0.25 + 0.5 * turn) % 1
    pixel = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) / SIDE
    slope = (0.7 * (across - 0.5)) * pixel + (0.7 * (down - 0.5)) * pixel[:, None]
    inside = inside[:, None]
    picture = ground + (figure - ground) * inside + slope * (1 - 0.5 * inside) + noise
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
