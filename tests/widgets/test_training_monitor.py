"""TrainingMonitor: what it shows, what it costs the run (nothing), and its button."""

import numpy as np
import pytest

import cnnlib
from cnnlib import SimpleConvNet, Trainer
from cnnlib.networks import Sequential
from cnnlib.widgets import TrainingMonitor
from cnnlib.widgets.training import POINTS, Curve

from .seen import least_contrast, run_python


@pytest.fixture(scope="module")
def digits():
    (x, t), _ = cnnlib.load_digits()
    return x[:120], t[:120]


def make_trainer(digits, **settings):
    """Make a short run on few digits."""
    x, t = digits
    usual = {"epochs": 3, "verbose": False, "rng": 1, "mini_batch_size": 20}
    network = SimpleConvNet(rng=7, conv_param={"filter_num": 5})
    return Trainer(network, x[:100], t[:100], x[100:], t[100:], **usual | settings)


def array(packed, dtype=np.float64):
    """Read what was packed for the page."""
    return np.frombuffer(packed["data"], dtype).reshape(packed["shape"])


# --- in Python ------------------------------------------------------------------------


def test_a_run_that_is_watched_is_the_same_run(digits):
    alone, watched = make_trainer(digits), make_trainer(digits)
    monitor = TrainingMonitor(watched)
    alone.train()
    monitor.train()
    assert watched.train_loss_list == alone.train_loss_list
    assert watched.test_acc_list == alone.test_acc_list
    for name, values in alone.network.params.items():
        np.testing.assert_array_equal(watched.network.params[name], values)


def test_at_the_end_it_shows_all_that_the_trainer_knows(digits):
    trainer = make_trainer(digits)
    monitor = TrainingMonitor(trainer)
    assert repr(monitor) == "TrainingMonitor: waiting, 0 of 3 epochs, 0 of 15 steps"
    trainer.train()
    figures = monitor.figures
    assert repr(monitor) == "TrainingMonitor: done, 3 of 3 epochs, 15 of 15 steps"
    assert figures["state"] == "done"
    assert figures["train_acc"] == trainer.train_acc_list
    assert figures["test_acc"] == trainer.test_acc_list
    loss = array(figures["loss"])
    np.testing.assert_allclose(loss[:, 0], np.arange(1, 16))
    np.testing.assert_allclose(loss[:, 1], trainer.train_loss_list)
    filters = figures["filters"]
    steps = array(filters["data"], np.uint8) / 255
    shown = filters["low"] + steps * (filters["high"] - filters["low"])
    W = trainer.network.params["W1"][:, 0]
    np.testing.assert_allclose(shown, W, atol=0.51 / 255 * 2 * filters["high"])
    assert filters["low"] == -filters["high"]


def test_the_curve_is_the_mean_and_the_range_of_equal_stretches(rng):
    for length in (1, POINTS - 1, POINTS, POINTS + 1, 5000):
        losses = rng.random(length).tolist()
        curve, gone = Curve(POINTS), 0
        while gone < length:
            gone = min(length, gone + int(rng.integers(1, 400)))
            curve.follow(losses[:gone])
        points, stretch = curve.points(), curve.stretch
        assert len(points) <= POINTS
        parts = [losses[k : k + stretch] for k in range(0, length, stretch)]
        expected = [
            (k * stretch + (len(part) + 1) / 2, np.mean(part), min(part), max(part))
            for k, part in enumerate(parts)
        ]
        np.testing.assert_allclose(points, expected)


def test_a_run_that_went_back_is_drawn_anew():
    curve = Curve(8)
    curve.follow([3, 2, 9])
    curve.follow([3, 1])
    np.testing.assert_allclose(curve.points()[:, 1], [3, 1])


