"""Convolution, ReLU and pooling as one stage, whose middle never leaves the cache.

The feature maps between a convolution and its pooling are the largest arrays of
a network, and of each window only the winner is needed. A stage computes a few
rows of them, pools these at once, and forgets them.
"""

import numpy as np

from ..layer import Layer, naming
from . import direct, unfold, winograd
from .convolution import Convolution
from .layers import Relu, positive
from .layout import batch_last, logical
from .normalization import BatchNormalization, NormRelu
from .pooling import Pooling, award, slices, tournament
from .threads import cut

CACHE = 1 << 20  # numbers of the feature maps that are worked on at a time


def forward(layers, x, train):
    """Run named layers in order, two or three of them as one stage where this pays.

    Returns the scores, and the list of what was run, for ``backward``.
    """
    rest, done = list(layers.items()), []
    while rest:
        name, first = rest[0]
        step, layers_in_it = stage_of(rest[:3], x), 3
        if step is None and _kinds(rest[:2]) == [BatchNormalization, Relu]:
            step, layers_in_it = NormRelu(first), 2
        elif step is None:
            step, layers_in_it = first, 1
        with naming(name):
            x = step.forward(x, train)
        del rest[:layers_in_it]
        done.append(step)
    return x, done


def backward(done, dout):
    """Set all gradients, back to the first step with parameters and no further."""
    done = list(done)
    while len(done) > 1 and not _learns(done[0]):
        del done[0]  # nobody needs the dx before
    for step in reversed(done[1:]):
        dout = step.backward(dout)
    getattr(done[0], "backward_params", done[0].backward)(dout)


def all_layers(thing):
    """Yield every layer, also those inside layers, always in the same order."""
    if isinstance(thing, Layer):
        yield thing
        thing = vars(thing)
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        for value in thing:
            yield from all_layers(value)


def _learns(step):
    """Tell whether a layer has parameters, or may have them inside."""
    return not isinstance(step, Layer) or any(a.parameters for a in all_layers(step))


def _kinds(members):
    return [type(layer) for _, layer in members]


def stage_of(members, x):
    """Return convolution, ReLU and pooling as a stage for images x, or None."""
    kinds = _kinds(members)
    if kinds not in ([Convolution, Relu, Pooling], [Convolution, Pooling, Relu]):
        return None
    name, convolution = members[0]
    pool_name, pooling = members[kinds.index(Pooling)]
    with naming(name):
        g = convolution.window(x)
    with naming(pool_name):
        pool = pooling.window(g.OH, g.OW)
    pays = (
        x.dtype.kind == "f"
        and convolution.groups == 1
        and not winograd.suits(convolution.W, g, len(x))
        and pool.pad == ((0, 0), (0, 0))
        and pool.stride[0] >= pool.FH
        and pool.stride[1] >= pool.FW
        and pool.FW * pool.OW * len(x) >= direct.SHORT
    )
    return Stage(convolution, g, pool) if pays else None


class Stage(Layer):
    """Convolution, ReLU and max pooling, in this order or with the last two swapped.

    Neither the bias nor the ReLU changes which number is the largest, so both come
    after the pooling here, on a quarter of the numbers.
    """

    def __init__(self, convolution, g, pool):
        self.convolution, self.g, self.pool = convolution, g, pool
        self.parameters = convolution.parameters
        self.W, self.b = convolution.W, convolution.b

    def forward(self, x, train=True):
        """Return the pooled feature maps (N, FN, OH, OW)."""
        x, pool = batch_last(x), self.pool
        W, *bias = self.parameters_like(x)
        patches, filters = self._patches(x), direct.filter_rows(W)
        out = np.empty((len(W), pool.OH, pool.OW, x.shape[3]), x.dtype)
        maps, winners = self._few_maps(np.empty, out), []
        for pooled, rows in self._groups(out):
            part = maps[:, : rows.stop - rows.start]
            direct.multiply(filters, patches[rows], direct.by_row(part))
            entries = self._entries(part)
            winners.append(tournament(entries, out[:, pooled], train))
        if bias:
            out += bias[0][:, np.newaxis, np.newaxis, np.newaxis]
        mask = out > 0 if train else None
        positive(out, out=out)
        return self.keep(train, logical(out), mask, winners, patches, W, x.shape)

    def backward(self, dout):
        """Set dW and db of the convolution; return dx."""
        _, _, _, W, shape = self.kept()[2]
        maps = np.zeros((len(W), self.g.OH, self.g.OW, shape[3]), dout.dtype)
        self.backward_params(dout, maps)
        return logical(direct.backward_images(maps, W, self.g, shape))

    def backward_params(self, dout, maps=None):
        """Set dW and db, some rows at a time; copy the maps' gradient to ``maps``."""
        dout, mask, winners, patches, W, _ = self.recall(dout)
        dout = batch_last(dout) * mask
        few, dW = self._few_maps(np.zeros, dout), 0
        for (pooled, rows), winner in zip(self._groups(dout), winners, strict=True):
            part = few[:, : rows.stop - rows.start]
            entries = self._entries(part)
            award(dout[:, pooled], winner, entries, apart=True)
            dW += direct.backward_filters(direct.by_row(part), patches[rows])
            if maps is not None:
                window = self.pool._replace(OH=pooled.stop - pooled.start)
                for target, entry in zip(
                    slices(maps[:, rows], window), entries, strict=True
                ):
                    target[...] = entry
        self.convolution.set_gradients(direct.unordered(dW, W), dout)

    def _patches(self, x):
        """Unfold the images so that pooling finds long runs of memory.

        The columns of a feature map come in the order (FW, OW, N) of the pooling:
        first all left columns of its windows, then all right ones. Columns that the
        pooling drops are not even computed.
        """
        g, pool = self.g, self.pool
        columns = pool.OW * x.shape[3]
        xw = unfold.empty_unfolded(x, g, pool.FW * columns)
        for j in range(pool.FW):
            left = g.pad[1][0] - j * g.stride[1]
            every_other = g._replace(
                pad=(g.pad[0], (left, 0)),
                stride=(g.stride[0], g.stride[1] * pool.stride[1]),
                OW=pool.OW,
            )
            part = xw[..., j * columns : (j + 1) * columns]
            unfold.fill_unfolded(x, every_other, part)
        return unfold.windows(xw, g)

    def _entries(self, maps):
        """Show the points of all pooling windows in maps (FN, rows, FW, OW, N)."""
        (step, _), height = self.pool.stride, self.pool.FH
        last = maps.shape[1] - height + 1
        points = np.ndindex(height, self.pool.FW)
        return [maps[:, i : i + last : step, j] for i, j in points]

    def _groups(self, out):
        """Yield slices of pooled rows, and of the maps' rows that they look at."""
        step = self.pool.stride[0]
        all_rows, numbers = slice(0, self.pool.OH), self.pool.FW * out[:, 0].size
        for pooled in cut(all_rows, CACHE // (step * numbers)):
            last = (pooled.stop - 1) * step + self.pool.FH
            yield pooled, slice(pooled.start * step, last)

    def _few_maps(self, create, out):
        """Return scratch memory (FN, rows, FW, OW, N) for the largest group."""
        rows = next(self._groups(out))[1].stop
        FN, _, OW, N = out.shape
        return create((FN, rows, self.pool.FW, OW, N), out.dtype)
