"""Looking inside networks: properties that hold for any weights and both engines."""

import importlib.metadata
import tomllib
from pathlib import Path

import numpy as np
import pytest
from small_networks import ENGINES, mixed, samples, simple

from cnnlib import Convolution, Relu, Sequential, SimpleConvNet, numerical_gradient
from cnnlib.explain import (
    check,
    check_environment,
    class_share,
    draw_strokes,
    excite,
    feature_maps,
    field_box,
    grad_cam,
    guess,
    input_gradient,
    occlusion_map,
    orientation_tuning,
    saliency,
    stripes,
    strongest_patches,
)

engines = pytest.mark.parametrize("engine", ENGINES)


def exact(network):
    return network.astype(np.float64)


def digits(n=2, shape=(1, 8, 8)):
    return samples(n, shape)[0].astype(np.float64)


# --- saliency ----------------------------------------------------------------------


@engines
@pytest.mark.parametrize("build", [simple, mixed])
def test_saliency_is_the_numerical_gradient_of_the_score(engine, build):
    network = exact(build(engine))
    x, target = digits(2, network.input_dim), np.array([1, 3])
    network.forward(x)  # batch normalization has seen something
    expected = numerical_gradient(
        lambda x: network.predict(x)[[0, 1], target].sum(), x, h=1e-6
    )
    np.testing.assert_allclose(saliency(network, x, target), expected, atol=1e-7)


@engines
def test_saliency_asks_about_the_answer_of_the_network(engine):
    network, x = simple(engine), digits(5)
    answer = network.predict(x).argmax(axis=1)
    np.testing.assert_array_equal(saliency(network, x), saliency(network, x, answer))


@engines
def test_looking_changes_nothing(engine):
    network = mixed(engine)
    x, t = samples(4, (2, 6, 6), classes=4)
    network.gradient(x, t)
    before = {k: v.copy() for k, v in (network.state() | network.grads).items()}
    original = x.copy()
    feature_maps(network, x)
    saliency(network, x)
    grad_cam(network, x, "Pool")
    occlusion_map(network, x, size=3)
    excite(network, "Conv", 0, x[:1], steps=3)
    after = network.state() | network.grads
    assert all(np.array_equal(after[k], v) for k, v in before.items())
    assert np.array_equal(x, original)


@engines
def test_input_gradient_of_the_scores_is_backward(engine):
    network, x = simple(engine), digits(3)
    dout = np.ones((3, 10), np.float32)
    network.forward(x)
    np.testing.assert_allclose(
        input_gradient(network, x, dout), network.backward(dout), rtol=1e-6
    )


@engines
def test_feature_maps_end_with_the_scores_of_test_mode(engine):
    network = mixed(engine)
    x = digits(3, (2, 6, 6))
    maps = feature_maps(network, x)
    assert list(maps) == list(network.layers)
    assert maps["Conv"].shape == (3, 3, 6, 6)
    np.testing.assert_allclose(maps["Out"], network.predict(x), rtol=1e-4, atol=1e-6)


# --- Grad-CAM ----------------------------------------------------------------------


@engines
def test_forms_of_grad_cam_differ_by_a_relu(engine):
    network, x = simple(engine), digits(4)
    signed = grad_cam(network, x, "Relu1", relu=False)
    assert signed.shape == (4, 6, 6)
    np.testing.assert_array_equal(grad_cam(network, x, "Relu1"), np.maximum(signed, 0))


@engines
def test_forms_of_grad_cam_agree_where_all_is_positive(engine):
    network, x = simple(engine), digits(4)
    for array in network.params.values():
        np.abs(array, out=array)
    signed = grad_cam(network, x, "Pool1", relu=False)
    assert signed.min() >= 0
    assert signed.max() > 0
    np.testing.assert_array_equal(grad_cam(network, x, "Pool1"), signed)


@engines
def test_grad_cam_by_hand(engine):
    network, x = exact(simple(engine)), digits(1)
    A = feature_maps(network, x)["Pool1"]
    rest = Sequential(dict(list(network.layers.items())[3:]))
    dA = numerical_gradient(lambda A: rest.predict(A)[0, 2], A, h=1e-6)
    by_hand = sum(dA[0, k].mean() * A[0, k] for k in range(A.shape[1]))
    np.testing.assert_allclose(
        grad_cam(network, x, "Pool1", target=2, relu=False)[0], by_hand, atol=1e-7
    )


def test_grad_cam_wants_maps():
    network, x = simple("textbook"), digits(1)
    with pytest.raises(ValueError, match=r"no layer 'Conv9'.*'Conv1', 'Relu1'"):
        grad_cam(network, x, "Conv9")
    with pytest.raises(ValueError, match="expected maps"):
        grad_cam(network, x, "Affine1")


