"""Gradients by trying: nudge a number, see how the loss moves.

Slow, but right by definition. So it is the judge of every ``backward``.
"""

import copy
from dataclasses import dataclass

import numpy as np

__all__ = ["GradientReport", "gradient_check", "numerical_gradient"]

# A slope that differs from the left to the right by more than this part of the
# largest slope belongs to a kink (ReLU at 0, a tie in max pooling): there is no
# gradient to compare.
KINK = 1e-4

# Not 0: with the seed of x the weights of the sum would be the numbers of x.
SEED = 577


def numerical_gradient(f, x, h=None):
    """Estimate the gradient of ``f`` at ``x`` by central differences.

    Each number is nudged by ``h`` up and down. ``x`` is changed in place for
    this, since ``f`` may look at the array itself, and is put back at once, also
    when the kernel is interrupted.

    Parameters
    ----------
    f : callable
        Takes ``x``, returns a number.
    x : array of floats
        Where to look.
    h : float, optional
        The nudge. 1e-4 for float64; 1e-2 for float32, whose rounding would
        drown a smaller one.

    Returns
    -------
    array
        Of the shape of ``x``, in float64.

    Raises
    ------
    TypeError
        If ``x`` is not an array of floats: integers can not be nudged.

    References
    ----------
    Saito, section 4.4.
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(
            f"x is {kind}; expected an array of floats, which can be nudged a little: "
            "np.array(x, dtype=float)."
        )
    if h is None:
        h = 1e-4 if x.dtype.itemsize >= 8 else 1e-2
    slopes = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = _nudge(lambda: f(x), x, index, h)
        slopes[index] = (up - down) / (2 * h)
    return slopes


def numerical_gradients(network, x, t) -> dict:
    """Estimate the gradient of a network's loss for every parameter by name.

    Works on a copy in float64; ``network`` is not changed. The nudge is small, as
    weights of 0.01 leave many sums near 0, where the 1e-4 of the book would carry
    them over the kink of a ReLU.
    """
    probe = _Probe(network, x, t, np.random.default_rng(0))
    return {
        name: numerical_gradient(lambda _: probe.loss(), array, h=1e-6)
        for name, array in probe.subject.params.items()
    }


def _nudge(f, x, index, h):
    """Return ``f()`` with ``x[index]`` a little larger and a little smaller."""
    old = x[index]
    try:
        x[index] = old + h
        up = float(f())
        x[index] = old - h
        down = float(f())
    finally:
        x[index] = old
    return up, down


@dataclass(frozen=True)
class Comparison:
    """Backward against nudging, for one array."""

    name: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    error: float
    passed: bool


@dataclass(frozen=True)
class GradientReport:
    """The result of ``gradient_check``: print it, or ask ``report.passed``.

    Attributes
    ----------
    rows : list of Comparison
        One for each parameter and one for ``dx``.
    tolerance : float
        The largest relative error that passes.
    """

    rows: list
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every array passed."""
        return all(row.passed for row in self.rows)

    @property
    def errors(self) -> dict:
        """Relative error of each array by name."""
        return {row.name: row.error for row in self.rows}

    def __str__(self):
        lines = [f"{'gradient':<10}{'shape':<20}{'checked':>8}{'error':>10}  verdict"]
        for row in self.rows:
            verdict = "ok" if row.passed else "WRONG: backward and nudging differ"
            error = "tiny" if row.passed else f"{row.error:.0e}"
            if row.checked == 0:
                verdict = "NOT CHECKED: every number sits at a kink; use random inputs"
                error = "-"
            shape = str(row.shape)
            lines.append(
                f"{row.name:<10}{shape:<20}{row.checked:>8}{error:>10}  {verdict}"
            )
        return "\n".join(lines)

    __repr__ = __str__


def gradient_check(
    network_or_layer, x, t=None, *, max_entries=100, tolerance=1e-4, h=1e-5, rng=SEED
) -> GradientReport:
    """Compare ``backward`` with nudging, for every parameter and for the input.

    Training never uses the dx of the first layer, so a network can learn with a
    broken ``col2im``. This check looks at dx too, and finds it. It works on a
    copy in float64: nothing of yours is changed.

    Parameters
    ----------
    network_or_layer : object
        With ``forward(x)`` and ``backward(dout)``; a layer of your own will do.
        Every array ``W`` with a ``dW`` beside it counts as a parameter.
    x : array
        A small batch. Random numbers are best: images have ties and zeros.
    t : array, optional
        Labels. With them the loss of the network is used (or of a loss layer),
        without them a random weighted sum of the outputs.
    max_entries : int or None
        Numbers to try in each array, chosen at random; None tries all.
    tolerance : float
        Largest error that passes, relative to the largest slope of the array.
    h : float
        The nudge.
    rng : numpy.random.Generator or int
        Chooses the numbers and the weights of the sum.

    Returns
    -------
    GradientReport
        A readable table; ``report.passed`` is the verdict.

    Raises
    ------
    TypeError
        If the object has no ``forward`` and ``backward``.

    References
    ----------
    Saito, section 5.7.3; notebooks/04_im2col.ipynb, 05_simple_convnet.ipynb.
    """
    for method in ("forward", "backward"):
        if not callable(getattr(network_or_layer, method, None)):
            raise TypeError(
                f"{type(network_or_layer).__name__} has no method {method}; expected a "
                "layer or network with forward(x) and backward(dout)."
            )
    rng = np.random.default_rng(rng)
    probe = _Probe(network_or_layer, x, t, rng)
    slopes = probe.backward()
    rows = []
    for name, array in probe.arrays().items():
        places = _choose(array.size, max_entries, rng)
        rows.append(_compare(probe, name, array, slopes[name], places, h, tolerance))
    return GradientReport(rows, tolerance)


