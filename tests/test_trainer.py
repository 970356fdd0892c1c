"""Training: every sample once an epoch, and no work lost when something stops it."""

import contextlib
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from small_networks import ENGINES, Regression, bits, mixed, samples, simple

from cnnlib import Adam, CosineDecay, StepDecay, Trainer
from cnnlib.networks.engines import engine_room
from cnnlib.optimizers import Optimizer
from cnnlib.storage import load_arrays, save_arrays

EACH_OPTIMIZER = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW"]


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def data(n=23, n_test=9, shape=(2, 6, 6), classes=4):
    return *samples(n, shape, classes), *samples(n_test, shape, classes, seed=2)


def trainer_of(network, arrays=None, **settings):
    settings = {
        "epochs": 3,
        "mini_batch_size": 5,
        "optimizer": "Adam",
        "rng": 4,
        "verbose": False,
    } | settings
    return Trainer(network, *(data() if arrays is None else arrays), **settings)


def everything(trainer):
    """Return all that training depends on, bit for bit."""
    lists = (trainer.train_loss_list, trainer.train_acc_list, trainer.test_acc_list)
    history = [tuple(values) for values in lists]
    state = getattr(trainer.network, "state", lambda: trainer.network.params)()
    stream = trainer.rng.bit_generator.state
    return history, bits(state), bits(trainer.optimizer.state()), str(stream)


class Spy(Regression):
    """Remember which samples come by: x holds their numbers."""

    def __init__(self, at_step=None, then=None):
        super().__init__(1, 10)
        self.batches, self.measured, self.at_step, self.then = [], [], at_step, then

    def gradient(self, x, t):
        self.batches.append(x[:, 0].astype(int).tolist())
        np.testing.assert_array_equal(x[:, 0].astype(int) % 10, t)
        if len(self.batches) == self.at_step:
            self.then()
        return super().gradient(x / 100, t)

    def accuracy(self, x, t):
        self.measured.append(len(x))
        return super().accuracy(x, t)


def numbered(n):
    x = np.arange(n, dtype=float).reshape(n, 1)
    return x, np.arange(n) % 10


def spied(network, n=23, n_test=9, **settings):
    arrays = (*numbered(n), *numbered(n_test))
    return trainer_of(network, arrays, optimizer="SGD", **settings)


# epochs


