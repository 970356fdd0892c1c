"""The networks of notebook 09, and the command that trains them to the end."""

import json

import numpy as np
import pytest

from cnnlib import full_runs, load_coloured_shapes, load_digits
from cnnlib.architectures import (
    CIFAR_FIRST,
    CIFAR_IMPROVED,
    FASHION_CONVNET,
    LayerTable,
    build,
)
from cnnlib.full_runs import RUNS, recorded, trainer_of

THREE = [FASHION_CONVNET, CIFAR_FIRST, CIFAR_IMPROVED]
OURS = ("cifar-first", "cifar-blocks", "cifar-improved")


def some(load, n=40):
    """Return n training and n test images of a data set that needs no network."""
    (x, t), (x_test, t_test) = load()
    return (x[:n], t[:n]), (x_test[:n], t_test[:n])


# --- the networks ------------------------------------------------------------------


def test_parameters_counted_by_hand():
    fashion = (9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 128
    fashion += (128 * 2 * 2 + 1) * 512 + (512 + 1) * 10
    assert LayerTable(FASHION_CONVNET).parameters == fashion == 360_458

    head = (1024 + 1) * 10
    first = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 128
    first += (128 * 3 * 3 + 1) * 1024 + head
    assert LayerTable(CIFAR_FIRST).parameters == first == 1_284_170

    pairs = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    blocks = sum(C * 9 * FN + 2 * FN for C, FN in pairs)  # gamma, beta, no bias
    blocks += (128 * 4 * 4 + 1) * 1024 + head
    assert LayerTable(CIFAR_IMPROVED).parameters == blocks == 2_395_882


def test_a_pooling_halves_and_a_padded_convolution_does_not():
    table = LayerTable(CIFAR_IMPROVED)
    sides = [table[name].shape[1] for name in ("Conv2", "Pool1", "Pool2", "Pool3")]
    assert sides == [32, 16, 8, 4]
    strides = [LayerTable(CIFAR_FIRST)[f"Conv{i}"].shape[1] for i in (1, 2, 3)]
    assert strides == [15, 7, 3]


@pytest.mark.parametrize(
    ("dtype", "within"),
    # in float32 rounding turns a ReLU or the winner of a pooling here and there
    [(np.float64, 1e-7), (np.float32, 3e-2)],
)
@pytest.mark.parametrize("architecture", THREE, ids=lambda a: a.name)
def test_both_engines_give_the_same_scores_and_gradients(architecture, dtype, within):
    quick, plain = (
        build(architecture, engine, rng=1).astype(dtype)
        for engine in ("fast", "textbook")
    )
    rng = np.random.default_rng(2)
    x = rng.random((12, *architecture.input_dim)).astype(dtype)
    t = rng.integers(0, 10, 12)
    loss, grads = quick.loss_and_gradient(x, t)
    expected, plain_grads = plain.loss_and_gradient(x, t)
    assert loss == pytest.approx(expected, rel=within)
    for name, gradient in plain_grads.items():
        error = np.linalg.norm(grads[name] - gradient)
        assert error < within * np.linalg.norm(gradient), name
    scores = plain.predict(x)
    np.testing.assert_allclose(quick.predict(x), scores, rtol=0, atol=within)


# --- the command -------------------------------------------------------------------


@pytest.fixture
def here(monkeypatch):
    """Let the command find small data instead of CIFAR-10 and Fashion-MNIST."""
    loaders = {"fashion": load_digits, "cifar10": load_coloured_shapes}
    monkeypatch.setattr(full_runs, "load", lambda data, folder: some(loaders[data]))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["fashion", "cifar-improved"])
def test_the_command_trains_and_writes_numbers(name, tmp_path, capsys):
    arguments = [name, "--epochs", "2", "--folder", str(tmp_path), "--quiet"]
    assert full_runs.main([*arguments, "--about", "not the real ones"]) == 0
    numbers = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    assert numbers["data"] == "not the real ones"
    assert len(numbers["loss"]) == len(numbers["test_accuracy"]) == 2
    assert np.sum(numbers["confusion"]) == 40
    assert np.trace(numbers["confusion"]) / 40 == pytest.approx(numbers["accuracy"])
    assert f"{name}: test accuracy" in capsys.readouterr().out


def test_a_run_that_was_stopped_goes_on_as_if_it_never_had_been(tmp_path):
    parts = some(load_coloured_shapes)
    straight = trainer_of("cifar-improved", parts, tmp_path / "a.npz", 3, verbose=False)
    straight.train()
    stopped = trainer_of("cifar-improved", parts, tmp_path / "b.npz", 3, verbose=False)
    stopped.watch = lambda trainer: trainer.stop() if trainer.epochs_done == 1 else None
    stopped.train()
    assert stopped.epochs_done == 1
    again = trainer_of("cifar-improved", parts, tmp_path / "b.npz", 3, verbose=False)
    again.train()
    assert again.train_loss_list == straight.train_loss_list
    assert again.test_acc_list == straight.test_acc_list


@pytest.mark.usefixtures("here")
def test_a_stopped_command_writes_no_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(full_runs.Trainer, "train", lambda trainer: trainer.stop())
    assert full_runs.main(["cifar-first", "--folder", str(tmp_path), "--quiet"]) == 1
    assert not list(tmp_path.glob("*.json"))


def test_a_run_with_a_plan_can_not_be_prolonged(tmp_path):
    parts, file = some(load_coloured_shapes), tmp_path / "run.npz"
    trainer_of("cifar-improved", parts, file, 1, verbose=False).train()
    with pytest.raises(ValueError, match=r"planned for 1 epochs.*--epochs 1"):
        trainer_of("cifar-improved", parts, file, 2, verbose=False)


def test_the_training_images_are_changed_in_one_run_only(tmp_path):
    parts = some(load_coloured_shapes)
    augmented = [
        name
        for name, run in RUNS.items()
        if run.data == "cifar10"
        and trainer_of(name, parts, tmp_path / "x.npz", verbose=False).augment
        is not None
    ]
    assert augmented == ["cifar-improved"]


# --- our own runs ------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_the_recorded_numbers_fit_together(name):
    run = recorded(name)
    assert run["epochs"] == len(run["loss"]) == len(run["test_accuracy"])
    assert run["epochs"] == RUNS[name].epochs  # the command gives this very run
    confusion = np.array(run["confusion"])
    assert confusion.sum() == run["images"][1] == 2_000
    assert confusion.trace() / confusion.sum() == pytest.approx(run["accuracy"])
    assert run["test_accuracy"][-1] == pytest.approx(run["accuracy"], abs=1e-4)
    assert run["data"]  # says that these are not the official images


def test_an_unknown_record_names_those_that_there_are():
    with pytest.raises(ValueError, match=r"no run 'fashion' is recorded.*cifar-first"):
        recorded("fashion")