def _choose(size, most, rng):
    """Return which of ``size`` numbers to try, in order."""
    if most is None or size <= most:
        return np.arange(size)
    return np.sort(rng.choice(size, most, replace=False))


def _compare(probe, name, array, slope, places, h, tolerance):
    """Nudge the chosen numbers of one array, and compare."""
    middle = probe.loss()
    indices = [np.unravel_index(place, array.shape) for place in places]
    tries = np.array([_nudge(probe.loss, array, index, h) for index in indices])
    right, left = (tries[:, 0] - middle) / h, (middle - tries[:, 1]) / h
    found = np.array([slope[index] for index in indices])
    scale = max(np.abs(right).max(), np.abs(left).max(), np.abs(found).max())
    # a smaller slope drowns in the rounding of the loss, as one that is 0 does: the
    # bias before a batch normalization has such a slope
    rounding = 20 * np.finfo(np.float64).eps * probe.size / h
    scale = max(scale, rounding / KINK)
    smooth = np.abs(right - left) <= KINK * scale
    gaps = np.abs(found - (right + left) / 2)[smooth] / scale
    error = float(gaps.max()) if len(gaps) else float("nan")
    return Comparison(
        name,
        array.shape,
        checked=len(gaps),
        kinks=len(places) - len(gaps),
        error=error,
        passed=error < tolerance,
    )


class _Probe:
    """A float64 copy of a layer or network, whose loss can be asked repeatedly."""

    def __init__(self, subject, x, t, rng):
        self.subject, self.t = copy_as(subject, np.float64), t
        self.x = np.array(x, dtype=np.float64)
        self.streams = [(g, g.bit_generator.state) for g in generators(self.subject)]
        out = np.asarray(self._forward())
        self.weights = rng.standard_normal(out.shape) if t is None else np.ones(())
        self.size = 1 + np.linalg.norm(out * self.weights)

    def _forward(self):
        for generator, state in self.streams:  # dropout must drop the same again
            generator.bit_generator.state = state
        last = getattr(self.subject, "last_layer", None)
        if self.t is None:
            return self.subject.forward(self.x)
        if last is None:
            return self.subject.forward(self.x, self.t)
        return last.forward(self.subject.forward(self.x), self.t)

    def loss(self):
        return np.sum(self._forward() * self.weights)

    def arrays(self):
        """Return the arrays to nudge, the input last, under the gradients' names."""
        arrays = getattr(self.subject, "params", None)
        if arrays is None:
            arrays = {name: getattr(self.subject, name) for name in self._names()}
        return {**{f"d{name}": array for name, array in arrays.items()}, "dx": self.x}

    def backward(self):
        """Run forward and backward once; return the gradients by name."""
        self._forward()
        last = getattr(self.subject, "last_layer", None)
        if self.t is None:
            dx = self.subject.backward(self.weights)
        elif last is None:
            dx = self.subject.backward(1)
        else:
            dx = self.subject.backward(last.backward(1))
        grads = getattr(self.subject, "grads", None)
        if grads is None:
            names = self._names()
            grads = {name: getattr(self.subject, f"d{name}") for name in names}
        return {**{f"d{name}": grad for name, grad in grads.items()}, "dx": dx}

    def _names(self):
        """Name the parameters of a layer: each array W that has a dW beside it.

        What forward makes anew, such as an ``out`` kept for backward, is none.
        """
        names = getattr(self.subject, "parameters", None)
        if names is not None:
            return names
        before = dict(vars(self.subject))
        self._forward()
        return [
            name
            for name, value in sorted(vars(self.subject).items())
            if isinstance(value, np.ndarray) and value is not self.x
            if value is before.get(name) and f"d{name}" in before
        ]


def copy_as(subject, dtype):
    """Return a deep copy of a layer or network with its floats in another type."""
    twin = copy.deepcopy(subject)
    done = {}
    for holder in _holders(twin):
        for places in (vars(holder), *vars(holder).values()):
            if not isinstance(places, dict | list):
                continue
            for name in places if isinstance(places, dict) else range(len(places)):
                value = places[name]
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    # one array under two names must stay one array
                    done.setdefault(id(value), (value, value.astype(dtype)))
                    places[name] = done[id(value)][1]
    return twin


def generators(subject):
    """Return the random generators inside a layer or network."""
    return [
        value
        for holder in _holders(subject)
        for value in vars(holder).values()
        if isinstance(value, np.random.Generator)
    ]


def _holders(subject, seen=None):
    """Yield a layer or network and, recursively, the layers that it is made of.

    Each one once, also if it stands in two places or knows the network around it.
    """
    seen = set() if seen is None else seen
    if id(subject) in seen:
        return
    seen.add(id(subject))
    yield subject
    for value in getattr(subject, "__dict__", {}).values():
        members = value.values() if isinstance(value, dict) else [value]
        if isinstance(value, list | tuple):
            members = value
        for member in members:
            if hasattr(member, "forward") and hasattr(member, "__dict__"):
                yield from _holders(member, seen)
