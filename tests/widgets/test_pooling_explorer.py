"""PoolingExplorer: winners, a shifted input, the way back."""

import numpy as np
import pytest

from cnnlib import AveragePooling, Pooling
from cnnlib.geometry import resolve_pooling
from cnnlib.widgets import PoolingExplorer

from .seen import cell, formula, least_contrast, marked, run_python, settle, values

X = np.array([[1.0, 3, 2, 0], [0, 6, 1, 1], [4, 2, 5, 8], [2, 0, 7, 4]])
LAYERS = {"max": Pooling, "average": AveragePooling}


def random_setting(rng):
    """Whole numbers, so that ties are many; a window that fits."""
    H, W = rng.integers(1, 10, 2)
    window = int(rng.integers(1, 5))
    pad = int(rng.integers(0, window))
    stride = int(rng.integers(1, 5))
    x = rng.integers(-3, 4, (H + window, W + window)).astype(float)
    return x, window, stride, pad, str(rng.choice(list(LAYERS)))


def forward(x, window, stride, pad, kind):
    layer = LAYERS[kind](window, window, stride, pad)
    return layer, layer.forward(x[np.newaxis, np.newaxis])[0, 0]


def test_the_script_computes_what_numpy_computes(mathematics, rng):
    settings = [random_setting(rng) for _ in range(100)]
    views = [
        resolve_pooling(*x.shape, window, window, stride, pad)._asdict()
        for x, window, stride, pad, _ in settings
    ]
    call = mathematics(PoolingExplorer)
    calls = [[s[0], g, s[-1]] for s, g in zip(settings, views, strict=True)]
    pooled = call("pool", calls)
    for setting, answer in zip(settings, pooled, strict=True):
        expected = forward(*setting)[1]
        assert answer["shape"] == list(expected.shape)
        np.testing.assert_allclose(answer["data"], expected.ravel(), atol=1e-12)
    douts = [rng.normal(size=(g["OH"], g["OW"])) for g in views]
    calls = [
        [dout.ravel().tolist(), found, list(s[0].shape), g, s[-1]]
        for dout, found, s, g in zip(douts, pooled, settings, views, strict=True)
    ]
    for setting, dout, answer in zip(
        settings, douts, call("unpool", calls), strict=True
    ):
        layer, _ = forward(*setting)
        dx = layer.backward(dout[np.newaxis, np.newaxis])
        np.testing.assert_allclose(answer, dx.ravel(), atol=1e-12)


def test_the_script_shifts_as_numpy_rolls(mathematics, rng):
    calls = [
        [rng.normal(size=rng.integers(1, 8, 2)), *map(int, rng.integers(-9, 10, 2))]
        for _ in range(50)
    ]
    answers = mathematics(PoolingExplorer)("shifted", calls)
    for (x, down, right), answer in zip(calls, answers, strict=True):
        expected = np.roll(x, (down, right), axis=(0, 1))
        assert answer["data"] == expected.ravel().tolist()
        explorer = PoolingExplorer(x, window=1, shift=(down, right))
        np.testing.assert_array_equal(explorer.shifted, expected)


def test_the_script_says_what_python_says_of_a_window_that_does_not_fit(
    mathematics, rng
):
    calls = [
        [*rng.integers(1, 6, 2), *(int(rng.integers(1, 8)),) * 2, 1, rng.integers(0, 5)]
        for _ in range(80)
    ]
    calls = [[int(value) for value in call] for call in calls]
    answers = mathematics(PoolingExplorer)("sizes", calls)
    expected = [said_by(resolve_pooling, *call) for call in calls]
    assert [answer.get("problem") for answer in answers] == expected
    starts = {text.split()[0] for text in expected if text}
    assert starts == {"pooling", "pad"}  # both sentences were needed


def said_by(function, *arguments):
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)


# --- Python -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LAYERS)
def test_output_and_gradient_are_those_of_the_layers(rng, kind):
    x, dout = rng.normal(size=(7, 6)), rng.normal(size=(4, 3))
    explorer = PoolingExplorer(x, 3, stride=2, pad=1, kind=kind, dout=dout)
    layer, output = forward(x, 3, 2, 1, kind)
    np.testing.assert_array_equal(explorer.output, output)
    dx = layer.backward(dout[np.newaxis, np.newaxis])[0, 0]
    np.testing.assert_array_equal(explorer.gradient, dx)


def test_a_shift_by_a_whole_window_moves_the_output_along(rng):
    x = rng.normal(size=(8, 8))
    still, moved = PoolingExplorer(x), PoolingExplorer(x, shift=(0, 2))
    np.testing.assert_array_equal(moved.output, np.roll(still.output, 1, axis=1))
    assert still.stayed.all()
    assert not moved.stayed.any()


def test_a_mean_in_another_order_has_stayed():
    x = np.tile([0.1, 0.7, 0.3], (3, 1))
    explorer = PoolingExplorer(x, 3, kind="average", shift=(0, 1))
    assert explorer.stayed.all()


