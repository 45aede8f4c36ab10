#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains lstm.ini's network with PyTorch on the same sounds and prints its accuracy on the test's.

usage: compare.py [--seeds N] [FOLDER]

FOLDER: of prepare.py. Features are computed with numpy (tools/numpy_sound.py), standardized by the training set's
own frames; batches, rates and epochs are those of lstm.ini. Needs Debian's python3-torch.
"""
import argparse
import pathlib
import sys
import wave

import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))
from numpy_sound import find_energies, make_cosines  # noqa: E402

FRAMES, BANDS, COEFFICIENTS, UNITS = 60, 32, 13, 64
EPOCHS, BATCH, RATE = 25, 32, 0.003


def read_rows(path):
    with wave.open(str(path)) as sound:
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    energies = find_energies(samples, 8000, 256, 128, BANDS, 20, 4000)
    return (energies @ make_cosines(BANDS, COEFFICIENTS))[:FRAMES]


def read_set(folder):
    sounds = []
    for label, name in enumerate(sorted(path.name for path in folder.iterdir())):
        sounds += [(read_rows(file), label) for file in sorted((folder / name).iterdir())]
    return sounds


def make_batches(sounds, mean, deviation):
    inputs = numpy.zeros((len(sounds), FRAMES, COEFFICIENTS), "f4")
    for place, (rows, _) in enumerate(sounds):
        inputs[place, : len(rows)] = (rows - mean) / deviation
    lengths = torch.tensor([len(rows) for rows, _ in sounds])
    return torch.tensor(inputs), lengths, torch.tensor([label for _, label in sounds])


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.memory = torch.nn.LSTM(COEFFICIENTS, UNITS, batch_first=True)
        self.output = torch.nn.Linear(UNITS, 10)

    def forward(self, inputs, lengths):
        states, _ = self.memory(inputs)
        return self.output(states[torch.arange(len(inputs)), lengths - 1])


def train(seed, inputs, lengths, labels):
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    for _ in range(EPOCHS):
        for part in torch.randperm(len(inputs)).split(BATCH):
            outputs = network(inputs[part], lengths[part])
            loss = torch.nn.functional.cross_entropy(outputs, labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=HERE / "generated")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sounds = read_set(arguments.folder / "train")
    frames = numpy.concatenate([rows for rows, _ in sounds])
    mean, deviation = frames.mean(0), frames.std(0)
    training = make_batches(sounds, mean, deviation)
    inputs, lengths, labels = make_batches(read_set(arguments.folder / "test"), mean, deviation)
    for seed in range(1, arguments.seeds + 1):
        network = train(seed, *training)
        with torch.no_grad():
            right = (network(inputs, lengths).argmax(1) == labels).double().mean().item()
        print(f"seed {seed}: test accuracy {100 * right:.1f} %", flush=True)


if __name__ == "__main__":
    main()
