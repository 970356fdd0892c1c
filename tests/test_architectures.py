"""Descriptions against published numbers, against the networks built from them, and
against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from cnnlib import Adam, SimpleConvNet, gradient_check
from cnnlib.architectures import (
    ALEXNET,
    ALEXNET_TWO_GPUS,
    LEDGER,
    LEDGER_SINCE_2014,
    LENET5,
    LENET5_PAPER,
    LENET5_TABLE_I,
    SIMPLE_CONVNET,
    Architecture,
    LayerTable,
    Row,
    build,
    compare,
    computed,
)
from cnnlib.architectures.construction import BUILDERS
from cnnlib.architectures.kinds import KINDS
from cnnlib.networks.lenet import (
    RadialBasis,
    ScaledTanh,
    SparseConvolution,
    Subsampling,
    digit_codes,
)

SMALL = [LENET5_PAPER, LENET5, SIMPLE_CONVNET]
ALL = [*SMALL, ALEXNET, ALEXNET_TWO_GPUS]


def name_of(value):
    return getattr(value, "name", None)


# --- counts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [*LEDGER, *LEDGER_SINCE_2014],
    ids=lambda e: f"{e.network}-{e.row}-{e.what}",
)
def test_published_numbers(entry):
    assert abs(computed(entry) - entry.value) <= entry.within * entry.value
    assert entry.source


def test_alexnet_layer_by_layer():
    """Numbers that were computed by hand, from the paper's section 3.5."""
    table = LayerTable(ALEXNET_TWO_GPUS)
    assert table["Conv1"].parameters == 96 * (3 * 11 * 11 + 1) == 34_944
    assert table["Conv2"].parameters == 256 * (48 * 5 * 5 + 1) == 307_456
    assert table["Conv3"].parameters == 384 * (256 * 3 * 3 + 1) == 885_120
    assert table["Conv4"].parameters == 384 * (192 * 3 * 3 + 1) == 663_936
    assert table["Conv5"].parameters == 256 * (192 * 3 * 3 + 1) == 442_624
    assert table["Affine6"].parameters == (6 * 6 * 256 + 1) * 4096 == 37_752_832
    sizes = [table[f"{name}"].shape[1] for name in ("Conv1", "Pool1", "Pool2", "Pool5")]
    assert sizes == [55, 27, 13, 6]
    assert not table.notes  # 227 divides everywhere


def test_table_i_is_the_one_in_the_paper():
    """Section II.B says in words what the table shows."""
    seen = LENET5_PAPER["C3"].sees
    assert seen[:6] == tuple(
        tuple(sorted((i + j) % 6 for j in range(3))) for i in range(6)
    )
    fours = tuple(tuple(sorted((i + j) % 6 for j in range(4))) for i in range(6))
    assert seen[6:12] == fours
    assert all(len(s) == 4 and s not in fours for s in seen[12:15])
    assert seen[15] == (0, 1, 2, 3, 4, 5)
    assert sum(map(len, seen)) == "".join(LENET5_TABLE_I).count("X") == 60


@pytest.mark.parametrize("architecture", SMALL, ids=name_of)
@pytest.mark.parametrize("engine", ["textbook", "fast"])
def test_build_has_the_shapes_and_parameters_of_the_description(architecture, engine):
    network, table = build(architecture, engine, rng=1), LayerTable(architecture)
    x = np.zeros((2, *architecture.input_dim), np.float32)
    for line in table:
        layer = network.layers[line.name]
        x = layer.forward(x, train=False)
        assert x.shape[1:] == line.shape, line.name
        held = sum(getattr(layer, name).size for name in layer.parameters)
        assert held == line.parameters, line.name
    assert sum(p.size for p in network.params.values()) == table.parameters
    assert all(p.dtype == np.float32 for p in network.params.values())


@pytest.mark.parametrize("architecture", [ALEXNET, ALEXNET_TWO_GPUS], ids=name_of)
def test_alexnet_runs_and_has_the_counts_of_its_summary(architecture):
    network, table = build(architecture, rng=1), LayerTable(architecture)
    x = np.random.default_rng(0).random((1, 3, 227, 227), dtype=np.float32)
    scores = network.predict(x)
    assert scores.shape == (1, 1000)
    assert np.isfinite(scores).all()
    if architecture is ALEXNET:
        total = network.summary().splitlines()[-1].replace(",", "").split()
        assert total == ["total", str(table.parameters), str(table.multiply_adds)]


