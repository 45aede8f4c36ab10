# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers over sequences of several lengths, from records whose second input is the length."""

import struct
import unittest

from running import RunTest, machine_has

STEPS, FEATURES, SAMPLES = 6, 3, 77

MODEL = f"""\
[Model]
loss = cross
batch_size = 32
epochs = 12
seed = 1
[Optimizer]
type = adam
learning_rate = 0.02
[x]
type = input
input_shape = 1:{STEPS}:{FEATURES}
[lengths]
type = input
input_shape = 1
dtype = int32
[first]
type = lstm
unit = 8
return_sequences = true
input_layers = x, lengths
[second]
type = lstm
unit = 7
input_layers = first, lengths
[output]
type = fully_connected
unit = 2
activation = softmax
[train_set]
type = raw
path = train.raw
"""

VARIANTS = [
    ("--threads=1",),
    ("--threads=3",),
    ("--cpu=scalar", "--threads=2"),
    ("--cpu=avx2", "--threads=2"),
    ("--cpu=avx512", "--threads=2"),
    ("--cpu=neon", "--threads=2"),
    ("--planner=naive",),
    ("--set=Model.apply=after_all",),
]


def make_numbers(count):
    """Between -1 and 1, the same everywhere."""
    state = 1
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        yield state / 2**31 - 1


class Sequences(RunTest):
    def setUp(self):
        super().setUp()
        self.write_model(MODEL)

    def write_records(self, padding=0.0, wrong_length=None):
        """Samples of 1 to STEPS steps, classified by the sign of the sum of their first feature."""
        numbers = make_numbers(10**6)
        content = b""
        for sample in range(SAMPLES):
            length = sample % STEPS + 1
            rows = [[next(numbers) for _ in range(FEATURES)] for _ in range(length)]
            is_positive = sum(row[0] for row in rows) > 0
            rows += [[padding] * FEATURES] * (STEPS - length)
            if sample == wrong_length:
                length = STEPS + 1
            record = [*sum(rows, []), length, not is_positive, is_positive]
            content += struct.pack(f"<{len(record)}f", *map(float, record))
        (self.folder / "train.raw").write_bytes(content)

    def train(self, *options):
        return self.run_json("train", "net.ini", *options)

    def test_threads_levels_planners_and_policies_change_no_bit(self):
        self.write_records()
        expected = self.train()["weights_sha256"]
        for variant in VARIANTS:
            if not machine_has(variant):
                continue
            with self.subTest(variant):
                self.assertEqual(self.train(*variant)["weights_sha256"], expected)

    def test_what_stands_behind_the_end_of_a_sample_changes_no_bit(self):
        self.write_records()
        expected = self.train()["weights_sha256"]
        self.write_records(padding=123.0)
        self.assertEqual(self.train()["weights_sha256"], expected)

    def test_the_classes_are_learned(self):
        self.write_records()
        self.assertGreater(self.train("--epochs=40")["accuracy"], 0.95)

    def test_a_length_beyond_the_steps_is_refused(self):
        self.write_records(wrong_length=3)
        with_errors = ("sh", "-c", 'exec "$0" "$@" 2>&1')
        text = self.run_mote("train", "net.ini", code=1, command=with_errors)
        self.assertIn("sample 3 (counted from 0): 7 for 'lengths batch' is not an index from 1 to 6", text)


if __name__ == "__main__":
    unittest.main()
