"""What all things made of layers share: the names of the arrays inside them.

A network, a block and a branch of a block are layers too. What they add is a tree:
``children`` are the layers inside, each perhaps with children of its own.
"""

import collections

import numpy as np

from .. import fast
from ..layer import Layer

__all__ = ["Composite", "Parameters"]


class Parameters(dict):
    """The parameters of a network by name; assigning writes into the layer.

    The layers hold these same arrays, so ``params["W1"] = new`` copies the numbers
    of ``new`` instead of leaving the layer with the old ones.
    """

    def __setitem__(self, key, value):
        if key not in self:
            raise KeyError(
                f"there is no parameter {key!r}; this network has {list(self)}."
            )
        if np.shape(value) != self[key].shape:
            raise ValueError(
                f"{key} has shape {self[key].shape}; the new value has shape "
                f"{np.shape(value)}. They must be equal."
            )
        self[key][...] = value

    def update(self, *args, **kwargs):
        """Assign several parameters; dict's own would leave the layers alone."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __reduce__(self):
        return dict, (dict(self),)  # what a copy holds belongs to no layer


class Composite(Layer):
    """A layer that is made of layers.

    Attributes
    ----------
    children : dict of str to layer
        In the order in which their parameters are numbered.
    """

    @property
    def children(self) -> dict:
        """The layers inside, by name."""
        raise NotImplementedError(f"{type(self).__name__} must define children.")

    @property
    def params(self) -> Parameters:
        """The arrays that training changes, by name."""
        return Parameters(arrays(self, "parameters"))

    @property
    def grads(self) -> dict:
        """The gradients of the last backward pass, by the names of ``params``."""
        return arrays(self, "parameters", prefix="d")

    def state(self) -> dict:
        """Return all that is saved: parameters and running statistics, by name."""
        return self.params | arrays(self, "statistics")

    @property
    def engine(self) -> str:
        """'fast' if any layer comes from ``cnnlib.fast``, else 'textbook'."""
        rooms = {type(layer).__module__ for layer in leaves(self)}
        return "fast" if any(r.startswith(fast.__name__) for r in rooms) else "textbook"

    @property
    def per_sample(self) -> bool:
        """Whether every layer inside treats each sample alone."""
        children = self.children.values()
        return all(getattr(layer, "per_sample", False) for layer in children)


def leaves(layer):
    """Yield the layers inside that are made of no others, in order."""
    if isinstance(layer, Composite):
        for child in layer.children.values():
            yield from leaves(child)
    else:
        yield layer


def arrays(layer, kind, prefix=""):
    """Collect arrays of all leaves by name: 'W1' is the W of the first that has one.

    ``kind`` is 'parameters' or 'statistics'; ``prefix`` "d" asks for the gradients.
    """
    found, counts = {}, collections.Counter()
    for leaf in leaves(layer):
        names = (*getattr(leaf, "parameters", ()), *getattr(leaf, "statistics", ()))
        counts.update(names[:1])  # W counts convolutions, gamma normalizations
        for name in getattr(leaf, kind, ()):
            found[f"{name}{counts[names[0]]}"] = getattr(leaf, prefix + name)
    return found


def check_members(layers):
    """Refuse layers that would silently not be trained, or be trained wrongly."""
    seen = {}
    for name, member in layers.items():
        own = [key for key, v in vars(member).items() if isinstance(v, np.ndarray)]
        if own and not hasattr(member, "parameters"):
            raise TypeError(
                f"layer {name!r} ({type(member).__name__}) holds the arrays {own} but "
                "does not say which of them are trained. Add a line such as "
                'parameters = ("W", "b") to its class, or parameters = () if none is.'
            )
        for leaf in leaves(member):
            first = seen.setdefault(id(leaf), name)
            if first != name:
                raise ValueError(
                    f"layers {first!r} and {name!r} are, or hold, one and the same "
                    f"{type(leaf).__name__}. A layer remembers one forward pass only, "
                    "so its gradient would be wrong. Make a second one, for example "
                    "with copy.deepcopy."
                )
