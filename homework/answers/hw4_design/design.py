"""A design is judged by building it anew and letting it read images nobody has seen.

The hidden case holds a key and no image. The images are drawn here, from the key and
``SECRET``, so the student's process can neither look at them nor draw them itself.
"""

import numpy as np

from cnnlib import load_coloured_shapes
from cnnlib.data.shapes import draw_shapes
from cnnlib.exercises.hw4_design import fraction_of, too_large
from cnnlib.exercises.network_arrays import rebuild, table_of

from ..base import Answer, unusable

SECRET = 6021  # change it if this file was ever given to students
IMAGES = 1000
CHANCE = 0.01  # other images: whoever just reached a band in the check shall keep it


def hidden_images(key):
    """Return the images (N, 3, 32, 32) from 0 to 1, and their labels."""
    labels = np.arange(IMAGES) % 10
    return (draw_shapes(labels, [SECRET, key]) / 255).astype(np.float32), labels


def _labels(inputs):
    if "key" in inputs:
        return {"labels": hidden_images(inputs["key"])[1]}
    return {"labels": load_coloured_shapes()[1][1][inputs["indices"]]}


def _mark(inputs, outputs):
    """Return the fraction of the points, and words about size and accuracy."""
    for name in ("rows", "edges", "weights"):
        found = outputs.get(name)
        if found is None or unusable(found):
            return 0.0, f"{name}: {unusable(found) or 'is missing'}"
    try:
        table = table_of(outputs)
        if words := too_large(table):
            return 0.0, words
        network = rebuild(outputs)
    except (TypeError, ValueError) as error:
        return 0.0, f"the network can not be built: {error}"
    images, labels = hidden_images(inputs["key"])
    with np.errstate(all="ignore"):
        scores = network.predict(images)
    if scores.shape != (len(labels), 10) or not np.isfinite(scores).all():
        return 0.0, f"the scores have shape {scores.shape}, or hold nan"
    reached = float(np.mean(scores.argmax(axis=1) == labels))
    fraction = fraction_of(reached + CHANCE)
    words = f"{table.parameters:,} parameters, accuracy {reached:.1%} on new images"
    return fraction, "" if fraction == 1 else words


DESIGN = Answer(
    "hw4.design",
    solve=_labels,
    visible=lambda rng: [{"indices": np.arange(len(load_coloured_shapes()[1][1]))}],
    cases=lambda rng: [{"key": int(rng.integers(2**31))}],
    mistakes={},
    mark=_mark,
)

ANSWERS = [DESIGN]
