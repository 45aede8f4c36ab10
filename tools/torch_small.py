# SPDX-License-Identifier: Apache-2.0
"""Small networks of torch_reference.py, and what happens between gradients and weights."""
import torch
from torch.optim.swa_utils import AveragedModel


class Small(torch.nn.Module):
    """Two layers; smooth, so that runs stay together from any start."""

    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(784, 12)
        self.output = torch.nn.Linear(12, 10)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(torch.flatten(x, 1))))


class Shared(Small):
    """A layer between the two that is used twice."""

    def __init__(self):
        super().__init__()
        self.middle = torch.nn.Linear(12, 12)

    def forward(self, x):
        x = torch.tanh(self.hidden(torch.flatten(x, 1)))
        x = torch.tanh(self.middle(torch.tanh(self.middle(x))))
        return self.output(x)


class Between:
    """SGD with momentum that does something to the weights' gradients before each step."""

    def __init__(self, weights, change):
        self.weights = list(weights)
        self.change = change
        self.optimizer = torch.optim.SGD(self.weights, lr=0.1, momentum=0.9)
        self.zero_grad = self.optimizer.zero_grad

    def step(self):
        self.change(self.weights)
        self.optimizer.step()


class Averaged(Between):
    """After 20 steps the weights become their moving averages."""

    def __init__(self, weights):
        super().__init__(weights, lambda weights: None)
        self.parameters = torch.nn.ParameterList(self.weights)
        self.averages = AveragedModel(self.parameters, avg_fn=lambda a, w, n: 0.9 * a + 0.1 * w)
        self.left = 20

    def step(self):
        super().step()
        self.averages.update_parameters(self.parameters)
        self.left -= 1
        for weight, average in zip(self.weights, self.averages.parameters()):
            if self.left == 0:
                weight.data.copy_(average)


RUNS = {
    "clip-norm": (Small, lambda weights: Between(
        weights, lambda w: torch.nn.utils.clip_grad_norm_(w, 0.7))),
    "clip-value": (Small, lambda weights: Between(
        weights, lambda w: torch.nn.utils.clip_grad_value_(w, 0.01))),
    "average": (Small, Averaged),
    "shared": (Shared, lambda weights: Between(weights, lambda w: None)),
}
