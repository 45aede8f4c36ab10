#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a model file with mote and, from the same file, with PyTorch, and prints both on the test set.

PyTorch's network, optimizer, batch size and epochs are those of the model file, its data are read by this script; what is
not written here (layers, keys, kinds of data) is refused. Seeds mean other weights, order and dropout in each.

    examples/compare.py [--mote PATH] [--seeds N] MODEL

Needs Debian's python3-torch and python3-pil.
"""

import argparse
import configparser
import csv
import functools
import json
import math
import re
import subprocess
import tempfile
from pathlib import Path

import compare_sound
import compare_transformer
import numpy
import torch
import torch.nn.functional as F
from PIL import Image

SPECIAL = ("Model", "Optimizer", "LearningRateScheduler", "train_set", "valid_set", "test_set")
# Keys that are asked for elsewhere, or that mean nothing here.
KNOWN = ("type", "input_layers", "activation", "flatten", "seed", "save_path", "class_names")
# A softmax is part of the loss.
ACTIVATIONS = {"relu": F.relu, "tanh": torch.tanh, "softmax": lambda values: values}
ACTIVATIONS.update(compare_transformer.ACTIVATIONS)


class Section(dict):
    """Texts by key; says which of them nobody asked for."""

    def __init__(self, name, items):
        super().__init__(items)
        self.name = name
        self.known = set(KNOWN)

    def text(self, key, default=None):
        self.known.add(key)
        value = self.get(key, default)
        if value is None:
            raise SystemExit(f"[{self.name}]: {key} is missing")
        return value

    def integers(self, key, default):
        values = [int(part) for part in re.split("[,:]", self.text(key, default))]
        return values[0] if len(values) == 1 else tuple(values)

    def real(self, key, default=None):
        return float(self.text(key, default))

    def check(self):
        for key in self.keys() - self.known:
            raise SystemExit(f"[{self.name}]: this script does not know the key {key}")


def read_model(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(path.read_text())
    return {name: Section(name, parser[name]) for name in parser.sections()}


# ---- layers: section and shape of the input (of one sample) to a module and the shape of its output


def make_linear(section, shapes):
    width = int(section.text("unit"))
    return torch.nn.Linear(shapes[0][-1], width), (*shapes[0][:-1], width)


def window_shape(shape, channels, kernel, stride, padding):
    sides = (
        (size + 2 * pad - side) // step + 1
        for size, side, step, pad in zip(shape[1:], kernel, stride, padding, strict=True)
    )
    return (channels, *sides)


def make_conv2d(section, shapes):
    filters = int(section.text("filters"))
    kernel = section.integers("kernel_size", None)
    stride, padding = section.integers("stride", "1,1"), section.integers("padding", "0,0")
    layer = torch.nn.Conv2d(shapes[0][0], filters, kernel, stride, padding)
    return layer, window_shape(shapes[0], filters, kernel, stride, padding)


def make_pooling2d(section, shapes):
    if section.text("pooling") != "max":
        raise SystemExit(f"[{section.name}]: this script only knows pooling = max")
    kernel = section.integers("pool_size", None)
    layer = torch.nn.MaxPool2d(kernel)
    return layer, window_shape(shapes[0], shapes[0][0], kernel, kernel, (0, 0))


def make_dropout(section, shapes):
    return torch.nn.Dropout(section.real("dropout_rate")), shapes[0]


def make_embedding(section, shapes):
    rows, width = int(section.text("in_dim")), int(section.text("out_dim"))
    return torch.nn.Embedding(rows, width), (shapes[0][-1], width)


class Joined(torch.nn.Module):
    """Several inputs as one, by a function of their list."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *values):
        return self.function(values)


def make_concat(section, shapes):
    if section.text("axis", "1") != "3":
        raise SystemExit(f"[{section.name}]: this script only knows axis = 3")
    shape = (*shapes[0][:-1], sum(shape[-1] for shape in shapes))
    return Joined(lambda values: torch.cat(values, -1)), shape


def make_multiply(section, shapes):
    return Joined(lambda values: functools.reduce(torch.mul, values)), shapes[0]


def make_addition(section, shapes):
    return Joined(lambda values: functools.reduce(torch.add, values)), shapes[0]


LAYERS = {
    "fully_connected": make_linear,
    "conv2d": make_conv2d,
    "pooling2d": make_pooling2d,
    "dropout": make_dropout,
    "embedding": make_embedding,
    "concat": make_concat,
    "multiply": make_multiply,
    "addition": make_addition,
    **compare_sound.LAYERS,
    **compare_transformer.LAYERS,
}


