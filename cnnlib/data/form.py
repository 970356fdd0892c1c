"""The form in which every loader returns its images."""

import numpy as np


def enlarge(images, size):
    """Enlarge (N, H, W) pictures to (N, size, size) by bilinear interpolation.

    A new pixel is a mean of its neighbours, the nearer the heavier. Along one axis
    that is a matrix (size, H), so both axes are two matrix products.
    """

    def weights(old):
        # Pixels are squares: the centre of number k lies at k + 0.5.
        at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        lower = np.minimum(at.astype(int), old - 2)
        matrix = np.zeros((size, old), images.dtype)
        matrix[np.arange(size), lower] = 1 - (at - lower)
        matrix[np.arange(size), lower + 1] = at - lower
        return matrix

    _, H, W = images.shape
    return weights(H) @ images @ weights(W).T  # (N, size, size)


def arrange(parts, normalize, flatten, one_hot_label):
    """Bring (images uint8, labels int64) pairs into the form that was asked for."""
    arranged = []
    for x, t in parts:
        if normalize:
            # A float32 divisor keeps it float32 all the way: no array twice as large.
            x = np.divide(x, np.float32(255))
        if flatten:
            x = x.reshape(len(x), -1)  # (N, C*H*W)
        if one_hot_label:
            t = np.eye(10, dtype=np.float32)[t]  # (N, 10)
        arranged.append((x, t))
    return tuple(arranged)
