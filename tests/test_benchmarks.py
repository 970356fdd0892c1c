"""Nobody is timed for a wrong result: all contenders compute the same."""

import numpy as np
import pytest

from benchmarks import report
from benchmarks.case import Setup
from benchmarks.catalogue import CASES
from benchmarks.timing import Contender, Result, check_agreement
from benchmarks.torch_worker import TorchWorker, torch_is_installed

COMPARED = [case for case in CASES if not case.name.startswith(("import", "memory"))]


@pytest.fixture(scope="module")
def torch_worker():
    if not torch_is_installed():
        pytest.skip("PyTorch is not installed")
    with TorchWorker() as worker:
        yield worker


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_the_contenders_agree(case):
    contenders = case.build(Setup(tiny=True))
    others = {"book"} if case.book else set()  # a network that the book has not
    assert {"textbook", "fast"} | others == {c.name for c in contenders}
    check_agreement(contenders, case.rtol)


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_pytorch_agrees_with_the_book(case, torch_worker):
    reference = "book" if case.book else "textbook"
    setup = Setup((reference, "PyTorch"), torch_worker, tiny=True)
    check_agreement(case.build(setup), case.rtol)


@pytest.mark.parametrize(
    "name", ["inference", "alexnet", "conv1-forward", "pool-backward"]
)
def test_only_the_book_computes_in_float64(name):
    case = next(case for case in CASES if case.name == name)
    for contender in case.build(Setup(tiny=True)):
        types = {array.dtype.name for array in contender.answer()}
        assert types == {"float64" if contender.name == "book" else "float32"}


def test_a_wrong_result_is_noticed():
    right = Contender("book", None, lambda: [np.arange(6.0)])
    wrong = Contender("fast", None, lambda: [np.arange(6.0) + 0.1])
    with pytest.raises(AssertionError, match="array 0 of fast is not that of book"):
        check_agreement([right, wrong])


def test_a_convolution_of_the_book_needs_the_most_memory():
    case = next(case for case in CASES if case.name == "memory2-forward")
    figures = {c.name: c.measure() for c in case.build(Setup(tiny=True))}
    assert figures["book"] > figures["textbook"]
    assert figures["book"] > figures["fast"]


def test_ratios_are_taken_round_by_round():
    book, fast = Contender("book", None), Contender("fast", None)
    result = Result({book: [8.0, 4.0, 6.0], fast: [2.0, 2.0, 1.0]})
    assert result.ratios(book, fast) == (2.0, 4.0)
    assert result.times(book) == (4.0, 6.0)


def test_the_table_shows_each_variant_of_the_fast_engine_and_its_target():
    case = next(case for case in CASES if case.name == "conv2-forward")
    contenders = [
        Contender("book", None),
        Contender("fast", None),
        Contender("fast", None, variant="batch-last"),
    ]
    figures = dict(zip(contenders, ([0.06], [0.006], [0.004]), strict=True))
    text = report.table([(case, Result(figures))])
    assert "64x16x32x32 -> 32x3x3, batch-last | 60.0 ms |  | 4.00 ms" in text
    assert "**15.0** (15.0) target 12" in text
    assert "**10.0** (10.0) target 12" in text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (42.123, "s", "42.1 s"),
        (0.00456, "s", "4.56 ms"),
        (0.456, "s", "456 ms"),
        (3.2e-6, "s", "3.20 us"),
        (12_345_678, "B", "12.3 MB"),
        (0, "B", "0.00 B"),
    ],
)
def test_amounts_have_three_digits(value, unit, text):
    assert report.amount(value, unit) == text