@pytest.mark.parametrize(("n", "size"), [(23, 5), (20, 5), (3, 5), (5, 1), (6, 5)])
def test_every_epoch_sees_each_sample_once_in_a_new_order(n, size):
    network = Spy()
    trainer = spied(network, n, mini_batch_size=size, epochs=4)
    trainer.train()
    steps = -(-n // size)
    assert trainer.steps_per_epoch == steps
    assert len(network.batches) == len(trainer.train_loss_list) == 4 * steps
    orders = []
    for epoch in range(4):
        batches = network.batches[epoch * steps : (epoch + 1) * steps]
        assert [len(batch) for batch in batches[:-1]] == [size] * (steps - 1)
        orders.append([number for batch in batches for number in batch])
        assert sorted(orders[-1]) == list(range(n))
    assert len({tuple(order) for order in orders}) > 1


def test_there_is_one_accuracy_an_epoch_and_one_loss_a_step(engine):
    trainer = trainer_of(mixed(engine))
    trainer.train()
    assert trainer.epochs_done == 3
    assert len(trainer.train_acc_list) == len(trainer.test_acc_list) == 3
    assert len(trainer.train_loss_list) == 3 * 5
    lists = (trainer.train_loss_list, trainer.train_acc_list, trainer.test_acc_list)
    assert all(type(value) is float for values in lists for value in values)
    before = everything(trainer)
    trainer.train()  # nothing is left to do
    assert everything(trainer) == before


def test_the_accuracies_are_those_of_the_data(engine):
    arrays = data()
    trainer = trainer_of(mixed(engine), arrays)
    trainer.train()
    assert trainer.train_acc_list[-1] == trainer.network.accuracy(*arrays[:2])
    assert trainer.test_acc_list[-1] == trainer.network.accuracy(*arrays[2:])
    assert trainer.train_acc_list[-1] != trainer.test_acc_list[-1]


@pytest.mark.parametrize(
    ("most", "expected"),
    [(None, [23, 9]), (4, [4, 4]), (12, [12, 9]), (np.int64(4), [4, 4])],
)
def test_accuracies_are_measured_on_as_many_samples_as_asked(most, expected):
    network = Spy()
    spied(network, evaluate_sample_num_per_epoch=most, epochs=2).train()
    assert network.measured == expected * 2


def test_losses_are_those_before_each_step(engine):
    arrays, network = data(n=4), simple(engine, (2, 6, 6))
    trainer = trainer_of(network, arrays, epochs=1)
    expected = network.loss(*arrays[:2])
    trainer.train()
    assert trainer.train_loss_list == pytest.approx([expected], rel=1e-4)


@pytest.mark.parametrize("optimizer", EACH_OPTIMIZER)
def test_training_lowers_the_loss(engine, optimizer):
    x, t = samples(40, (1, 8, 8), 10)
    x[np.arange(40), 0, t % 8] += 1
    network = simple(engine)
    trainer = trainer_of(network, (x, t, x, t), optimizer=optimizer, epochs=8)
    trainer.optimizer.lr *= 3
    before = network.loss(x, t)
    trainer.train()
    assert network.loss(x, t) < before


def test_one_hot_labels_train_as_labels_do(engine):
    x, t, x_test, t_test = data()
    one, other = mixed(engine), mixed(engine)
    trainer = trainer_of(one, (x, t, x_test, t_test))
    twin = trainer_of(other, (x, np.eye(4)[t], x_test, np.eye(4)[t_test]))
    trainer.train()
    twin.train()
    np.testing.assert_allclose(twin.train_loss_list, trainer.train_loss_list, rtol=1e-4)
    assert len(twin.test_acc_list) == 3


def test_a_network_as_in_the_book_is_trained():
    x, t = samples(40, (1, 2, 2), 3)
    x[np.arange(40), 0, t // 2, t % 2] += 3
    network = Regression(4, 3)
    trainer = trainer_of(network, (x, t, x[:7], np.eye(3)[t[:7]]), epochs=30)
    trainer.train()
    assert trainer.train_acc_list[-1] == 1.0
    assert trainer.train_loss_list[0] == pytest.approx(np.log(3))


class OwnOptimizer:
    """As in the book: update, and nothing else."""

    def update(self, params, grads):
        for key in params:
            params[key] -= 0.1 * grads[key]


def test_an_own_optimizer_is_used():
    network = Spy()
    trainer = trainer_of(
        network, (*numbered(20), *numbered(5)), optimizer=OwnOptimizer()
    )
    trainer.train()
    assert network.params["W1"].any()


# what it refuses


@pytest.mark.parametrize("which", ["train", "test"])
def test_samples_and_labels_of_other_lengths_are_refused(which):
    arrays = dict(zip(("train", "test"), (numbered(9), numbered(9)), strict=True))
    arrays[which] = (arrays[which][0], arrays[which][1][:-1])
    message = f"x_{which} holds 9 samples, t_{which} 8 labels; they belong together"
    with pytest.raises(ValueError, match=message):
        trainer_of(Spy(), (*arrays["train"], *arrays["test"]))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs is 0; it must be at least 1"),
        (
            {"mini_batch_size": 2.5},
            TypeError,
            "mini_batch_size is 2.5 .float.; expecte",
        ),
        (
            {"evaluate_sample_num_per_epoch": 0},
            ValueError,
            "evaluate_sample_num_per_ep",
        ),
        ({"optimizer": "Adm"}, ValueError, "optimizer is 'Adm'; expected one of SGD"),
        (
            {"optimizer": Adam},
            TypeError,
            "expected a name such as 'Adam', or an object",
        ),
        ({"optimizer_param": {"speed": 1}}, ValueError, "Adam takes .*'beta1'"),
        (
            {"checkpoint": "run.pkl"},
            ValueError,
            "can not write run.pkl: a pickle can r",
        ),
        ({"checkpoint": "no/run.npz"}, FileNotFoundError, "there is no folder no"),
        ({"rng": "seed"}, TypeError, "rng is 'seed'; expected a generator"),
    ],
)
def test_impossible_settings_are_named_before_training(settings, error, message):
    with pytest.raises(error, match=message):
        trainer_of(Spy(), (*numbered(9), *numbered(9)), **settings)


