"""ShapeCalculator: its arithmetic against cnnlib.architectures, and its table."""

from dataclasses import replace

import numpy as np
import pytest

from cnnlib import architectures
from cnnlib.architectures import (
    ALEXNET,
    ALEXNET_TWO_GPUS,
    LENET5,
    LENET5_PAPER,
    SIMPLE_CONVNET,
    VGG16,
    Architecture,
    LayerTable,
    Row,
)
from cnnlib.architectures.kinds import KINDS
from cnnlib.widgets import ShapeCalculator
from cnnlib.widgets.shapes import LONGEST, to_architecture, to_stack

from .seen import least_contrast, run_python

BRANCHES = Architecture(
    "branches",
    (3, 16, 16),
    [
        Row("Conv1", "convolution", filters=8, window=3, pad="same"),
        Row("Conv2", "convolution", filters=8, window=3, pad=((0, 2), (1, 1))),
        Row("Add", "add", after=("Conv1", "Conv2")),
        Row("Side", "convolution", filters=4, window=1, bias=False),
        Row("Both", "concat", after=("Side", "Add")),
        Row("Table", "sparse convolution", window=3, sees=((0, 1), (11,))),
        Row("Drop", "dropout", ratio=0.3),
        Row("Out", "affine", units=np.int64(10)),
    ],
)


def random_row(rng, number, names):
    """Draw a row that may well be impossible; whole or not, fitting or not."""

    def some(*values):
        return values[rng.integers(len(values))]

    kind = some(*sorted(KINDS), *["convolution"] * 8, *["max pooling"] * 4)
    many = kind in ("add", "concat") or rng.random() < 0.05
    after = tuple(some(*names) for _ in range(2)) if many and len(names) else ()
    return Row(
        f"row {number}" if rng.random() < 0.9 else f"it's {number}",
        kind if rng.random() < 0.98 else "wolution",
        filters=some(2, 4, 6, 6, None),
        window=some(1, 2, 3, 3, 5, 7, 0, None),
        stride=some(None, None, None, 1, 1, 2, 3, (1, 2), 1.5, -1),
        pad=some(0, 0, 1, 1, 2, "same", "full", "round", (1, 0), ((0, 1), (1, 2)), -1),
        units=some(3, 10, None),
        groups=some(1, 1, 1, 2, 3),
        dilation=some(1, 1, 1, 2, (1, 2)),
        bias=some(True, True, False),
        sees=some(((0, 1), (1,)), None, ((0,), ()), ((0, 9),)),
        after=after,
    )


def random_architecture(rng):
    rows = []
    for number in range(rng.integers(1, 9)):
        names = ["input", *(row.name for row in rows)]
        names += ["nobody"] if rng.random() < 0.1 else []
        rows.append(random_row(rng, number, names))
    input_dim = tuple(int(n) for n in rng.integers(1, [5, 40, 40]))
    return Architecture("by chance", input_dim, rows)


MODERN = [architectures.VGG16, architectures.RESNET20, architectures.GOOGLENET]
FAMOUS = [LENET5, LENET5_PAPER, ALEXNET, ALEXNET_TWO_GPUS, SIMPLE_CONVNET, BRANCHES]


# --- the script against cnnlib.architectures ----------------------------------------


def test_the_script_counts_as_cnnlib_over_random_stacks(mathematics):
    rng = np.random.default_rng(11)
    networks = FAMOUS + MODERN + [random_architecture(rng) for _ in range(400)]
    calls = [[to_stack(network)] for network in networks]
    tables = mathematics(ShapeCalculator)("layerTable", calls)
    possible, sentences = 0, set()
    for network, lines in zip(networks, tables, strict=True):
        table = LayerTable(network)
        assert [line["problem"] for line in lines] == [line.problem for line in table]
        for found, line in zip(lines, table, strict=True):
            sentences.add(" ".join(line.problem.split()[:2]))
            if line.problem:
                continue
            possible += 1
            assert tuple(found["shape"]) == line.shape
            assert found["parameters"] == line.parameters
            assert found["multiplyAdds"] == line.multiply_adds
            assert tuple(found["sees"]) == line.sees
            assert found["step"] == line.step
            assert found["note"] == line.note
            assert tuple(found["view"]) == line.view(line.middle)
    assert possible > 400
    assert len(sentences) > 15  # most of the ways to be impossible came up


