"""Im2colExplorer: four views of one window, and the way back."""

import numpy as np
import pytest

from cnnlib import Convolution, col2im, im2col
from cnnlib.geometry import resolve
from cnnlib.widgets import Im2colExplorer

from .seen import cell, formula, least_contrast, marked, run_python, settle, values

X = np.arange(64.0).reshape(2, 2, 4, 4) % 7
W = np.arange(54.0).reshape(3, 2, 3, 3) % 5 - 2


def random_setting(rng):
    N, C, FN = rng.integers(1, 4, 3)
    FH, FW = rng.integers(1, 4, 2)
    H, width = rng.integers(3, 8, 2)
    x, w = rng.normal(size=(N, C, H, width)), rng.normal(size=(FN, C, FH, FW))
    return x, w, int(rng.integers(1, 4)), int(rng.integers(0, 3))


@pytest.fixture(scope="module")
def settings():
    rng = np.random.default_rng(5)
    return [random_setting(rng) for _ in range(60)]


def window(x, w, stride, pad):
    return resolve(*x.shape[2:], *w.shape[2:], stride, pad)._asdict()


# --- the script against cnnlib ------------------------------------------------------


def test_the_script_unfolds_and_multiplies_as_cnnlib(mathematics, settings):
    call = mathematics(Im2colExplorer)
    cols = call("im2col", [[x, window(x, *rest)] for x, *rest in settings])
    products = call(
        "multiply",
        [
            [col, w.ravel().tolist(), len(w)]
            for col, (_, w, *_) in zip(cols, settings, strict=True)
        ],
    )
    for (x, w, stride, pad), col, product in zip(settings, cols, products, strict=True):
        expected = im2col(x, *w.shape[2:], stride, pad)
        assert col["shape"] == list(expected.shape)
        np.testing.assert_array_equal(col["data"], expected.ravel())
        expected = expected @ w.reshape(len(w), -1).T
        assert product["shape"] == list(expected.shape)
        np.testing.assert_allclose(product["data"], expected.ravel(), atol=1e-12)
    calls = [
        [product, len(x), window(x, *rest)]
        for product, (x, *rest) in zip(products, settings, strict=True)
    ]
    for (x, w, *rest), maps in zip(settings, call("toMaps", calls), strict=True):
        expected = Convolution(w, None, *rest).forward(x)
        assert maps["shape"] == list(expected.shape)
        np.testing.assert_allclose(maps["data"], expected.ravel(), atol=1e-12)


@pytest.mark.parametrize("accumulate", [True, False])
def test_the_script_goes_back_as_cnnlib_and_as_the_bug(
    mathematics, settings, accumulate, rng
):
    cols = [rng.normal(size=im2col(x, *w.shape[2:], *s).shape) for x, w, *s in settings]
    calls = [
        [col, list(x.shape), window(x, *rest), accumulate]
        for col, (x, *rest) in zip(cols, settings, strict=True)
    ]
    answers = mathematics(Im2colExplorer)("col2im", calls)
    for (x, w, *rest), col, answer in zip(settings, cols, answers, strict=True):
        back = col2im if accumulate else broken_col2im
        expected = back(col, x.shape, *w.shape[2:], *rest)
        np.testing.assert_allclose(answer["data"], expected.ravel(), atol=1e-12)


def broken_col2im(col, shape, FH, FW, stride, pad):
    """The bug as notebook 04 tells it, for the order in which it overwrites."""
    N, C, H, width = shape
    g = resolve(H, width, FH, FW, stride, pad)
    col = col.reshape(N, g.OH, g.OW, C, FH, FW)
    dx = np.zeros((N, C, H + 2 * pad, width + 2 * pad))
    for i in range(FH):
        for j in range(FW):
            for y in range(g.OH):
                for x in range(g.OW):
                    dx[:, :, y * stride + i, x * stride + j] = col[:, y, x, :, i, j]
    return dx[:, :, pad : pad + H, pad : pad + width]


