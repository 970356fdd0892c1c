"""What is true of every layer, over the shared table in layer_table.py."""

import functools

import numpy as np
import pytest
from layer_table import CASES, FEW, ROOMS, ROWS, by_layer, by_loops, by_torch, in_rooms
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib.geometry import resolve, resolve_pooling

FLOATS = (np.float32, np.float64)
TOLERANCE = {
    np.float32: {"rtol": 1e-4, "atol": 2e-5},
    np.float64: {"rtol": 1e-9, "atol": 1e-11},
}


def over(cases):
    """Run a test in every room over these cases."""
    pairs = in_rooms(cases)
    return pytest.mark.parametrize(
        ("room", "case"),
        [pytest.param(ROOMS[name], case) for name, case in pairs],
        ids=[f"{name}-{case}" for name, case in pairs],
    )


in_both_types = pytest.mark.parametrize("dtype", FLOATS, ids=["float32", "float64"])


# The same numbers as by other ways. ---------------------------------------------


@in_both_types
@over([case for case in CASES if case.row.loops])
def test_agrees_with_the_plain_loops(room, case, dtype):
    found = by_layer(room, case, dtype)
    for name, expected in by_loops(case).items():
        assert_allclose(found[name], expected, **TOLERANCE[dtype], err_msg=name)


@in_both_types
@over([case for case in CASES if case.row.torch])
def test_agrees_with_pytorch(torch, room, case, dtype):
    found, expected = by_layer(room, case, dtype), by_torch(torch, case)
    assert found.keys() == expected.keys()
    for name in expected:
        assert_allclose(found[name], expected[name], **TOLERANCE[dtype], err_msg=name)


def weighted_sum(room, case, arrays):
    """Turn a layer into one number: the sum of its outputs, each times its dout."""
    parameters = {name: array for name, array in arrays.items() if name != "x"}
    layer = case.layer(room, parameters=parameters)
    return np.vdot(layer.forward(arrays["x"]), case.dout())


def slope(f, arrays, name, direction, step=1e-5):
    """Measure how fast f changes as one of its arrays moves in a direction."""
    ahead, behind = (
        f({**arrays, name: arrays[name] + sign * step * direction}) for sign in (1, -1)
    )
    return (ahead - behind) / (2 * step)


@over(CASES)
def test_gradients_are_the_slopes(room, case, rng):
    """In random directions, where every number of a wrong gradient would show."""
    found = by_layer(room, case, np.float64)
    arrays = {"x": case.x(), **case.parameters()}
    for name in arrays:
        if arrays[name] is None:
            continue
        for _ in range(2):
            direction = rng.standard_normal(arrays[name].shape)
            measured = slope(
                functools.partial(weighted_sum, room, case), arrays, name, direction
            )
            computed = np.vdot(found[f"d{name}"], direction)
            assert computed == pytest.approx(measured, rel=1e-6, abs=1e-7), name


@over([case for case in CASES if case.number == 0])
def test_gradients_are_the_slopes_number_by_number(room, case):
    found = by_layer(room, case, np.float64)
    arrays = {"x": case.x(), **case.parameters()}
    for name, array in arrays.items():
        for place in list(np.ndindex(array.shape))[::3]:
            direction = np.zeros(array.shape)
            direction[place] = 1
            measured = slope(
                functools.partial(weighted_sum, room, case), arrays, name, direction
            )
            computed = found[f"d{name}"][place]
            assert computed == pytest.approx(measured, rel=1e-6, abs=1e-7), (
                name,
                place,
            )


# Types and memory. --------------------------------------------------------------


@in_both_types
@over(CASES)
def test_x_decides_the_type(room, case, dtype):
    """Whatever the type of parameters and dout, which users forget to convert."""
    other = FLOATS[dtype is np.float32]
    for parameter_type in FLOATS:
        layer = case.layer(room, parameter_type)
        out = layer.forward(case.x(dtype))
        dx = layer.backward(case.dout(other))
        assert (out.dtype, dx.dtype) == (dtype, dtype)
        assert layer.forward(case.x(dtype), train=False).dtype == dtype
        for name in layer.parameters:
            assert getattr(layer, f"d{name}").dtype == parameter_type, name


@over(FEW)
def test_whole_numbers_give_what_their_floats_give(room, case):
    x = np.rint(3 * case.x()).astype(np.int64)
    for train in (False, True):
        layer = case.layer(room)
        out, expected = (
            layer.forward(values, train) for values in (x, x.astype(float))
        )
        if case.row.name != "Dropout" or not train:  # it draws anew
            assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
    layer = case.layer(room)
    layer.forward(x)
    integers = layer.backward(case.dout())
    layer = case.layer(room)
    layer.forward(x.astype(float))
    assert_allclose(integers, layer.backward(case.dout()), rtol=1e-12, atol=1e-12)