def test_dout_goes_back_to_ones_when_the_output_has_another_size():
    explorer = PoolingExplorer(X, dout=np.eye(2))
    explorer.shift = (1, 0)
    assert explorer.dout is not None
    explorer.stride = 1
    assert explorer.dout is None
    assert explorer.gradient.sum() == 9
    explorer.dout = np.eye(3)
    explorer.window = 9  # for the moment it does not fit
    assert explorer.dout is None


def test_the_state_in_one_line():
    explorer = PoolingExplorer(X, kind="average", pad=1)
    assert repr(explorer) == (
        "PoolingExplorer: image 4x4, average of 2x2, stride 2, pad 1 -> 3x3"
    )
    explorer.shift, explorer.pad, explorer.window = (0, 1), 0, 5
    assert explorer.describe().endswith("shift (0, 1) -> the window does not fit")


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        ((np.ones((1, 4, 4)),), {}, r"expected one channel \(H, W\).*pass x\[0\]"),
        ((np.ones((65, 4)),), {}, r"up to 64 x 64\. Cut a part out"),
        ((np.full((4, 4), np.inf),), {}, r"16 value\(s\) that are NaN or infinite"),
        ((X, 5), {}, "pooling window 5x5 does not fit into 4x4"),
        ((X, 2, 2, 2), {}, "pad 2 is not smaller than the pooling window"),
        ((X, 0), {}, "window is 0; it must be at least 1"),
        ((X, 2, 1.5), {}, r"stride is 1.5 \(float\)"),
        ((X,), {"kind": "median"}, "expected any of"),
        ((X,), {"dout": np.ones(4)}, r"expected a gradient \(OH, OW\)"),
        ((X,), {"dout": np.ones((4, 4))}, r"dout has shape \(4, 4\), but the output"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, settings, words):
    with pytest.raises(Exception, match=words):
        PoolingExplorer(*arguments, **settings)


# --- the page -----------------------------------------------------------------------


def test_pointing_at_an_output_shows_its_window_and_its_winner(shown):
    page = shown(PoolingExplorer(X))
    np.testing.assert_array_equal(values(page, "Output"), [[6, 2], [4, 8]])
    assert marked(page, "Input", "winner") == [[0, 2], [1, 1], [2, 0], [2, 3]]
    cell(page, "Output", 1, 0).hover()
    assert marked(page, "Input", "window") == [[2, 0], [2, 1], [3, 0], [3, 1]]
    assert marked(page, "Input", "here") == [[2, 0]]
    assert (
        formula(page) == "output[1, 0] = max(4, 2, 2, 0) = 4, the winner is input[2, 0]"
    )


def test_of_equal_numbers_the_first_wins_and_it_is_said(shown):
    page = shown(PoolingExplorer(np.ones((4, 4)), view="backward"))
    cell(page, "dout", 0, 0).hover()
    assert marked(page, "Input", "here") == [[0, 0]]
    page.get_by_label("forward").check()
    cell(page, "Output", 0, 1).hover()
    assert formula(page).endswith("1 stands there 4 times: the first one wins")


def test_pointing_at_a_pixel_tells_what_it_wins(shown):
    page = shown(PoolingExplorer(X, 3, stride=1))
    cell(page, "Input", 2, 2).hover()
    assert formula(page) == "input[2, 2] = 5 lies in 4 windows and wins none"
    cell(page, "Input", 1, 1).hover()
    assert formula(page) == "input[1, 1] = 6 lies in 4 windows and wins 1"
    page.get_by_label("the mean").check()
    cell(page, "Output", 0, 1).hover()
    assert formula(page) == (
        "output[0, 1] = (3 + 2 + 0 + 6 + 1 + 1 + 2 + 5 + 8) / 9 = 3.11"
    )


def test_the_arrow_buttons_shift_the_input(shown):
    explorer = PoolingExplorer(X)
    page = shown(explorer)
    assert page.get_by_role("grid", name="Before the shift").count() == 0
    page.get_by_role("button", name="Shift the input right").click()
    page.keyboard.press("ArrowDown")  # the keys do the same
    explorer.shift = (1, 1)
    np.testing.assert_array_equal(values(page, "Input"), explorer.shifted)
    np.testing.assert_array_equal(values(page, "Output"), explorer.output)
    assert values(page, "Before the shift") == [[6, 2], [4, 8]]
    changed = [list(at) for at in np.argwhere(~explorer.stayed)]
    assert marked(page, "Output", "changed") == changed
    pixels = (explorer.shifted == X).sum()
    note = page.locator(".note").inner_text()
    assert f"{pixels} of 16" in note
    assert f"{explorer.stayed.sum()} of 4" in note
    cell(page, "Input", 0, 0).dblclick()  # the pixel that came round the corner
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo").click()
    expected = X.copy()
    expected[3, 3] = 9
    np.testing.assert_array_equal(values(page, "Input"), expected)


