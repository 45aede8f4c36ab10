# SPDX-License-Identifier: Apache-2.0
"""Cases of torch_reference.py: activations."""
import torch
import torch.nn.functional as F


def add_activations(cases):
    extremes = torch.tensor([0.0, -0.0, 1e-4, -1e-4, 9.5, -9.5, 30.0, -30.0, 100.0, -100.0])
    wide = torch.cat((cases.random(14) * 2.0, extremes.double())).float().double().view(2, 1, 3, 4)
    for kind, function in (("relu", F.relu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh)):
        cases.add(kind, "activation", f"activation={kind}", [wide.clone()], {},
                  lambda x, w: function(x[0]))
    for name, x in (("softmax", cases.random(3, 1, 1, 7)),
                    ("softmax-rows", cases.random(2, 2, 3, 5)),
                    ("softmax-large", cases.random(3, 1, 1, 7, scale=300.0))):
        cases.add(name, "activation", "activation=softmax", [x], {},
                  lambda x, w: F.softmax(x[0], dim=-1))


def add_more_activations(cases):
    for name, x in (("log-softmax", cases.random(2, 1, 3, 5)),
                    ("log-softmax-large", cases.random(3, 1, 1, 7, scale=300.0))):
        cases.add(name, "activation", "activation=log_softmax", [x], {},
                  lambda x, w: F.log_softmax(x[0], dim=-1))
    extremes = torch.tensor([0.01, -0.01, 6.5, -9.5, 30.0, -30.0, 100.0])
    wide = torch.cat((cases.random(17) * 4.0, extremes.double()))
    wide = wide.float().double().view(2, 1, 3, 4)
    # F.hardsigmoid's derivative is a float32 sixth even in float64
    for name, kind, properties, function in (
            ("leaky_relu", "leaky_relu", "", F.leaky_relu),
            ("leaky_relu-slope", "leaky_relu", "negative_slope=0.3",
             lambda x: F.leaky_relu(x, 0.3)),
            ("relu6", "relu6", "", F.relu6),
            ("elu", "elu", "", F.elu),
            ("elu-alpha", "elu", "alpha=0.5", lambda x: F.elu(x, 0.5)),
            ("selu", "selu", "", F.selu),
            ("softplus", "softplus", "", lambda x: F.softplus(x, threshold=1000.0)),
            ("hard_sigmoid", "hard_sigmoid", "", lambda x: F.relu6(x + 3.0) / 6.0),
            ("swish", "swish", "", F.silu),
            ("gelu", "gelu", "", F.gelu),
            ("tanh_gelu", "tanh_gelu", "", lambda x: F.gelu(x, approximate="tanh")),
            ("mish", "mish", "", F.mish),
            ("hard_swish", "hard_swish", "", F.hardswish)):
        cases.add(name, "activation", f"activation={kind} {properties}".strip(), [wide.clone()],
                  {}, lambda x, w: function(x[0]))


def add_softmax_axes(cases):
    for kind, function in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        for name, shape, axis in (
                ("channels", (5, 2, 3), 1), ("channels-wide", (3, 4, 9), 1),
                ("height", (2, 6, 5), 2), ("height-column", (2, 7, 1), 2),
                ("height-of-one", (2, 1, 5), 2), ("width", (2, 3, 4), 3)):
            cases.add(f"{kind}-{name}", "activation", f"activation={kind} axis={axis}",
                      [cases.random(3, *shape, scale=2.0)], {},
                      lambda x, w: function(x[0], dim=axis))