def test_the_script_counts_overlaps_and_knows_what_goes_back(mathematics, settings):
    call = mathematics(Im2colExplorer)
    calls = [[list(x.shape), window(x, *rest)] for x, *rest in settings]
    overlaps = call("overlap", calls)
    for rows in ("ones", "image", "gradient"):
        calls = [
            [rows, im2col(x, *w.shape[2:], *rest), w.ravel().tolist(), len(w)]
            for x, w, *rest in settings
        ]
        answers = call("goesBack", calls)
        for (x, w, *rest), back, times in zip(settings, answers, overlaps, strict=True):
            explorer = Im2colExplorer(x, w, *rest, rows=rows)
            np.testing.assert_allclose(back["data"], explorer.dcol.ravel(), atol=1e-12)
            np.testing.assert_array_equal(times, explorer.overlap.ravel())


# --- Python -------------------------------------------------------------------------


def test_the_properties_are_those_of_cnnlib():
    explorer = Im2colExplorer(X, W, stride=2, pad=1, rows="gradient")
    layer = Convolution(W, np.zeros(3), stride=2, pad=1)
    output = layer.forward(X)
    np.testing.assert_allclose(explorer.output, output)
    np.testing.assert_allclose(explorer.dx, layer.backward(np.ones_like(output)))
    np.testing.assert_array_equal(explorer.col, im2col(X, 3, 3, 2, 1))
    np.testing.assert_array_equal(explorer.product, explorer.col @ explorer.filters)


def test_the_bug_hides_if_the_image_itself_goes_back():
    explorer = Im2colExplorer(X, W, rows="image", accumulate=False)
    np.testing.assert_array_equal(explorer.dx, X)
    explorer.accumulate = True
    np.testing.assert_array_equal(explorer.dx, X * explorer.overlap)
    explorer.rows, explorer.accumulate = "gradient", False
    right = col2im(explorer.dcol, X.shape, 3, 3)
    assert not np.allclose(explorer.dx, right)


def test_missing_axes_are_put_in_front():
    explorer = Im2colExplorer(X[0, 0], W[0, 0])
    assert explorer.images.shape == (1, 1, 4, 4)
    assert explorer.output.shape == (1, 1, 2, 2)
    assert Im2colExplorer(X[0], W[0]).output.shape == (1, 1, 2, 2)


