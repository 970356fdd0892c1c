"""The visualization script of the report, for those who do not use the notebook.

Write your student number below. Run train_convnet.py first, then in this folder:
python visualize_filter.py. It saves figures/filters_before.png and
figures/filters_after.png.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window: the figures go to files

from cnnlib import SimpleConvNet, plots

student_number = "..."  # 학번

plots.use_style()
folder = Path(__file__).resolve().parent / "figures"
seed = int("0" + "".join(filter(str.isdigit, student_number)))

# V1. Build the network again, with the same seed: it has learned nothing.
network = SimpleConvNet(rng=seed)

# V2. Figure 2: the filters before training.
ax = plots.filter_show(network.params["W1"], nx=10)
ax.figure.savefig(folder / "filters_before.png", dpi=200)

# V3. Load what the training script saved.
network.load_params(folder / "params.npz")

# V4. Figure 3: the filters after training.
ax = plots.filter_show(network.params["W1"], nx=10)
ax.figure.savefig(folder / "filters_after.png", dpi=200)
