"""Sizes: how many places a window has, and how far a stack of layers sees.

Everything here is whole-number arithmetic about lengths in pixels. No image is
touched, so these functions can be read, and trusted, before any layer.
"""

import math
import operator
from typing import NamedTuple

__all__ = ["conv_output_size", "receptive_field"]

PAD_MODES = ("valid", "same", "full")


def conv_output_size(size, window, stride=1, pad=0, dilation=1, strict=False) -> int:
    """Count the places where a window fits along one axis.

    This is the formula of the course, ``(H + 2P - FH) / S + 1``. Where the
    division has a remainder it is dropped: the last pixels are never seen.

    Parameters
    ----------
    size, window : int
        Input and filter length, in pixels.
    stride : int
        Step between two places, in pixels.
    pad : int or (before, after) or {'valid', 'same', 'full'}
        Pixels added at both ends. ``'same'`` gives ``ceil(size / stride)``
        places, ``'full'`` every place with at least one common pixel.
    dilation : int
        Distance between two neighbours inside the window; 1 means no gaps.
    strict : bool
        If true, a remainder is an error instead of being dropped.

    Returns
    -------
    int
        The output length, at least 1.

    Raises
    ------
    ValueError
        If the window is larger than the padded input, or if ``strict`` and
        pixels would be dropped.
    TypeError
        If a length is not a whole number.

    References
    ----------
    Saito, section 7.2.4; notebooks/02_padding_and_stride.ipynb.

    Examples
    --------
    >>> conv_output_size(28, 5)
    24
    >>> conv_output_size(7, 3, stride=2, pad=1)
    4
    """
    size = whole(size, "size", least=1)
    window = whole(window, "window", least=1)
    stride = whole(stride, "stride", least=1)
    dilation = whole(dilation, "dilation", least=1)
    before, after = axis_pad(check_axis_pad(pad), size, window, stride, dilation)
    room = size + before + after - span(window, dilation)
    if room < 0:
        raise ValueError(
            f"window {window}{_dilated(dilation)} does not fit into {size} with pad "
            f"{pad}: {_sum(size, before, after, window, dilation)} < 0. "
            "Use a smaller window or more padding."
        )
    if strict and room % stride:
        raise ValueError(
            f"({_sum(size, before, after, window, dilation)}) = {room} is not a "
            f"multiple of stride {stride}: the last {room % stride} pixel(s) would be "
            "dropped. Change the padding or the stride, or allow it with strict=False."
        )
    return room // stride + 1


def receptive_field(layers) -> int:
    """Tell how many input pixels, along one axis, one output pixel depends on.

    Every layer widens the view by its window, counted in steps of the layers
    before it. Two 3x3 convolutions see 5 pixels, three see 7.

    Parameters
    ----------
    layers : sequence of int or (window, stride) or (window, stride, dilation)
        The convolutions and poolings in order, from the input on.

    Returns
    -------
    int
        Length in input pixels. An empty stack sees 1 pixel.

    References
    ----------
    Dumoulin & Visin, "A guide to convolution arithmetic for deep learning"
    (2016); notebooks/02_padding_and_stride.ipynb.

    Examples
    --------
    >>> receptive_field([3, 3, 3])
    7
    >>> receptive_field([(5, 1), (2, 2)])
    6
    """
    if not hasattr(layers, "__iter__"):
        raise TypeError(
            f"layers is {layers!r}; expected a list with one entry a layer, for "
            "example [3, (2, 2)]: a 3x3 convolution, then 2x2 pooling with stride 2."
        )
    field, step = 1, 1
    for number, layer in enumerate(layers, start=1):
        parts = tuple(layer) if isinstance(layer, tuple | list) else (layer,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"layer {number} is {layer!r}; expected a window, (window, stride) or "
                "(window, stride, dilation), each one whole number."
            )
        window, stride, dilation = (*parts, 1, 1)[:3]
        window = whole(window, f"window of layer {number}", least=1)
        stride = whole(stride, f"stride of layer {number}", least=1)
        dilation = whole(dilation, f"dilation of layer {number}", least=1)
        field += (span(window, dilation) - 1) * step
        step *= stride
    return field


class Window(NamedTuple):
    """A window on an image with everything resolved: what layers compute with."""

    FH: int
    FW: int
    stride: tuple[int, int]
    pad: tuple[tuple[int, int], tuple[int, int]]
    dilation: tuple[int, int]
    OH: int
    OW: int

    def at(self, y, x, i, j) -> tuple[int, int]:
        """Locate point (i, j) of window (y, x): its row and column when padded."""
        row = y * self.stride[0] + i * self.dilation[0]
        col = x * self.stride[1] + j * self.dilation[1]
        return (row, col)

    def crop(self, padded):
        """Cut the padding off the last two axes again."""
        (top, bottom), (left, right) = self.pad
        H, W = padded.shape[-2:]
        return padded[..., top : H - bottom, left : W - right]