def test_the_script_knows_every_kind(mathematics):
    assert mathematics(ShapeCalculator)("kinds", [[]]) == [sorted(KINDS)]


def test_the_script_changes_rows_without_touching_the_old_stack(mathematics):
    call, stack = mathematics(ShapeCalculator), to_stack(SIMPLE_CONVNET)
    (added,) = call("addRow", [[stack, 2, "convolution"]])
    assert [row["name"] for row in added["rows"]][2:5] == ["Pool1", "Conv2", "Affine1"]
    assert to_architecture(added)["Conv2"].window == 3
    (moved,) = call("moveRow", [[stack, 0, 1]])
    assert [row["name"] for row in moved["rows"]][:2] == ["Relu1", "Conv1"]
    assert call("moveRow", [[stack, 0, -1], [stack, 5, 1]]) == [stack, stack]
    (removed,) = call("removeRow", [[stack, 1]])
    assert len(removed["rows"]) == 5
    (other,) = call("setKind", [[stack, 0, "max pooling"]])
    assert other["rows"][0] == {"name": "Conv1", "kind": "max pooling", "window": 5}
    (renamed,) = call("rename", [[to_stack(BRANCHES), 0, "First"]])
    assert to_architecture(renamed)["Add"].after == ("First", "Conv2")
    assert call("rename", [[stack, 0, "Pool1"], [stack, 0, "input"]]) == [None, None]


# --- Python -------------------------------------------------------------------------


@pytest.mark.parametrize("network", FAMOUS + MODERN, ids=lambda network: network.name)
def test_a_network_comes_back_as_it_was(network):
    calculator = ShapeCalculator(network)
    assert calculator.architecture == network
    assert calculator.table.parameters == LayerTable(network).parameters


def test_another_network_can_be_assigned():
    calculator = ShapeCalculator()
    assert calculator.architecture == LENET5
    calculator.architecture = ALEXNET
    assert calculator.table.parameters == 62_378_344
    with pytest.raises(TypeError, match="expected an Architecture"):
        calculator.architecture = [Row("C1", "convolution")]


def test_the_menu_has_every_network_that_is_not_too_long():
    names = {stack["name"] for stack in ShapeCalculator().catalogue}
    published = [getattr(architectures, name) for name in architectures.__all__]
    networks = [one for one in published if isinstance(one, Architecture)]
    assert names == {one.name for one in networks if len(one.rows) <= LONGEST}
    assert {one.name for one in FAMOUS} - names == {"branches"}


def test_the_state_in_one_line():
    assert repr(ShapeCalculator(SIMPLE_CONVNET)) == (
        "ShapeCalculator: SimpleConvNet: 1x28x28 -> 10 in 6 rows, "
        "433,890 parameters, 865,000 multiply-adds"
    )
    calculator = ShapeCalculator(SIMPLE_CONVNET.with_row("Pool1", window=99))
    assert calculator.describe() == (
        "SimpleConvNet: 1x28x28, 6 rows, impossible: Pool1, Affine1, Relu2, Affine2"
    )
    empty = ShapeCalculator(Architecture("empty", (1, 4, 4), []))
    assert empty.describe().startswith("empty: 1x4x4 -> 1x4x4 in 0 rows, 0 parameters")


def with_pad(pad):
    return SIMPLE_CONVNET.with_row("Conv1", pad=pad)


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        (None, "architecture is a NoneType; expected an Architecture"),
        (LENET5.with_input((28, 28)), r"input_dim is \(28, 28\); expected \(C, H, W\)"),
        (LENET5.with_input((1, 0, 28)), "input_dim is 0; it must be at least 1"),
        (with_pad({1}), r"pad of row 'Conv1' is \{1\} \(set\); expected numbers"),
        (with_pad(np.nan), r"pad of row 'Conv1' is nan \(float\)"),
    ],
)
def test_bad_input_gets_a_sentence(architecture, words):
    with pytest.raises((TypeError, ValueError), match=words):
        ShapeCalculator(architecture)


