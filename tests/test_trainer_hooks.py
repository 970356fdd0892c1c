"""What one can hang into a run: somebody who watches, and an augmentation."""

import signal

import numpy as np
import pytest
from small_networks import ENGINES, Regression, bits, mixed
from test_trainer import (
    Spy,
    data,
    during_step,
    everything,
    spied,
    trainer_of,
    uninterrupted,
)

from cnnlib import Trainer
from cnnlib.augment import Augmentation, Brightness, HorizontalFlip, Shift
from cnnlib.storage import load_arrays


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


# watching


def test_the_watcher_looks_after_every_step_and_after_every_epoch(engine):
    seen = []

    def watch(trainer):
        seen.append((trainer.steps_done, trainer.epochs_done))
        assert trainer.steps_done == len(trainer.train_loss_list)
        assert trainer.epochs_done == len(trainer.train_acc_list)

    trainer = trainer_of(mixed(engine), epochs=2, watch=watch)
    assert (trainer.steps, trainer.steps_done) == (10, 0)
    trainer.train()
    assert seen == [
        *[(step, 0) for step in range(1, 6)],
        (5, 1),
        *[(step, 1) for step in range(6, 11)],
        (10, 2),
    ]


def test_a_watched_run_is_the_same_bit_for_bit(engine):
    x = data()[0]
    trainer = trainer_of(mixed(engine), watch=lambda t: t.network.predict(x))
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_a_checkpoint_is_there_when_the_watcher_sees_the_epoch(tmp_path):
    path, found = tmp_path / "run.npz", []

    def watch(trainer):
        if trainer.steps_done == trainer.steps_per_epoch * trainer.epochs_done:
            found.append(len(load_arrays(path)["history/test_acc_list"]))

    spied(Spy(), checkpoint=path, watch=watch).train()
    assert found == [1, 2, 3]


@pytest.mark.parametrize("step", [1, 5, 7, 15])
def test_the_watcher_can_stop_training_and_it_goes_on_later(engine, step):
    def watch(trainer):
        if trainer.steps_done == step:
            trainer.stop()

    trainer = trainer_of(mixed(engine), watch=watch)
    trainer.train()
    assert trainer.stopped
    assert trainer.steps_done == step
    trainer.watch = None
    trainer.train()
    assert not trainer.stopped
    assert everything(trainer) == uninterrupted(engine)


@pytest.mark.parametrize("look", [1, 6, 8])  # after a step, an epoch, in the second
def test_a_watcher_that_fails_does_not_cost_the_run(engine, look):
    looks = []

    def watch(trainer):
        looks.append(trainer.steps_done)
        if len(looks) == look:
            raise RuntimeError("the screen fell off")

    trainer = trainer_of(mixed(engine), watch=watch)
    message = r"watch failed after step \d with RuntimeError: the screen fell off"
    with pytest.warns(RuntimeWarning, match=message):
        trainer.train()
    assert len(looks) == look
    assert trainer.watch is None
    assert everything(trainer) == uninterrupted(engine)


def test_a_watcher_whose_warning_is_an_error_loses_nothing(engine):
    def watch(trainer):
        raise RuntimeError("out of paint")

    trainer = trainer_of(mixed(engine), watch=watch)
    with pytest.raises(RuntimeWarning, match="out of paint"):  # as pytest wants it
        trainer.train()
    assert trainer.steps_done == 1
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_a_second_interrupt_while_it_watches_breaks_off(engine):
    def watch(trainer):
        if trainer.steps_done == 7:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    trainer = trainer_of(mixed(engine), watch=watch)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert trainer.steps_done == 5
    trainer.watch = None
    trainer.train()
    assert everything(trainer) == uninterrupted(engine)


def test_a_resumed_run_is_watched_too(engine, tmp_path):
    path, seen = tmp_path / "run.npz", []
    trainer_of(mixed(engine), epochs=1, checkpoint=path).train()
    again = Trainer.resume(
        path, mixed(engine), *data(), epochs=2, verbose=False, watch=seen.append
    )
    again.train()
    assert len(seen) == 6


