"""Networks since 2014: described, counted, folded in print, nested into blocks, run."""

import numpy as np
import pytest

from cnnlib import Add, Concat, Residual, Sequential, architectures, gradient_check
from cnnlib.architectures import (
    ALEXNET_2014,
    GOOGLENET,
    GOOGLENET_TORCHVISION,
    ILSVRC,
    IMAGENET_ACCURACY,
    LENET5,
    RESNET18,
    RESNET20,
    RESNET20_PROJECTIONS,
    RESNET34,
    RESNET50,
    RESNET50_TORCHVISION,
    RESNET152,
    VGG16,
    Architecture,
    LayerTable,
    Row,
    build,
    cifar_resnet,
    inception,
    modern,
    residual,
    resnets,
)
from cnnlib.networks.composite import leaves

ALL = {
    name: network
    for name, network in vars(architectures).items()
    if name in (*modern.__all__, *resnets.__all__) and isinstance(network, Architecture)
}


# --- counts ------------------------------------------------------------------------


def test_by_hand_what_one_block_costs():
    """Bottleneck of ResNet-50's first stage, and inception 3a, as the papers draw."""
    table = LayerTable(RESNET50)
    block = [line for line in table if line.name.startswith("Stage2.2")]
    weights = 256 * 64 + 64 * 64 * 9 + 64 * 256
    assert sum(line.parameters for line in block) == weights + 2 * (64 + 64 + 256)
    assert sum(line.multiply_adds for line in block) == weights * 56 * 56
    table = LayerTable(GOOGLENET)
    block = [line for line in table if line.name.startswith("Inception3a")]
    weights = 192 * 64 + 192 * 96 + 96 * 128 * 9 + 192 * 16 + 16 * 32 * 25 + 192 * 32
    biases = 64 + 96 + 128 + 16 + 32 + 32
    assert sum(line.parameters for line in block) == weights + biases == 163_696
    assert sum(line.multiply_adds for line in block) == weights * 28 * 28


