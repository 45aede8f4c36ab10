# SPDX-License-Identifier: Apache-2.0
"""Runs the command line on a tiny model with generated data, in a folder of the test's own."""

import fcntl
import json
import os
import pty
import random
import struct
import subprocess
import tempfile
import termios
import unittest
import zlib
from pathlib import Path

MOTE = os.environ["MOTE_CLI"]
SIZE = 8  # images are SIZE x SIZE; the class is the quarter that is bright
SAMPLES = {"train": 75, "valid": 24, "test": 24}

MODEL = """\
[Model]
type = NeuralNetwork
loss = cross
batch_size = 8
epochs = 3
seed = 1
save_path = tiny.safetensors

[Optimizer]
type = adam
learning_rate = 0.01

[train_set]
type = idx
path = train-images.idx
label_path = train-labels.idx

[valid_set]
type = idx
path = valid-images.idx
label_path = valid-labels.idx

[test_set]
type = idx
path = test-images.idx
label_path = test-labels.idx

[input]
type = input
input_shape = 1:8:8
flatten = true

[hidden]
type = fully_connected
unit = 16
activation = relu

[output]
type = fully_connected
unit = 4
activation = softmax
"""


def make_image(generator, label):
    """Grey values, row by row."""
    half = SIZE // 2
    rows = range(half) if label < 2 else range(half, SIZE)
    columns = range(half) if label % 2 == 0 else range(half, SIZE)
    return bytes(
        generator.randrange(150, 256) if y in rows and x in columns else generator.randrange(0, 60)
        for y in range(SIZE)
        for x in range(SIZE)
    )


def write_idx(folder, name, seed):
    generator = random.Random(seed)
    labels = bytes(generator.randrange(4) for _ in range(SAMPLES[name]))
    images = b"".join(make_image(generator, label) for label in labels)
    (folder / f"{name}-images.idx").write_bytes(
        struct.pack(">IIII", 0x803, len(labels), SIZE, SIZE) + images
    )
    (folder / f"{name}-labels.idx").write_bytes(struct.pack(">II", 0x801, len(labels)) + labels)


def write_png(path, label, seed=7):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    pixels = make_image(random.Random(seed), label)
    rows = b"".join(b"\0" + pixels[y * SIZE : (y + 1) * SIZE] for y in range(SIZE))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class CliTest(unittest.TestCase):
    """A test case in a temporary folder with tiny.ini and its data."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.saved = self.folder / "tiny.safetensors"
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("NO_COLOR", "TERM", "MOTE_CPU")
        }
        (self.folder / "tiny.ini").write_text(MODEL)
        for seed, name in enumerate(SAMPLES):
            write_idx(self.folder, name, seed)

    def start(self, *arguments, **options):
        """A running process; its streams are pipes."""
        settings = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "stdin": subprocess.DEVNULL,
            "text": True,
            "cwd": self.folder,
            "env": self.environment,
        }
        settings.update(options)
        return subprocess.Popen([MOTE, *map(str, arguments)], **settings)

    def run_mote(self, *arguments, code=0, **options):
        """Runs to the end, checks the exit code; gives what was printed on stdout and stderr."""
        process = self.start(*arguments, **options)
        with process:
            out, talk = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, f"{arguments}\n{out}\n{talk}")
        return out, talk

    def run_json(self, *arguments, **options):
        out, _ = self.run_mote(*arguments, "--json", **options)
        return json.loads(out)

    def refuse(self, *arguments, code=2, **options):
        """Runs what must fail with one line on stderr and nothing on stdout; gives that line."""
        out, talk = self.run_mote(*arguments, code=code, **options)
        self.assertEqual(out, "")
        self.assertTrue(talk.startswith("mote: ") and talk.count("\n") == 1, talk)
        return talk[len("mote: ") : -1]

    def train(self, *arguments):
        self.run_mote("train", "tiny.ini", "--quiet", *arguments)


class Terminal:
    """A process whose stderr is a terminal; its stdout is one too, or a pipe."""

    def __init__(self, test, *arguments, width=80, environment=None, both=False):
        self.master, slave = pty.openpty()
        test.addCleanup(os.close, self.master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        variables = {**test.environment, "TERM": "xterm", **(environment or {})}
        out = slave if both else subprocess.PIPE
        self.process = test.start(*arguments, stderr=slave, stdout=out, env=variables)
        os.close(slave)
        self.text = ""

    def read_some(self):
        """False at the end."""
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says EIO when the last writer is gone
            return False
        self.text += data.decode()
        return bool(data)

    def read_until(self, text):
        while text not in self.text:
            if not self.read_some():
                raise AssertionError(f"ended before '{text}': {self.text}")

    def read_rest(self):
        """Waits for the end; gives all that the terminal got."""
        while self.read_some():
            pass
        self.process.communicate(timeout=60)
        return self.text