@in_both_types
@over(CASES)
def test_nothing_edits_its_arguments(room, case, dtype):
    x, dout, parameters = case.x(dtype), case.dout(dtype), case.parameters(dtype)
    arguments = [x, dout, *(p for p in parameters.values() if p is not None)]
    copies = [array.copy() for array in arguments]
    for array in arguments:
        array.flags.writeable = False
    layer = case.layer(room, parameters=parameters)
    layer.forward(x, train=False)
    layer.forward(x)
    layer.backward(dout)
    for array, copy in zip(arguments, copies, strict=True):
        assert_array_equal(array, copy)


@over([case for case in FEW if not case.row.is_view])
def test_results_do_not_share_memory_with_arguments(room, case):
    """A user may edit what a layer returned without changing what went in."""
    x, dout, layer = case.x(), case.dout(), case.layer(room)
    out = layer.forward(x)
    dx = layer.backward(dout)
    results = [out, dx, *(getattr(layer, f"d{name}") for name in layer.parameters)]
    given = [x, dout, *(getattr(layer, name) for name in layer.parameters)]
    for i, result in enumerate(results):
        assert result.flags.writeable
        for other in given + results[:i]:
            assert not np.shares_memory(result, other)


def rearranged(array):
    """Give the same numbers in other memory orders."""
    reverse = (slice(None, None, -1),) * array.ndim
    yield np.asfortranarray(array)
    yield array[reverse].copy()[reverse]  # negative strides
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
    wide[..., ::2] = array
    yield wide[..., ::2]  # every second number
    if array.ndim == 4:
        batch_last = np.ascontiguousarray(array.transpose(1, 2, 3, 0))
        yield batch_last.transpose(3, 0, 1, 2)


@over(FEW)
def test_memory_order_does_not_matter(room, case):
    expected = by_layer(room, case, np.float64)
    for x, dout in zip(rearranged(case.x()), rearranged(case.dout()), strict=False):
        layer = case.layer(room)
        found = {"out": layer.forward(x), "dx": layer.backward(dout)}
        found |= {f"d{name}": getattr(layer, f"d{name}") for name in layer.parameters}
        for name in expected:
            assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-12)


@over(FEW)
def test_parameters_may_lie_in_any_memory_order(room, case):
    expected = by_layer(room, case, np.float64)
    parameters = {
        name: None if array is None else list(rearranged(array))[1]
        for name, array in case.parameters().items()
    }
    layer = case.layer(room, parameters=parameters)
    assert_allclose(layer.forward(case.x()), expected["out"], rtol=1e-12, atol=1e-12)
    assert_allclose(layer.backward(case.dout()), expected["dx"], rtol=1e-12, atol=1e-12)


# The protocol. ------------------------------------------------------------------


@over(FEW)
def test_backward_needs_a_forward_pass_in_training(room, case):
    sentence = f"{case.row.name}.backward needs a forward pass in training first"
    layer = case.layer(room)
    with pytest.raises(RuntimeError, match=sentence):
        layer.backward(case.dout())
    layer.forward(case.x())
    layer.forward(case.x(), train=False)  # forgets
    with pytest.raises(RuntimeError, match=sentence):
        layer.backward(case.dout())


@over(FEW)
def test_nothing_is_kept_without_training(room, case):
    """No array that was not there before: evaluation must not hold memory."""
    layer = case.layer(room)
    before = {id(value) for value in arrays_in(vars(layer))}
    layer.forward(case.x())
    layer.forward(case.x(), train=False)
    assert {id(value) for value in arrays_in(vars(layer))} <= before