# what it prints


def test_without_verbose_nothing_is_printed(capfd):
    network = Spy(at_step=7)
    trainer = spied(network, verbose=False)
    network.then = trainer.stop
    trainer.train()
    trainer.train()
    assert capfd.readouterr() == ("", "")


def test_with_verbose_there_is_one_bar(capfd):
    network = Spy(at_step=7)
    trainer = spied(network, verbose=True)
    network.then = trainer.stop
    trainer.train()
    out, err = capfd.readouterr()
    assert out == (
        "Stopped after 7 of 15 steps. All is kept: train() goes on from here.\n"
    )
    trainer.train()
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1  # one bar, drawn over and over
    last = err.split("\r")[-1]
    for part in ("epoch 3/3", "100%", "15/15", "loss=", "train=", "test=", "<"):
        assert part in last


# stopping


def uninterrupted(engine, **settings):
    trainer = trainer_of(mixed(engine), **settings)
    trainer.train()
    return everything(trainer)


def during_step(network, number, action):
    """Let something happen while a network computes the gradient of a step."""
    usual, count = network.loss_and_gradient, iter(range(1, 1000))

    def loss_and_gradient(x, t):
        result = usual(x, t)
        if next(count) == number:
            action()
        return result

    network.loss_and_gradient = loss_and_gradient


interrupt = pytest.param(
    lambda trainer: signal.raise_signal(signal.SIGINT), id="signal"
)
stop = pytest.param(lambda trainer: trainer.stop(), id="stop")


@pytest.mark.parametrize("how", [interrupt, stop])
@pytest.mark.parametrize("step", [1, 3, 5, 6, 15])
def test_training_that_was_stopped_goes_on_bit_for_bit(engine, how, step):
    handler = signal.getsignal(signal.SIGINT)
    network = mixed(engine)
    trainer = trainer_of(network)
    during_step(network, step, lambda: how(trainer))
    trainer.train()
    assert signal.getsignal(signal.SIGINT) is handler
    assert len(trainer.train_loss_list) == step  # this step was finished
    assert trainer.epochs_done == (step - 1) // 5
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_a_quiet_training_tells_of_an_interrupt_only(capfd):
    network = mixed("textbook")
    trainer = trainer_of(network, verbose=False)
    during_step(network, 3, lambda: signal.raise_signal(signal.SIGINT))
    trainer.train()
    assert "Stopped after 3 of 15 steps" in capfd.readouterr().out
    during_step(network, 2, trainer.stop)
    trainer.train()
    assert capfd.readouterr() == ("", "")


def test_interrupted_while_measuring_it_ends_after_the_epoch():
    network = Spy()
    trainer = spied(network)
    usual = network.accuracy

    def accuracy(x, t):
        if len(network.measured) == 1:
            signal.raise_signal(signal.SIGINT)
        return usual(x, t)

    network.accuracy = accuracy
    trainer.train()
    assert trainer.epochs_done == len(trainer.train_acc_list) == 1
    assert len(trainer.train_loss_list) == 5