def test_backward_shows_where_a_gradient_goes(shown):
    explorer = PoolingExplorer(X, 3, stride=1, view="backward")
    page = shown(explorer)
    np.testing.assert_array_equal(values(page, "dx"), explorer.gradient)
    cell(page, "dout", 0, 1).dblclick()
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    explorer.dout = [[1, 2.5], [1, 1]]
    page.wait_for_function(
        "document.querySelector('.formula').innerText.includes('2.5')"
    )
    np.testing.assert_array_equal(values(page, "dx"), explorer.gradient)
    assert formula(page) == "dout[0, 1] = 2.5 goes whole to the winner, input[2, 3]"
    cell(page, "dx", 2, 3).hover()
    assert formula(page) == "dx[2, 3] = dout[0, 1] + dout[1, 1] = 2.5 + 1 = 3.5"
    cell(page, "dx", 0, 0).hover()
    assert formula(page) == "dx[0, 0] = 0, because it wins no window"
    assert "Nothing is lost" in page.locator(".note").inner_text()


def test_a_single_gradient_of_one(shown):
    page = shown(PoolingExplorer(X, kind="average", view="backward"))
    cell(page, "dout", 1, 1).click()
    page.get_by_role("button", name="dout: 1 for the framed").click()
    assert values(page, "dout") == [[0, 0], [0, 1]]
    expected = np.zeros((4, 4))
    expected[2:, 2:] = 0.25
    np.testing.assert_array_equal(values(page, "dx"), expected)
    assert formula(page).endswith("is shared by 4 pixels: 1 / 4 = 0.25 each")
    page.get_by_role("button", name="dout: 1 for every output").click()
    assert values(page, "dout") == [[1, 1], [1, 1]]


def test_an_edited_gradient_is_forgotten_when_the_output_has_another_size(shown):
    page = shown(PoolingExplorer(X, dout=np.eye(2), view="backward"))
    page.get_by_label("Stride", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "document.querySelector('[aria-label=dout]').children.length === 3"
    )
    np.testing.assert_array_equal(values(page, "dout"), np.ones((3, 3)))


def test_a_window_that_does_not_fit_is_a_message_in_place(shown):
    page = shown(PoolingExplorer(X))
    page.get_by_label("Padding", exact=True).focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    warning = page.get_by_role("alert")
    warning.wait_for()
    assert "pad 2 is not smaller than the pooling window 2x2" in warning.inner_text()
    assert page.get_by_role("grid", name="Output").count() == 0
    page.get_by_role("button", name="Step").click()
    page.get_by_role("button", name="Shift the input up").click()
    page.keyboard.press("Tab")
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    warning.wait_for(state="hidden")
    assert page.get_by_role("grid", name="Output").count() == 1


def test_step_walks_and_what_is_seen_is_spoken(shown):
    page = shown(PoolingExplorer(X))
    for _ in range(3):
        page.get_by_role("button", name="Step").click()
    assert marked(page, "Output", "here") == [[1, 1]]
    spoken = page.locator("[aria-live=polite]").text_content()
    assert spoken == formula(page)
    cell(page, "Output", 0, 0).focus()
    page.keyboard.press("ArrowRight")
    assert formula(page).startswith("output[0, 1]")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("view", ["forward", "backward"])
def test_the_ink_can_be_read(shown, dark, view):
    page = shown(PoolingExplorer(X, pad=1, shift=(0, 1), view=view), dark=dark)
    assert least_contrast(page) >= 4.5


def test_the_page_is_small_and_64_pixels_still_work(shown, rng, tmp_path):
    explorer = PoolingExplorer(rng.random((16, 16)))
    assert explorer.to_html(tmp_path / "x.html").stat().st_size < 60_000
    page = shown(PoolingExplorer(rng.random((64, 64))), name="large", strict=True)
    cell(page, "Output", 3, 3).hover()
    assert formula(page).startswith("output[3, 3]")


# --- JupyterLab ---------------------------------------------------------------------

LAB = [
    "import numpy as np\nfrom cnnlib.widgets import PoolingExplorer\n"
    "explorer = PoolingExplorer(np.arange(16.0).reshape(4, 4), view='backward')\n"
    "explorer",
    "explorer.kind = 'average'",
]


def test_in_jupyterlab_both_sides_follow_each_other(lab):
    page = lab(LAB)
    page.wait_for_function(
        "document.querySelector('.cnnlib [aria-label=dx] .cell')?.value === 0.25"
    )
    cell(page, "dout", 1, 0).dblclick()
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Shift the input right").click()
    settle(page)
    answer = run_python(
        page, "print(explorer.describe(), explorer.gradient[3, 0], explorer.shift)"
    )
    assert "average of 2x2" in answer
    assert answer.endswith(" 2.0 (0, 1)\n")
    page.get_by_label("Stride", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    answer = run_python(page, "print(explorer.dout, explorer.output.shape)")
    assert answer == "None (3, 3)\n"
