"""All cases, in the order in which they run and are printed."""

from . import deep, layers, networks, overhead

CASES = [*networks.CASES, *deep.CASES, *layers.CASES, *overhead.CASES]