def test_the_second_interrupt_breaks_off_and_goes_back_to_the_last_good_epoch(engine):
    network = mixed(engine)
    trainer = trainer_of(network)
    at_the_end_of_the_epoch = []

    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    usual = trainer._measure

    def measure():
        usual()
        at_the_end_of_the_epoch.append(everything(trainer))

    trainer._measure = measure
    during_step(network, 8, twice)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert signal.getsignal(signal.SIGINT) is handler
    assert trainer.epochs_done == 1
    assert len(trainer.train_loss_list) == 5
    assert [everything(trainer)] == at_the_end_of_the_epoch
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_an_interrupt_amid_an_update_leaves_no_half_step(engine):
    network = mixed(engine)
    trainer = trainer_of(network)
    usual, before = trainer.optimizer.step, bits(network.state())

    def step(param, grad, *memories):
        usual(param, grad, *memories)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    trainer.optimizer.step = step
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert bits(network.state()) == before
    trainer.optimizer.step = usual
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_an_error_in_the_network_passes_and_training_can_go_on():
    def fail():
        raise RuntimeError("out of coffee")

    network = Spy(at_step=7, then=fail)
    trainer = spied(network)
    with pytest.raises(RuntimeError, match="out of coffee"):
        trainer.train()
    trainer.train()
    whole = spied(Spy())
    whole.train()
    assert everything(trainer) == everything(whole)


def test_it_trains_in_another_thread_and_is_stopped_from_outside():
    reached, go = threading.Event(), threading.Event()

    def wait():
        reached.set()
        assert go.wait(10)

    network = Spy(at_step=7, then=wait)
    trainer = spied(network)
    handler = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=trainer.train)
    thread.start()
    assert reached.wait(10)
    assert signal.getsignal(signal.SIGINT) is handler
    trainer.stop()
    go.set()
    thread.join(10)
    assert len(trainer.train_loss_list) == 7
    trainer.train()
    assert trainer.epochs_done == 3


def test_a_stop_from_an_earlier_run_is_forgotten():
    trainer = spied(Spy())
    trainer.stop()
    trainer.train()
    assert trainer.epochs_done == 3


# divergence


class Exploding:
    """An optimizer that behaves until a step, then writes a number everywhere."""

    lr = 7.5

    def __init__(self, step, number):
        self.left, self.number = step, number

    def update(self, params, grads):
        self.left -= 1
        for param in params.values():
            if self.left == 0:
                param[...] = self.number
            else:
                param -= 0.01


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize(("step", "good"), [(1, 0), (5, 0), (8, 1), (10, 1)])
def test_a_diverged_network_goes_back_to_the_last_good_epoch(
    engine, number, step, good
):
    # at steps 5 and 10 the epoch is over: it was no good one
    network, seen = mixed(engine), []
    trainer = trainer_of(network, optimizer=Exploding(step, number))
    at_start = [bits(network.state())]
    usual = trainer._measure

    def measure():
        usual()
        at_start.append(bits(network.state()))
        seen.append(str(trainer.rng.bit_generator.state))

    trainer._measure = measure
    with pytest.raises(FloatingPointError, match=r"learning rate \(lr=7.5\)") as caught:
        trainer.train()
    assert f"back at the end of epoch {good}" in str(caught.value)
    assert f"in epoch {good + 1}, after {step} steps" in str(caught.value)
    assert trainer.epochs_done == len(trainer.train_acc_list) == good
    assert len(trainer.train_loss_list) == 5 * good
    assert bits(network.state()) == at_start[good]
    assert all(np.isfinite(array).all() for array in network.state().values())
    trainer.train()  # the optimizer behaves again
    assert trainer.epochs_done == 3


def test_a_learning_rate_that_is_too_large_is_found_and_can_be_lowered(engine):
    network = mixed(engine)
    trainer = trainer_of(network, optimizer="SGD", optimizer_param={"lr": 1e25})
    before = everything(trainer)
    with pytest.raises(FloatingPointError, match=r"\(lr=1e\+25\): try a tenth of it"):
        trainer.train()
    assert everything(trainer) == before
    trainer.optimizer.lr = 0.01
    trainer.train()
    assert everything(trainer) == uninterrupted(
        engine, optimizer="SGD", optimizer_param={"lr": 0.01}
    )


def test_a_statistic_that_overflowed_is_no_good_epoch(engine):
    # the parameters are fine, but a checkpoint could not be loaded any more
    network = mixed(engine)
    trainer = trainer_of(network)

    def overflow():
        network.layers["Norm"].running_var[0] = np.inf

    during_step(network, 3, overflow)
    with pytest.raises(FloatingPointError, match="running_var2 is not finite any more"):
        trainer.train()
    assert np.isfinite(network.layers["Norm"].running_var).all()