def ones_like(layer):
    for name in layer.parameters:
        getattr(layer, name)[...] = 1 if name == "W" else 0
    return layer


@pytest.mark.parametrize("architecture", ALL, ids=name_of)
def test_multiply_adds_by_feeding_ones(architecture):
    """With inputs and weights of 1 each product adds exactly 1 to the outputs."""
    few = architecture  # fewer units, since fc6 of ones would take 150 MB
    for line in LayerTable(architecture):
        if line.kind == "affine" and line.row.units > 100:
            few = few.with_row(line.name, units=7)
    network, shape = build(few, rng=0), few.input_dim
    for line in LayerTable(few):
        if line.kind in ("convolution", "sparse convolution", "affine"):
            layer = ones_like(network.layers[line.name])
            x = np.ones((1, *shape), np.float32)
            if line.row.pad:  # products with the zeros of the padding count, too
                layer.pad = 0
                x = np.pad(
                    x,
                    [(0, 0), (0, 0), *[(line.row.pad, line.row.pad)] * 2],
                    constant_values=1,
                )
            out = layer.forward(x, train=False)
            assert out.sum(dtype=np.float64) == line.multiply_adds, line.name
        shape = line.shape


@pytest.mark.parametrize(
    "architecture", [LENET5, SIMPLE_CONVNET, ALEXNET_TWO_GPUS], ids=name_of
)
def test_multiply_adds_are_half_of_pytorchs_flops(torch, architecture):
    from torch.utils.flop_counter import FlopCounterMode

    flops, shape = 0, architecture.input_dim
    for line in LayerTable(architecture):
        row, layer = line.row, None
        if row.kind == "convolution":
            settings = (row.window, row.stride or 1, row.pad, row.dilation, row.groups)
            layer = torch.nn.Conv2d(shape[0], row.filters, *settings, device="meta")
        elif row.kind == "affine":
            inputs = int(np.prod(shape))
            layer, shape = torch.nn.Linear(inputs, row.units, device="meta"), (inputs,)
        if layer is not None:
            with FlopCounterMode(display=False) as counter:
                out = layer(torch.empty(1, *shape, device="meta"))
            assert out.shape[1:] == line.shape
            assert sum(p.numel() for p in layer.parameters()) == line.parameters
            flops += counter.get_total_flops()
        shape = line.shape
    assert flops == 2 * LayerTable(architecture).multiply_adds


def test_simple_convnet_is_the_described_one():
    ours, built = (
        SimpleConvNet(rng=7),
        build(SIMPLE_CONVNET, rng=7, weight_init_std=0.01),
    )
    assert list(ours.layers) == list(built.layers)
    for name, values in ours.params.items():
        assert np.array_equal(values, built.params[name]), name


# --- receptive fields --------------------------------------------------------------


def looked_at(architecture, name, index):
    """Return (top, left, height, width) of the pixels that one output depends on."""
    rows = [
        replace(row, kind="average pooling") if "pooling" in row.kind else row
        for row in architecture.rows
    ]
    rows = [r for r in rows if r.kind in ("convolution", "average pooling", "affine")]
    network = build(replace(architecture, rows=rows), rng=0)
    x = np.ones((1, *architecture.input_dim))
    names = list(network.layers)[: list(network.layers).index(name) + 1]
    for key in names:
        x = ones_like(network.layers[key]).forward(x)
    dx = np.zeros_like(x)
    dx[(0, 0, *index)] = 1
    for key in reversed(names):
        dx = network.layers[key].backward(dx)
    ys, xs = np.nonzero(dx[0].any(axis=0))
    return ys.min(), xs.min(), np.ptp(ys) + 1, np.ptp(xs) + 1


def check_views(architecture):
    for line in LayerTable(architecture):
        if line.kind not in ("convolution", "max pooling", "affine"):
            continue
        last = tuple(n - 1 for n in line.shape[1:])
        for index in {line.middle, tuple(0 for _ in last), last}:
            found = looked_at(architecture, line.name, index)
            assert line.view(index) == found, (line.name, index)


@pytest.mark.parametrize("architecture", [LENET5, SIMPLE_CONVNET, ALEXNET], ids=name_of)
def test_views_by_brute_force(architecture):
    for line in LayerTable(architecture):  # one filter is enough, and quick
        if line.kind == "convolution":
            architecture = architecture.with_row(line.name, filters=1)
        if line.kind == "affine":
            architecture = architecture.with_row(line.name, units=1)
    check_views(architecture)