# --- occlusion ---------------------------------------------------------------------


@engines
def test_covering_what_is_blank_changes_nothing(engine):
    x = np.zeros((2, 1, 8, 8))
    x[:, :, 5:, 5:] = 1
    falls = occlusion_map(simple(engine), x, size=3)
    assert falls.shape == (2, 6, 6)
    np.testing.assert_allclose(falls[:, :3, :], 0, atol=1e-6)
    np.testing.assert_allclose(falls[:, :, :3], 0, atol=1e-6)
    assert np.abs(falls).max() > 0.01


@engines
def test_occlusion_by_hand(engine):
    network, x = simple(engine), digits(1)
    covered = x.copy()
    covered[:, :, 4:6, 2:4] = 0.5
    fall = network.predict(x)[0, 7] - network.predict(covered)[0, 7]
    falls = occlusion_map(network, x, target=7, size=2, stride=2, fill=0.5)
    assert falls.shape == (1, 4, 4)
    assert falls[0, 2, 1] == pytest.approx(fall, abs=1e-5)


def test_occlusion_of_a_linear_network_adds_up():
    network = simple("textbook", hidden_size=4)
    network = Sequential({"Affine": network.layers["Affine2"]})
    x = np.random.default_rng(0).random((1, 1, 2, 2))
    falls = occlusion_map(network, x, target=3, size=1)
    expected = x * saliency(network, x, target=3)  # gradient times input
    np.testing.assert_allclose(falls[0], expected[0, 0], rtol=1e-4)


# --- excitation --------------------------------------------------------------------


@engines
@pytest.mark.parametrize("layer", ["Conv1", "Affine1", "Affine2"])
def test_excitation_increases(engine, layer):
    image, answers = excite(simple(engine), layer, 2, digits(1), steps=20)
    assert len(answers) == 21
    assert answers[-1] > answers[0]
    assert image.min() >= 0
    assert image.max() <= 1


@engines
def test_the_best_image_of_a_first_filter_is_the_filter(engine):
    network = simple(engine, (1, 5, 5), conv_param={"filter_size": 3})
    conv = Sequential({"Conv": network.layers["Conv1"]})
    image, _ = excite(conv, "Conv", 1, np.zeros((1, 1, 3, 3)), steps=5, limits=None)
    W = network.params["W1"][1]
    cosine = np.vdot(image, W) / np.linalg.norm(image) / np.linalg.norm(W)
    assert cosine == pytest.approx(1, abs=1e-5)


def test_one_place_can_be_excited_alone():
    conv = Convolution(np.ones((2, 1, 2, 2)), np.zeros(2))
    image, _ = excite(
        Sequential({"Conv": conv}), "Conv", 1, np.zeros((1, 1, 4, 4)), (0, 2)
    )
    assert image[0, 0, :2, 2:].tolist() == [[1, 1], [1, 1]]
    assert image.sum() == 4


def test_excite_says_what_is_wrong():
    dead = Sequential(
        {"Conv": Convolution(np.ones((1, 1, 2, 2)), -9 * np.ones(1)), "Relu": Relu()}
    )
    start = np.zeros((1, 1, 4, 4))
    with pytest.raises(ValueError, match="before the ReLU"):
        excite(dead, "Relu", 0, start)
    with pytest.raises(ValueError, match="no unit 5: the layer has 1"):
        excite(dead, "Conv", 5, start)


# --- units -------------------------------------------------------------------------


def test_sobel_filters_answer_to_their_own_direction():
    vertical = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    conv = Convolution(np.stack([vertical, vertical.T])[:, None], np.array([0.0, 9]))
    tuning = orientation_tuning(conv, [0, 45, 90, 135])
    assert tuning.shape == (2, 4)
    assert tuning.argmax(axis=1).tolist() == [2, 0]
    np.testing.assert_allclose(tuning[0, 0], 0, atol=1e-12)  # blind along its edge
    np.testing.assert_allclose(tuning[0, [1]], tuning[1, [1]])


def test_stripes_run_in_the_direction_they_are_called_after():
    assert np.ptp(stripes(0)[0, 0], axis=1).max() < 1e-12  # each row is constant
    assert np.ptp(stripes(90)[0, 0], axis=0).max() < 1e-12
    rising = stripes(45)[0, 0]
    np.testing.assert_allclose(rising[1:, :-1], rising[:-1, 1:])


