# SPDX-License-Identifier: Apache-2.0
"""What compare.py needs for recurrent networks on sounds: the LSTM in PyTorch, and the reader of WAV files.

Features are computed with numpy, by tools/numpy_sound.py.
"""

import sys
import wave
from pathlib import Path

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from numpy_sound import find_energies, make_cosines  # noqa: E402


class Memory(torch.nn.Module):
    """The state at the end of each sequence; its length is the second input."""

    def __init__(self, width, units):
        super().__init__()
        self.lstm = torch.nn.LSTM(width, units, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False)  # mote has one bias

    def forward(self, values, lengths):
        states, _ = self.lstm(values.flatten(1, 2))
        return states[torch.arange(len(states)), lengths.flatten() - 1]


def make_lstm(section, shapes):
    if len(shapes) != 2:
        raise SystemExit(f"[{section.name}]: this script only knows an lstm with lengths")
    units = int(section.text("unit"))
    return Memory(shapes[0][-1], units), (units,)


LAYERS = {"lstm": make_lstm}


def read_rows(path, section):
    """Coefficients, a row a frame."""
    rate = int(section.text("sample_rate"))
    length, step = (
        round(section.real(key) * rate / 1000) for key in ("frame_length", "frame_step")
    )
    bands, coefficients = int(section.text("mel_count")), int(section.text("coefficient_count"))
    with wave.open(str(path)) as sound:
        if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (rate, 1, 2):
            raise SystemExit(f"{path}: this script only knows 16 bits, one channel, {rate} a second")
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    energies = find_energies(samples, rate, length, step, bands, 20, rate / 2)
    return energies @ make_cosines(bands, coefficients)


def read_wav(section, folder, learned, network):
    top = folder / section.text("path")
    names = sorted(path.name for path in top.iterdir())
    frames, width = network.shapes[network.inputs[0]][-2:]
    paths = [path for name in names for path in sorted((top / name).iterdir())]
    sounds = [read_rows(path, section)[:frames] for path in paths]
    if section.text("standardize", "false") != "true":
        raise SystemExit(f"[{section.name}]: this script only knows standardize = true")
    if learned is None:
        together = numpy.concatenate(sounds)
        learned = together.mean(0), together.std(0)
    values = numpy.zeros((len(sounds), 1, frames, width), "f4")
    for i, rows in enumerate(sounds):
        values[i, 0, : len(rows)] = (rows - learned[0]) / learned[1]
    lengths = torch.tensor([[len(rows)] for rows in sounds])
    labels = torch.tensor([names.index(path.parent.name) for path in paths])
    return [torch.tensor(values), lengths], labels, learned
