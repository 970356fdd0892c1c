"""Train one network in one process, or in several that share each batch.

In one process, then in two; the data are arrays x and t in an .npz file::

    python train_ddp.py work/digits.npz work/one.npz
    torchrun --standalone --nproc_per_node=2 train_ddp.py work/digits.npz work/two.npz

Both write the weights and the losses that they end with: they are the same.
Notebook 10 explains it line by line.
"""

import os
import sys

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

BATCH, EPOCHS, SEED = 40, 3, 7


def make_network():
    """Return the same network in every process: the seed makes it so."""
    torch.manual_seed(SEED)
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 12 * 12, 10),
    )


def main(arrays, out):
    """Train, and let the process with number 0 save."""
    together = "WORLD_SIZE" in os.environ  # torchrun sets it
    if together:
        dist.init_process_group("gloo")  # on the CPU; GPUs take "nccl"
    rank = dist.get_rank() if together else 0
    world = dist.get_world_size() if together else 1

    with np.load(arrays) as file:
        data = TensorDataset(*(torch.from_numpy(file[name]) for name in ("x", "t")))
    sampler = DistributedSampler(data, num_replicas=world, rank=rank, seed=SEED)
    loader = DataLoader(data, batch_size=BATCH // world, sampler=sampler)

    network = make_network()
    twins = DistributedDataParallel(network) if together else network
    optimizer = torch.optim.SGD(twins.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)  # another order in each epoch
        for x, t in loader:
            loss = nn.functional.cross_entropy(twins(x), t)
            optimizer.zero_grad()
            loss.backward()  # here the processes exchange their gradients
            optimizer.step()
            losses.append(mean_of_all(loss.detach(), together))

    if rank == 0:
        weights = {name: w.numpy() for name, w in network.state_dict().items()}
        np.savez(out, losses=losses, world=world, **weights)
    if together:
        dist.barrier()  # nobody hangs up while another one still talks
        dist.destroy_process_group()


def mean_of_all(loss, together):
    """Return the mean loss over the processes, for the record."""
    if together:
        dist.all_reduce(loss)
        loss /= dist.get_world_size()
    return loss.item()


if __name__ == "__main__":
    main(*sys.argv[1:])