def test_where_the_stride_is_changes_the_work_and_not_the_parameters():
    paper, today = LayerTable(RESNET50), LayerTable(RESNET50_TORCHVISION)
    assert paper.parameters == today.parameters
    moved = [
        64 * 2**i * (256 * 2 ** (i - 1)) * (56 // 2 ** (i - 1)) ** 2 * 3 // 4
        for i in (1, 2, 3)
    ]
    assert today.multiply_adds - paper.multiply_adds == sum(moved)


def test_shapes_of_the_stages():
    for network in (RESNET18, RESNET50, RESNET152):
        table = LayerTable(network)
        sides = [table[f"Stage{stage}.1"].shape[1] for stage in (2, 3, 4, 5)]
        assert sides == [56, 28, 14, 7]
    table = LayerTable(GOOGLENET)
    outputs = {line.name[9:]: line.shape for line in table if line.kind == "concat"}
    channels = [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert [shape[0] for shape in outputs.values()] == channels
    assert [shape[1] for shape in outputs.values()] == [28, 28, *[14] * 5, 7, 7]


def test_published_receptive_fields():
    """Araujo, Norris & Sim, "Computing receptive fields", Distill (2019)."""
    assert LayerTable(RESNET18)["Stage5.2"].sees == (435, 435)
    assert LayerTable(RESNET18)["Stage5.2"].step == 32
    assert LayerTable(RESNET34)["Stage5.3"].sees == (899, 899)
    assert LayerTable(VGG16)["Pool5"].sees == (212, 212)


def test_depth_counts_layers_with_weights():
    """All on the longest way: shortcuts are not counted."""
    for network, depth in [(VGG16, 16), (RESNET18, 18), (RESNET34, 34), (RESNET50, 50),
                           (RESNET152, 152), (RESNET20, 20)]:  # fmt: skip
        weighted = [
            row
            for row in network.rows
            if row.kind in ("convolution", "affine") and "Shortcut" not in row.name
        ]
        assert len(weighted) == depth


def test_shortcuts_of_the_small_network():
    zeros, projections = LayerTable(RESNET20), LayerTable(RESNET20_PROJECTIONS)
    plain = LayerTable(cifar_resnet(20, shortcut=None))
    assert zeros.parameters == plain.parameters
    assert zeros.multiply_adds == plain.multiply_adds
    extra = 16 * 32 + 32 * 64 + 2 * (32 + 64)
    assert projections.parameters - zeros.parameters == extra
    assert not [row for row in plain.architecture.rows if row.kind == "add"]


def test_nothing_is_impossible_and_the_notes_are_true():
    for name, network in ALL.items():
        table = LayerTable(network)
        assert not table.problems, name
        strided = {
            row.name
            for row in network.rows
            if row.window == 1 and (row.stride or 1) > 1
        }
        assert set(table.notes) == strided, name
        for row in strided:
            assert table[row].note == "a 1x1 window with stride 2 sees 1 of 4 pixels"


# --- results -----------------------------------------------------------------------


def test_results_are_of_networks_that_are_described():
    assert set(IMAGENET_ACCURACY) <= set(ALL)
    for top1, top5 in IMAGENET_ACCURACY.values():
        assert 0.5 < top1 < top5 < 1
    winners = [result for result in ILSVRC if result.won]
    assert [result.year for result in winners] == list(range(2010, 2016))
    errors = [result.error for result in winners]
    assert errors == sorted(errors, reverse=True)
    assert all(result.source for result in ILSVRC)


# --- print -------------------------------------------------------------------------


@pytest.mark.parametrize("network", ALL.values(), ids=list(ALL))
def test_a_long_table_is_short_in_print(network):
    lines = str(LayerTable(network)).splitlines()
    assert len(lines) <= 42
    assert max(map(len, lines)) <= 117
    names = [line.split()[0] for line in lines]
    totals = lines[-1].replace(",", "").split()[1:]
    table = LayerTable(network)
    assert [int(total) for total in totals] == [table.parameters, table.multiply_adds]
    assert len(set(names)) >= len(names) - str(table).count("note:")


def test_folded_numbers_add_up_to_the_totals():
    for network in (RESNET152, GOOGLENET):
        table = LayerTable(network)
        *lines, total = table.text("parameters").replace(",", "").splitlines()[3:]
        found = [line.split()[-1] for line in lines if "note:" not in line]
        numbers = [int(word) for word in found if "x" not in word]
        assert sum(numbers) == int(total.split()[-1]) == table.parameters


def test_a_fold_says_what_is_in_it():
    text = str(LayerTable(RESNET152))
    assert "Stage4.2 to 36  35 x add of 1x1-3x3-1x1 " in text
    assert "Stage4.1        add of 1x1-3x3-1x1 | 1x1 " in text
    assert "concat of 1x1 | 1x1-3x3 | 1x1-5x5 | pool-1x1" in str(LayerTable(GOOGLENET))
    table = LayerTable(cifar_resnet(8))
    assert "Stage1.1.Conv1" in str(table)
    folded = table.text("parameters", fold=True)
    assert "Stage1.1.Conv1" not in folded
    assert "Stage1.1" in folded
    assert len(LayerTable(RESNET18).text(fold=False).splitlines()) == 68 + 4 + 3


def test_blocks_that_differ_are_not_folded_together():
    rows = [Row("Conv1", "convolution", filters=4, window=3, pad=1)]
    for number, filters in enumerate((2, 2, 3), start=1):
        path = [(filters, 1, 1), (4, 3, 1)]
        rows += residual(f"B.{number}", rows[-1].name, path, "identity")
    text = LayerTable(Architecture("three", (4, 8, 8), rows)).text(fold=True)
    assert [line.split()[0] for line in text.splitlines()[3:]] == [
        "Conv1", "B.1", "B.3", "total"
    ]  # fmt: skip
    assert "B.1 to 2   2 x add of 1x1-3x3" in text


def test_an_impossible_block_is_told():
    table = LayerTable(GOOGLENET.with_input((3, 8, 8)).with_row("Pool3", pad=3))
    text = str(table)
    assert text.count("IMPOSSIBLE") == 1
    assert "nothing but padding" in text


# --- nesting -----------------------------------------------------------------------


def test_residual_networks_become_blocks():
    network = build(cifar_resnet(8, width=4), rng=0)
    assert list(network.layers) == [
        "Conv1", "Norm1", "Relu1", "Stage1.1", "Stage1.1.Relu", "Stage2.1",
        "Stage2.1.Relu", "Stage3.1", "Stage3.1.Relu", "Mean", "Affine",
    ]  # fmt: skip
    first, second = network.layers["Stage1.1"], network.layers["Stage2.1"]
    assert type(first) is type(second) is Residual
    assert list(first.branches["main"].layers) == [
        f"Stage1.1.{name}" for name in ("Conv1", "Norm1", "Relu1", "Conv2", "Norm2")
    ]
    assert not first.branches["shortcut"].layers
    assert list(second.branches["shortcut"].layers) == [
        "Stage2.1.Shortcut", "Stage2.1.Zeros"
    ]  # fmt: skip


def test_inception_becomes_a_concat_of_four():
    rows = inception("Block", "input", (2, 1, 3, 1, 2, 1))
    network = build(Architecture("one", (3, 6, 6), rows), rng=0)
    block = network.layers["Block"]
    assert type(block) is Concat
    assert list(block.branches) == ["1: 1x1", "2: 3x3in", "3: 5x5in", "4: Pool"]
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    assert block.forward(x).shape == (2, 2 + 3 + 2 + 1, 6, 6)
    assert gradient_check(block, x).passed


def test_blocks_in_blocks_and_sums_of_three():
    def tanh(name, *after):
        return Row(name, "tanh", after=after)

    rows = [
        tanh("A"),
        tanh("B1", "A"),
        tanh("B2", "A"),
        Row("Inner", "add", after=("B1", "B2")),
        tanh("C", "Inner"),
        Row("Outer", "concat", after=("A", "C")),
        tanh("D1", "Outer"),
        tanh("D2", "Outer"),
        Row("Sum", "add", after=("D1", "Outer", "D2")),
        Row("Twice", "add", after=("Sum", "Sum")),
    ]
    network = build(Architecture("nested", (1, 2, 2), rows))
    assert list(network.layers) == ["A", "Outer", "Sum", "Twice"]
    assert type(network.layers["Sum"]) is Add
    inner = network.layers["Outer"].branches["2: Inner"].layers["Inner"]
    assert type(inner) is Residual
    x = np.random.default_rng(0).random((3, 1, 2, 2))
    a = np.tanh(x)
    outer = np.concatenate([a, np.tanh(2 * np.tanh(a))], axis=1)
    expected = 2 * (outer + 2 * np.tanh(outer))
    np.testing.assert_allclose(network.forward(x), expected, rtol=1e-5)


def test_what_can_not_be_nested_is_told():
    rows = [Row("A", "relu"), Row("B", "relu", after=("A",))]
    lost = Architecture("lost", (1, 4, 4), [*rows, Row("C", "relu", after=("A",))])
    with pytest.raises(ValueError, match="row 'B' of lost leads nowhere: no row below"):
        build(lost)
    rows += [Row("C", "add", after=("A", "B")), Row("D", "add", after=("B", "C"))]
    crossed = Architecture("crossed", (1, 4, 4), rows)
    with pytest.raises(ValueError, match="row 'B' of crossed would stand in two branc"):
        build(crossed)
    assert LayerTable(crossed)["D"].shape == (1, 4, 4)


def test_a_row_is_drawn_the_same_whatever_stands_around_it():
    """Rows draw their weights in order, so a shortcut changes no other weight."""
    plain, short = (
        build(cifar_resnet(8, kind, width=4), rng=3) for kind in (None, "zeros")
    )
    assert plain.params.keys() == short.params.keys()
    for name, array in plain.params.items():
        np.testing.assert_array_equal(array, short.params[name])


def test_shapes_leave_out_what_is_inside_of_branches():
    shapes = LayerTable(GOOGLENET).shapes()
    assert [name for name in shapes if "." in name] == []
    assert shapes["Inception3a"] == (256, 28, 28)
    assert list(shapes)[-2:] == ["Mean", "Affine"]
    blocks = [name for name in LayerTable(RESNET50).shapes() if "Stage" in name]
    assert len(blocks) == 3 + 4 + 6 + 3
    assert set(shapes) - {"image"} <= {row.name for row in GOOGLENET.rows}


# --- running -----------------------------------------------------------------------


SMALL = {name: (3, 64, 64) for name in ALL if "TORCHVISION" not in name}
SMALL |= {"VGG16": (3, 32, 32), "GOOGLENET_TORCHVISION": (3, 32, 32)}
SMALL |= {"RESNET20": (3, 32, 32), "RESNET20_PROJECTIONS": (3, 32, 32)}
SMALL |= {"RESNET50_TORCHVISION": (3, 32, 32)}


@pytest.mark.parametrize("name", SMALL)
def test_it_is_built_and_runs(name):
    """With the parameters and shapes that its table says."""
    network = ALL[name].with_input(SMALL[name])
    for row in network.rows:
        if row.kind == "affine" and row.units == 4096:  # VGG's would take 0.5 GB
            network = network.with_row(row.name, units=50)
    table = LayerTable(network)
    built = build(network, rng=1)
    assert sum(p.size for p in built.params.values()) == table.parameters
    rows = [row for row in network.rows if row.kind not in ("add", "concat")]
    assert len(list(leaves(built))) == len(rows)
    x = np.random.default_rng(0).random((2, *SMALL[name]), dtype=np.float32)
    for key, layer in built.layers.items():
        x = layer.forward(x, train=False)
        assert x.shape[1:] == table[key].shape, key
    assert np.isfinite(x).all()


def test_summary_and_table_count_the_same():
    for network in (cifar_resnet(14), GOOGLENET.with_input((3, 32, 32))):
        table = LayerTable(network)
        total = build(network, rng=0).summary().splitlines()[-1]
        found = [int(word) for word in total.replace(",", "").split()[1:]]
        assert found == [table.parameters, table.multiply_adds]


def test_both_engines_agree_and_backward_is_right():
    network = cifar_resnet(8, "projection", (2, 8, 8), 4, width=3)
    quick, plain = (build(network, engine, rng=2) for engine in ("fast", "textbook"))
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((4, 2, 8, 8)).astype(np.float32), [0, 1, 2, 3]
    (loss, grads), (expected, slopes) = (
        built.loss_and_gradient(x, t) for built in (quick, plain)
    )
    assert loss == pytest.approx(expected, rel=1e-4)
    for name, slope in slopes.items():
        most = np.abs(slope).max()
        np.testing.assert_allclose(grads[name], slope, atol=2e-3 * most, err_msg=name)
    report = gradient_check(quick, x, t, max_entries=5)
    assert report.passed, report


def test_a_row_of_layers_is_built_as_before():
    assert type(build(LENET5, rng=1)) is Sequential
    assert list(build(LENET5, rng=1).layers) == [row.name for row in LENET5.rows]
    assert list(build(ALEXNET_2014.with_input((3, 64, 64)), rng=1).layers)[-1] == (
        "Affine8"
    )


def test_impossible_depths_and_shortcuts_are_refused():
    for depth in (2, 7, 21):
        with pytest.raises(ValueError, match=rf"depth is {depth}; expected 6n \+ 2"):
            cifar_resnet(depth)
    with pytest.raises(ValueError, match="shortcut is 'identity'; expected 'zeros', "):
        cifar_resnet(8, shortcut="identity")
    wrong = Architecture("x", (3, 4, 4), [Row("Zeros", "zero channels", filters=2)])
    assert "more than the filters=2" in LayerTable(wrong)["Zeros"].problem
    assert "out; zeros can only be added" in LayerTable(wrong)["Zeros"].problem


def test_googlenet_of_torchvision_has_no_wide_filters():
    assert {r.window for r in GOOGLENET.rows if r.kind == "convolution"} == {1, 3, 5, 7}
    rows = GOOGLENET_TORCHVISION.rows
    assert {r.window for r in rows if r.kind == "convolution"} == {1, 3, 7}