def test_data_that_are_not_numbers_are_the_second_suspect(engine):
    x, t, x_test, t_test = data()
    x[7, 0, 0, 0] = np.nan
    with pytest.raises(FloatingPointError, match=r"loss became nan.*free of nan\?"):
        trainer_of(mixed(engine), (x, t, x_test, t_test)).train()


# checkpoints


def generator(kind, seed):
    return np.random.Generator(getattr(np.random, kind)(seed))


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM"])
@pytest.mark.parametrize("optimizer", ["Adam", "Momentum", "SGD"])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(
    engine, tmp_path, optimizer, kind
):
    path = tmp_path / "run.npz"

    def network():
        return mixed(engine, dropout_rng=generator(kind, 8))

    settings = {"optimizer": optimizer, "evaluate_sample_num_per_epoch": 6}
    whole = trainer_of(network(), rng=generator(kind, 1), **settings)
    whole.train()

    first = trainer_of(network(), rng=generator(kind, 1), checkpoint=path, **settings)
    during_step(first.network, 8, first.stop)
    first.train()
    assert first.epochs_done == 1
    again = Trainer.resume(str(path), network(), *data(), verbose=False)
    assert again.epochs_done == 1
    assert again.epochs == 3
    assert again.checkpoint == path
    again.train()
    assert everything(again) == everything(whole)
    streams = [t.network.layers["Dropout"].rng.bit_generator for t in (again, whole)]
    assert str(streams[0].state) == str(streams[1].state)

    last = Trainer.resume(path, network(), *data(), verbose=False)
    assert everything(last) == everything(whole)


@pytest.mark.parametrize("optimizer", ["Nesterov", "AdaGrad", "RMSProp", "AdamW"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"weight_decay": 0.1, "schedule": CosineDecay(15, warmup=7)},
        {"weight_decay": np.float32(0.2), "schedule": StepDecay(np.int64(3), 0.5)},
    ],
    ids=["plain", "cosine", "step"],
)
def test_every_optimizer_is_resumed_with_its_arguments(
    engine, tmp_path, optimizer, more
):
    path = tmp_path / "run.npz"
    settings = {
        "optimizer": optimizer,
        "optimizer_param": {"lr": np.float32(0.003), **more},
        "mini_batch_size": np.int64(4),
    }
    first = trainer_of(mixed(engine), epochs=1, checkpoint=path, **settings)
    first.train()
    again = Trainer.resume(path, mixed(engine, rng=9), *data(), 3, verbose=False)
    again.train()
    assert everything(again) == uninterrupted(engine, **settings)


def test_one_stream_for_shuffling_and_dropout_stays_one(engine, tmp_path):
    path = tmp_path / "run.npz"

    def start(**settings):
        rng = np.random.default_rng(5)
        return trainer_of(mixed(engine, dropout_rng=rng), rng=rng, **settings)

    whole, first = start(), start(epochs=1, checkpoint=path)
    whole.train()
    first.train()
    again = Trainer.resume(path, mixed(engine), *data(), epochs=3, verbose=False)
    assert again.rng is again.network.layers["Dropout"].rng
    again.train()
    assert everything(again) == everything(whole)


def test_a_run_can_be_extended_and_checkpoints_go_on(engine, tmp_path):
    path = tmp_path / "run.npz"
    trainer_of(mixed(engine), epochs=1, checkpoint=path).train()
    again = Trainer.resume(path, mixed(engine), *data(), epochs=3, verbose=False)
    again.train()
    assert again.epochs_done == 3
    assert everything(again) == uninterrupted(engine)
    third = Trainer.resume(path, mixed(engine), *data(), verbose=False)
    assert third.epochs == third.epochs_done == 3
    third.train()
    assert everything(third) == everything(again)
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_checkpoints_are_written_at_each_epoch_and_hold_no_pickle(engine, tmp_path):
    path = tmp_path / "run.npz"
    trainer = trainer_of(mixed(engine), checkpoint=path)
    assert not path.exists()
    during_step(trainer.network, 6, trainer.stop)
    trainer.train()
    with np.load(path, allow_pickle=False) as file:
        assert len(file["history/train_loss_list"]) == 5
        np.testing.assert_array_equal(
            file["history/test_acc_list"], trainer.test_acc_list
        )
    trainer.train()
    assert len(load_arrays(path)["history/test_acc_list"]) == 3


