# SPDX-License-Identifier: Apache-2.0
"""Cases of torch_reference.py: layer normalization, attention, classes by row."""
import torch
import torch.nn.functional as F


class Heads(torch.nn.Module):
    """Causal self-attention with projections of their own."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "output"):
            self.add_module(name, torch.nn.Linear(width, width))

    def forward(self, x):
        return attend([x.unsqueeze(1)], dict(self.named_parameters()), self.heads, None,
                      True)[:, 0]


class Places(torch.nn.Module):
    def __init__(self, steps, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(steps, width) * 0.5)

    def forward(self, x):
        return x + self.weight


class Transformer(torch.nn.Module):
    """Two blocks, normalized first, over the rows of a digit."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(28, 16)
        self.places = Places(28, 16)
        for name, heads in (("a", 2), ("b", 4)):
            self.add_module(f"{name}_norm1", torch.nn.LayerNorm(16))
            self.add_module(f"{name}_attention", Heads(16, heads))
            self.add_module(f"{name}_norm2", torch.nn.LayerNorm(16))
            self.add_module(f"{name}_up", torch.nn.Linear(16, 32))
            self.add_module(f"{name}_down", torch.nn.Linear(32, 16))
        self.norm = torch.nn.LayerNorm(16)
        self.output = torch.nn.Linear(16, 10)

    def part(self, name):
        return getattr(self, name)

    def forward(self, x):
        x = self.places(self.embed(x[:, 0]))
        for name in "ab":
            x = x + self.part(f"{name}_attention")(self.part(f"{name}_norm1")(x))
            y = F.gelu(self.part(f"{name}_up")(self.part(f"{name}_norm2")(x)))
            x = x + self.part(f"{name}_down")(y)
        return self.output(self.norm(x)[:, -1])


def add_layer_normalization(cases):
    """PyTorch normalizes the last axes: others are moved there and back."""
    for name, batch, shape, axes, bias in (
            ("ln", 4, (1, 3, 7), (3,), True), ("ln-no-bias", 4, (1, 3, 7), (3,), False),
            ("ln-many-rows", 5, (2, 40, 5), (3,), True), ("ln-sample", 3, (2, 3, 4), (1, 2, 3), True),
            ("ln-plane", 3, (2, 3, 4), (2, 3), True), ("ln-channel", 3, (5, 3, 2), (1,), True),
            ("ln-column", 3, (2, 5, 3), (2,), True), ("ln-channel-row", 3, (3, 2, 4), (1, 3), True)):
        order = [0] + [axis for axis in (1, 2, 3) if axis not in axes] + list(axes)
        back = [order.index(axis) for axis in range(4)]
        extents = [shape[axis - 1] for axis in axes]
        weights = {"weight": cases.random(*extents)}
        if bias:
            weights["bias"] = cases.random(*extents)
        cases.add(name, "layer_normalization", f"axis={','.join(map(str, axes))} epsilon=0.00001"
                  + ("" if bias else " disable_bias=true"), [cases.random(batch, *shape)], weights,
                  lambda x, w: F.layer_norm(x[0].permute(order), extents, w["weight"],
                                            w.get("bias"), 1e-5).permute(back))


def attend(x, w, heads, lengths, causal):
    """F.multi_head_attention_forward, samples first; queries of a padded sequence to itself give 0."""
    query, key, value = (x[min(i, len(x) - 1)][:, 0].transpose(0, 1) for i in range(3))
    mask = padding = biases = None
    if causal:
        mask = torch.ones(len(query), len(key)).triu(1).bool()
    if lengths is not None:
        padding = torch.arange(len(key)) >= lengths.view(-1, 1)
    if "query.bias" in w:
        biases = torch.cat([w[f"{name}.bias"] for name in ("query", "key", "value")])
    y, _ = F.multi_head_attention_forward(
        query, key, value, query.shape[-1], heads, None, biases, None, None, False, 0.0,
        w["output.weight"], w.get("output.bias"), key_padding_mask=padding, attn_mask=mask,
        need_weights=False, use_separate_proj_weight=True, q_proj_weight=w["query.weight"],
        k_proj_weight=w["key.weight"], v_proj_weight=w["value.weight"])
    y = y.transpose(0, 1)
    if lengths is not None and len(x) == 1:
        y = y * ~padding.unsqueeze(-1)
    return y.unsqueeze(1)


