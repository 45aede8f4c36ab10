# SPDX-License-Identifier: Apache-2.0
"""A folder of sounds: trained, evaluated and run by the names of its sub-folders."""

import random
import struct
import subprocess
import unittest

from running import MOTE, RunTest, machine_has

RATE = 8000
FRAMES = 30

MODEL = f"""\
[Model]
loss = cross
batch_size = 8
epochs = 20
seed = 1
save_path = net.safetensors
[Optimizer]
type = adam
learning_rate = 0.01
[train_set]
type = wav
path = tones
standardize = true
coefficient_count = 12
mel_count = 20
[test_set]
type = wav
path = others
standardize = true
coefficient_count = 12
mel_count = 20
[sound]
type = input
input_shape = 1:{FRAMES}:12
[length]
type = input
input_shape = 1:1:1
dtype = int32
[memory]
type = lstm
unit = 8
input_layers = sound, length
[output]
type = fully_connected
unit = 3
activation = softmax
"""

# From which pitch to which, in hertz.
CLASSES = {"falling": (1200, 500), "high": (1500, 1500), "rising": (500, 1200)}

VARIANTS = [
    ("--threads=1",),
    ("--threads=3",),
    ("--cpu=scalar", "--threads=2"),
    ("--cpu=avx2", "--threads=2"),
    ("--cpu=avx512", "--threads=2"),
    ("--cpu=neon", "--threads=2"),
    ("--planner=naive",),
]


def make_tone(dice, start, end):
    """A triangular wave with noise, of integers that are the same everywhere."""
    count = dice.randrange(800, 2800)
    phase = dice.randrange(RATE)
    samples = []
    for i in range(count):
        phase = (phase + start + (end - start) * i // count) % RATE
        samples.append((abs(phase - RATE // 2) - RATE // 4) * 6 + dice.randrange(-2000, 2000))
    return samples


def write_wav(path, samples, rate=RATE):
    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE")
    head += struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + struct.pack("<4sI", b"data", len(data)) + data)


class Sounds(RunTest):
    def setUp(self):
        super().setUp()
        self.write_model(MODEL)
        dice = random.Random(3)
        for folder, count in (("tones", 15), ("others", 5)):
            for name, (start, end) in CLASSES.items():
                for i in range(count):
                    write_wav(self.folder / folder / name / f"{i}.wav", make_tone(dice, start, end))

    def assert_refused(self, message, *arguments):
        result = subprocess.run([MOTE, *arguments], cwd=self.folder, capture_output=True, text=True)
        self.assertIn(message, result.stderr)
        self.assertEqual(result.returncode, 1)

    def test_classes_are_told_apart_and_called_by_name(self):
        self.run_json("train", "net.ini")
        self.assertEqual(self.run_json("eval", "net.ini")["accuracy"], 1.0)
        for name in CLASSES:
            text = self.run_mote("infer", "net.ini", f"others/{name}/0.wav")
            self.assertIn(f"others/{name}/0.wav: {name} (", text)
        files = [f"others/{name}/1.wav" for name in CLASSES]
        for batch in ("1", "2"):
            result = self.run_json("infer", "net.ini", f"--batch={batch}", *files)
            self.assertEqual([sample["class_name"] for sample in result["samples"]], list(CLASSES))
            self.assertEqual([sample["file"] for sample in result["samples"]], files)

    def test_threads_levels_and_planners_change_no_bit(self):
        expected = self.run_json("train", "net.ini")["weights_sha256"]
        for variant in VARIANTS:
            if not machine_has(variant):
                continue
            with self.subTest(variant):
                again = self.run_json("train", "net.ini", *variant)
                self.assertEqual(again["weights_sha256"], expected)

    def test_other_preparation_than_in_training_is_refused(self):
        self.run_json("train", "net.ini", "--epochs=1")
        self.assert_refused(
            "[test_set]: sample_rate, features, frame_length, frame_step, mel_count",
            *("eval", "net.ini", "--set=test_set.frame_step=11"),
        )

    def test_a_sound_of_another_rate_is_refused_and_the_others_are_run(self):
        self.run_json("train", "net.ini", "--epochs=1")
        write_wav(self.folder / "fast.wav", [0] * 1000, rate=16000)
        files = ["fast.wav", "others/high/0.wav"]
        result = self.run_json("infer", "net.ini", *files, code=1)
        self.assertIn("'fast.wav' has 16000 samples a second; expected 8000", result["samples"][0]["error"])
        self.assertIn("class_name", result["samples"][1])

    def test_images_do_not_feed_such_a_network(self):
        self.run_json("train", "net.ini", "--epochs=1")
        self.assert_refused(
            "'a.png': images feed networks with one input of real numbers; this one has 2 inputs",
            *("infer", "net.ini", "a.png"),
        )


if __name__ == "__main__":
    unittest.main()
