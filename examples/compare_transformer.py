# SPDX-License-Identifier: Apache-2.0
"""What compare.py needs for Transformers on text: their layers in PyTorch, and the reader of text."""

import numpy
import torch
import torch.nn.functional as F


class Positions(torch.nn.Module):
    """A learned row for each position."""

    def __init__(self, count, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(count, width))

    def forward(self, values):
        return values + self.weight


class Attention(torch.nn.Module):
    """Causal self-attention, its four matrices apart, as mote has and initializes them."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "output"):
            self.add_module(name, torch.nn.Linear(width, width))

    def split(self, values):
        return values.unflatten(-1, (self.heads, -1)).transpose(-2, -3)

    def forward(self, values):
        query, key, value = (
            self.split(layer(values)) for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        shares = scores.masked_fill(later, -torch.inf).softmax(-1)
        return self.output((shares @ value).transpose(-2, -3).flatten(-2))


def make_positions(section, shapes):
    if section.text("encoding", "sinusoidal") != "learned":
        raise SystemExit(f"[{section.name}]: this script only knows encoding = learned")
    return Positions(*shapes[0][-2:]), shapes[0]


def make_normalization(section, shapes):
    return torch.nn.LayerNorm(shapes[0][-1], eps=section.real("epsilon", 1e-3)), shapes[0]


def make_attention(section, shapes):
    if section.text("causal", "false") != "true" or len(shapes) > 1:
        raise SystemExit(f"[{section.name}]: this script only knows causal attention of one input")
    return Attention(shapes[0][-1], int(section.text("num_heads", "1"))), shapes[0]


LAYERS = {
    "positional_encoding": make_positions,
    "layer_normalization": make_normalization,
    "multi_head_attention": make_attention,
}
ACTIVATIONS = {"gelu": F.gelu}


def read_text(section, folder, learned, network):
    """Windows that do not overlap; the labels are the bytes that follow theirs."""
    text = numpy.fromfile(folder / section.text("path"), dtype=numpy.uint8)
    window = network.shapes[network.inputs[0]][-1]
    count = (len(text) - 1) // window
    inputs, labels = (
        torch.tensor(text[first : first + count * window].reshape(count, window)).long()
        for first in (0, 1)
    )
    return [inputs], labels, None
