"""Grids draw what changed and nothing else, and never fall behind."""

import numpy as np

from cnnlib.widgets import ConvolutionExplorer

from .seen import cell, marked, values

BURST = """async () => {
  const output = document.querySelector('[role=grid][aria-label=Output]');
  const slider = [...document.querySelectorAll('input[type=range]')][1];
  let redraws = 0;
  new MutationObserver(() => redraws++).observe(output,
    {subtree: true, childList: true, characterData: true, attributes: true});
  for (let k = 0; k < 60; k++) {
    slider.value = k % 5;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
  }
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  return redraws;
}"""

TOUCHED = """async (act) => {
  const touched = new Set();
  const watch = new MutationObserver((all) => all.forEach((one) =>
    one.target.matches?.(".cell") && touched.add(one.target)));
  watch.observe(document.querySelector(".stage"), {subtree: true, attributes: true});
  const before = new Set(document.querySelectorAll(".cell"));
  const slider = document.querySelectorAll("input[type=range]")[1];
  slider.value = 2;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  const input = document.querySelector("[role=grid][aria-label=Input]");
  const cells = [...input.querySelectorAll(".cell")];
  return [cells.length, cells.filter((one) => before.has(one)).length,
    cells.filter((one) => before.has(one) && touched.has(one)).length];
}"""


def explorer(rng, size=16, **settings):
    return ConvolutionExplorer(rng.random((size, size)), np.ones((3, 3)), **settings)


def test_of_a_burst_of_moves_only_the_last_is_drawn(shown, rng):
    widget = explorer(rng)
    page = shown(widget)
    assert page.evaluate(BURST) == 1
    widget.pad = 4
    np.testing.assert_allclose(values(page, "Output"), widget.output, atol=1e-9)


def test_a_pixel_keeps_its_cell_when_the_padding_grows(shown, rng):
    page = shown(explorer(rng, pad=1))
    cell(page, "Input", 3, 5).focus()  # pixel (2, 4)
    total, kept, touched = page.evaluate(TOUCHED)
    assert (total, kept) == (20 * 20, 18 * 18)
    assert touched <= 20  # the marks; not the 256 pixels
    assert page.evaluate("[document.activeElement.i, document.activeElement.j]") == [
        4,
        6,
    ]
    page.keyboard.press("ArrowDown")
    assert marked(page, "Input", "here") == [[5, 6]]
    assert cell(page, "Input", 4, 6).get_attribute("tabindex") == "-1"


def test_any_sequence_of_sizes_ends_as_if_drawn_anew(shown, rng):
    widget = explorer(rng, size=9)
    page = shown(widget)
    for name, value in [
        ("Padding", 5),
        ("Stride", 2),
        ("Padding", 0),
        ("Dilation", 4),
        ("Padding", 3),
        ("Dilation", 1),
        ("Padding", 1),
    ]:
        slider = page.get_by_label(name, exact=True)
        slider.fill(str(value))
        setattr(widget, {"Padding": "pad"}.get(name, name.lower()), value)
        page.evaluate(
            "new Promise((go) => requestAnimationFrame(() => setTimeout(go)))"
        )
        np.testing.assert_allclose(
            values(page, "Input"), np.pad(widget.x, widget.pad), atol=1e-12
        )
        np.testing.assert_allclose(values(page, "Output"), widget.output, atol=1e-9)
        size = 9 + 2 * widget.pad
        ring = size**2 - 81
        assert len(marked(page, "Input", "border")) == ring
        assert page.locator("[aria-label=Input] [tabindex='0']").count() == 1