def test_what_can_not_watch_is_refused_at_once():
    with pytest.raises(TypeError, match="watch is 'yes'; expected a function that"):
        spied(Spy(), watch="yes")


# augmentation


def augmentation(rng=6):
    return Augmentation(HorizontalFlip(), Shift(1), Brightness(0.3), rng=rng)


def test_only_the_training_batches_are_augmented():
    seen = []

    def ten_more(x):
        seen.append(x.copy())
        return x + 10 / 100

    x, t, x_test, t_test = data(classes=4)
    network = Regression(72, 4)
    twin = Regression(72, 4)
    trainer = trainer_of(network, (x, t, x_test, t_test), augment=ten_more)
    trainer.train()
    whole = trainer_of(twin, (x + 10 / 100, t, x_test, t_test))
    whole.train()
    np.testing.assert_allclose(trainer.train_loss_list, whole.train_loss_list)
    assert trainer.test_acc_list == whole.test_acc_list
    assert len(seen) == 15
    assert {len(batch) for batch in seen} == {5, 3}
    np.testing.assert_array_equal(x, data(classes=4)[0])


@pytest.mark.parametrize("step", [6, 8, 10])
def test_an_augmented_run_is_resumed_bit_for_bit(engine, tmp_path, step):
    path = tmp_path / "run.npz"
    whole = trainer_of(mixed(engine), augment=augmentation())
    whole.train()
    assert everything(whole) != uninterrupted(engine)

    first = trainer_of(mixed(engine), augment=augmentation(), checkpoint=path)
    during_step(first.network, step, first.stop)
    first.train()
    again = Trainer.resume(
        path, mixed(engine), *data(), verbose=False, augment=augmentation(rng=1)
    )
    again.train()
    assert everything(again) == everything(whole)
    first.train()
    assert everything(first) == everything(whole)


def test_one_stream_for_shuffling_and_augmentation_stays_one(engine, tmp_path):
    path, rng = tmp_path / "run.npz", np.random.default_rng(5)

    def start(**settings):
        rng = np.random.default_rng(5)
        augment = augmentation(rng)
        return trainer_of(mixed(engine), rng=rng, augment=augment, **settings)

    whole, first = start(), start(epochs=1, checkpoint=path)
    whole.train()
    first.train()
    again = Trainer.resume(
        path, mixed(engine), *data(), 3, verbose=False, augment=augmentation(rng)
    )
    assert again.rng is rng
    again.train()
    assert everything(again) == everything(whole)


def test_a_function_that_is_its_own_augmentation_is_resumed(engine, tmp_path):
    path = tmp_path / "run.npz"
    trainer_of(mixed(engine), epochs=1, checkpoint=path, augment=np.flip).train()
    again = Trainer.resume(path, mixed(engine), *data(), augment=np.flip)
    assert again.epochs_done == 1


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (None, "now it is augment=None. Give resume the same augmentation"),
        (Augmentation(Shift(3)), r"now it is augment=Augmentation\(Shift\(pixels=3"),
    ],
)
def test_resuming_with_another_augmentation_is_refused(
    engine, tmp_path, other, message
):
    path, network = tmp_path / "run.npz", mixed(engine, rng=9)
    trainer_of(mixed(engine), epochs=1, checkpoint=path, augment=augmentation()).train()
    before = bits(network.state())
    with pytest.raises(ValueError, match=message):
        Trainer.resume(path, network, *data(), augment=other)
    assert bits(network.state()) == before


@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        ("flip", TypeError, "augment is 'flip'; expected a function that takes a batc"),
        (lambda x: None, ValueError, "augment returned None for a batch of shape .5, "),
        (
            lambda x: x[1:],
            ValueError,
            r"returned shape \(4, 2, 6, 6\).*expected 5 samp",
        ),
    ],
)
def test_what_does_not_augment_is_named(engine, augment, error, message):
    with pytest.raises(error, match=message):
        trainer_of(mixed(engine), augment=augment).train()