def arrays_in(value):
    """Find the arrays in nested containers."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [array for item in value for array in arrays_in(item)]
    return []


@over(FEW)
def test_backward_twice_gives_the_same(room, case):
    layer = case.layer(room)
    layer.forward(case.x())
    first = layer.backward(case.dout())
    gradients = [getattr(layer, f"d{name}").copy() for name in layer.parameters]
    assert_array_equal(layer.backward(case.dout()), first)
    for name, gradient in zip(layer.parameters, gradients, strict=True):
        assert_array_equal(getattr(layer, f"d{name}"), gradient)


@over([case for case in FEW if case.row.name != "Dropout"])
def test_a_layer_forgets_the_batches_before(room, case):
    """Also of other sizes, such as the last partial batch; dW is not added up."""
    x, dout, layer = case.x(), case.dout(), case.layer(room)
    for batch in (np.concatenate([x, x, x]), -x):
        layer.backward(layer.forward(batch))
    found = {"out": layer.forward(x), "dx": layer.backward(dout)}
    found |= {f"d{name}": getattr(layer, f"d{name}") for name in layer.parameters}
    expected = by_layer(room, case, np.float64)
    for name in expected:
        assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-12)


@over(FEW)
def test_kept_results_are_not_overwritten_by_later_calls(room, case):
    layer = case.layer(room)
    results = [layer.forward(case.x()), layer.backward(case.dout())]
    results += [getattr(layer, f"d{name}") for name in layer.parameters]
    results.append(layer.forward(case.x() + 1, train=False))
    copies = [array.copy() for array in results]
    for train in (True, False):
        layer.forward(2 - case.x(), train)
    layer.forward(2 - case.x())
    layer.backward(2 - case.dout())
    for array, copy in zip(results, copies, strict=True):
        assert_array_equal(array, copy)


@over(FEW)
def test_samples_are_treated_alone_where_the_layer_says_so(room, case):
    layer, x = case.layer(room), case.x()
    alone = [layer.forward(x[n : n + 1], train=False) for n in range(len(x))]
    together = layer.forward(x, train=False)
    assert_allclose(together, np.concatenate(alone), rtol=1e-12, atol=1e-12)
    if layer.per_sample:
        assert_allclose(layer.forward(x), together, rtol=1e-12, atol=1e-12)


@over([case for case in CASES if case.shapes])
def test_parameters_are_the_very_arrays_that_were_given(room, case):
    """Training changes them in place; the layer must see it at once."""
    parameters = case.parameters()
    layer = case.layer(room, parameters=parameters)
    present = {name: array for name, array in parameters.items() if array is not None}
    assert set(layer.parameters) == set(present)
    for name, array in present.items():
        assert getattr(layer, name) is array
    before = layer.forward(case.x())
    for array in present.values():
        array += 1
    fresh = case.layer(room, parameters=parameters)
    assert_array_equal(layer.forward(case.x()), fresh.forward(case.x()))
    assert not np.allclose(layer.forward(case.x()), before)


def complaint(call, *arguments):
    """Return the kind and the words of the error that a call ends in, if any."""
    try:
        call(*arguments)
    except (ValueError, TypeError, RuntimeError) as error:
        return type(error), str(error)
    return None


@over(FEW)
def test_all_rooms_complain_in_the_same_words(room, case):
    x, dout = case.x(), case.dout()
    layers = [case.layer(room), case.layer(ROOMS["textbook"])]
    for bad in (x[0], x[np.newaxis], x[:, :0], x[:, [0, 0, *range(x.shape[1])]], "x"):
        found, expected = (complaint(layer.forward, bad) for layer in layers)
        assert found == expected
    for layer in layers:
        layer.forward(x)
    for bad in (dout[:, :0], np.concatenate([dout, dout]), dout[..., np.newaxis]):
        found, expected = (complaint(layer.backward, bad) for layer in layers)
        assert found == expected
        assert found is not None


@over(FEW)
def test_repr_names_the_layer_and_its_shapes(room, case):
    layer = case.layer(room)
    layer.backward(layer.forward(case.x()))
    assert repr(layer).startswith(f"{case.row.name}(")
    assert "array" not in repr(layer)
    for name in layer.parameters:
        assert f"{name} {getattr(layer, name).shape}" in repr(layer)


# The table itself. --------------------------------------------------------------


def test_every_public_layer_has_a_row():
    """SoftmaxWithLoss takes labels too; test_loss.py has its tests."""
    rows = {row.name for row in ROWS if not row.make} | {"SoftmaxWithLoss"}
    assert set(vars(ROOMS["textbook"])) == rows


@pytest.mark.parametrize("row", ROWS[:3], ids=lambda row: row.name)
def test_the_random_settings_reach_every_kind(row):
    """Else the agreement above would say less than it seems to."""
    seen = set()
    for case in CASES:
        if case.row is not row:
            continue
        N, C, *sizes = case.shape
        s = dict(case.settings)
        seen |= {"groups"} if s.pop("groups", 1) > 1 else set()
        seen |= {s["pad"]} if isinstance(s.get("pad"), str) else set()
        if "W" in case.shapes:
            g = resolve(*sizes, *case.shapes["W"][2:], **s)
        else:
            g = resolve_pooling(*sizes, **s)
        axes = zip(sizes, (g.FH, g.FW), g.stride, g.pad, g.dilation, strict=True)
        for size, window, stride, pad, dilation in axes:
            room = size + sum(pad) - dilation * (window - 1) - 1
            marks = {
                "1-sized axis": size == 1,
                "1-sized window": window == 1,
                "overlap": stride < window and room >= stride,
                "gap": stride > window and room >= stride,
                "pixels dropped": room % stride,
                "asymmetric pad": pad[0] != pad[1],
                "dilation": dilation > 1 and window > 1,
            }
            seen |= {mark for mark, holds in marks.items() if holds}
        seen |= {"uneven stride"} if g.stride[0] != g.stride[1] else set()
        seen |= {"not square"} if sizes[0] != sizes[1] and g.FH != g.FW else set()
        seen |= {"batch of one"} if N == 1 else {"batch"}
    expected = {*marks, "uneven stride", "not square", "batch of one", "batch"}
    expected |= {"valid", "same", "full"}
    if row.name != "Convolution":
        expected.discard("dilation")
    else:
        expected.add("groups")
    assert expected <= seen