def test_a_diverged_epoch_does_not_reach_the_checkpoint(engine, tmp_path):
    path = tmp_path / "run.npz"
    first = trainer_of(mixed(engine), epochs=1, checkpoint=path)
    first.train()
    before = path.read_bytes()
    again = Trainer.resume(path, mixed(engine), *data(), epochs=3, verbose=False)
    again.optimizer.lr = 1e25
    with pytest.raises(FloatingPointError):
        again.train()
    assert path.read_bytes() == before
    assert everything(again) == everything(first)


# what resume refuses, leaving the network as it was


@pytest.fixture
def checkpoint(engine, tmp_path):
    path = tmp_path / "run.npz"
    trainer_of(mixed(engine), epochs=1, checkpoint=path).train()
    return path


def refused(message, path, network, arrays=None, error=ValueError):
    before = bits(network.state())
    with pytest.raises(error, match=message) as caught:
        Trainer.resume(path, network, *(data() if arrays is None else arrays))
    assert path.name in str(caught.value)
    assert bits(network.state()) == before


def test_other_data_are_refused(engine, checkpoint):
    x, t, x_test, t_test = data()
    message = "was saved while training on other data"
    changed = t.copy()
    changed[3] = (t[3] + 1) % 4
    network = mixed(engine, rng=9)
    refused(message, checkpoint, network, (x[:-1], t[:-1], x_test, t_test))
    refused(message, checkpoint, network, (x, changed, x_test, t_test))
    refused(message, checkpoint, network, (255 * x, t, x_test, t_test))
    refused(message, checkpoint, network, (x, t, x_test[:-1], t_test[:-1]))
    refused(message, checkpoint, network, (x, t, x_test + 1, t_test))
    refused(message, checkpoint, network, (x, np.eye(4)[t], x_test, t_test))


def test_a_single_other_label_among_many_is_noticed(tmp_path):
    path, (x, t) = tmp_path / "run.npz", samples(300, (1, 2, 2), 3)
    arrays = (x, t, x[:20], t[:20])
    trainer_of(Regression(4, 3), arrays, epochs=1, checkpoint=path).train()
    changed = t.copy()
    changed[50] = (t[50] + 1) % 3
    with pytest.raises(ValueError, match="was saved while training on other data"):
        Trainer.resume(path, Regression(4, 3), x, changed, x[:20], t[:20])
    Trainer.resume(path, Regression(4, 3), *arrays)


def test_another_network_is_refused(engine, checkpoint):
    network = simple(engine, (2, 6, 6))
    refused(r"missing nothing, unknown \['beta1', 'b", checkpoint, network)
    network = mixed(engine).astype(np.float64)
    refused("W1 holds float32, this network float64", checkpoint, network)


def test_a_network_with_other_random_streams_is_refused(engine, checkpoint):
    network = mixed(engine, rng=9)
    network.layers["Dropout"] = engine_room(engine).Tanh()
    refused(
        r"the dropouts drew from PCG64 \(0\), PCG64 \(1\), now", checkpoint, network
    )
    network = mixed(engine, rng=9, dropout_rng=generator("MT19937", 1))
    refused(r"now from PCG64 \(0\), MT19937 \(1\)\. Build", checkpoint, network)


def test_files_that_are_no_checkpoints_are_refused(engine, tmp_path):
    network, path = mixed(engine), tmp_path / "params.npz"
    network.save_params(path)
    refused("no checkpoint of a Trainer.*use network.load_params", path, network)
    refused("there is no file", tmp_path / "no.npz", network, error=FileNotFoundError)
    for about in ("hello", "[1]", '{"streams": []}', "3"):
        save_arrays(path, network.state() | {"about": np.array(about)})
        refused("is no checkpoint of a Trainer", path, network)


