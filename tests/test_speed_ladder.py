"""The rungs that notebook 04 compares: the same numbers, and a time for each."""

import numpy as np
import pytest

from cnnlib import Convolution, explain, fast, naive

SETTINGS = [
    {},
    {"stride": 2, "pad": 1},
    {"stride": (1, 3), "pad": ((2, 0), (1, 2))},
    {"pad": "same", "dilation": 2},
    {"pad": "full", "groups": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("layer", [Convolution, fast.Convolution])
def test_loops_over_offsets_equal_every_other_way(rng, settings, layer):
    x = rng.standard_normal((3, 4, 8, 9))
    W = rng.standard_normal((6, 4 // settings.get("groups", 1), 3, 2))
    b = rng.standard_normal(6)
    out = naive.convolution_by_offsets(x, W, b, **settings)
    np.testing.assert_allclose(out, naive.convolution(x, W, b, **settings), atol=1e-12)
    np.testing.assert_allclose(out, layer(W, b, **settings).forward(x), atol=1e-12)


def test_loops_over_offsets_keep_the_type_and_need_no_bias():
    x, W = np.arange(16).reshape(1, 1, 4, 4), np.ones((1, 1, 3, 3), int)
    out = naive.convolution_by_offsets(x, W)
    assert out.tolist() == [[[[45, 54], [81, 90]]]]
    single = naive.convolution_by_offsets(x.astype(np.float32), W.astype(np.float32))
    assert single.dtype == np.float32


def arguments(rng):
    shapes = (5, 2, 7, 7), (3, 2, 3, 3), (3,)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def test_the_ladder_has_a_time_for_each_rung(rng):
    seconds = explain.speed_ladder(*arguments(rng), stride=2, pad=1, rounds=2)
    assert list(seconds) == [
        "loops",
        "loops over offsets",
        "im2col + matrix product",
        "batch-last memory",
    ]
    assert all(0 < time < 60 for time in seconds.values())


def test_an_impatient_ladder_still_measures_each_rung_once(rng, monkeypatch):
    calls = []
    rungs = {
        name: lambda *args, name=name, f=f: calls.append(name) or f(*args)
        for name, f in explain.ladder.RUNGS.items()
    }
    monkeypatch.setattr(explain.ladder, "RUNGS", rungs)
    explain.speed_ladder(*arguments(rng), rounds=5, patience=0)
    assert calls == list(rungs)


def test_a_wrong_rung_is_not_timed(rng, monkeypatch):
    wrong = explain.ladder.RUNGS | {
        "batch-last memory": lambda x, *_: np.zeros((5, 3, 5, 5))
    }
    monkeypatch.setattr(explain.ladder, "RUNGS", wrong)
    with pytest.raises(ValueError, match="'batch-last memory' differs"):
        explain.speed_ladder(*arguments(rng))
