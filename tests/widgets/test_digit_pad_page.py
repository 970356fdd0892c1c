"""DigitPad in a browser: drawing by mouse, finger and keys; in JupyterLab too."""

import json

import numpy as np
import pytest

import cnnlib
from cnnlib.networks import SimpleConvNet
from cnnlib.widgets import DigitPad, place_digit
from cnnlib.widgets.inside import answer

from .pads import NETWORKS, one
from .seen import least_contrast, run_python, settle


@pytest.fixture(scope="module")
def trained():
    return SimpleConvNet.pretrained()


def draw(page, *points):
    """Draw one stroke through points in page pixels of the pad."""
    box = page.locator(".paper").bounding_box()
    for k, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
        if k == 0:
            page.mouse.down()
    page.mouse.up()


def seen(page):
    """Read the 28 x 28 pixels that the page says the network sees."""
    pixels = page.locator(".sees").evaluate(
        "(node) => [...node.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.reshape(pixels, (28, 28, 4))[:, :, 0] / 255


def bars(page):
    """Read the probabilities that the bars show."""
    texts = page.locator(".bars .value").all_inner_texts()
    return [float(text.removeprefix("> ").split()[0]) / 100 for text in texts]


def drawn(page):
    """Wait for the frame in which the last move is drawn."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => setTimeout(go)))")


def verdict(page):
    """Read the answer in words."""
    return page.locator(".verdict").inner_text()


SEVEN = [(80, 70), (190, 65), (110, 230)]
MORE_THAN_A_STROKE = 40  # of 784 pixels


def test_a_drawing_is_placed_and_answered_while_it_grows(shown, trained):
    page = shown(DigitPad(trained, one()[None, None]))
    assert "empty" in verdict(page)
    box = page.locator(".paper").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=5)
    drawn(page)
    during = bars(page)  # the button is still down
    page.mouse.move(box["x"] + 110, box["y"] + 230, steps=5)
    page.mouse.up()
    drawn(page)
    image = seen(page)
    np.testing.assert_allclose(place_digit(image), image, atol=0.02)
    expected = answer(trained, image, 28)[0]
    np.testing.assert_allclose(bars(page), expected, atol=0.02)
    assert during != bars(page)
    assert verdict(page).startswith("It reads 7")
    assert page.locator(".spoken").inner_text() == verdict(page)


def test_undo_and_clear(shown, trained):
    page = shown(DigitPad(trained, one()[None, None]))
    undo, clear = page.get_by_text("Undo"), page.get_by_text("Clear")
    assert undo.is_disabled()
    assert clear.is_disabled()
    draw(page, *SEVEN)
    drawn(page)
    first = seen(page)
    draw(page, (60, 150), (200, 150))
    drawn(page)
    both = seen(page)
    assert np.abs(both - first).sum() > MORE_THAN_A_STROKE / 10
    clear.click()
    drawn(page)
    assert not seen(page).any()
    for expected in (both, first, np.zeros((28, 28))):
        undo.click()
        drawn(page)
        np.testing.assert_array_equal(seen(page), expected)
    assert undo.is_disabled()


def test_the_keyboard_draws(shown, trained):
    page = shown(DigitPad(trained, one()[None, None]))
    page.locator(".paper").focus()
    for key in ["ArrowUp"] * 9 + [" "] + ["ArrowDown"] * 18 + [" "]:
        page.keyboard.press(key)
    for key in ["ArrowLeft"] * 3:  # the pen is lifted
        page.keyboard.press(key)
    drawn(page)
    assert verdict(page).startswith("It reads 1")
    rows, columns = np.nonzero(seen(page) > 0.5)
    assert np.ptp(rows) == 19
    assert np.ptp(columns) <= 3
    page.keyboard.press("Tab")  # and leaves the pad
    assert page.evaluate("document.activeElement.textContent") == "Undo"


def test_a_finger_draws_and_does_not_scroll(shown, trained):
    page = shown(DigitPad(trained, one()[None, None]), touch=True)
    assert page.locator(".paper").evaluate(
        "(node) => getComputedStyle(node).touchAction"
    ) == ("none")
    box = page.locator(".paper").bounding_box()
    page.touchscreen.tap(box["x"] + 140, box["y"] + 140)
    drawn(page)
    assert seen(page).any()


def test_a_test_digit_comes_with_its_label_and_can_be_drawn_on(shown, trained):
    (_, _), (x, t) = cnnlib.load_digits()
    page = shown(DigitPad(trained, x[:1], [int(t[0])]), strict=True)
    page.get_by_text("Load a test digit").click()
    page.locator(".verdict", has_text="The label says").wait_for()
    np.testing.assert_allclose(seen(page), x[0, 0], atol=0.004)
    draw(page, (60, 150), (200, 150))
    page.get_by_text("Undo").wait_for()
    assert "label" not in verdict(page)


def test_a_wrong_answer_is_called_wrong(shown, trained):
    page = shown(DigitPad(trained, one()[None, None], [4]))
    page.get_by_text("Load a test digit").click()
    drawn(page)
    assert "Wrong: the label says 4." in verdict(page)


def test_a_page_shows_the_image_that_was_set(shown, trained):
    pad = DigitPad(trained, one()[None, None])
    pad.image = one()
    page = shown(pad)
    np.testing.assert_array_equal(seen(page), one())
    np.testing.assert_allclose(bars(page), pad.probabilities, atol=0.0011)
    names = page.locator(".maps canvas").evaluate_all(
        "(all) => all.map((node) => node.getAttribute('aria-label'))"
    )
    assert "Conv1 → Relu1: 30 of 24" in names[0]
    assert "Pool1: 30 of 12" in names[1]


def test_a_network_without_maps_has_a_page(shown, rng):
    page = shown(DigitPad(NETWORKS["no convolution"](rng), one()[None, None]))
    draw(page, *SEVEN)
    assert not page.locator(".maps canvas").first.is_visible()
    assert len(bars(page)) == 10


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read(shown, trained, dark):
    pad = DigitPad(trained, one()[None, None])
    pad.image = one()
    assert least_contrast(shown(pad, dark=dark)) >= 4.5


def test_the_code_of_a_page_is_small(tmp_path, trained):
    pad = DigitPad(trained, one()[None, None])
    size = pad.to_html(tmp_path / "half.html").stat().st_size
    weights = sum(array.size for array in trained.params.values())
    assert size - weights * 2 * 4 / 3 < 110_000
    pad.precision = "float32"
    assert pad.to_html(tmp_path / "full.html").stat().st_size > 1.9 * size


def test_the_words_are_careful(mathematics):
    says = mathematics(DigitPad)
    calls = [[[0.02, 0.97, 0.01]], [[0.6, 0.3, 0.1]], [[0.3, 0.3, 0.4]], [[0, 1]]]
    assert says("inWords", calls) == [
        "It reads 1 (97.0 %).",
        "It reads 0 (60.0 %), perhaps 1 (30.0 %).",
        "Not sure: 2 (40.0 %), 0 (30.0 %) or 1 (30.0 %).",
        "It reads 1 (> 99.9 %).",
    ]


# Two hundred moves at once, as from a busy browser, and what fails in the kernel.
BURST = """() => {
  window.failed = [];
  panel.sessionContext.session.kernel.iopubMessage.connect((_, message) =>
    message.header.msg_type === "error" && failed.push(message.content.evalue));
  const pad = document.querySelector(".paper"), box = pad.getBoundingClientRect();
  const pen = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind, {
    clientX: box.left + x, clientY: box.top + y, button: 0, bubbles: true}));
  pen("pointerdown", 60, 60);
  for (let k = 1; k <= 200; k++) pen("pointermove", 60 + k / 2, 60 + (k % 50));
  pen("pointerup", 0, 0);
}"""

# --- in JupyterLab --------------------------------------------------------------------

LAB = [
    "from cnnlib import SimpleConvNet, load_digits\n"
    "from cnnlib.widgets import DigitPad\n"
    "x, t = load_digits()[1]\n"
    "pad = DigitPad(SimpleConvNet.pretrained(), x, t, rng=7)\n"
    "pad",
]


def test_in_lab_the_kernel_answers_and_the_next_cell_has_the_image(lab):
    page = lab(LAB)
    page.locator(".verdict", has_text="empty").wait_for()
    draw(page, *SEVEN)
    page.locator(".verdict", has_text="It reads 7").wait_for()
    image = "import numpy as np; print(pad.answer, np.rint(pad.image * 255).sum())"
    found, total = run_python(page, image).split()
    assert found == "7"
    assert float(total) == pytest.approx(255 * seen(page).sum(), abs=10)
    run_python(page, "pad.image = x[3, 0]; t[3]")
    (_, _), (x, _) = cnnlib.load_digits()
    page.wait_for_function(
        "(sum) => { const all = document.querySelector('.sees').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data; let n = 0;"
        " for (let k = 0; k < all.length; k += 4) n += all[k];"
        " return Math.abs(n - sum) < 400; }",
        arg=float(255 * x[3, 0].sum()),
    )
    page.get_by_text("Load a test digit").click()
    page.locator(".verdict", has_text="label says").wait_for()


def test_in_lab_a_queue_of_strokes_is_never_answered(lab):
    page = lab(LAB)
    page.locator(".verdict", has_text="empty").wait_for()
    run_python(
        page,
        "import time\nasked = []\n"
        "def slow(change):\n"
        "    asked.append(pad.asked)\n"
        "    time.sleep(3 if len(asked) == 2 else 0.2)\n"
        "pad.observe(slow, 'image')",
    )
    draw(page, (60, 60))  # Lab has the first message handled by another thread
    page.locator(".verdict", has_text="empty").wait_for(state="hidden")
    draw(page, (70, 70))
    drawn(page)
    draw(page, (80, 80))  # while the kernel sleeps after its second answer
    page.locator(".warning", has_text="The kernel is busy").wait_for()
    page.locator(".warning").wait_for(state="hidden")
    box = page.locator(".paper").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    for k in range(60):
        page.mouse.move(box["x"] + 60 + 2 * k, box["y"] + 60 + k)
        drawn(page)
    page.mouse.up()
    page.wait_for_function("!document.querySelector('.warning:not([hidden])')")
    page.wait_for_timeout(600)
    answers = int(run_python(page, "print(len(asked))"))
    assert 2 <= answers < 30
    total = float(run_python(page, "print(pad.image.sum())"))
    assert total == pytest.approx(seen(page).sum(), abs=1)


def test_in_lab_the_last_of_many_moves_is_answered_and_no_answer_fails(lab):
    page = lab(LAB)
    page.locator(".verdict", has_text="empty").wait_for()
    page.evaluate(BURST)
    page.wait_for_function(
        "document.querySelector('.paper').closest('.cnnlib') && failed.length === 0"
        " && !document.querySelector('.warning:not([hidden])')"
    )
    drawn(page)
    settle(page)
    total = float(run_python(page, "print(pad.image.sum())"))
    assert total == pytest.approx(seen(page).sum(), abs=1)
    asked, answered = json.loads(
        run_python(page, "print([pad.asked, pad.reply['asked']])")
    )
    assert asked == answered
    assert asked < 100  # of 200 moves; the others were over before their turn came
    expected = json.loads(run_python(page, "print(pad.probabilities.tolist())"))
    np.testing.assert_allclose(bars(page), expected, atol=0.0006)
    assert page.evaluate("failed") == []


# A model as Lab leaves it when its kernel was started again.
ORPHAN = """async (script) => {
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  const {default: {render}} = await import(url);
  const state = {sheets: [], reply: {asked: 0, probabilities: [1], maps: []},
    image: {shape: [28, 28], data: new DataView(new ArrayBuffer(6272))}};
  const model = {get: (name) => state[name], set() {}, on() {}, off() {},
    send() { throw new Error("Cannot send"); }};
  render({model, el: document.body});
}"""


def test_a_restarted_kernel_is_told_in_place(browser):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.evaluate(ORPHAN, DigitPad._esm)
    assert not page.locator(".warning").is_visible()
    draw(page, *SEVEN)
    page.locator(".warning", has_text="The kernel was restarted").wait_for()
    page.get_by_text("Load a test digit").click()
    page.close()
    assert not errors
