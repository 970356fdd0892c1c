"""Blocks inside networks: names, files, both engines, drawings, and refusals.

What is true of a block as of any layer is tested with the shared table.
"""

import copy
import pickle

import numpy as np
import pytest
from small_networks import ENGINES, bits, samples

from cnnlib import Add, Concat, Residual, Sequential, Trainer, gradient_check
from cnnlib.explain import feature_maps
from cnnlib.fast.layout import batch_last
from cnnlib.networks import ZeroChannels
from cnnlib.networks.blocks import Branches
from cnnlib.networks.composite import Composite
from cnnlib.networks.engines import engine_room


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


class Maker:
    """Makes small layers of one engine, with weights from one stream."""

    def __init__(self, engine, rng=0, dtype=np.float32):
        self.room, self.dtype = engine_room(engine), dtype
        self.rng = np.random.default_rng(rng)

    def weights(self, *shape):
        return self.rng.normal(0, 0.4, shape).astype(self.dtype)

    def conv(self, channels, filters, window=3, stride=1):
        W = self.weights(filters, channels, window, window)
        return self.room.Convolution(W, self.weights(filters), stride, window // 2)

    def norm(self, size):
        return self.room.BatchNormalization(1 + self.weights(size), self.weights(size))

    def residual(self, channels, filters, stride=1, norm=True):
        main = {
            "Conv1": self.conv(channels, filters, stride=stride),
            **({"Norm1": self.norm(filters)} if norm else {}),
            "Relu1": self.room.Relu(),
            "Conv2": self.conv(filters, filters),
        }
        if channels == filters and stride == 1:
            return Residual(main)
        return Residual(main, {"Conv": self.conv(channels, filters, 1, stride)})

    def inception(self, channels):
        return Concat(
            {
                "1x1": {"Conv": self.conv(channels, 1, 1), "Relu": self.room.Relu()},
                "3x3": {"Conv1": self.conv(channels, 2, 1), "Conv2": self.conv(2, 3)},
                "pool": {"Pool": self.room.Pooling(3, 3, 1, 1)},
            }
        )


def modern(engine, norm=True, **settings):
    """Return a network for images (2, 6, 6) and 4 classes, with nested blocks."""
    make = Maker(engine, **settings)
    room = make.room
    layers = {
        "Stem": make.conv(2, 3),
        "Block1": make.residual(3, 3, norm=norm),
        "Block2": Residual({"Inner": make.inception(3), "Conv": make.conv(7, 3)}),
        "Block3": make.residual(3, 5, stride=2, norm=norm),
        "Mean": room.GlobalAveragePooling(),
        "Out": room.Affine(make.weights(5, 4), make.weights(4)),
    }
    if norm:
        layers["Block1"].branches["main"].layers["Dropout"] = room.Dropout(0.3, rng=5)
    return Sequential(layers, room.SoftmaxWithLoss(), (2, 6, 6))


# gradients and numbers


def test_gradients_of_nested_blocks(engine):
    network, (x, t) = modern(engine), samples(5, (2, 6, 6), 4)
    report = gradient_check(network, x, t)
    assert report.passed, report
    assert set(report.errors) == {f"d{name}" for name in network.params} | {"dx"}


def test_a_block_alone_can_be_checked(engine):
    make = Maker(engine)
    for block in (make.residual(2, 2), make.inception(2), make.residual(2, 3, 2)):
        report = gradient_check(block, samples(3, (2, 6, 6))[0])
        assert report.passed, report
        assert len(report.rows) == len(block.params) + 1


def test_both_engines_agree():
    for norm in (True, False):
        quick, plain = (modern(engine, norm) for engine in ENGINES)
        for n in (3, 40):  # 40: the fast engine cuts it in two, if it may
            x, t = samples(n, (2, 6, 6), 4)
            np.testing.assert_allclose(
                quick.predict(x), plain.predict(x), rtol=1e-4, atol=1e-5
            )
            (loss, grads), (expected, slopes) = (
                network.loss_and_gradient(x, t) for network in (quick, plain)
            )
            assert loss == pytest.approx(expected, rel=1e-5)
            for name, slope in slopes.items():
                np.testing.assert_allclose(
                    grads[name], slope, rtol=2e-3, atol=1e-5, err_msg=name
                )


def test_samples_are_alone_in_a_block_if_they_are_in_all_its_layers():
    assert modern("fast", norm=False).layers["Block2"].per_sample
    assert modern("fast", norm=False).per_sample
    assert not modern("fast").layers["Block1"].per_sample
    assert not modern("fast").per_sample


def test_fast_blocks_keep_images_batch_last():
    make, x = Maker("fast"), samples(8, (2, 6, 6))[0]
    batch = make.conv(2, 3).forward(x)
    for block in (make.residual(3, 3), make.inception(3), ZeroChannels(5)):
        out = block.forward(batch)
        dx = block.backward(out)
        for array in (batch, out, dx):
            assert batch_last(array).flags.c_contiguous  # and no copy was made:
            assert np.shares_memory(batch_last(array), array)


def test_with_gamma_0_at_the_end_a_residual_block_is_the_identity(engine):
    make, x = Maker(engine), samples(4, (3, 5, 5))[0]
    block = make.residual(3, 3)
    block.branches["main"].layers["Norm2"] = make.norm(3)
    for name in ("gamma2", "beta2"):
        block.params[name] = np.zeros(3)
    for train in (False, True):
        np.testing.assert_array_equal(block.forward(x, train), x)
    dout = samples(4, (3, 5, 5), seed=2)[0]
    np.testing.assert_array_equal(block.backward(dout), dout)


def test_batch_normalization_inside_is_still_at_test_time(engine):
    network, (x, t) = modern(engine), samples(6, (2, 6, 6), 4)
    network.gradient(x, t)  # moves the running averages
    before = bits(network.state())
    alone = np.concatenate([network.predict(image[np.newaxis]) for image in x])
    np.testing.assert_allclose(network.predict(x), alone, rtol=1e-4, atol=1e-6)
    assert bits(network.state()) == before
    maps = feature_maps(network, x)
    assert list(maps) == list(network.layers)
    np.testing.assert_allclose(maps["Out"], alone, rtol=1e-4, atol=1e-6)


# names, files, copies, training


def test_arrays_are_counted_through_the_branches_in_order(engine):
    network = modern(engine)
    assert network.engine == engine
    assert [name for name in network.params if name.startswith("gamma")] == [
        "gamma1", "gamma2"
    ]  # fmt: skip
    assert set(network.state()) - set(network.params) == {
        "running_mean1", "running_var1", "running_mean2", "running_var2"
    }  # fmt: skip
    inner = network.layers["Block2"].branches["main"].layers["Inner"].branches
    assert network.params["W4"] is inner["1x1"].layers["Conv"].W
    assert network.params["W6"] is inner["3x3"].layers["Conv2"].W
    block = network.layers["Block3"]
    assert network.params["W10"] is block.branches["shortcut"].layers["Conv"].W
    assert list(block.params) == [
        "W1", "b1", "gamma1", "beta1", "W2", "b2", "W3", "b3"
    ]  # fmt: skip
    assert block.params["W3"] is network.params["W10"]


def test_a_file_brings_everything_back(engine, tmp_path):
    x, t = samples(6, (2, 6, 6), 4)
    network, other = modern(engine), modern(engine, rng=1)
    network.gradient(x, t)
    network.save_params(tmp_path / "params.npz")
    other.load_params(tmp_path / "params.npz")
    assert bits(other.state()) == bits(network.state())
    assert other.predict(x).tobytes() == network.predict(x).tobytes()


def test_copies_are_independent(engine):
    network, (x, t) = modern(engine), samples(6, (2, 6, 6), 4)
    network.gradient(x, t)
    before, scores = bits(network.state()), network.predict(x)
    twins = [copy.deepcopy(network), pickle.loads(pickle.dumps(network))]
    twins.append(network.astype(np.float64))
    for twin in twins:
        np.testing.assert_allclose(twin.predict(x), scores, rtol=1e-4, atol=1e-6)
        twin.gradient(x, t)
        for array in twin.state().values():
            array += 1
    assert bits(network.state()) == before


def test_training_with_blocks_is_resumed_bit_for_bit(engine, tmp_path):
    data = (*samples(23, (2, 6, 6), 4), *samples(9, (2, 6, 6), 4, seed=2))
    settings = {"mini_batch_size": 5, "optimizer": "Adam", "rng": 4, "verbose": False}
    whole = Trainer(modern(engine), *data, epochs=3, **settings)
    whole.train()
    path = tmp_path / "run.npz"
    first = Trainer(modern(engine), *data, epochs=1, checkpoint=path, **settings)
    first.train()
    again = Trainer.resume(path, modern(engine), *data, epochs=3, verbose=False)
    again.train()
    assert again.train_loss_list == whole.train_loss_list
    assert bits(again.network.state()) == bits(whole.network.state())


# drawing


def test_the_summary_draws_the_branches(engine):
    head, *lines, total = modern(engine).summary().splitlines()
    assert len({len(line) for line in (head, *lines, total)}) == 1  # aligned
    wide = head.index("kind")
    drawn = [line[:wide].rstrip() for line in lines]
    assert drawn == [
        "Stem",
        "Block1",
        " ├ Conv1",
        " │ Norm1",
        " │ Relu1",
        " │ Conv2",
        " │ Dropout",
        " └ (input)",
        "Block2",
        " ├ Inner",
        " │  ├ Conv",
        " │  │ Relu",
        " │  ├ Conv1",
        " │  │ Conv2",
        " │  └ Pool",
        " │ Conv",
        " └ (input)",
        "Block3",
        " ├ Conv1",
        " │ Norm1",
        " │ Relu1",
        " │ Conv2",
        " └ Conv",
        "Mean",
        "Out",
    ]
    kinds = [line[wide:].split()[0] for line in lines]
    assert kinds[1] == kinds[8] == kinds[17] == "Residual"
    assert kinds[9] == "Concat"
    assert "7 x 6 x 6" in lines[9]  # 1 + 3 + 3 channels
    assert "5 x 3 x 3" in lines[17]
    parameters = int(total.split()[1].replace(",", ""))
    assert parameters == sum(p.size for p in modern(engine).params.values())


def test_blocks_tell_their_branches(engine):
    make = Maker(engine)
    assert repr(make.residual(2, 2, norm=False)) == (
        "Residual(main: Conv1 - Relu1 - Conv2, shortcut: identity)"
    )
    assert repr(make.residual(2, 2, norm=False).branches["main"]) == (
        "Path(Conv1 - Relu1 - Conv2)"
    )
    nested = Add({"a": make.room.Relu(), "b": {}})
    assert repr(nested) == "Add(a: Relu(), b: identity)"


# errors


def test_one_layer_in_two_places_is_refused(engine):
    make = Maker(engine)
    conv, block, relu = make.conv(3, 3), make.residual(3, 3), make.room.Relu()
    message = r"layers 'A' and 'B' are, or hold, one and the same {}. A layer remember"
    with pytest.raises(ValueError, match=message.format("Relu")):
        Sequential({"A": relu, "Conv": conv, "B": relu})
    with pytest.raises(ValueError, match=message.format("Convolution")):
        Sequential({"A": block, "B": block})
    with pytest.raises(ValueError, match=r"'main' and 'shortcut' .* same Convolution"):
        Residual({"Conv1": conv}, {"Conv2": conv})
    with pytest.raises(ValueError, match=message.format("Convolution")):
        Sequential({"A": conv, "B": Residual({"Conv1": conv})})
    network = Sequential({"A": block, "B": copy.deepcopy(block)})
    assert gradient_check(network, samples(3, (3, 5, 5))[0]).passed


def test_branches_that_do_not_fit_together(engine):
    make, x = Maker(engine), samples(2, (3, 6, 6))[0]
    network = Sequential({"Block": Residual({"Conv1": make.conv(3, 4)})})
    message = r"layer 'Block': .* main \(2, 4, 6, 6\), shortcut \(2, 3, 6, 6\); to be a"
    with pytest.raises(ValueError, match=message):
        network.forward(x)
    with pytest.raises(ValueError, match="to be added they must have one shape"):
        network.summary((3, 6, 6))
    narrow = {"Pool": make.room.Pooling(2, 2)}
    with pytest.raises(ValueError, match=r"a \(2, 3, 3, 3\), b \(2, 3, 6, 6\); to sta"):
        Concat({"a": narrow, "b": {}}).forward(x)
    with pytest.raises(
        ValueError, match=r"^layer 'Block': layer 'main': layer 'Conv1': x has shape"
    ):
        network.forward(x[:, :2])
    with pytest.raises(ValueError, match="more than the 2 that are to come out"):
        ZeroChannels(2).forward(x)


def test_what_is_no_block(engine):
    conv = Maker(engine).conv(3, 3)
    with pytest.raises(TypeError, match=r"layer 'main': a branch is list; expected a"):
        Residual([conv])
    for branches in ([{}, {}], {"one": {}}, {}):
        with pytest.raises(TypeError, match="branches must be a dict of two or more"):
            Concat(branches)


def test_a_subclass_says_what_it_must_define():
    half = type("Half", (Branches,), {})({"a": {}, "b": {}})
    with pytest.raises(NotImplementedError, match="Half must define join"):
        half.forward(np.ones((2, 2)))
    with pytest.raises(NotImplementedError, match="Half must define split"):
        half.split(np.ones((2, 2)))
    with pytest.raises(NotImplementedError, match="Bare must define children"):
        type("Bare", (Composite,), {})().children  # noqa: B018
