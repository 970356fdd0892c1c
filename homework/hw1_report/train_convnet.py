"""The training script of the report, for those who do not use the notebook.

Write your student number below, then run in this folder: python train_convnet.py
It saves figures/accuracy.png, figures/params.npz and figures/results.txt.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window: the figures go to files

import cnnlib
from cnnlib import SimpleConvNet, Trainer, plots

student_number = "..."  # 학번

plots.use_style()
folder = Path(__file__).resolve().parent / "figures"
folder.mkdir(exist_ok=True)
seed = int("0" + "".join(filter(str.isdigit, student_number)))

# T1. Load the images.
(x_train, t_train), (x_test, t_test) = cnnlib.load_handwritten_digits()

# T2. Build the network.
network = SimpleConvNet(
    input_dim=(1, 28, 28),
    conv_param={"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1},
    hidden_size=100,
    output_size=10,
    weight_init_std=0.01,
    rng=seed,
)

# T3. Decide how to train.
epochs = 3 if len(x_train) > 10_000 else 20  # about the same time on both data sets
trainer = Trainer(
    network,
    x_train,
    t_train,
    x_test,
    t_test,
    epochs=epochs,
    mini_batch_size=100,
    optimizer="Adam",
    optimizer_param={"lr": 0.001},
    rng=seed,
)

# T4. Train.
trainer.train()

# T5. Measure.
lines = [f"images: {len(x_train)} for training, {len(x_test)} for testing"]
accuracies = zip(trainer.train_acc_list, trainer.test_acc_list, strict=True)
for epoch, (train, test) in enumerate(accuracies, start=1):
    lines.append(f"epoch {epoch:2}: training {train:.2%}, test {test:.2%}")
wrong = round((1 - trainer.test_acc_list[-1]) * len(t_test))
lines.append(f"training accuracy: {trainer.train_acc_list[-1]:.2%}")
lines.append(f"test accuracy: {trainer.test_acc_list[-1]:.2%}")
lines.append(f"wrong: {wrong} of {len(t_test)} test images")
print("\n".join(lines))
(folder / "results.txt").write_text("\n".join(lines) + "\n", "utf-8")

# T6. Figure 1: accuracy after each epoch.
ax = plots.accuracy_curves(trainer.train_acc_list, trainer.test_acc_list)
ax.figure.savefig(folder / "accuracy.png", dpi=200)

# T7. Save what the network has learned.
network.save_params(folder / "params.npz")
