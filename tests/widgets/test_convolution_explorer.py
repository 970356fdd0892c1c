"""ConvolutionExplorer: its numbers, its pointing, its keys, its words."""

import numpy as np
import pytest

from cnnlib import Convolution
from cnnlib.widgets import ConvolutionExplorer

from .seen import cell, formula, least_contrast, marked, run_python, values

X = np.arange(49.0).reshape(7, 7) % 10
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def random_setting(rng):
    C, H, W = rng.integers(1, 4), *rng.integers(1, 10, 2)
    stride, pad, dilation = rng.integers(1, 4), rng.integers(0, 4), rng.integers(1, 4)
    room = [(size + 2 * pad - 1) // dilation + 1 for size in (H, W)]
    FH, FW = (rng.integers(1, min(n, 4) + 1) for n in room)
    x, w = rng.normal(size=(C, H, W)), rng.normal(size=(C, FH, FW))
    return x, w, rng.normal(), int(stride), int(pad), int(dilation)


def test_the_script_computes_what_numpy_computes(mathematics, rng):
    settings = [random_setting(rng) for _ in range(100)]
    answers = mathematics(ConvolutionExplorer)("convolve", settings)
    for (x, W, b, stride, pad, dilation), answer in zip(settings, answers, strict=True):
        layer = Convolution(W[np.newaxis], np.array([b]), stride, pad, dilation)
        expected = layer.forward(x[np.newaxis])[0, 0]
        explorer = ConvolutionExplorer(x, W, b, stride, pad, dilation)
        np.testing.assert_array_equal(explorer.output, expected)
        assert answer["shape"] == list(expected.shape)
        np.testing.assert_allclose(
            answer["data"], expected.ravel(), rtol=1e-12, atol=1e-12
        )


def test_the_script_counts_the_windows_of_each_pixel(mathematics, rng):
    settings = [random_setting(rng) for _ in range(60)]
    calls = [[*x.shape[1:], *W.shape[1:], *rest] for x, W, _, *rest in settings]
    calls = [[int(value) for value in call] for call in calls]
    answers = mathematics(ConvolutionExplorer)("windowsPerPixel", calls)
    for (H, W, FH, FW, stride, pad, dilation), answer in zip(
        calls, answers, strict=True
    ):
        ones = Convolution(np.ones((1, 1, FH, FW)), None, stride, pad, dilation)
        ones.forward(np.ones((1, 1, H, W)))
        dout = np.ones_like(ones.forward(np.ones((1, 1, H, W))))
        assert answer == ones.backward(dout).ravel().tolist()


def test_the_page_shows_the_output_and_follows_the_sliders(shown):
    explorer = ConvolutionExplorer(X, SOBEL, b=0.5)
    page = shown(explorer)
    np.testing.assert_allclose(values(page, "Output"), explorer.output)
    assert values(shown(explorer, strict=True), "Output") == values(page, "Output")
    for name, moves in [("Stride", 1), ("Padding", 2), ("Dilation", 1)]:
        page.get_by_label(name, exact=True).focus()
        for _ in range(moves):
            page.keyboard.press("ArrowRight")
    explorer.stride, explorer.pad, explorer.dilation = 2, 2, 2
    page.wait_for_function("document.querySelectorAll('.row').length === 11 + 3 + 4")
    np.testing.assert_allclose(values(page, "Output"), explorer.output)
    assert "(7 + 2·2 − 5) / 2 + 1 = 3 + 1 = 4" in page.locator(".note").inner_text()


def test_pointing_at_an_output_lights_its_window_and_writes_the_sum(shown):
    page = shown(ConvolutionExplorer(X, SOBEL, stride=2))
    cell(page, "Output", 1, 2).hover()
    assert marked(page, "Input", "window") == [
        [i, j] for i in (2, 3, 4) for j in (4, 5, 6)
    ]
    terms = "8·(−1) + 9·0 + 0·1 + 5·(−2) + 6·0 + 7·2 + 2·(−1) + 3·0 + 4·1"
    assert formula(page) == f"output[1, 2] = {terms} = −2"
    assert ConvolutionExplorer(X, SOBEL, stride=2).output[1, 2] == -2


def test_pointing_at_an_input_lights_all_that_it_feeds(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    cell(page, "Input", 2, 3).hover()
    assert marked(page, "Output", "window") == [
        [i, j] for i in (0, 1, 2) for j in (1, 2, 3)
    ]
    assert "feeds 9 outputs" in formula(page)


@pytest.mark.parametrize(("stride", "pad", "dilation"), [(2, 1, 2), (1, 2, 2)])
def test_an_input_feeds_the_outputs_that_change_with_it(shown, stride, pad, dilation):
    explorer = ConvolutionExplorer(X, np.ones((3, 3)), 0, stride, pad, dilation)
    page = shown(explorer)
    for i, j in [(0, 0), (1, 3), (5, 1), (3, 4)]:
        changed = X.copy()
        changed[i, j] += 1
        other = ConvolutionExplorer(changed, np.ones((3, 3)), 0, stride, pad, dilation)
        cell(page, "Input", i + pad, j + pad).hover()
        fed = np.argwhere(other.output != explorer.output).tolist()
        assert marked(page, "Output", "window") == fed


def test_padding_is_shown_as_such_and_pixels_out_of_reach_are_marked(shown):
    page = shown(ConvolutionExplorer(X, SOBEL, pad=1))
    assert len(marked(page, "Input", "border")) == 81 - 49
    page = shown(ConvolutionExplorer(X, SOBEL, stride=3), name="stride")
    unseen = marked(page, "Input", "unseen")
    assert sorted(unseen) == sorted(
        [[i, j] for i in range(7) for j in range(7) if 6 in (i, j)]
    )
    assert "13 pixels that no window reaches" in page.locator(".note").inner_text()
    assert "⌊1.33⌋ + 1 = 2, 1 left over" in page.locator(".note").inner_text()


def test_keys_walk_through_the_grid_and_edit_a_number(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    cell(page, "Filter", 0, 0).focus()
    for key in ["ArrowRight", "ArrowDown", "Enter"]:
        page.keyboard.press(key)
    page.keyboard.type("4.5")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelectorAll('.grid')[1].textContent.includes('4.5')"
    )
    weights = SOBEL.astype(float)
    weights[1, 1] = 4.5
    np.testing.assert_allclose(values(page, "Filter"), weights)
    expected = ConvolutionExplorer(X, weights).output
    np.testing.assert_allclose(values(page, "Output"), expected)


@pytest.mark.parametrize("typed", ["", "abc", "1e999"])
def test_what_is_no_number_leaves_the_old_one(shown, typed):
    page = shown(ConvolutionExplorer(X, SOBEL))
    cell(page, "Input", 1, 1).dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    np.testing.assert_allclose(values(page, "Input"), X)


def test_escape_keeps_the_old_number(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    cell(page, "Input", 1, 1).dblclick()
    page.keyboard.type("77")
    page.keyboard.press("Escape")
    np.testing.assert_allclose(values(page, "Input"), X)


def test_the_menu_sets_a_filter(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    menu = page.get_by_label("Filter", exact=True).locator("visible=true").first
    assert menu.input_value() == "Sobel: left to right"
    menu.select_option("blur")
    page.wait_for_function(
        "document.querySelectorAll('.grid')[1].textContent.includes('0.111')"
    )
    expected = ConvolutionExplorer(X, np.full((3, 3), 1 / 9)).output
    np.testing.assert_allclose(values(page, "Output"), expected)


def test_a_colour_image_has_channels_whose_answers_are_added(shown, rng):
    x, W = rng.integers(0, 9, (3, 5, 6)), rng.integers(-2, 3, (3, 3, 3))
    explorer = ConvolutionExplorer(x, W, b=1)
    page = shown(explorer)
    np.testing.assert_allclose(values(page, "Output"), explorer.output)
    page.get_by_label("blue").check()
    page.wait_for_function(
        "document.querySelector('.formula').innerText.includes('channel 2')"
    )
    np.testing.assert_allclose(values(page, "Input"), x[2])
    np.testing.assert_allclose(values(page, "Filter"), W[2])
    sums = [(x[c, :3, :3] * W[c]).sum() for c in range(3)]
    written = " + ".join(f"(−{-s})" if s < 0 else str(s) for s in sums)
    assert f"{written} + 1 = " in formula(page)


def test_step_walks_row_by_row_and_play_can_be_paused(shown):
    page = shown(ConvolutionExplorer(X, SOBEL, stride=2))
    for _ in range(4):
        page.get_by_role("button", name="Step").click()
    assert marked(page, "Output", "here") == [[1, 1]]
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.cell.here').j === 2")
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("button", name="Play").count() == 1


def test_a_filter_that_no_longer_fits_is_a_message_in_place(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    page.get_by_label("Dilation", exact=True).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    warning = page.get_by_role("alert")
    warning.wait_for()
    assert "7 + 2·0 − 9 < 0" in warning.inner_text()
    assert page.get_by_role("grid", name="Output").count() == 0
    page.keyboard.press("ArrowLeft")
    warning.wait_for(state="hidden")
    assert page.get_by_role("grid", name="Output").count() == 1


def test_what_is_seen_is_spoken_too(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    cell(page, "Output", 0, 1).focus()
    assert (
        page.locator("[aria-live=polite]").text_content().startswith("output[0, 1] = ")
    )
    labels = page.locator("input, select, button").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label') ?? e.labels[0]?.textContent)"
    )
    assert all(labels)


def test_plain_keys_stay_in_the_widget_and_shortcuts_leave_it(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    page.evaluate(
        "window.keys = [];"
        "document.addEventListener('keydown', (e) => window.keys.push(e.key))"
    )
    cell(page, "Output", 0, 0).focus()
    for key in ["a", "Enter", "ArrowDown", "Escape", "Control+s", "Shift+Enter"]:
        page.keyboard.press(key)
    arrived = [key for key in page.evaluate("window.keys") if key not in MODIFIERS]
    assert arrived == ["s", "Enter"]


MODIFIERS = {"Control", "Shift", "Alt", "Meta"}


def test_a_finger_points_and_edits(shown):
    page = shown(ConvolutionExplorer(X, SOBEL), touch=True)
    cell(page, "Output", 2, 1).tap()
    assert formula(page).startswith("output[2, 1]")
    cell(page, "Filter", 0, 1).tap()
    cell(page, "Filter", 0, 1).tap()
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelectorAll('.grid')[1].innerText.includes(8)"
    )


def test_only_one_cell_of_a_grid_is_a_stop_for_tab(shown):
    page = shown(ConvolutionExplorer(X, SOBEL))
    stops = page.locator(".grid").evaluate_all(
        "grids => grids.map(g => g.querySelectorAll('[tabindex=\"0\"]').length)"
    )
    assert stops == [1, 1, 1]


@pytest.mark.parametrize("dark", [False, True])
def test_the_ink_on_every_cell_can_be_read(shown, dark):
    page = shown(ConvolutionExplorer(X, SOBEL, pad=1), dark=dark)
    assert least_contrast(page) >= 4.5


def test_the_page_is_small_and_64_pixels_still_work(shown, rng, tmp_path):
    explorer = ConvolutionExplorer(rng.random((16, 16)), SOBEL)
    assert explorer.to_html(tmp_path / "x.html").stat().st_size < 60_000
    page = shown(ConvolutionExplorer(rng.random((64, 64)), SOBEL), name="large")
    cell(page, "Output", 3, 3).hover()
    assert formula(page).startswith("output[3, 3]")


# --- Python -------------------------------------------------------------------------


def test_the_state_in_one_line():
    explorer = ConvolutionExplorer(X, SOBEL, stride=2)
    assert repr(explorer) == (
        "ConvolutionExplorer: image 7x7, filter 3x3, stride 2, pad 0, dilation 1 -> 3x3"
    )
    explorer.dilation = 4
    assert explorer.describe().endswith("dilation 4 -> the filter does not fit")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((2, 3, 4, 5)), SOBEL), r"expected an image \(H, W\) or \(C, H, W\)"),
        ((np.ones(5), SOBEL), "x has shape"),
        ((np.full((4, 4), np.nan), SOBEL), r"16 value\(s\) that are NaN"),
        ((X, np.ones((8, 8))), "window 8 does not fit into 7"),
        ((np.ones((3, 7, 7)), SOBEL), "one slice for each channel"),
        ((X, SOBEL, 0, 0), "stride is 0; it must be at least 1"),
        ((X, SOBEL, 0, 1, -1), "pad is -1; it must be at least 0"),
        ((X, SOBEL, np.inf), "b is inf; expected a finite number"),
        ((X, SOBEL, "1"), "b is '1'; expected a finite number"),
        (([["a"]], SOBEL), "expected real numbers"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        ConvolutionExplorer(*arguments)


def test_the_argument_is_not_shared():
    x = X.copy()
    explorer = ConvolutionExplorer(x, SOBEL)
    x[0, 0] = 100
    assert explorer.x[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        explorer.x[0, 0] = 1


# --- JupyterLab ---------------------------------------------------------------------

LAB = [
    "import numpy as np\nfrom cnnlib.widgets import ConvolutionExplorer\n"
    "x = np.arange(49.0).reshape(7, 7)\n"
    "explorer = ConvolutionExplorer(x, np.eye(3))\nexplorer",
    "explorer.stride = 2",
]


@pytest.mark.parametrize("dark", [False, True])
def test_in_jupyterlab_both_sides_follow_each_other(lab, dark):
    page = lab(LAB, dark=dark)
    page.wait_for_function(
        "document.querySelectorAll('.grid')[2]?.children.length === 3"
    )
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.grid').children.length === 9")
    cell(page, "Input", 4, 4).dblclick()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    cell(page, "Output", 1, 2).focus()
    for key in [
        "a",
        "b",
        "d",
        "d",
        "ArrowDown",
    ]:  # commands of Lab
        page.keyboard.press(key)
    answer = run_python(
        page, "print(explorer.describe(), explorer.x[3, 3], explorer.output[1, 1])"
    )
    x = np.arange(49.0).reshape(7, 7)
    x[3, 3] = 5
    expected = ConvolutionExplorer(x, np.eye(3), stride=2, pad=1)
    assert answer.split(" 5.0 ") == [
        expected.describe(),
        f"{expected.output[1, 1]}\n",
    ]
    assert page.evaluate("window.panel.content.widgets.length") == len(LAB)
    np.testing.assert_allclose(values(page, "Output"), expected.output)