def test_an_image_must_be_one():
    with pytest.raises(ValueError, match=r"image has shape \(3,\)"):
        ShapeCalculator(image=np.ones(3))


# --- the page -----------------------------------------------------------------------

RESULTS = """() => [...document.querySelectorAll('.stack tbody tr:not(.words)')].map(
  (row) => [row.querySelector('.name').value,
    ...[...row.querySelectorAll('.result')].map((cell) => cell.textContent)])"""
PROBLEMS = """() => [...document.querySelectorAll('.stack .words.impossible')]
  .map((row) => row.textContent)"""


def expected_results(network):
    def by(shape):
        return " × ".join(map(str, shape))

    def count(number):
        return f"{number:,}" if number else ""

    return [
        [
            line.name,
            by(line.shape),
            count(line.parameters),
            count(line.multiply_adds),
            by(line.sees),
        ]
        for line in LayerTable(network)
    ]


def assert_shows(page, network):
    assert page.evaluate(RESULTS) == expected_results(network)
    total = page.locator(".stack .total").inner_text()
    assert f"{LayerTable(network).parameters:,}" in total
    assert f"{LayerTable(network).multiply_adds:,}" in total


def field(page, label, row):
    return page.get_by_label(f"{label} of row {row}", exact=True)


@pytest.mark.parametrize("network", FAMOUS + MODERN, ids=lambda network: network.name)
def test_the_table_shows_what_python_computes(shown, network):
    assert_shows(shown(ShapeCalculator(network), strict=True), network)


def test_famous_networks_can_be_loaded_in_the_page(shown):
    page = shown(ShapeCalculator())
    for network in (ALEXNET, ALEXNET_TWO_GPUS, SIMPLE_CONVNET, LENET5_PAPER, LENET5):
        page.get_by_label("Load").select_option(network.name)
        assert_shows(page, network)
    page.get_by_label("Load").select_option("an empty stack")
    assert page.evaluate(RESULTS) == []
    assert "add a row" in page.locator(".about").inner_text()


def test_typing_changes_all_that_follows(shown):
    page = shown(ShapeCalculator(LENET5))
    field(page, "Filters", 1).fill("12")
    field(page, "Stride", 3).fill("")
    field(page, "Pad", 4).fill("2")
    network = LENET5.with_row("C1", filters=12).with_row("S2", stride=None)
    network = network.with_row("C3", pad=2)
    assert_shows(page, network)
    field(page, "Filters", 1).press("ArrowUp")  # the keys of a number field
    assert_shows(page, network.with_row("C1", filters=13))
    for label, size in [("Channels", 3), ("Height", 32), ("Width", 40)]:
        page.get_by_label(f"Input {label}").fill(str(size))
    network = network.with_row("C1", filters=13).with_input((3, 32, 40))
    assert_shows(page, network)


def test_rows_are_added_moved_renamed_and_removed_by_keys(shown):
    page = shown(ShapeCalculator(SIMPLE_CONVNET))
    rows = list(SIMPLE_CONVNET.rows)
    page.get_by_label("Name of row 3").focus()  # the pooling is chosen now
    page.get_by_label("New row").select_option("convolution")
    page.get_by_role("button", name="Add a row").press("Enter")
    rows.insert(3, Row("Conv2", "convolution", filters=8, window=3))
    assert_shows(page, replace(SIMPLE_CONVNET, rows=rows))
    page.get_by_role("button", name="Move row 4 up").press("Enter")
    rows[2], rows[3] = rows[3], rows[2]
    assert_shows(page, replace(SIMPLE_CONVNET, rows=rows))
    page.keyboard.press("Enter")  # the focus went along with the row
    rows[1], rows[2] = rows[2], rows[1]
    assert_shows(page, replace(SIMPLE_CONVNET, rows=rows))
    page.get_by_label("Name of row 2").fill("Second")
    page.keyboard.press("Enter")
    rows[1] = replace(rows[1], name="Second")
    page.get_by_role("button", name="Remove row 3").click()
    del rows[2]
    assert_shows(page, replace(SIMPLE_CONVNET, rows=rows))
    page.get_by_label("Kind of row 3").select_option("average pooling")
    assert_shows(
        page,
        replace(SIMPLE_CONVNET, rows=rows).with_kind("max pooling", "average pooling"),
    )


