"""The bridge: the same outputs and gradients on both sides, and plain refusals."""

import copy
import subprocess
import sys

import numpy as np
import pytest
from small_networks import ENGINES, bits, mixed, samples, simple

from cnnlib import Add, Concat, Residual, Sequential, SimpleConvNet
from cnnlib.architectures import build
from cnnlib.architectures.resnets import cifar_resnet
from cnnlib.layer import Layer
from cnnlib.networks import ZeroChannels
from cnnlib.networks.engines import engine_room

torch = pytest.importorskip(
    "torch", reason="PyTorch, which only the bridge needs, is not installed"
)
from torch import nn  # noqa: E402

from cnnlib.torch_bridge import (  # noqa: E402
    compare,
    copy_weights,
    from_torch,
    to_torch,
    training_speed,
)

torch.set_num_threads(1)


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def room(engine):
    return engine_room(engine)


def same(network, module, x, t=None):
    """Check outputs and gradients, in float64 where only real differences are left."""
    found = compare(network, module, x, t, tolerance=1e-9, dtype=np.float64)
    assert found.passed, found
    return found


# networks of all kinds, drawn at random


def fresh():
    return np.random.default_rng(3)


def pads(rng, window):
    """Draw any kind of padding that a pooling with this window can have."""
    kinds = ["valid", "same", 0, ("same", 0)]
    most = max(min(window) - 1, 0)
    a, b, c, d = (int(n) for n in rng.integers(0, most + 1, 4))
    kinds += [a, (a, b), ((a, b), (c, d)), ("valid", (a, b))]
    return kinds[rng.integers(len(kinds))]


