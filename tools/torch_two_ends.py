#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/reference/two-ends*: a network with two inputs and two losses, trained by PyTorch.

Needs what torch_reference.py needs; writes tests/data/reference beside this script's folder.
"""
import torch
import torch.nn.functional as F

from torch_reference import ROOT, print_distances, write_safetensors


class TwoEnds(torch.nn.Module):
    """Two inputs, two losses; `left` is read by both branches."""

    def __init__(self):
        super().__init__()
        self.left = torch.nn.Linear(6, 5)
        self.right = torch.nn.Linear(4, 5)
        self.classes = torch.nn.Linear(5, 3)
        self.values = torch.nn.Linear(5, 2)

    def forward(self, numbers, places):
        left = torch.tanh(self.left(numbers))
        both = torch.tanh(left + torch.tanh(self.right(places)))
        return self.classes(both), self.values(left)


def train_two_ends(initial, data, dtype):
    network = TwoEnds().to(dtype)
    network.load_state_dict({name: value.to(dtype) for name, value in initial.items()})
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    numbers, places, classes, values = (part.to(dtype) for part in data)
    for first in range(0, 40, 8):
        batch = slice(first, first + 8)
        logits, outputs = network(numbers[batch], places[batch])
        loss = 0.7 * F.cross_entropy(logits, classes[batch].argmax(1))
        loss = loss + 0.3 * F.mse_loss(outputs, values[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.state_dict()


def make_two_ends(output):
    torch.manual_seed(23)
    initial = TwoEnds().state_dict()
    write_safetensors(output / "two-ends-initial.safetensors", initial)
    data = (torch.randn(40, 6), torch.rand(40, 4), F.one_hot(torch.randint(3, (40,)), 3).float(),
            torch.randn(40, 2))
    records = torch.cat(data, 1).numpy().astype("<f4")
    (output / "two-ends.bin").write_bytes(records.tobytes())
    truth = train_two_ends(initial, data, torch.float64)
    single = train_two_ends(initial, data, torch.float32)
    print_distances("two ends, 5 steps of sgd: float32 to float64", single, truth)
    rounded = {name: value.float() for name, value in truth.items()}
    write_safetensors(output / "two-ends-5.safetensors", rounded)


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_two_ends(ROOT / "tests" / "data" / "reference")
