"""Train the network that ships with the package: the book's 20 epochs on MNIST.

    python -m benchmarks.ship_weights

It needs MNIST (see ``cnnlib.load_mnist``), takes a few minutes, and writes
``cnnlib/weights/simple_convnet_mnist.npz``. The seeds are fixed; rounding in the
matrix products may differ between machines, so the last digits may as well.
"""

from pathlib import Path

import cnnlib

WEIGHTS = Path(cnnlib.__file__).parent / "weights" / "simple_convnet_mnist.npz"


def main():
    """Train, print the accuracy of every epoch, and save."""
    (x_train, t_train), (x_test, t_test) = cnnlib.load_mnist()
    network = cnnlib.SimpleConvNet(rng=0)
    trainer = cnnlib.Trainer(
        network,
        x_train,
        t_train,
        x_test,
        t_test,
        epochs=20,
        optimizer="Adam",
        optimizer_param={"lr": 0.001},
        rng=0,
    )
    trainer.train()
    for epoch, accuracy in enumerate(trainer.test_acc_list, start=1):
        print(f"epoch {epoch:2}: test accuracy {accuracy:.2%}")
    network.save_params(WEIGHTS)
    print(f"saved {WEIGHTS.name}, test accuracy {network.accuracy(x_test, t_test):.2%}")


if __name__ == "__main__":
    main()