def test_the_state_in_one_line():
    explorer = Im2colExplorer(X, W)
    assert repr(explorer) == (
        "Im2colExplorer: 2x2x4x4, 3 filters 3x3, stride 1, pad 0"
        " -> col 8x18, output 2x3x2x2"
    )
    explorer.W = np.ones((1, 2, 5, 5))
    assert explorer.describe().endswith("-> the filter does not fit")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones(4), W), r"x has shape \(4,\), 1 axes; expected images"),
        ((X, np.ones(4)), r"expected filters \(FN, C, FH, FW\)"),
        ((X, np.ones((2, 3, 3, 3))), r"channel\(s\), but . has [23]; a filter"),
        ((X, np.full((2, 3, 3), np.nan)), r"18 value\(s\) that are NaN"),
        ((X, np.ones((2, 5, 5))), "filter 5x5 does not fit into 4x4"),
        ((X, W, 0), "stride is 0; it must be at least 1"),
        ((np.ones((9, 9, 9)), np.ones((9, 6, 6))), "324 columns; up to 256"),
        ((np.ones((3, 64, 64)), np.ones((3, 1, 1))), r"16,384 pixels; up to 12,000"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Im2colExplorer(*arguments)


# --- the page: forward --------------------------------------------------------------

ROW = 6  # image 1, window (1, 0)
WINDOW = [[i, j] for i in (1, 2, 3) for j in (0, 1, 2)]
POINTED = [
    ("image 1, channel 0", 2, 1),  # the middle of the window
    ("col", ROW, 4),
    ("Product", ROW, 1),
    ("output 1, filter 1", 1, 0),
]


@pytest.mark.parametrize("start", POINTED, ids=lambda start: start[0])
def test_pointing_at_one_of_the_four_lights_the_other_three(shown, start):
    page = shown(Im2colExplorer(X, W, place=(0, 1)))
    cell(page, *start).hover()
    for channel in (0, 1):
        assert marked(page, f"image 1, channel {channel}", "window") == WINDOW
        assert marked(page, f"image 0, channel {channel}", "window") == []
    assert marked(page, "col", "in-row") == [[ROW, q] for q in range(18)]
    assert marked(page, "Filters", "in-column") == [[q, 1] for q in range(18)]
    assert marked(page, "Product", "here") == [[ROW, 1]]
    assert marked(page, "output 1, filter 1", "here") == [[1, 0]]
    assert marked(page, "output 0, filter 1", "here") == []
    answer = Im2colExplorer(X, W).product[ROW, 1]
    assert formula(page).startswith("output[1, 1, 1, 0] = product[6, 1] = col[6] · ")
    assert formula(page).endswith(f" = {answer:g}".replace("-", "−"))


def test_the_grids_hold_what_python_holds(shown):
    explorer = Im2colExplorer(X, W, pad=1, stride=2)
    page = shown(explorer)
    np.testing.assert_array_equal(values(page, "col"), explorer.col)
    np.testing.assert_array_equal(values(page, "Filters"), explorer.filters)
    np.testing.assert_array_equal(values(page, "Product"), explorer.product)
    for n, f in np.ndindex(2, 3):
        shown_map = values(page, f"output {n}, filter {f}")
        np.testing.assert_array_equal(shown_map, explorer.output[n, f])
    assert len(marked(page, "image 0, channel 0", "border")) == 36 - 16


def test_a_weight_lights_its_pixel_and_its_place_in_col(shown):
    page = shown(Im2colExplorer(X, W, place=(ROW, 0)))
    cell(page, "Filters", 9 + 5, 2).hover()  # channel 1, row 1, column 2 of filter 2
    assert marked(page, "image 1, channel 1", "here") == [[2, 2]]
    assert marked(page, "col", "here") == [[ROW, 14]]
    assert marked(page, "Product", "here") == [[ROW, 2]]


def test_a_large_col_is_drawn_page_by_page(shown, rng):
    explorer = Im2colExplorer(rng.integers(0, 9, (8, 8)), np.ones((3, 3)), pad=1)
    page = shown(explorer)
    np.testing.assert_array_equal(values(page, "col"), explorer.col[:24])
    page.get_by_role("button", name="Show the rows after").click()
    np.testing.assert_array_equal(values(page, "col"), explorer.col[24:48])
    assert formula(page).startswith("output[0, 0, 3, 0]")
    cell(page, "output 0, filter 0", 7, 7).hover()
    np.testing.assert_array_equal(values(page, "col"), explorer.col[48:])
    assert marked(page, "col", "in-row") == [[15, q] for q in range(9)]
    cell(page, "col", 0, 0).focus()
    label = cell(page, "col", 0, 0).get_attribute("aria-label")
    assert label.startswith("col row 48, column 0")


def test_numbers_can_be_edited(shown):
    page = shown(Im2colExplorer(X, W))
    cell(page, "image 1, channel 1", 0, 0).dblclick()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    cell(page, "Filters", 17, 2).focus()
    page.keyboard.press("Enter")
    page.keyboard.type("-3")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('[aria-label=Filters]').textContent.endsWith('−3')"
    )
    x, w = X.copy(), W.copy()
    x[1, 1, 0, 0], w[2, 1, 2, 2] = 9, -3
    np.testing.assert_array_equal(values(page, "Product"), Im2colExplorer(x, w).product)


def test_step_walks_through_the_rows_and_is_spoken(shown):
    page = shown(Im2colExplorer(X, W))
    for _ in range(3):
        page.get_by_role("button", name="Step").click()
    assert marked(page, "Product", "here") == [[3, 0]]
    assert page.locator("[aria-live=polite]").text_content() == formula(page)
    cell(page, "Product", 3, 0).focus()
    page.keyboard.press("ArrowDown")
    assert marked(page, "Product", "here") == [[4, 0]]


def test_what_does_not_fit_is_a_message_in_place(shown):
    page = shown(Im2colExplorer(np.ones((2, 2)), np.ones((3, 3)), pad=1))
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    warning = page.get_by_role("alert")
    warning.wait_for()
    assert "filter 3x3 does not fit into 2x2 with pad 0" in warning.inner_text()
    page.get_by_role("button", name="Step").click()
    cell(page, "image 0, channel 0", 1, 1).hover()
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowRight")
    warning.wait_for(state="hidden")
    assert page.get_by_role("grid", name="Product").count() == 1