def resolve(
    H, W, filter_h, filter_w, stride=1, pad=0, dilation=1, what="filter"
) -> Window:
    """Turn what a user may write for stride, pad and dilation into plain numbers.

    Parameters
    ----------
    H, W : int
        Height and width of the input, in pixels.
    filter_h, filter_w : int
        Height and width of the window, in pixels.
    stride, dilation : int or (vertical, horizontal)
    pad : int, (vertical, horizontal), ((top, bottom), (left, right)) or a mode
    what : str
        What an error calls the window.

    Returns
    -------
    Window
        With stride, dilation as pairs, pad as two pairs, and the output size.

    Raises
    ------
    ValueError, TypeError
        If a value is impossible or the window does not fit.
    """
    FH = whole(filter_h, "filter_h", least=1)
    FW = whole(filter_w, "filter_w", least=1)
    stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
    amounts = tuple(
        axis_pad(p, size, f, s, d)
        for p, size, f, s, d in zip(
            check_pad(pad), (H, W), (FH, FW), stride, dilation, strict=True
        )
    )
    places = []
    for size, f, s, d, p in zip(
        (H, W), (FH, FW), stride, dilation, amounts, strict=True
    ):
        room = size + sum(p) - span(f, d)
        if room < 0:
            raise ValueError(
                f"{what} {FH}x{FW}{_dilated(d)} does not fit into {H}x{W} with pad "
                f"{pad}: {_sum(size, *p, f, d)} < 0. "
                f"Use a smaller {what} or more padding."
            )
        places.append(room // s + 1)
    return Window(FH, FW, stride, amounts, dilation, *places)


def resolve_pooling(H, W, pool_h, pool_w, stride=None, pad=0) -> Window:
    """Do what ``resolve`` does for a pooling window.

    The stride is the window itself if it is None, and no window may lie on
    padding alone: it would have nothing to choose from.

    Raises
    ------
    ValueError, TypeError
        As ``resolve``, or if the padding is as large as the window.
    """
    stride = (pool_h, pool_w) if stride is None else stride
    g = resolve(H, W, pool_h, pool_w, stride, pad, what="pooling window")
    if max(g.pad[0]) >= g.FH or max(g.pad[1]) >= g.FW:
        raise ValueError(
            f"pad {pad} is not smaller than the pooling window {g.FH}x{g.FW}: some "
            "windows would hold nothing but padding. Use less padding."
        )
    return g


def check_settings(stride, pad, dilation=1) -> None:
    """Say what is wrong with stride, pad or dilation, before any image is there."""
    pair(stride, "stride")
    check_pad(pad)
    pair(dilation, "dilation")


def span(window, dilation) -> int:
    """Return the pixels from the first to the last point of a dilated window."""
    return dilation * (window - 1) + 1


def pair(value, name, least=1) -> tuple[int, int]:
    """Return ``(vertical, horizontal)`` from an int or a pair of ints >= least."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(
                f"{name} is {value!r}; expected an int or (vertical, horizontal)."
            )
        return (whole(value[0], name, least), whole(value[1], name, least))
    value = whole(value, name, least)
    return (value, value)


def check_pad(pad):
    """Return the padding of the two axes, each a mode or ``(before, after)``."""
    if isinstance(pad, tuple | list):
        if len(pad) != 2:
            raise ValueError(
                f"pad is {pad!r}; expected an int, (vertical, horizontal), "
                "((top, bottom), (left, right)), 'valid', 'same' or 'full'."
            )
        return (check_axis_pad(pad[0]), check_axis_pad(pad[1]))
    pad = check_axis_pad(pad)
    return (pad, pad)


def check_axis_pad(pad):
    """Return the padding of one axis as a mode or as ``(before, after)``."""
    if isinstance(pad, str):
        if pad not in PAD_MODES:
            raise ValueError(
                f"pad is {pad!r}; the modes are 'valid' (none), 'same' and 'full'."
            )
        return pad
    if isinstance(pad, tuple | list):
        if len(pad) != 2:
            raise ValueError(f"pad is {pad!r}; expected (before, after) for one axis.")
        return (whole(pad[0], "pad", least=0), whole(pad[1], "pad", least=0))
    pad = whole(pad, "pad", least=0)
    return (pad, pad)


def axis_pad(pad, size, window, stride, dilation) -> tuple[int, int]:
    """Turn the checked padding of one axis into ``(before, after)`` pixels."""
    if pad == "valid":
        return (0, 0)
    if pad == "full":
        return (span(window, dilation) - 1,) * 2
    if pad == "same":
        places = math.ceil(size / stride)
        missing = max((places - 1) * stride + span(window, dilation) - size, 0)
        return (missing // 2, missing - missing // 2)  # the odd pixel comes last
    return pad


def whole(value, name, least) -> int:
    """Return ``value`` as an int, or say that it is no whole number >= least."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{name} is {value!r} ({type(value).__name__}); expected a whole number. "
            "Lengths are counted in pixels: use // instead of / when you compute one."
        )
    try:
        value = operator.index(value)
    except TypeError:  # an array with several elements has __index__ as well
        raise TypeError(f"{name} is {value!r}; expected one whole number.") from None
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}.")
    return value


def _sum(size, before, after, window, dilation) -> str:
    """Write the numerator of the output size as a student would."""
    padding = f"2*{before}" if before == after else f"{before} + {after}"
    return f"{size} + {padding} - {span(window, dilation)}"


def _dilated(dilation) -> str:
    return f" (dilation {dilation})" if dilation > 1 else ""