def layer(kind, C, room, rng):
    """Return a layer for C channels, and how many channels it returns."""
    window = tuple(int(n) for n in rng.integers(1, 4, 2))
    stride = tuple(int(n) for n in rng.integers(1, 3, 2))
    if kind == "conv":
        groups = 2 if C % 2 == 0 and rng.random() < 0.4 else 1
        FN = int(rng.integers(1, 4)) * groups
        W = rng.normal(0, 0.7, (FN, C // groups, *window))
        b = None if rng.random() < 0.3 else rng.normal(0, 1, FN)
        pad = "full" if rng.random() < 0.2 else pads(rng, window)
        dilation = tuple(int(n) for n in rng.integers(1, 3, 2))
        return room.Convolution(W, b, stride, pad, dilation, groups), FN
    if kind in ("Pooling", "AveragePooling"):
        stride = None if rng.random() < 0.5 else stride
        return getattr(room, kind)(*window, stride, pads(rng, window)), C
    if kind == "norm":
        norm = room.BatchNormalization(
            rng.normal(1, 0.3, C), rng.normal(0, 1, C), momentum=0.7, eps=1e-3
        )
        norm.running_mean[...] = rng.normal(0, 1, C)
        norm.running_var[...] = rng.random(C) + 0.5
        return norm, C
    if kind == "lrn":
        settings = {"size": int(rng.integers(1, 6)), "alpha": 0.5, "k": 1.5}
        return room.LocalResponseNormalization(**settings), C
    if kind == "dropout":
        return room.Dropout(0.4, rng=1), C
    return getattr(room, kind)(), C


KINDS = ["conv", "conv", "Pooling", "AveragePooling", "norm", "lrn", "dropout"]
KINDS += ["Relu", "Sigmoid", "Tanh"]


def random_network(seed, engine):
    """Return a network of random layers, and its input."""
    room, rng = engine_room(engine), np.random.default_rng(seed)
    C, layers = int(rng.integers(1, 4)), {}
    x = rng.normal(0, 1, (3, C, *rng.integers(6, 11, 2)))
    out = x
    while len(layers) < 6:
        kind = KINDS[rng.integers(len(KINDS))]
        made, channels = layer(kind, C, room, rng)
        try:
            new = made.forward(out, train=False)
        except ValueError:
            continue  # it does not fit: draw again
        layers[f"{kind}.{len(layers)}"] = made
        out, C = new, channels
    if rng.random() < 0.4:
        layers["Global"] = engine_room(engine).GlobalAveragePooling()
    elif rng.random() < 0.5:
        layers["Flatten"] = room.Flatten()
    for name in ("Hidden", "Out"):
        D = Sequential(layers).forward(x, train=False)[0].size
        W = rng.normal(0, 0.5, (D, 5))
        layers[name] = room.Affine(W, None if rng.random() < 0.3 else W[0].copy())
        if name == "Hidden" and rng.random() < 0.5:
            layers["Norm"], _ = layer("norm", 5, room, rng)
    return Sequential(layers, room.SoftmaxWithLoss()), x


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_are_the_same_there_and_back(engine, seed):
    network, x = random_network(seed, engine)
    before = bits(network.state())
    t = np.arange(3)
    module = to_torch(network)
    found = same(network, module, x, t)
    assert len(found.rows) >= 8
    back = from_torch(module, engine)
    same(back, module, x, t)
    assert bits(back.state()) == before
    assert bits(network.state()) == before
    np.testing.assert_array_equal(back.predict(x), network.predict(x))
    same(back, to_torch(back), x)  # and there again


def test_float32_agrees_to_1e_5(engine):
    x, t = samples(6)
    network = simple(engine)
    module = to_torch(network)
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert compare(network, module, x, t, tolerance=1e-5).passed


# blocks


def convolution(room, FN, C, size=3, stride=1, seed=0):
    W = np.random.default_rng(seed).normal(0, 0.5, (FN, C, size, size))
    return room.Convolution(W, np.ones(FN), stride, pad=size // 2)


def block(room, kind):
    def layers(FN, size=3, stride=1, seed=0):
        return {
            "Conv": convolution(room, FN, 4, size, stride, seed),
            "Norm": room.BatchNormalization(np.ones(FN), np.zeros(FN)),
            "Relu": room.Relu(),
        }

    if kind == "residual":
        return Residual(layers(4))
    if kind == "projection":
        return Residual(layers(6, 3, 2), layers(6, 1, 2, seed=1))
    if kind == "zeros":
        shortcut = {"Pool": room.AveragePooling(1, 1, 2), "Zeros": ZeroChannels(6)}
        return Residual(layers(6, 3, 2), shortcut)
    if kind == "sum":
        return Add({"a.b": layers(4), "a_b": layers(4, 1, seed=1), "forward": {}})
    inside = Residual(layers(4, seed=5))
    pool = {"Pool": room.Pooling(3, 3, 1, pad=1), "Relu": room.Relu()}
    return Concat(
        {"1x1": layers(3, 1), "3x3": {"Inside": inside, **layers(2)}, "pool": pool}
    )


BLOCKS = ["residual", "projection", "zeros", "sum", "inception"]


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_are_the_same_there_and_back(engine, room, kind):
    x = np.random.default_rng(2).normal(0, 1, (3, 2, 6, 6))
    layers = {
        "Stem": convolution(room, 4, 2),
        "Block.1": block(room, kind),
        "Relu": room.Relu(),
        "Global": room.GlobalAveragePooling(),
    }
    features = Sequential(layers).forward(x, train=False).shape[1]
    layers["Out"] = room.Affine(np.eye(features), None)
    network = Sequential(layers)
    module = to_torch(network)
    same(network, module, x, np.arange(3))
    back = from_torch(module, engine)
    same(back, module, x, np.arange(3))
    assert bits(back.state()) == bits(network.state())


def test_a_residual_network_of_the_ledger_crosses_the_bridge(engine):
    network = build(cifar_resnet(8, width=4), rng=1, engine=engine)
    x, t = samples(2, (3, 32, 32))
    module = to_torch(network)
    ours = sum(array.size for array in network.params.values())
    assert sum(p.numel() for p in module.parameters()) == ours
    same(network, module, x, t)
    same(from_torch(module, engine), module, x, t)


# what a reader finds there


def test_the_books_network_reads_as_one_would_write_it():
    network = SimpleConvNet(rng=1)
    module = to_torch(network)
    assert [name for name, _ in module.named_children()] == [
        "Conv1", "Relu1", "Pool1", "Affine1_flatten", "Affine1", "Relu2", "Affine2",
    ]  # fmt: skip
    assert module.Conv1.weight.shape == (30, 1, 5, 5)
    np.testing.assert_array_equal(
        module.Affine1.weight.detach(), network.params["W2"].T
    )
    back = from_torch(module)
    assert list(back.layers) == list(network.layers)
    assert type(back) is Sequential


def test_numbered_modules_get_the_books_names():
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.Identity(), nn.ReLU()),
        nn.Identity(),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    network = from_torch(module, input_dim=(1, 6, 6))
    assert list(network.layers) == [
        "Conv1", "Norm1", "Relu1", "Pool1", "Block1", "Flatten1", "Affine1",
    ]  # fmt: skip
    assert network.engine == "fast"
    assert list(network.params) == [
        "W1",
        "b1",
        "gamma1",
        "beta1",
        "W2",
        "b2",
        "W3",
        "b3",
    ]
    assert "Block1.Relu2" in network.summary()
    same(network, module, *samples(4, (1, 6, 6), 3))


def test_weights_are_copies(engine):
    network = simple(engine)
    module = to_torch(network)
    back = from_torch(module, engine)
    before = bits(network.state())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(7)
    assert bits(network.state()) == bits(back.state()) == before


def test_momentum_has_two_meanings(room):
    norm = room.BatchNormalization(np.ones(3), np.zeros(3), momentum=0.9)
    module = to_torch(norm, input_dim=(3,))[0]
    assert isinstance(module, nn.BatchNorm1d)
    assert module.momentum == 0.1
    assert from_torch(module).layers["Norm1"].momentum == 0.9
    assert isinstance(to_torch(norm)[0], nn.BatchNorm2d)


def test_statistics_move_alike_in_training(room):
    norm, _ = layer("norm", 4, room, fresh())
    network = Sequential({"Conv": convolution(room, 4, 2), "Norm": norm})
    x = fresh().normal(0, 1, (3, 2, 6, 6))
    module = to_torch(network)
    for _ in range(3):
        network.forward(x)
        module(torch.from_numpy(x))
    np.testing.assert_allclose(norm.running_mean, module.Norm.running_mean)
    np.testing.assert_allclose(norm.running_var, module.Norm.running_var)
    module.eval()
    with torch.no_grad():
        scores = module(torch.from_numpy(x))
    np.testing.assert_allclose(network.forward(x, train=False), scores, atol=1e-9)


def test_dropout_scales_alike():
    module = to_torch(mixed("fast"))
    assert module.Dropout.p == 0.3
    x = np.ones((200, 50), np.float32)
    dropout = mixed("fast").layers["Dropout"].forward(x)
    torch.manual_seed(0)
    twin = module.Dropout(torch.from_numpy(x)).numpy()
    assert set(np.unique(twin)) == set(np.unique(dropout))


def test_ten_steps_of_training_are_the_same(engine):
    x, t = samples(40)
    network = simple(engine).astype(np.float64)
    module = to_torch(network)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for step in range(10):
        batch = slice(4 * step, 4 * step + 4)
        loss, grads = network.loss_and_gradient(x[batch], t[batch])
        for name, array in network.params.items():
            array -= 0.1 * grads[name]
        optimizer.zero_grad()
        scores = module(torch.from_numpy(x[batch]).double())
        their_loss = nn.functional.cross_entropy(scores, torch.from_numpy(t[batch]))
        their_loss.backward()
        optimizer.step()
        assert loss == pytest.approx(their_loss.item(), rel=1e-9)
    same(network, module, x, t)


def test_weights_are_copied_both_ways(engine):
    network, other = mixed(engine), mixed(engine, rng=5)
    module = to_torch(other)
    copy_weights(network, module)
    same(network, module, *samples(4, (2, 6, 6), 4))
    back = mixed(engine, rng=6)
    arrays = {name: id(array) for name, array in back.state().items()}
    copy_weights(module, back)
    assert bits(back.state()) == bits(network.state())
    assert arrays == {name: id(array) for name, array in back.state().items()}


def test_a_module_of_ones_own_is_a_twin_if_its_layers_are():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu = nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True)
            self.pool, self.hidden = nn.MaxPool2d(2), nn.Linear(27, 10)
            self.relu2, self.out = nn.ReLU(inplace=True), nn.Linear(10, 10)

        def forward(self, x):
            x = self.pool(self.relu(self.conv(x))).flatten(1)
            return self.out(self.relu2(self.hidden(x)))

    network, module = simple("fast"), Own()
    copy_weights(network, module)
    same(network, module, *samples(5))
    assert module.relu.inplace


# what compare sees


def test_compare_changes_nothing(engine):
    network = mixed(engine)
    module = to_torch(network).eval()
    before, state = bits(network.state()), copy.deepcopy(module.state_dict())
    stream = str(network.layers["Dropout"].rng.bit_generator.state)
    compare(network, module, *samples(4, (2, 6, 6), 4))
    assert bits(network.state()) == before
    assert all(torch.equal(state[k], v) for k, v in module.state_dict().items())
    assert not module.training
    assert all(p.grad is None for p in module.parameters())
    assert str(network.layers["Dropout"].rng.bit_generator.state) == stream
    assert (network.layers["Dropout"].ratio, module.Dropout.p) == (0.3, 0.3)


FAULTS = {
    "a weight": lambda m: m.Conv.weight.data[0, 0, 0, 0].add_(0.01),
    "a bias": lambda m: m.Out.bias.data[1].add_(0.01),
    "a running mean": lambda m: m.Norm.running_mean[2].add_(0.01),
    "a momentum": lambda m: setattr(m.Norm, "momentum", 0.5),
    "an epsilon": lambda m: setattr(m.Block.Norm, "eps", 0.01),
    "not a number": lambda m: m.Out.bias.data[1].fill_(np.nan),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_compare_sees_each_fault(engine, fault):
    network = mixed(engine)
    module = to_torch(network)
    x, t = samples(4, (2, 6, 6), 4)
    same(network, module, x, t)
    FAULTS[fault](module)
    found = compare(network, module, x, t, dtype=np.float64)
    assert not found.passed
    assert "NOT EQUAL (tolerance 1e-05)" in str(found)


def test_compare_says_where_a_fault_begins():
    network = simple("fast")
    module = to_torch(network)
    with torch.no_grad():
        module.Affine1.weight[0, 0] += 0.5
    rows = compare(network, module, *samples(5), dtype=np.float64).rows
    wrong = [row.name for row in rows if row.output > 1e-9]
    assert wrong == ["Affine1", "Relu2", "Affine2"]


def test_the_table_names_every_layer_and_ends_with_the_verdict():
    network = mixed("textbook")
    found = compare(
        network, to_torch(network), *samples(4, (2, 6, 6), 4), dtype=np.float64
    )
    lines = repr(found).splitlines()
    assert len(lines) == 1 + len(found.rows) + 1
    assert [row.name for row in found.rows] == [
        "Conv", "Block.Norm", "Block.Relu", "Pool", "Hidden", "Norm", "Dropout", "Out",
    ]  # fmt: skip
    assert "4 x 3 x 6 x 6" in lines[1]
    assert "W " in lines[1]
    assert "equal (tolerance 1e-05)" in lines[-1]


def test_one_hot_labels_are_labels(engine):
    network = simple(engine)
    x, t = samples(4)
    same(network, to_torch(network), x, np.eye(10)[t])


def test_a_single_layer_is_compared_too(room):
    layer = room.Affine(np.ones((4, 2)), np.zeros(2))
    same(layer, to_torch(layer), np.arange(12.0).reshape(3, 4))


# what has no counterpart


class Own(Layer):
    def forward(self, x, train=True):
        return self.keep(train, x)


class OwnRelu(engine_room("textbook").Relu):
    def forward(self, x, train=True):
        return x


@pytest.mark.parametrize("layer", [Own(), OwnRelu()])
def test_layers_without_a_counterpart_are_named(layer):
    kind = type(layer).__name__
    with pytest.raises(ValueError, match=f"layer 'Mine' .{kind}. has no counterpart"):
        to_torch(Sequential({"Mine": layer}))
    with pytest.raises(ValueError, match=rf"layer '{kind}' \({kind}\) has no count"):
        to_torch(layer)


IMAGES = nn.Conv2d(1, 2, 3)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(IMAGES, nn.GELU()), r"module '1' .GELU. has no counterpart her"),
        (nn.Sequential(nn.Sequential(nn.GELU())), r"module '0.0' .GELU. has no counte"),
        (nn.ModuleList([nn.ReLU()]), "its forward can not be read off. Translated are"),
        (nn.Softmax(dim=1), "ends with scores here, and SoftmaxWithLoss applies the"),
        (nn.Sequential(nn.LogSoftmax(1)), "Leave it out, as nn.CrossEntropyLoss want"),
        (nn.Sequential(), "holds no layer that does anything"),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), "Pad with zeros in it"),
        (nn.MaxPool2d(2, ceil_mode=True), "Leave ceil_mode, dilation and return_indi"),
        (nn.MaxPool2d(2, dilation=2), "Leave ceil_mode, dilation and return_indices"),
        (nn.AvgPool2d(3, padding=1), "Set count_include_pad=False, no ceil_mode in it"),
        (nn.AvgPool2d(2, divisor_override=3), "Set count_include_pad=False, no ceil"),
        (nn.AdaptiveAvgPool2d(2), "Use output size 1 in it"),
        (nn.AdaptiveAvgPool2d(1), "a global pooling has no counterpart .* Put nn.Flat"),
        (
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Linear(2, 2)),
            "module '1' .Linear. .* Put nn.Flatten.. between the global pooling and it",
        ),
        (nn.Sequential(IMAGES, nn.Linear(4, 2)), r"Put nn.Flatten\(\) between the ima"),
        (nn.Flatten(2), "Use the defaults of it"),
        (nn.Dropout(1.0), "Use p < 1 in it"),
        (nn.BatchNorm2d(3, affine=False), "Set affine, track_running_stats and a numb"),
        (nn.BatchNorm2d(3, momentum=None), "Set affine, track_running_stats and a num"),
        (nn.Sequential(nn.ZeroPad2d(1), nn.ReLU()), r"comes before module '1' .ReLU."),
        (
            nn.Sequential(nn.ZeroPad2d(1)),
            "a padding comes before the end of the module",
        ),
        (
            nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3, padding="same")),
            "a padding comes before module '1' .Conv2d.",
        ),
        (
            nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(2)),
            "a padding with 0.0 stands b",
        ),
        (
            nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3, padding=1)),
            "Let the padding do all of it",
        ),
        (nn.Linear(2, 2).bfloat16(), "holds torch.bfloat16, which NumPy does not know"),
    ],
)
def test_modules_without_a_counterpart_are_named(module, message):
    with pytest.raises(ValueError, match=message):
        from_torch(module)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda n, m: from_torch(n),
            TypeError,
            "module is SimpleConvNet; expected an ",
        ),
        (lambda n, m: compare(n, n, None), TypeError, "such as to_torch.network."),
        (lambda n, m: copy_weights(n, n), TypeError, "expected one network of cnnlib"),
        (lambda n, m: copy_weights(m, m), TypeError, "expected one network of cnnlib"),
        (lambda n, m: copy_weights(n, m[:-1]), ValueError, "6 layers here, 5 there"),
        (
            lambda n, m: copy_weights(n, m[::-1]),
            ValueError,
            "layer 1 here is Convolution, there Linear",
        ),
        (
            lambda n, m: copy_weights(SimpleConvNet(rng=1), m),
            ValueError,
            r"Convolution.W has shape \(30, 1, 5, 5\) here and \(3, 1, 3, 3\) there",
        ),
    ],
)
def test_what_does_not_go_together_is_said(call, error, message):
    network = simple("fast")
    module = to_torch(network)
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(error, match=message):
        call(network, module)
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())


