"""The gallery: all six widgets on one page, each as it is on its own."""

import pytest

from cnnlib import widgets
from cnnlib.widgets.gallery import WIDGETS, gallery

SIX = {name for name in vars(widgets) if name[0].isupper()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("gallery")
    assert gallery(place) == place / "index.html"
    return place


def test_there_is_a_page_for_each_and_one_for_all(folder):
    assert {path.stem for path in folder.iterdir()} == SIX | {"index"}
    assert len(SIX) == len(WIDGETS) == 6


def test_pages_without_weights_are_small(folder):
    sizes = {path.stem: path.stat().st_size for path in folder.iterdir()}
    small = SIX - {"DigitPad"}
    assert {name for name in small if sizes[name] > 60_000} == set()


def test_all_six_run_on_one_page_and_look_as_on_their_own(folder, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda request: faults.append(request.url))
    index = (folder / "index.html").as_uri()
    page.goto(index)
    page.wait_for_function("document.querySelectorAll('.cnnlib').length === 6")
    page.wait_for_function(
        "[...document.querySelectorAll('.verdict')].every(n => n.textContent)"
    )
    together = page.locator(".cnnlib").evaluate_all(HEIGHTS)
    assert [fault for fault in faults if fault != index] == []
    alone = {}
    for name in SIX:
        page.goto((folder / f"{name}.html").as_uri())
        page.wait_for_selector(".cnnlib")
        alone |= dict(page.locator(".cnnlib").evaluate_all(HEIGHTS))
    page.close()
    assert dict(together) == pytest.approx(alone, abs=2)


HEIGHTS = """(all) => all.map((node) =>
  [node.getAttribute("aria-label"), node.getBoundingClientRect().height])"""