@pytest.mark.parametrize(
    "name", ["history/test_acc_list", "optimizer/m/W1", "network/b1"]
)
def test_a_checkpoint_with_a_part_missing_is_refused(engine, checkpoint, name):
    arrays = load_arrays(checkpoint)
    del arrays[name]
    save_arrays(checkpoint, arrays)
    refused(f"is damaged: it should hold .'{name}'. too", checkpoint, mixed(engine, 9))


def test_a_damaged_checkpoint_is_refused(engine, checkpoint):
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    refused("is damaged or was cut off", checkpoint, mixed(engine))


def test_an_optimizer_that_resume_can_not_make_is_named(engine, tmp_path):
    path = tmp_path / "run.npz"

    class Mine(Optimizer):
        schedule = None

        def __init__(self):
            super().__init__(0.1)
            self.schedule = object()  # nothing that JSON could hold

        def step(self, param, grad):
            param -= self.lr * grad

    trainer_of(mixed(engine), epochs=1, optimizer=Mine(), checkpoint=path).train()
    with pytest.raises(ValueError, match="optimizer is 'Mine'; expected one of SGD"):
        Trainer.resume(path, mixed(engine), *data())


# in a process of its own


PROCESS = """
import sys
sys.path.insert(0, {tests!r})
from test_trainer import data, during_step, mixed, trainer_of

def report():
    print("step", flush=True)
    sys.stdin.readline()  # until the parent has read it, and done what it wants

trainer = trainer_of(mixed({engine!r}), checkpoint={path!r})
during_step(trainer.network, 8, report)
trainer.train()
print(len(trainer.train_loss_list), trainer.epochs_done, flush=True)
trainer.train()
trainer.network.save_params({params!r})
print(trainer.epochs_done, flush=True)
"""


@contextlib.contextmanager
def process_in_step_8(engine, tmp_path):
    """Start a training process and wait until it is in the second of three epochs."""
    script = PROCESS.format(
        engine=engine,
        tests=str(Path(__file__).parent),
        path=str(tmp_path / "run.npz"),
        params=str(tmp_path / "params.npz"),
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout.readline() == "step\n", process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows sends no SIGINT to a child"
)
def test_a_real_interrupt_ends_a_process_between_two_steps(engine, tmp_path):
    with process_in_step_8(engine, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate("go on\n", timeout=60)
    assert process.returncode == 0, err
    told, *rest = out.splitlines()
    assert told.startswith("Stopped after 8 of 15 steps")
    assert (rest, err) == (["8 1", "3"], "")
    whole = trainer_of(mixed(engine))
    whole.train()
    assert bits(load_arrays(tmp_path / "params.npz")) == bits(whole.network.state())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_process_is_resumed_bit_for_bit(engine, tmp_path):
    with process_in_step_8(engine, tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    path = tmp_path / "run.npz"
    again = Trainer.resume(path, mixed(engine, rng=9), *data(), verbose=False)
    assert again.epochs_done == 1
    again.train()
    assert everything(again) == uninterrupted(engine)


def test_a_new_run_keeps_the_older_one_under_another_name(engine, tmp_path):
    file = tmp_path / "run.npz"
    trainer_of(mixed(engine), epochs=1, rng=1, checkpoint=file).train()
    first = load_arrays(file)
    trainer_of(mixed(engine), epochs=2, rng=2, checkpoint=file).train()
    earlier = load_arrays(tmp_path / "run.earlier.npz")
    assert bits(earlier) == bits(first)
    assert bits(load_arrays(file)) != bits(first)


def test_a_last_batch_of_one_is_refused_where_batch_statistics_are_needed(engine):
    with pytest.raises(ValueError, match=r"23 samples in batches of 22.*=23"):
        trainer_of(mixed(engine), mini_batch_size=22)
    x, t = samples(23)
    Trainer(simple(engine), x, t, x, t, mini_batch_size=22)