def test_an_impossible_row_says_why_in_the_words_of_python(shown):
    page = shown(ShapeCalculator(LENET5))
    field(page, "Window", 4).fill("17")
    network = LENET5.with_row("C3", window=17)
    problems = [f"⚠ {text}" for text in LayerTable(network).problems.values()]
    assert page.evaluate(PROBLEMS) == problems
    assert "filter 17x17 does not fit into 14x14" in problems[0]
    for text in ("", "0", "2.5", "-3"):
        field(page, "Window", 4).fill(text)
        value = float(text) if "." in text else int(text) if text else None
        table = LayerTable(LENET5.with_row("C3", window=value))
        problems = [f"⚠ {text}" for text in table.problems.values()]
        assert page.evaluate(PROBLEMS) == problems
        assert len(problems) == 8
    field(page, "Window", 4).fill("5")
    assert_shows(page, LENET5)
    field(page, "Window", 4).press("Control+a")
    page.keyboard.type("-5")  # after the minus the field holds no number yet
    assert "window is -5; it must be at least 1" in page.evaluate(PROBLEMS)[0]


def test_what_is_possible_but_perhaps_not_wanted_is_noted(shown):
    page = shown(ShapeCalculator(SIMPLE_CONVNET.with_row("Conv1", stride=2)))
    (note,) = LayerTable(SIMPLE_CONVNET.with_row("Conv1", stride=2)).notes.values()
    assert page.get_by_text(f"Note: {note}").count() == 1


def test_a_name_twice_and_a_giant_are_refused_in_place(shown):
    page = shown(ShapeCalculator(LENET5))
    name = page.get_by_label("Name of row 1", exact=True)
    for text, words in [("S2", "two rows are called 'S2'"), ("", "needs a name")]:
        name.fill(text)
        name.press("Enter")
        assert words in page.get_by_role("alert").inner_text()
        assert name.input_value() == "C1"
    field(page, "Pad", 1).fill("99999999")
    assert "up to 4096 can be drawn here" in page.get_by_role("alert").inner_text()
    page.get_by_label("Input Height").fill("0")
    assert "input_dim is 0; it must be at least 1" in (
        page.get_by_role("alert").inner_text()
    )
    page.keyboard.press("Tab")
    assert page.get_by_label("Input Height").input_value() == "28"
    assert_shows(page, LENET5)


def test_branches_and_tables_are_shown_and_can_not_be_edited(shown):
    page = shown(ShapeCalculator(BRANCHES))
    text = page.locator(".stack").inner_text()
    for words in (
        "after Conv1, Conv2",
        "no bias",
        "ratio 0.3",
        "same",
        "((0, 2), (1, 1))",
    ):
        assert words in text
    assert page.get_by_label("Kind of row 3").count() == 0
    assert field(page, "Pad", 1).count() == 0
    page.get_by_label("Name of row 1").fill("First")
    page.keyboard.press("Tab")
    assert "after First, Conv2" in page.locator(".stack").inner_text()
    assert page.evaluate(PROBLEMS) == []
    page.get_by_role("button", name="Remove row 2").click()
    assert (
        "it comes after 'Conv2', and no row above is called so"
        in (page.evaluate(PROBLEMS)[0])
    )


def test_seldom_columns_can_be_opened(shown):
    page = shown(ShapeCalculator(LENET5))
    assert not field(page, "Dilation", 1).is_visible()
    page.get_by_role("button", name="Show the columns for dilation").click()
    field(page, "Dilation", 4).fill("2")
    field(page, "Groups", 4).fill("2")
    assert_shows(page, LENET5.with_row("C3", dilation=2, groups=2))
    assert field(shown(ShapeCalculator(ALEXNET_TWO_GPUS)), "Groups", 5).is_visible()