# --- the page: reverse --------------------------------------------------------------


def test_the_way_back_with_and_without_the_bug(shown):
    explorer = Im2colExplorer(X, W, view="reverse", rows="gradient")
    page = shown(explorer)
    np.testing.assert_array_equal(values(page, "col"), explorer.dcol)
    np.testing.assert_array_equal(values(page, "overlap"), explorer.overlap)
    for accumulate in (True, False):
        explorer.accumulate = accumulate
        page.get_by_label("+=" if accumulate else "=", exact=True).check()
        for n, c in np.ndindex(2, 2):
            dx = values(page, f"dx {n}, channel {c}")
            np.testing.assert_array_equal(dx, explorer.dx[n, c])
    right = col2im(explorer.dcol, X.shape, 3, 3)
    wrong = [list(at) for at in np.argwhere(explorer.dx != right)[:, 2:]]
    found = [
        at
        for n, c in np.ndindex(2, 2)
        for at in marked(page, f"dx {n}, channel {c}", "wrong")
    ]
    assert found == wrong
    note = page.locator(".note").inner_text()
    assert f"With = {len(wrong)} of 64 pixels are wrong" in note
    page.get_by_label("Rows hold").select_option("image")
    assert "this is how the bug hides" in page.locator(".note").inner_text()


def test_pointing_at_a_pixel_lights_all_its_places_in_the_matrix(shown):
    page = shown(Im2colExplorer(X, W, view="reverse", rows="gradient"))
    cell(page, "dx 1, channel 0", 0, 1).hover()
    places = np.zeros((1, 2, 2, 4, 4))[0]
    places[1, 0, 0, 1] = 1
    expected = np.argwhere(im2col(places, 3, 3) == 1).tolist()
    assert marked(page, "col", "window") == expected
    values_back = W.sum(axis=0)[0][[0, 0], [0, 1]]
    text = " + ".join(f"(−{-v:g})" if v < 0 else f"{v:g}" for v in values_back)
    total = f"{values_back.sum():g}".replace("-", "−")
    assert formula(page) == f"dx[1, 0, 0, 1] = {text} = {total} (2 windows)"
    page.get_by_label("=", exact=True).check()
    assert "1 of 2 numbers is lost" in formula(page)
    assert len(marked(page, "col", "here")) == 1
    cell(page, "overlap", 3, 3).hover()
    assert formula(page).startswith("dx[1, 0, 3, 3]")
    cell(page, "col", 0, 0).hover()
    assert formula(page).startswith("dx[0, 0, 0, 0]")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("view", ["forward", "reverse"])
def test_the_ink_can_be_read(shown, dark, view):
    page = shown(Im2colExplorer(X, W, pad=1, view=view), dark=dark)
    assert least_contrast(page) >= 4.5


def test_the_page_is_small_and_larger_images_still_work(shown, rng, tmp_path):
    explorer = Im2colExplorer(rng.random((16, 16)), np.ones((3, 3)))
    assert explorer.to_html(tmp_path / "x.html").stat().st_size < 60_000
    large = Im2colExplorer(rng.random((64, 64)), np.ones((5, 5)))
    page = shown(large, name="large", strict=True)
    cell(page, "image 0, channel 0", 40, 40).hover()
    assert formula(page).startswith("output[0, 0, 38, 38]")


# --- JupyterLab ---------------------------------------------------------------------

LAB = [
    "import numpy as np\nfrom cnnlib.widgets import Im2colExplorer\n"
    "explorer = Im2colExplorer(np.ones((2, 2, 4, 4)), np.ones((3, 2, 3, 3)))\nexplorer",
    "explorer.stride = 2",
]


def test_in_jupyterlab_both_sides_follow_each_other(lab):
    page = lab(LAB)
    page.wait_for_function(
        "document.querySelector('[aria-label=Product]')?.children.length === 2"
    )
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("col2im", exact=True).check()
    page.get_by_label("=", exact=True).check()
    settle(page)
    answer = run_python(
        page,
        "print(explorer.pad, explorer.view, explorer.accumulate, explorer.dx.max())",
    )
    assert answer == "1 reverse False 1.0\n"