def test_a_bias_on_one_side_only_is_said():
    network = Sequential({"Affine": engine_room("fast").Affine(np.eye(3), None)})
    message = "Affine has no b, Linear.* has a bias"
    with pytest.raises(ValueError, match=message):
        copy_weights(network, nn.Sequential(nn.Linear(3, 3)))


# without PyTorch


WITHOUT = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import cnnlib
try:
    import cnnlib.torch_bridge
except ImportError as error:
    print(error)
"""


def test_without_pytorch_the_bridge_says_how_to_get_it():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert "cnnlib.torch_bridge needs PyTorch" in run.stdout
    assert "pip install torch" in run.stdout


def test_the_package_does_not_load_pytorch():
    code = "import sys, cnnlib; print('torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


# the race


def test_the_race_is_run_by_all_and_changes_nothing():
    network = simple("fast")
    before, count = bits(network.state()), torch.get_num_threads()
    seconds = training_speed(network, *samples(4), rounds=1)
    assert bits(network.state()) == before
    assert torch.get_num_threads() == count
    assert set(seconds) == {
        "textbook layers", "fast layers", "PyTorch", "PyTorch, channels_last",
    }  # fmt: skip
    times = list(seconds.values())
    assert times == sorted(times, reverse=True)
    assert times[-1] > 0