@pytest.mark.parametrize("place", [0, 2, 5])
def test_field_box_is_where_the_gradient_can_be(place):
    rng = np.random.default_rng(0)
    windows = [(3, 1, 1), (3, 2, 0), (3, 1, 0)]
    layers = {
        f"Conv{i}": Convolution(rng.random((1, 1, size, size)), None, stride, pad)
        for i, (size, stride, pad) in enumerate(windows)
    }
    network = Sequential(layers)
    x = rng.random((1, 1, 18, 18))
    dout = np.zeros(network.forward(x).shape)
    dout[0, 0, place, place] = 1
    seen = np.flatnonzero(np.any(input_gradient(network, x, dout)[0, 0], axis=1))
    first, length = field_box(place, windows)
    assert seen.tolist() == list(range(max(first, 0), min(first + length, 18)))


def test_strongest_patches_cut_what_the_unit_saw():
    x = np.arange(2 * 36, dtype=float).reshape(2, 1, 6, 6)
    maps = np.zeros((2, 4, 4))
    maps[1, 2, 1] = 5
    patches, images = strongest_patches(x, maps, [(3, 1, 0)], count=1)
    assert images.tolist() == [1]
    np.testing.assert_array_equal(patches[0], x[1, :, 2:5, 1:4])
    patches, _ = strongest_patches(x, maps[:, :1, :1], [(3, 1, 1)], count=2)
    assert np.all(patches[:, :, 0] == 0)  # padding is black


def test_class_share_is_one_if_the_class_says_all_and_zero_if_nothing():
    t = [0, 0, 1, 1]
    answers = np.array([[3, 0, 7], [3, 2, 7], [5, 0, 7], [5, 2, 7]])
    np.testing.assert_allclose(class_share(answers, t), [1, 0, np.nan])


# --- drawing -----------------------------------------------------------------------


def test_a_drawn_line_is_where_it_was_asked_for():
    image = draw_strokes([[(4, 3), (4, 9)]], size=12, width=3)
    assert image.shape == (1, 1, 12, 12)
    assert image.dtype == np.float32
    assert np.all(image[0, 0, 3:6, 3:10] == 1)
    assert np.all(image[0, 0, 7:] == 0)
    assert np.all(image[0, 0, :2] == 0)
    with pytest.raises(ValueError, match="two or more points"):
        draw_strokes([[(1, 2)]])


# --- questions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (28, "Right."),
        (None, "Write your answer"),
        (14, "both sides"),
        (3, "Go back"),
        ([28, 28], "the shape is (2,), expected ()"),
        ("five", "is no number"),
    ],
)
def test_check_names_the_mistake(answer, said, capsys):
    check(answer, right=28, mistakes=[(14, "the padding counts on both sides")])
    assert said in capsys.readouterr().out


def test_guess_folds_the_answer():
    assert "<details>" in guess("1 < 2")._repr_html_()
    assert "1 &lt; 2" in guess("1 < 2")._repr_html_()
    assert repr(guess(3)) == "guess first, then look: 3"


def test_the_shipped_network_needs_no_data():
    network = SimpleConvNet.pretrained()
    seven = draw_strokes([[(5, 8), (5, 19), (23, 12)]])
    assert network.predict(seven).argmax() == 7
    assert occlusion_map(network, seven).shape == (1, 24, 24)
    assert grad_cam(network, seven, "Relu1").shape == (1, 24, 24)


# --- the environment ---------------------------------------------------------------


def test_check_environment_knows_the_dependencies():
    from cnnlib.explain.environment import PACKAGES, PYTHON

    file = Path(__file__).resolve().parents[1] / "pyproject.toml"
    project = tomllib.loads(file.read_text("utf-8"))["project"]
    assert [f"{n}>={v}" for n, v in PACKAGES.items()] == project["dependencies"]
    assert project["requires-python"] == ">=" + ".".join(map(str, PYTHON))


def test_check_environment_prints_no_versions_when_all_is_well(capsys):
    assert check_environment()
    out = capsys.readouterr().out
    assert "All is well" in out
    assert not any(letter.isdigit() for letter in out)


def test_check_environment_says_what_to_do(capsys):
    def version(name):
        if name == "tqdm":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"numpy": "1.26.4", "matplotlib": "3.10.0rc1"}.get(name, "99")

    assert not check_environment(version, python=(3, 9, 1))
    lines = {
        line.split()[0]: line for line in capsys.readouterr().out.split("\n") if line
    }
    assert "3.11 or newer" in lines["Python"]
    assert "MISSING" in lines["tqdm"]
    assert '-m pip install "tqdm>=4.66"' in lines["tqdm"]
    assert "TOO OLD (1.26.4)" in lines["numpy"]
    assert lines["matplotlib"].endswith("ok")  # 3.10 is newer than 3.8
    assert "Not yet" in lines["Not"]