def attend_with_widths(x, w, heads):
    """Widths of keys, values and output that PyTorch's own layer does not have."""
    query, key, value = (
        F.linear(x[i][:, 0], w[f"{name}.weight"], w[f"{name}.bias"]).unflatten(-1, (heads, -1))
        for i, name in enumerate(("query", "key", "value")))
    scores = torch.einsum("bqhc,bkhc->bhqk", query, key) / query.shape[-1] ** 0.5
    contexts = torch.einsum("bhqk,bkhc->bqhc", scores.softmax(-1), value).flatten(-2)
    return F.linear(contexts, w["output.weight"], w["output.bias"]).unsqueeze(1)


def add_attention(cases):
    for name, shapes, heads, causal, lengths, bias in (
            ("attention", [(5, 6)], 2, False, None, True),
            ("attention-no-bias", [(5, 6)], 3, False, None, False),
            ("attention-causal", [(7, 4)], 2, True, None, True),
            ("attention-memory", [(4, 6), (7, 5)], 2, False, None, True),
            ("attention-key-value", [(4, 6), (5, 3), (5, 8)], 2, False, None, True),
            ("attention-lengths", [(6, 4)], 2, False, (6, 1, 4), True),
            ("attention-causal-lengths", [(6, 4)], 1, True, (5, 2, 6), True),
            ("attention-memory-lengths", [(3, 4), (6, 5)], 2, False, (6, 3, 1), True),
            ("attention-long", [(300, 4)], 2, True, None, True)):
        batch = len(lengths) if lengths else 2
        width = shapes[0][1]
        weights = {}
        for i, part in enumerate(("query", "key", "value", "output")):
            fan_in = width if part == "output" else shapes[min(i, len(shapes) - 1)][1]
            weights[f"{part}.weight"] = cases.random(width, fan_in, scale=2 * fan_in ** -0.5)
            if bias:
                weights[f"{part}.bias"] = cases.random(width)
        inputs = [cases.random(batch, 1, *shape) for shape in shapes]
        count = len(inputs)
        if lengths:
            inputs.append(torch.tensor(lengths).view(batch, 1, 1, 1))
        cases.add(name, "multi_head_attention", f"num_heads={heads}" + " causal=true" * causal
                  + " disable_bias=true" * (not bias), inputs, weights,
                  lambda x, w: attend(x[:count], w, heads, x[count] if lengths else None, causal))
        if bias:  # a key's bias changes no probability: that is a sum of terms that cancel
            del cases.tensors[f"{name}/key.bias_gradient"]
    shapes = {"query": (10, 5), "key": (10, 4), "value": (6, 3), "output": (7, 6)}
    weights = {f"{part}.weight": cases.random(*shape) for part, shape in shapes.items()}
    weights.update({f"{part}.bias": cases.random(shape[0]) for part, shape in shapes.items()})
    cases.add("attention-widths", "multi_head_attention", "num_heads=2 projected_key_dim=5 "
              "projected_value_dim=3 output_shape=7", [cases.random(2, 1, 4, 5),
              cases.random(2, 1, 6, 4), cases.random(2, 1, 6, 3)], weights,
              lambda x, w: attend_with_widths(x, w, 2))
    del cases.tensors["attention-widths/key.bias_gradient"]


def add_rows_of_classes(cases):
    """Cross entropy over batch and positions, the classes along the last axis."""
    for name, shape, scale in (("cross-rows", (3, 1, 5, 7), 2.0), ("cross-many-rows", (2, 2, 40, 3), 2.0),
                               ("cross-rows-large", (2, 1, 3, 11), 300.0)):
        x = cases.random(*shape, scale=scale).requires_grad_(True)
        index = torch.randint(shape[-1], shape[:-1], generator=cases.generator)
        loss = torch.nn.CrossEntropyLoss()(x.reshape(-1, shape[-1]), index.reshape(-1))
        right = (x.argmax(-1) == index).double().sum() / (shape[1] * shape[2])
        cases.describe(name, "cross_softmax", shape[0], [":".join(map(str, shape[1:]))], "")
        cases.put(name, {"input": x, "probabilities": F.softmax(x, -1),
                         "label": F.one_hot(index, shape[-1]).double(),
                         "label_index": index.double(), "loss": loss.view(1),
                         "correct": right.view(1),
                         "input_derivative": torch.autograd.grad(loss, x)[0]})