@pytest.mark.parametrize("seed", range(20))
def test_views_of_random_stacks_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(3):
        window = int(rng.integers(1, 5))
        pads = [int(n) for n in rng.integers(0, window, 2)]
        settings = {"window": window, "stride": int(rng.integers(1, window + 1))}
        if rng.random() < 0.7:
            settings |= {"filters": 1, "pad": ((pads[0], pads[1]), pads[0])}
            settings["pad"] = (tuple(pads), tuple(pads[::-1]))
            rows.append(Row(f"C{i}", "convolution", **settings))
        else:
            rows.append(Row(f"P{i}", "max pooling", **settings))
    rows.append(Row("A", "affine", units=2))
    size = (1, int(rng.integers(45, 60)), int(rng.integers(45, 60)))
    check_views(Architecture("random", size, rows))


def test_published_receptive_fields():
    """LeNet-5: 5, 6, 14, 16, 32; AlexNet: 195 pixels after the last pooling."""
    table = LayerTable(LENET5_PAPER)
    fields = [table[name].sees[0] for name in ("C1", "S2", "C3", "S4", "C5")]
    assert fields == [5, 6, 14, 16, 32]
    assert LayerTable(ALEXNET)["Pool5"].sees == (195, 195)
    assert LayerTable(ALEXNET)["Affine8"].sees == (227, 227)


# --- what comes next: the design carries it ----------------------------------------


def conv3(name, filters, **more):
    return Row(name, "convolution", filters=filters, window=3, pad=1, **more)


def test_vgg16_can_be_described():
    rows, number = [], 0
    for filters, layers in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(layers):
            number += 1
            rows.append(conv3(f"Conv{number}", filters))
        rows.append(Row(f"Pool{number}", "max pooling", window=2))
    rows += [Row(f"Affine{n}", "affine", units=n) for n in (4096, 4097, 1000)]
    rows[-2] = replace(rows[-2], units=4096)
    table = LayerTable(Architecture("VGG-16", (3, 224, 224), rows))
    assert table.parameters == 138_357_544
    assert table.multiply_adds == pytest.approx(15.47e9, rel=1e-3)


def test_what_is_padding_may_be_left_over():
    """Of a rest the note counts the pixels of the image only."""
    row = Row("A", "convolution", filters=1, window=3, stride=2, pad=1)
    assert not LayerTable(Architecture("even", (1, 8, 8), [row])).notes
    ends = replace(row, pad=((1, 0), (1, 0)))
    assert not LayerTable(Architecture("even", (1, 8, 8), [ends])).notes
    bare = LayerTable(Architecture("even", (1, 8, 8), [replace(row, pad=0)]))
    assert "the last 1 row(s)" in bare["A"].note
    point = LayerTable(Architecture("even", (1, 8, 8), [replace(row, window=1, pad=0)]))
    assert point["A"].note == "a 1x1 window with stride 2 sees 1 of 4 pixels"


def test_inception_concatenates_channels():
    rows = [
        Row("A", "convolution", filters=4, window=1),
        Row("B", "convolution", filters=6, window=5, pad=2, after=("input",)),
        Row("C", "concat", after=("A", "B")),
    ]
    table = LayerTable(Architecture("block", (3, 8, 8), rows))
    assert table["C"].shape == (10, 8, 8)
    assert table["C"].sees == (5, 5)
    assert table["C"].view((0, 4)) == (0, 2, 3, 5)


# --- text and errors ---------------------------------------------------------------


def test_an_impossible_row_says_why_and_the_rest_follows():
    table = LayerTable(ALEXNET.with_input((3, 60, 60)))
    assert table["Pool5"].problem.startswith("pooling window 3x3 does not fit")
    assert table["Affine8"].problem.startswith("it needs the output of 'Dropout7'")
    assert len(table.problems) == 8
    assert str(table).count("IMPOSSIBLE") == 1
    assert "does not fit" in str(table)
    with pytest.raises(
        ValueError, match="row 'Pool5' of AlexNet is impossible: pooling"
    ):
        build(table.architecture)


def test_pixels_that_are_never_seen_are_noted():
    table = LayerTable(ALEXNET.with_input((3, 224, 224)))
    assert table["Conv1"].shape == (96, 54, 54)
    assert "213 / 4 leaves a rest of 1" in table["Conv1"].note
    assert "note: 213 / 4" in str(table)


