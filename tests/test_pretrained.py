"""The shipped network does what the README says of it."""

import re
from pathlib import Path

import pytest

from cnnlib import SimpleConvNet, load_mnist

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.mark.requires_mnist
@pytest.mark.parametrize("engine", ["fast", "textbook"])
def test_its_accuracy_is_the_one_that_the_readme_states(engine):
    stated = re.search(
        r"\*\*([\d.]+) %\*\* of the 10,000 test images", README.read_text("utf-8")
    )
    _, (x_test, t_test) = load_mnist()
    accuracy = SimpleConvNet.pretrained(engine).accuracy(x_test, t_test)
    assert len(x_test) == 10_000
    assert f"{accuracy:.2%}" == f"{stated[1]}%"
    assert 0.987 <= accuracy <= 0.992


def test_it_needs_no_data_and_is_not_shared():
    first, second = SimpleConvNet.pretrained(), SimpleConvNet.pretrained()
    first.params["W1"][...] = 0
    assert second.params["W1"].std() > 0.01