def test_the_receptive_field_is_drawn_and_told(shown):
    page = shown(ShapeCalculator(LENET5, image=np.eye(28)))
    page.get_by_label("Name of row 6").focus()
    line = LayerTable(LENET5)["S4"]
    top, left, height, width = line.view(line.middle)
    told = page.locator(".about").inner_text()
    assert f"rows {top} to {top + height - 1}" in told
    assert f"{height} × {width} of 28 × 28 pixels" in told
    assert page.locator("canvas").get_attribute("aria-label") == told
    assert page.locator("[aria-live=polite]").text_content() == told
    before = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.locator(".stack tbody tr").nth(0).hover()
    assert "C1 sees" in page.locator(".about").inner_text()
    assert page.evaluate("document.querySelector('canvas').toDataURL()") != before


def test_the_picture_is_drawn_once_it_stands_in_the_page(shown):
    """JupyterLab builds what is out of sight apart from the page, with no colours."""
    page = shown(ShapeCalculator(LENET5))
    picture = "() => document.querySelector('canvas').toDataURL()"
    drawn = page.evaluate(picture)
    hide = "(shown) => { document.querySelector('section').hidden = !shown; }"
    page.evaluate(hide, False)
    page.wait_for_function("() => !document.querySelector('section').offsetWidth")
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => go()))")
    blank = page.evaluate(
        """() => {
          const canvas = document.querySelector("canvas");
          canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
          return canvas.toDataURL();
        }"""
    )
    page.evaluate(hide, True)
    assert blank != drawn
    page.wait_for_function(f"(drawn) => ({picture})() === drawn", arg=drawn)


@pytest.mark.parametrize("width", [1000, 1120, 1230, 1400])
def test_no_column_is_cut_in_a_wide_window(shown, width):
    page = shown(ShapeCalculator(VGG16), width=width)
    scroller = page.locator(".scroller")
    assert scroller.evaluate("node => node.scrollWidth - node.clientWidth") <= 1


def test_all_fields_have_names(shown):
    page = shown(ShapeCalculator(ALEXNET_TWO_GPUS))
    names = page.locator("input, select, button").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label') ?? e.labels[0]?.textContent)"
    )
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("dark", [False, True])
def test_the_ink_can_be_read(shown, dark):
    network = LENET5.with_row("C3", window=99).with_row("S2", stride=3)
    page = shown(ShapeCalculator(network), dark=dark)
    assert least_contrast(page) >= 4.5


def test_the_page_is_small_and_fits_a_narrow_screen(shown, tmp_path):
    calculator = ShapeCalculator()
    assert calculator.to_html(tmp_path / "x.html").stat().st_size < 60_000
    page = shown(calculator, width=800)
    fits = "(e) => e.scrollWidth <= e.clientWidth"
    assert page.locator(".calculator .scroller").evaluate(fits)
    assert page.locator("body").evaluate(fits)


# --- JupyterLab ---------------------------------------------------------------------

LAB = [
    "from cnnlib.widgets import ShapeCalculator\n"
    "from cnnlib.architectures import SIMPLE_CONVNET, LENET5\n"
    "calculator = ShapeCalculator(SIMPLE_CONVNET)\ncalculator",
    "calculator.architecture = LENET5",
]


def test_in_jupyterlab_both_sides_follow_each_other(lab):
    page = lab(LAB)
    page.wait_for_function("document.querySelector('.name')?.value === 'C1'")
    assert_shows(page, LENET5)
    field(page, "Filters", 1).fill("12")
    page.get_by_role("button", name="Remove row 2").click()
    page.get_by_label("Name of row 1", exact=True).fill("dd")  # commands of Lab
    page.keyboard.press("Enter")
    for _ in range(20):  # a change waits until the kernel has answered the one before
        if run_python(page, "print(calculator.architecture.rows[0].name)") == "dd\n":
            break
    code = "print(calculator.architecture['dd'].filters, calculator.describe())"
    answer = run_python(page, code)
    first, _, *rest = LENET5.rows
    network = replace(LENET5, rows=[replace(first, filters=12, name="dd"), *rest])
    assert answer == f"12 {ShapeCalculator(network).describe()}\n"
    assert page.evaluate("window.panel.content.widgets.length") == len(LAB)
    page.get_by_role("button", name="Remove row 2").press("Enter")
    run_python(page, "print(calculator)")
    assert page.evaluate("document.activeElement.dataset.key") == "1 remove"