IMPOSSIBLE = [
    (Row("A", "magic"), "kind is 'magic'; expected one of"),
    (Row("A", "convolution", window=3), "needs filters="),
    (Row("A", "convolution", filters=3), "needs window="),
    (Row("A", "convolution", filters=2, window=1.5), "expected a whole number"),
    (Row("A", "convolution", filters=2, window=0), "must be at least 1"),
    (
        Row("A", "convolution", filters=4, window=1, groups=2),
        "3 channels and 4 filters",
    ),
    (Row("A", "convolution", filters=4, window=9), "filter 9x9 does not fit into 8x8"),
    (Row("A", "max pooling", window=2, pad=2), "nothing but padding"),
    (Row("A", "sparse convolution", window=2), "needs sees="),
    (Row("A", "sparse convolution", window=2, sees=((0, 3),)), "sees names channel 3"),
    (Row("A", "affine"), "needs units="),
    (Row("A", "relu", after=("B",)), "no row above is called so"),
    (Row("A", "relu", after=("input", "input")), "it has 2 inputs"),
]


@pytest.mark.parametrize(("row", "sentence"), IMPOSSIBLE)
def test_what_is_wrong_with_a_row(row, sentence):
    table = LayerTable(Architecture("wrong", (3, 8, 8), [row]))
    assert sentence in table["A"].problem
    assert table["A"].shape is None


def test_what_is_wrong_between_rows():
    rows = [
        Row("A", "affine", units=5),
        Row("B", "convolution", filters=1, window=1),
        Row("C", "convolution", filters=2, window=3, after=("input",)),
        Row("D", "add", after=("input", "C")),
        Row("E", "concat", after=("input", "C")),
    ]
    table = LayerTable(Architecture("wrong", (3, 8, 8), rows))
    assert "Windows have to come before affine layers" in table["B"].problem
    assert "3 x 8 x 8 and 2 x 6 x 6 can not be added" in table["D"].problem
    assert "height and width must be equal" in table["E"].problem


def test_names_are_unique_and_misses_are_kind():
    with pytest.raises(ValueError, match="two rows are called 'A'"):
        Architecture("twice", (1, 8, 8), [Row("A", "relu"), Row("A", "relu")])
    with pytest.raises(KeyError, match="LeNet-5, today has no row 'C9'"):
        LENET5.with_row("C9", pad=1)
    with pytest.raises(KeyError, match="has no row 'C9'"):
        LayerTable(LENET5)["C9"]


@pytest.mark.parametrize("shape", [448, (448, 448), (1, 3, 448, 448)])
def test_an_image_has_three_numbers(shape):
    with pytest.raises(ValueError, match=r"expected the three numbers \(C, H, W\)"):
        LayerTable(LENET5.with_input(shape))


def test_a_misspelt_setting_is_named():
    with pytest.raises(TypeError, match=r"has no setting \['strid'\]; it has .*stride"):
        LENET5.with_row("C1", strid=2)


def test_changes_leave_the_original_alone():
    changed = LENET5.with_row("C1", pad=0).with_kind("relu", "tanh")
    assert changed["C1"].pad == 0
    assert changed["Relu1"].kind == "tanh"
    assert LENET5["C1"].pad == 2
    assert LENET5["Relu1"].kind == "relu"


def test_text():
    text = str(LayerTable(LENET5))
    assert "convolution 5x5, pad 2" in text
    ends = {
        "0+1": ((0, 1), (0, 1)),
        "((1, 0), (0, 1))": ((1, 0), (0, 1)),
        "same": "same",
    }
    for words, pad in ends.items():
        assert str(Row("A", "max pooling", window=3, pad=pad)).endswith(f"pad {words}")
    assert text.splitlines()[-1].split() == ["total", "61,706", "416,520"]
    side = compare(LENET5, ALEXNET)
    assert "62,378,344" in side
    assert "61,706" in side
    assert len({len(line) for line in side.splitlines()}) == 1


def test_shapes_leave_out_what_changes_nothing():
    shapes = LayerTable(LENET5).shapes()
    assert list(shapes) == ["image", "C1", "S2", "C3", "S4", "C5", "F6", "Output"]
    assert shapes["image"] == (1, 28, 28)
    assert shapes["C1"] == (6, 28, 28)
    assert "Pool5" not in LayerTable(ALEXNET.with_input((3, 60, 60))).shapes()


