"""The few things that this course has and PyTorch has not, written as its modules."""

import torch
from torch import nn

from ..geometry import axis_pad

__all__ = ["Concat", "SamePad2d", "Sum", "UncountedAvgPool2d", "ZeroChannels"]


class Branches(nn.Module):
    """One input for several branches; an empty branch is the identity.

    Parameters
    ----------
    branches : dict of str to nn.Module
    """

    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleDict(branches)

    def outputs(self, x):
        """Return what each branch makes of x."""
        return [branch(x) for branch in self.branches.values()]


class Sum(Branches):
    """Add up what the branches return: a residual block."""

    def forward(self, x):
        """Return the sum."""
        return sum(self.outputs(x))


class Concat(Branches):
    """Put the channels of the branches one after the other: an inception block."""

    def forward(self, x):
        """Return (N, C1 + C2 + ..., H, W)."""
        return torch.cat(self.outputs(x), dim=1)


class ZeroChannels(nn.Module):
    """Add channels that are 0 everywhere, up to a number of channels."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels

    def forward(self, x):
        """Return (N, channels, H, W)."""
        new = self.channels - x.shape[1]
        return nn.functional.pad(x, (0, 0, 0, 0, 0, new))


class SamePad2d(nn.Module):
    """Pad as 'same' does: ``ceil(size / stride)`` places, the odd pixel at the end.

    How much that is depends on the image, if the stride is above 1; PyTorch's own
    ``padding='same'`` exists for stride 1 only.

    Parameters
    ----------
    pad : (mode or (before, after), mode or (before, after))
        Of rows and columns.
    window, stride, dilation : (int, int)
    value : float
    """

    def __init__(self, pad, window, stride, dilation=(1, 1), value=0.0):
        super().__init__()
        self.pad, self.window, self.value = pad, window, value
        self.stride, self.dilation = stride, dilation

    def forward(self, x):
        """Return the padded images."""
        settings = (self.pad, x.shape[2:], self.window, self.stride, self.dilation)
        (top, bottom), (left, right) = (
            axis_pad(*one) for one in zip(*settings, strict=True)
        )
        return nn.functional.pad(x, (left, right, top, bottom), value=self.value)

    def extra_repr(self):
        """Show the settings."""
        return f"{self.pad}, window={self.window}, stride={self.stride}"


class UncountedAvgPool2d(nn.Module):
    """Average the real pixels of each window, however it is padded.

    ``nn.AvgPool2d(count_include_pad=False)`` can do so for equal padding of at most
    half a window.

    Parameters
    ----------
    pad : nn.Module
        Pads with zeros.
    window, stride : (int, int)
    """

    def __init__(self, pad, window, stride):
        super().__init__()
        self.pad, self.pool = pad, nn.AvgPool2d(window, stride)

    def forward(self, x):
        """Return the means (N, C, OH, OW)."""
        real = torch.ones_like(x[:1, :1])
        return self.pool(self.pad(x)) / self.pool(self.pad(real))
