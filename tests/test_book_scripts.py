"""Scripts as the book prints them run: only the imports and the .pkl name changed.

The scripts make the book's calls with the book's argument names. Sizes of the data
are small; those of the network are the book's.
"""

import numpy as np
import pytest

TRAIN_CONVNET = """
import numpy as np
import matplotlib.pyplot as plt
from cnnlib import SimpleConvNet, Trainer

max_epochs = 2

network = SimpleConvNet(input_dim=(1,28,28),
                        conv_param={'filter_num': 30, 'filter_size': 5,
                                    'pad': 0, 'stride': 1},
                        hidden_size=100, output_size=10, weight_init_std=0.01)

trainer = Trainer(network, x_train, t_train, x_test, t_test,
                  epochs=max_epochs, mini_batch_size=100,
                  optimizer='Adam', optimizer_param={'lr': 0.001},
                  evaluate_sample_num_per_epoch=1000)
trainer.train()

network.save_params("params.npz")
print("Saved Network Parameters!")

markers = {'train': 'o', 'test': 's'}
x = np.arange(max_epochs)
plt.plot(x, trainer.train_acc_list, marker='o', label='train', markevery=2)
plt.plot(x, trainer.test_acc_list, marker='s', label='test', markevery=2)
plt.xlabel("epochs")
plt.ylabel("accuracy")
plt.ylim(0, 1.0)
plt.legend(loc='lower right')
plt.show()
"""

VISUALIZE_FILTER = """
import numpy as np
import matplotlib.pyplot as plt
from cnnlib import SimpleConvNet

def filter_show(filters, nx=8, margin=3, scale=10):
    FN, C, FH, FW = filters.shape
    ny = int(np.ceil(FN / nx))

    fig = plt.figure()
    fig.subplots_adjust(left=0, right=1, bottom=0, top=1, hspace=0.05, wspace=0.05)

    for i in range(FN):
        ax = fig.add_subplot(ny, nx, i+1, xticks=[], yticks=[])
        ax.imshow(filters[i, 0], cmap=plt.cm.gray_r, interpolation='nearest')
    plt.show()

network = SimpleConvNet()
filter_show(network.params['W1'])
first = network.params['W1'].copy()

network.load_params("params.npz")
filter_show(network.params['W1'])
"""

GRADIENT_CHECK = """
import numpy as np
from cnnlib import SimpleConvNet

network = SimpleConvNet(input_dim=(1,10, 10),
                        conv_param = {'filter_num':10, 'filter_size':3,
                                      'pad':0, 'stride':1},
                        hidden_size=10, output_size=10, weight_init_std=0.01)

X = np.random.rand(100).reshape((1, 1, 10, 10))
T = np.array([1]).reshape((1,1))

grad_num = network.numerical_gradient(X, T)
grad = network.gradient(X, T)

differences = {}
for key, val in grad_num.items():
    differences[key] = np.abs(grad_num[key] - grad[key]).mean()
    print(key, differences[key])
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a script in a folder of its own."""
    plt = pytest.importorskip("matplotlib.pyplot")
    backend = plt.get_backend()
    plt.switch_backend("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)
    fresh = np.random.default_rng
    monkeypatch.setattr(
        np.random, "default_rng", lambda rng=None: fresh(7 if rng is None else rng)
    )

    def run_script(script, **names):
        exec(compile(script, "<script>", "exec"), names)
        return names

    yield run_script
    plt.close("all")
    plt.switch_backend(backend)


def stripes(n, seed):
    """Return images of a bright row each, and the number of that row as label."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 10, n)
    x = 0.2 * rng.random((n, 1, 28, 28), dtype=np.float32)
    x[np.arange(n), 0, 2 * t + 4] += 0.8
    return x, t


def test_train_convnet_then_visualize_filter(run, tmp_path, capsys):
    (x_train, t_train), (x_test, t_test) = stripes(250, 0), stripes(50, 1)
    data = {"x_train": x_train, "t_train": t_train, "x_test": x_test, "t_test": t_test}
    trained = run(TRAIN_CONVNET, **data)
    trainer = trained["trainer"]
    assert len(trainer.train_loss_list) == 2 * 3
    assert np.mean(trainer.train_loss_list[3:]) < np.mean(trainer.train_loss_list[:3])
    assert "Saved Network Parameters!" in capsys.readouterr().out
    assert [file.name for file in tmp_path.iterdir()] == ["params.npz"]
    lines = trained["plt"].gca().lines
    assert [len(line.get_xdata()) for line in lines] == [2, 2]
    assert list(lines[1].get_ydata()) == trainer.test_acc_list

    seen = run(VISUALIZE_FILTER)
    W1 = seen["network"].params["W1"]
    np.testing.assert_array_equal(W1, trained["network"].params["W1"])
    assert not np.array_equal(seen["first"], W1)
    axes = seen["plt"].gcf().axes
    assert len(axes) == 30
    np.testing.assert_array_equal(axes[29].images[0].get_array(), W1[29, 0])


def test_gradient_check(run, capsys):
    differences = run("import numpy as np; np.random.seed(0)" + GRADIENT_CHECK)[
        "differences"
    ]
    assert list(differences) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert all(0 < difference < 1e-7 for difference in differences.values())
    assert len(capsys.readouterr().out.splitlines()) == 6