def test_pictures_are_rare_enough_to_be_cheap(digits, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    trainer = make_trainer(digits, epochs=400)
    monitor = TrainingMonitor(trainer)
    pictures, cost = [], 0.04

    def costly():
        pictures.append(clock[0])
        clock[0] += cost

    monitor.show = costly
    for _ in range(2000):
        clock[0] += 0.01  # a step
        monitor(trainer)
    assert len(pictures) * cost <= 0.025 * clock[0]
    assert len(pictures) > 5


def test_its_button_stops_a_run_and_only_a_run(digits):
    trainer = make_trainer(digits)
    monitor = TrainingMonitor(trainer)
    monitor._handle_custom_msg("stop", [])
    assert not trainer.stopped
    look = trainer.watch

    def press(trainer):
        if trainer.steps_done == 7:
            monitor._handle_custom_msg("stop", [])
        look(trainer)

    trainer.watch = press
    monitor.train()
    assert repr(monitor) == "TrainingMonitor: stopped, 1 of 3 epochs, 7 of 15 steps"
    assert monitor.figures["state"] == "stopped"
    assert monitor.figures["steps_done"] == 7
    monitor.train()
    assert monitor.figures["state"] == "done"


def test_the_bar_is_there_where_nobody_sees_the_monitor(digits, capsys):
    monitor = TrainingMonitor(make_trainer(digits, verbose=True))
    monitor.train()
    assert "15/15" in capsys.readouterr().err
    monitor = TrainingMonitor(make_trainer(digits, verbose=True))
    monitor._handle_custom_msg("here", [])  # a page shows it
    monitor.train()
    assert capsys.readouterr().err == ""
    assert monitor.trainer.verbose


def test_a_run_that_fails_says_why_in_place(digits):
    monitor = TrainingMonitor(
        make_trainer(digits, optimizer_param={"lr": 1e9}, epochs=20)
    )
    with pytest.raises(FloatingPointError, match="learning rate"):
        monitor.train()
    assert monitor.figures["state"] == "failed"
    assert "try a tenth of it" in monitor.figures["problem"]
    monitor.trainer.optimizer.lr = 0.01
    monitor.train()
    assert monitor.figures["problem"] == ""


def test_an_interrupt_is_a_pause(digits):
    trainer = make_trainer(digits)
    monitor = TrainingMonitor(trainer)
    trainer.watch = lambda trainer: trainer.stop()
    trainer.train()
    monitor.show()
    assert monitor.figures["state"] == "stopped"
    trainer.watch = None
    trainer._stopped = False
    assert monitor.describe() == "paused, 0 of 3 epochs, 1 of 15 steps"


def test_colour_filters_are_averaged_and_a_network_may_have_none(digits):
    rng = np.random.default_rng(0)
    W = rng.normal(size=(70, 3, 5, 5))
    network = Sequential({"Conv": cnnlib.Convolution(W, None)})
    trainer = make_trainer(digits)
    trainer.network = network
    filters = TrainingMonitor(trainer).figures["filters"]
    assert (filters["count"], filters["channels"]) == (70, 3)
    assert filters["data"]["shape"] == [64, 5, 5]
    assert filters["high"] == pytest.approx(np.abs(W[:64].mean(axis=1)).max())
    trainer.network = Sequential({"A": cnnlib.Affine(np.ones((784, 10)), None)})
    assert TrainingMonitor(trainer).figures["filters"] is None


def test_what_can_not_be_monitored_is_refused(digits):
    with pytest.raises(TypeError, match=r"trainer is a SimpleConvNet; expected a Tr"):
        TrainingMonitor(SimpleConvNet(rng=7))
    with pytest.raises(ValueError, match=r"watches this trainer already.*= None first"):
        TrainingMonitor(make_trainer(digits, watch=print))
    trainer = make_trainer(digits)
    first, second = TrainingMonitor(trainer), TrainingMonitor(trainer)
    assert first is not second
    assert trainer.watch is second  # the cell was run again


# --- in the page ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ended(digits):
    """Return the monitor of a run that is over."""
    monitor = TrainingMonitor(make_trainer(digits, optimizer="Adam"))
    monitor.train()
    return monitor


def path_of(page, kind):
    """Read the corners of a line, in pixels of the chart."""
    text = page.locator(f".chart .line.{kind}").get_attribute("d")
    return np.array(
        [pair.split() for pair in text.replace("M", "L").split("L")[1:]], float
    )


def test_the_page_draws_the_curves_as_they_are_at_the_end(shown, ended):
    page = shown(ended, strict=True)
    loss = path_of(page, "loss")
    values = np.array(ended.trainer.train_loss_list)
    assert len(loss) == 15
    slope, start = np.polyfit(values, loss[:, 1], 1)
    np.testing.assert_allclose(start + slope * values, loss[:, 1], atol=0.06)
    assert slope < 0  # up is more
    for kind, mark, accuracies in [
        ("train", "circle", ended.trainer.train_acc_list),
        ("test", "rect", ended.trainer.test_acc_list),
    ]:
        assert page.locator(f".chart {mark}.{kind}").count() == 3
        corners = path_of(page, kind)
        assert (np.sign(np.diff(corners[:, 1])) == -np.sign(np.diff(accuracies))).all()
    assert "Done · step 15 of 15 · loss" in page.locator(".status").inner_text()
    assert not page.get_by_role("button", name="Stop").is_visible()


def test_the_loss_axis_can_be_logarithmic(shown, ended):
    page = shown(ended)
    page.get_by_role("radio", name="linear").focus()
    page.keyboard.press("ArrowRight")
    values = np.log(ended.trainer.train_loss_list)
    loss = path_of(page, "loss")
    slope, start = np.polyfit(values, loss[:, 1], 1)
    np.testing.assert_allclose(start + slope * values, loss[:, 1], atol=0.06)


def test_a_page_of_a_run_that_has_not_begun_says_so(shown, digits):
    page = shown(TrainingMonitor(make_trainer(digits)))
    assert "Not started" in page.locator(".status").inner_text()
    assert "comes after the first epoch" in page.locator(".chart").nth(1).inner_html()


def test_steps_of_an_axis_are_round_and_few(mathematics):
    calls = [[0, 3, 5], [0.7, 1, 5], [0, 0.034, 5], [0, 20, 10], [2.3, 2.3, 5]]
    for (low, high, count), steps in zip(
        calls, mathematics(TrainingMonitor)("niceSteps", calls), strict=True
    ):
        assert len(steps) <= 2 * count + 1
        assert all(low <= step <= high for step in steps)
        assert len(steps) >= 2 or low == high


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read(shown, ended, dark):
    page = shown(ended, dark=dark)
    assert least_contrast(page) >= 4.5


def test_a_page_is_small(tmp_path, digits):
    trainer = make_trainer(digits)
    trainer.network = SimpleConvNet(rng=7)
    monitor = TrainingMonitor(trainer)
    monitor.train()
    trainer.train_loss_list = np.random.default_rng(0).random(10_000).tolist()
    assert monitor.to_html(tmp_path / "run.html").stat().st_size <= 60_000


# --- in JupyterLab --------------------------------------------------------------------

LAB = [
    "from cnnlib import SimpleConvNet, Trainer, load_digits\n"
    "from cnnlib.widgets import TrainingMonitor\n"
    "(x, t), (x_test, t_test) = load_digits()\n"
    "trainer = Trainer(SimpleConvNet(rng=7), x, t, x_test, t_test, epochs=100_000)\n"
    "monitor = TrainingMonitor(trainer)\n"
    "monitor",
]


def test_in_lab_the_button_ends_a_cell_that_is_running(lab):
    page = lab(LAB)
    page.locator(".status", has_text="Not started").wait_for()
    page.evaluate(
        "() => { window.cell = panel.sessionContext.session.kernel.requestExecute("
        "{code: 'monitor.train()'}); }"  # not awaited: it has no end
    )
    page.locator(".status", has_text="test accuracy").wait_for()
    first = page.locator(".status").inner_text()
    page.wait_for_function(
        "(text) => document.querySelector('.status').textContent !== text", arg=first
    )
    page.get_by_role("button", name="Stop").click()
    page.locator(".status", has_text="Stopped").wait_for()
    assert page.evaluate("cell.done.then((reply) => reply.content.status)") == "ok"
    text = run_python(page, "print(monitor.describe())")
    steps = text.split("epochs, ")[1].split()[0]
    assert text.startswith("stopped")
    assert f"step {int(steps):,} of" in page.locator(".status").inner_text()
    assert page.get_by_role("button", name="Stop").is_disabled()