def test_every_kind_can_be_built_unless_it_joins_rows():
    assert set(KINDS) - set(BUILDERS) == {"add", "concat"}


def test_rbf_needs_the_codes_of_digits():
    with pytest.raises(ValueError, match="drawings of 10 digits"):
        build(LENET5_PAPER.with_row("F6", units=80))


# --- the layers of 1998 ------------------------------------------------------------

SEES = ((0, 1), (2,), (0, 2))


@pytest.fixture
def old_layers(rng):
    return {
        "sparse": SparseConvolution(rng.random((5, 3, 3)), rng.random(3), SEES, 3),
        "no bias": SparseConvolution(rng.random((5, 2, 2)), None, SEES, 3, stride=2),
        "subsampling": Subsampling(rng.random(3), rng.random(3), 2),
        "tanh": ScaledTanh(),
        "rbf": RadialBasis(np.sign(rng.standard_normal((4, 3 * 6 * 6)))),
    }


@pytest.mark.parametrize("name", ["sparse", "no bias", "subsampling", "tanh", "rbf"])
def test_gradients_of_the_layers_of_1998(old_layers, name, rng):
    report = gradient_check(old_layers[name], rng.standard_normal((2, 3, 6, 6)))
    assert report.passed, report


def test_both_engines_agree_on_the_lenet_of_1998(rng):
    x = rng.random((40, 1, 32, 32)).astype(np.float32)  # enough for two threads
    t = rng.integers(10, size=40)
    slow, fast = (
        build(LENET5_PAPER, e, rng=1, weight_init_std=0.05)
        for e in ("textbook", "fast")
    )
    (loss, grads), (quick_loss, quick_grads) = (
        network.loss_and_gradient(x, t) for network in (slow, fast)
    )
    assert quick_loss == pytest.approx(loss, rel=1e-4)
    for name, grad in grads.items():
        most = np.abs(grad).max()
        np.testing.assert_allclose(quick_grads[name], grad, atol=1e-3 * most)


def test_sparse_convolution_looks_at_its_channels_only(old_layers, rng):
    x = rng.random((1, 3, 6, 6))
    before = old_layers["sparse"].forward(x)
    x[:, 1] += 1  # only the first filter sees channel 1
    changed = (old_layers["sparse"].forward(x) != before).any(axis=(0, 2, 3))
    assert changed.tolist() == [True, False, False]


def test_sparse_convolution_needs_one_small_filter_a_pair():
    with pytest.raises(ValueError, match="sees has 5 pairs"):
        SparseConvolution(np.ones((4, 3, 3)), None, SEES, 3)


def test_subsampling_starts_as_average_pooling_and_has_two_numbers_a_channel(rng):
    layer, x = Subsampling(np.full(2, 0.25), np.zeros(2), 2), rng.random((1, 2, 4, 4))
    assert layer.forward(x)[0, 0, 0, 0] == pytest.approx(x[0, 0, :2, :2].mean())
    layer.b[1] = 3
    assert layer.forward(x)[0, 1].min() >= 3


def test_scaled_tanh_keeps_one():
    out = ScaledTanh().forward(np.array([[-1.0, 0, 1]]))
    np.testing.assert_allclose(out, [[-1, 0, 1]], atol=1e-4)


def test_the_score_is_best_for_the_own_code():
    codes = digit_codes()
    assert codes.shape == (10, 84)
    assert set(np.unique(codes)) == {-1, 1}
    scores = RadialBasis(codes).forward(codes)
    assert (scores.argmax(axis=1) == np.arange(10)).all()
    assert scores.diagonal().tolist() == [0] * 10
    apart = scores[~np.eye(10, dtype=bool)]
    assert apart.max() <= -4 * 6  # any two digits differ in six pixels or more


def test_the_lenet_of_1998_learns(rng):
    x = rng.random((20, 1, 32, 32)).astype(np.float32)
    t = np.arange(20) % 10
    network = build(LENET5_PAPER, rng=1, weight_init_std="xavier")
    report = gradient_check(network, x[:2], t[:2], max_entries=4)
    assert report.passed, report
    adam, first = Adam(lr=0.002), network.loss(x, t)
    for _ in range(20):
        adam.update(network.params, network.gradient(x, t))
    assert network.loss(x, t) < first / 2