class Network(torch.nn.Module):
    """The layers of a model file, the last one's softmax left out."""

    def __init__(self, sections):
        super().__init__()
        self.inputs = []
        self.types = []  # of the inputs
        self.steps = []  # section, names of what it reads
        self.shapes = {}
        self.layers = torch.nn.ModuleDict()
        above = None
        for section in sections:
            self.add(section, above)
            section.check()
            above = section.name
        if any(section.get("activation") == "softmax" for section, _ in self.steps[:-1]):
            raise SystemExit("this script only knows a softmax on the last layer")

    def add(self, section, above):
        kind = section.text("type")
        if kind == "input":
            shape = section.integers("input_shape", None)
            self.shapes[section.name] = shape if isinstance(shape, tuple) else (shape,)
            self.inputs.append(section.name)
            self.types.append({"float32": torch.float32, "int32": torch.int64}[
                section.text("dtype", "float32")
            ])
            return
        if section.text("weight_initializer", "xavier_uniform") not in ("xavier_uniform", "zeros"):
            raise SystemExit(f"[{section.name}]: this script only knows xavier_uniform and zeros")
        activation = section.get("activation")
        if kind not in LAYERS or activation not in (None, *ACTIVATIONS):
            raise SystemExit(f"[{section.name}]: this script does not know {kind} or {activation}")
        sources = [name.strip() for name in section.get("input_layers", above).split(",")]
        layer, shape = LAYERS[kind](section, [self.shapes[name] for name in sources])
        if section.get("flatten") == "true":
            shape = (int(numpy.prod(shape)),)
        if "shared_from" in section:
            layer.weight = self.layers[section.text("shared_from")].weight
        self.layers[section.name] = layer
        self.shapes[section.name] = shape
        self.steps.append((section, sources))

    def reset(self):
        """mote's defaults: uniform after Xavier, biases 0; those of normalizations are PyTorch's."""
        for section, _ in self.steps:
            for name, weights in self.layers[section.name].named_parameters():
                if "bias" in name or section.get("weight_initializer") == "zeros":
                    torch.nn.init.zeros_(weights)
                elif weights.dim() > 1:
                    torch.nn.init.xavier_uniform_(weights)

    def forward(self, *inputs):
        values = dict(zip(self.inputs, inputs, strict=True))
        for section, sources in self.steps:
            value = self.layers[section.name](*(values[name] for name in sources))
            if section.get("activation"):
                value = ACTIVATIONS[section["activation"]](value)
            if section.get("flatten") == "true":
                value = value.flatten(1)
            values[section.name] = value
        return value


# ---- data: a section and what was learned of the training set to inputs, label and what was learned


def read_csv(section, folder, learned, network):
    label = section.text("label")
    with open(folder / section.text("path"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name != label]
    inputs = numpy.array([[float(row[name]) for name in columns] for row in rows])
    texts = [row[label] for row in rows]
    if learned is None:
        learned = inputs.mean(0), inputs.std(0), sorted(set(texts))
    mean, deviation, names = learned
    if section.text("standardize", "false") == "true":
        inputs = (inputs - mean) / deviation
    widths = [int(numpy.prod(network.shapes[name])) for name in network.inputs]
    parts = torch.tensor(inputs).split(widths, 1)
    inputs = [part.to(kind) for part, kind in zip(parts, network.types, strict=True)]
    if network.is_classifier:
        return inputs, torch.tensor([names.index(text) for text in texts]), learned
    return inputs, torch.tensor([float(text) for text in texts]), learned


def read_images(section, folder, learned, network):
    top = folder / section.text("path")
    names = learned or sorted(path.name for path in top.iterdir())
    paths = [path for name in names for path in sorted((top / name).iterdir())]
    shape = network.shapes[network.inputs[0]]
    pixels = numpy.empty((len(paths), *shape), dtype=numpy.float32)
    for i, path in enumerate(paths):
        image = Image.open(path)
        if (len(image.getbands()), image.height, image.width) != shape:
            raise SystemExit(f"{path}: this script only knows images of the input's shape {shape}")
        pixels[i] = numpy.asarray(image).reshape(shape)
    inputs = torch.tensor(pixels) * section.real("scale", 1 / 255)
    inputs = (inputs - section.real("mean", 0)) / section.real("std", 1)
    return [inputs], torch.tensor([names.index(path.parent.name) for path in paths]), names


READERS = {
    "csv": read_csv,
    "images": read_images,
    "text": compare_transformer.read_text,
    "wav": compare_sound.read_wav,
}


def read_set(model, name, folder, learned, network):
    section = model[name]
    reader = READERS.get(section.text("type"))
    if not reader:
        raise SystemExit(f"[{name}]: this script does not know data of type {section['type']}")
    result = reader(section, folder, learned, network)
    section.check()
    return result


# ---- both runs; a result is the percentage of right answers, or the root of the mean square error


def is_classifier(head):
    loss = head.text("loss")
    if loss not in ("cross", "mse"):
        raise SystemExit("[Model]: this script only knows loss = cross and loss = mse")
    return loss == "cross"


OPTIMIZERS = {"adam": (torch.optim.Adam, 0), "adamw": (torch.optim.AdamW, 0.01)}


def make_optimizer(model, network):
    """The optimizer and the limit of the gradients' norm."""
    section = model["Optimizer"]
    if section.text("type") not in OPTIMIZERS:
        raise SystemExit("[Optimizer]: this script only knows adam and adamw")
    make, decay = OPTIMIZERS[section.text("type")]
    rate, limit = section.real("learning_rate", 1e-3), section.real("clip_norm", "inf")
    section.check()
    return make(network.parameters(), lr=rate, eps=1e-7, weight_decay=decay), limit


def make_schedule(model, optimizer):
    """Factors of the rate; always 1 without a section."""
    section = model.get("LearningRateScheduler")
    if not section:
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1)
    if section.text("type") != "cosine":
        raise SystemExit("[LearningRateScheduler]: this script only knows cosine")
    warm_up, steps = int(section.text("warm_up", "0")), int(section.text("decay_steps"))
    least = section.real("min_learning_rate", 0) / optimizer.defaults["lr"]
    section.check()

    def factor(step):
        if step < warm_up:
            return step / warm_up
        share = min((step - warm_up) / steps, 1)
        return least + (1 - least) * (1 + math.cos(math.pi * share)) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def predict(network, inputs):
    """Of a classifier the rows that have a label each, else all numbers."""
    outputs = network(*inputs)
    return outputs.flatten(0, -2) if network.is_classifier else outputs.flatten()


