"""The book's algorithm, as the yardstick: what everybody starts from.

Written from the description of chapter 7, in float64 as NumPy makes it there:
``im2col`` fills a six-dimensional array with a loop over the points of the window,
a convolution is one ``np.dot`` of that, pooling is ``argmax`` over ``im2col``, and
all gradients are computed, also that of the images, which nobody needs. Adam walks
over a dictionary of arrays. It is measured, not taught: ``cnnlib`` is what to read.

In two places it is kinder to the book than the book: the loss of a step is that of
its one forward pass (the book computes it again afterwards), and nothing is printed.

References
----------
Saito, sections 5.5, 6.1.6, 7.4 and 7.5.
"""

import numpy as np


def im2col(x, FH, FW, stride=1, pad=0):
    """Unfold images (N, C, H, W) into rows (N*OH*OW, C*FH*FW), in float64."""
    N, C, H, W = x.shape
    OH = (H + 2 * pad - FH) // stride + 1
    OW = (W + 2 * pad - FW) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((N, C, FH, FW, OH, OW))
    for i in range(FH):
        for j in range(FW):
            rows = slice(i, i + stride * OH, stride)
            columns = slice(j, j + stride * OW, stride)
            col[:, :, i, j] = img[:, :, rows, columns]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, -1)


def col2im(col, shape, FH, FW, stride=1, pad=0):
    """Add rows (N*OH*OW, C*FH*FW) back to images (N, C, H, W)."""
    N, C, H, W = shape
    OH = (H + 2 * pad - FH) // stride + 1
    OW = (W + 2 * pad - FW) // stride + 1
    col = col.reshape(N, OH, OW, C, FH, FW).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for i in range(FH):
        for j in range(FW):
            rows = slice(i, i + stride * OH, stride)
            columns = slice(j, j + stride * OW, stride)
            img[:, :, rows, columns] += col[:, :, i, j]
    return img[:, :, pad : pad + H, pad : pad + W]


class Convolution:
    """One matrix product of unfolded images and unfolded filters."""

    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b = W, b
        self.stride, self.pad = stride, pad

    def forward(self, x):
        """Return the feature maps (N, FN, OH, OW)."""
        FN, _, FH, FW = self.W.shape
        N, _, H, W = x.shape
        OH = (H + 2 * self.pad - FH) // self.stride + 1
        OW = (W + 2 * self.pad - FW) // self.stride + 1
        self.x_shape = x.shape
        self.col = im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = self.W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(N, OH, OW, FN).transpose(0, 3, 1, 2)

    def backward(self, dout):
        """Set dW and db; return dx."""
        FN, _, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).T.reshape(self.W.shape)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x_shape, FH, FW, self.stride, self.pad)


class Pooling:
    """The maximum of each unfolded window."""

    def __init__(self, pool_h, pool_w, stride=1):
        self.pool_h, self.pool_w, self.stride = pool_h, pool_w, stride

    def forward(self, x):
        """Return the largest number of each window."""
        N, C, H, W = x.shape
        OH = (H - self.pool_h) // self.stride + 1
        OW = (W - self.pool_w) // self.stride + 1
        col = im2col(x, self.pool_h, self.pool_w, self.stride)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        self.x_shape = x.shape
        self.winner = np.argmax(col, axis=1)
        out = np.max(col, axis=1)
        return out.reshape(N, OH, OW, C).transpose(0, 3, 1, 2)

    def backward(self, dout):
        """Return dx: each gradient at its winner."""
        dout = dout.transpose(0, 2, 3, 1)
        size = self.pool_h * self.pool_w
        rows = np.zeros((dout.size, size))
        rows[np.arange(dout.size), self.winner] = dout.flatten()
        col = rows.reshape(dout.shape[0] * dout.shape[1] * dout.shape[2], -1)
        return col2im(col, self.x_shape, self.pool_h, self.pool_w, self.stride)


class Affine:
    """A matrix product and a bias."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        """Return ``x @ W + b`` of flattened samples."""
        self.x_shape = x.shape
        self.x = x.reshape(len(x), -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        """Set dW and db; return dx."""
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T).reshape(self.x_shape)


class Relu:
    """Zeros through a mask, forward and backward."""

    def forward(self, x):
        """Return x with its negative numbers set to 0."""
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        """Return dx; like the book's layer it writes into its argument."""
        dout[self.mask] = 0
        return dout


class SoftmaxWithLoss:
    """Probabilities and their mean cross entropy."""

    def forward(self, x, t):
        """Return the loss of scores x against labels t."""
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.t = t
        self.y = e / np.sum(e, axis=1, keepdims=True)
        return -np.sum(np.log(self.y[np.arange(len(t)), t] + 1e-7)) / len(t)

    def backward(self):
        """Return the gradient of the loss by the scores."""
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx)


class SimpleConvNet:
    """The network of section 7.5, on given parameters."""

    def __init__(self, params):
        self.params = {name: np.array(p, np.float64) for name, p in params.items()}
        p = self.params
        self.layers = {
            "Conv1": Convolution(p["W1"], p["b1"]),
            "Relu1": Relu(),
            "Pool1": Pooling(2, 2, stride=2),
            "Affine1": Affine(p["W2"], p["b2"]),
            "Relu2": Relu(),
            "Affine2": Affine(p["W3"], p["b3"]),
        }
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        """Return the scores (N, classes)."""
        return forward(self.layers.values(), x)

    def accuracy(self, x, t, batch_size=100):
        """Return the part that is right; a partial last batch is not looked at."""
        right = 0.0
        for i in range(len(x) // batch_size):
            batch = slice(i * batch_size, (i + 1) * batch_size)
            right += np.sum(self.predict(x[batch]).argmax(axis=1) == t[batch])
        return right / len(x)

    def loss_and_gradient(self, x, t):
        """Return the loss, and all gradients by name."""
        loss = self.last_layer.forward(self.predict(x), t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        grads = {}
        for number, name in enumerate(("Conv1", "Affine1", "Affine2"), start=1):
            grads[f"W{number}"] = self.layers[name].dW
            grads[f"b{number}"] = self.layers[name].db
        return loss, grads


class Adam:
    """Adam, one parameter after the other."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        """Change all parameters in place."""
        for key, param in params.items() if not self.m else ():
            self.m[key], self.v[key] = np.zeros_like(param), np.zeros_like(param)
        self.t += 1
        lr = self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


def forward(layers, x):
    """Send x through layers in a row."""
    for layer in layers:
        x = layer.forward(x)
    return x


def train_epoch(network, optimizer, x, t, x_test, t_test, order, batch_size=100):
    """Train one epoch in the given order; return losses and both accuracies."""
    losses = []
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        loss, grads = network.loss_and_gradient(x[batch], t[batch])
        optimizer.update(network.params, grads)
        losses.append(loss)
    return losses, network.accuracy(x, t), network.accuracy(x_test, t_test)
