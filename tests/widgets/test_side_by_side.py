"""Several widgets in one notebook do not get into each other's way."""

LAB = [
    "import numpy as np\nfrom cnnlib.widgets import Im2colExplorer, PoolingExplorer\n"
    "pooling = PoolingExplorer(np.eye(4), view='backward')\npooling",
    "unfolding = Im2colExplorer(np.eye(4), np.ones((3, 3)))\nunfolding",
]


def test_radio_buttons_and_labels_belong_to_one_widget(lab):
    page = lab(LAB, wait=".unfolded")
    assert page.get_by_label("backward").is_checked()
    page.get_by_label("col2im", exact=True).check()
    assert page.get_by_label("backward").is_checked()
    ids = page.locator(".cnnlib [id]").evaluate_all("all => all.map((e) => e.id)")
    assert len(set(ids)) == len(ids)
    panels = page.locator(".cnnlib .panel").evaluate_all(
        "all => all.map((e) => getComputedStyle(e).marginBottom)"
    )
    assert set(panels) == {"0px"}  # extensions of Lab have a class of this name
