# SPDX-License-Identifier: Apache-2.0
"""Cases and a training run of torch_reference.py: rows of a table by their indices."""
import torch
import torch.nn.functional as F


class Tied(torch.nn.Module):
    """The table of the tokens is the weight of the last layer, too."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(30, 8)
        self.middle = torch.nn.Linear(48, 8)
        self.head = torch.nn.Linear(8, 30)
        self.head.weight = self.table.weight

    def forward(self, x):
        x = torch.tanh(self.table(x)).flatten(1)
        return self.head(torch.tanh(self.middle(x)))


def train(initial, dtype):
    """20 steps of batch 16 on 64 samples of 6 tokens; tests/run/test_torch.py makes the same."""
    tokens = torch.tensor([[(7 * i + 3 * j * j + i * j) % 30 for j in range(6)]
                           for i in range(64)])
    labels = torch.tensor([(11 * i + 5) % 30 for i in range(64)])
    model = Tied().to(dtype)
    model.load_state_dict(initial)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-7)
    for step in range(20):
        part = slice(step % 4 * 16, step % 4 * 16 + 16)
        optimizer.zero_grad()
        F.cross_entropy(model(tokens[part]), labels[part]).backward()
        optimizer.step()
    return {key: value for key, value in model.state_dict().items() if key != "head.weight"}


def add_embedding(cases):
    for name, batch, steps, rows, width in (
            ("embedding", 4, 5, 3, 6), ("embedding-sparse", 2, 3, 40, 5),
            ("embedding-one", 3, 1, 7, 1), ("embedding-long", 17, 30, 11, 4)):
        index = torch.randint(rows, (batch, 1, 1, steps), generator=cases.generator)
        cases.add(name, "embedding", f"in_dim={rows} out_dim={width}", [index],
                  {"weight": cases.random(rows, width)},
                  lambda x, w: F.embedding(x[0].view(-1, 1, x[0].shape[-1]), w["weight"]))