def get_loss(network, outputs, labels):
    return (F.cross_entropy if network.is_classifier else F.mse_loss)(outputs, labels)


def evaluate(network, inputs, labels):
    """The result and the loss, by parts that fit in memory."""
    network.eval()
    right = total = 0
    with torch.no_grad():
        for chosen in torch.arange(len(labels)).split(256):
            outputs = predict(network, [part[chosen] for part in inputs])
            targets = labels[chosen].flatten()
            total += float(get_loss(network, outputs, targets)) * len(targets)
            if network.is_classifier:
                right += int((outputs.argmax(1) == targets).sum())
    loss = total / labels.numel()
    return (100 * right / labels.numel() if network.is_classifier else math.sqrt(loss)), loss


def train(model, network, inputs, labels):
    head = model["Model"]
    optimizer, limit = make_optimizer(model, network)
    schedule = make_schedule(model, optimizer)
    network.train()
    for _ in range(int(head.text("epochs"))):
        for chosen in torch.randperm(len(labels)).split(int(head.text("batch_size"))):
            outputs = predict(network, [part[chosen] for part in inputs])
            loss = get_loss(network, outputs, labels[chosen].flatten())
            optimizer.zero_grad()
            loss.backward()
            if limit < math.inf:
                torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
            optimizer.step()
            schedule.step()


def run_torch(model, folder, seed):
    torch.manual_seed(seed)
    head = model["Model"]
    network = Network([section for name, section in model.items() if name not in SPECIAL])
    network.is_classifier = is_classifier(head)
    network.reset()
    inputs, labels, learned = read_set(model, "train_set", folder, None, network)
    train(model, network, inputs, labels)
    head.check()
    inputs, labels, _ = read_set(model, "test_set", folder, learned, network)
    return evaluate(network, inputs, labels)


def run_mote(mote, path, seed):
    def run(*arguments):
        command = [mote, *map(str, arguments), "--json", "--quiet"]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        run("train", path, f"--seed={seed}", f"--set=Model.save_path={weights}")
        result = run("eval", path, f"--weights={weights}")
    loss = result["loss"]
    return (100 * result["accuracy"] if result["accuracy"] is not None else math.sqrt(loss)), loss


def format_row(name, row, digits):
    return f"{name:>4} {row[0]:8.{digits}f} {row[1]:8.{digits}f} {row[2]:9.4f} {row[3]:8.4f}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--mote", default="mote", help="the program; default: mote of PATH")
    parser.add_argument("--seeds", type=int, default=5, help="runs with seeds 1 to N; default: 5")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = arguments.model.resolve().parent
    head = read_model(arguments.model)["Model"]
    digits, what = (2, "right answers, %") if is_classifier(head) else (4, "root mean square error")
    print(f"seed     mote  PyTorch      mote  PyTorch   {what}; loss; on [test_set]")
    results = []
    for seed in range(1, arguments.seeds + 1):
        mote = run_mote(arguments.mote, arguments.model.resolve(), seed)
        other = run_torch(read_model(arguments.model), folder, seed)
        results.append((mote[0], other[0], mote[1], other[1]))
        print(format_row(seed, results[-1], digits), flush=True)
    mean = numpy.mean(results, 0)
    print(f"{format_row('mean', mean, digits)}   mote - PyTorch {mean[0] - mean[1]:+.{digits}f}")


if __name__ == "__main__":
    main()
