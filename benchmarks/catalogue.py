"""All cases, in the order in which they run and are printed."""

from . import layers, networks, overhead

CASES = [*networks.CASES, *layers.CASES, *overhead.CASES]
