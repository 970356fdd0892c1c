"""Benchmarks: how long everything takes, next to the book and to PyTorch.

One command, from the root of the repository::

    python -m benchmarks              # all of it, about ten minutes
    python -m benchmarks --quick      # a first impression, without the epoch
    python -m benchmarks --help

Four contenders do the same work:

book
    The algorithm as the book prints it, in float64 (``book``).
textbook
    The layers that students read: ``cnnlib.Convolution`` and its neighbours.
fast
    The same classes from ``cnnlib.fast``: the default engine of the networks.
PyTorch
    If it is installed: the best of its variants (eager, channels_last, fused
    Adam), in a process of its own.

In reading order: ``timing`` (who runs when, and the statistics), ``book``,
``networks``, ``deep``, ``layers`` and ``overhead`` (what is measured),
``torch_worker`` and ``torch_variants`` (the other process), ``machine`` and
``report`` (what is printed).

``ship_weights`` is no benchmark: it trained the network that comes with the package.
"""
