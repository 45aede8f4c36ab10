# SPDX-License-Identifier: Apache-2.0
"""What is promised of a training holds for each kind of data: the models are those of `mote init`.

One arena in plan, training and bench; resident memory within it; the same bits for threads, levels,
planners and policies; no allocation while epochs, validation and saving go on.
"""

import json
import os
import random
import struct
import unittest

from running import DIGITS, HAS_ZLIB, SANITIZED, SOURCE, RunTest, machine_has

ALLOWANCE = 2 << 20

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


def write_sounds(folder):
    """Square waves of three pitches, 8-bit samples."""
    dice = random.Random(2)
    for label in range(3):
        (folder / f"pitch{label}").mkdir(parents=True)
        for i in range(9):
            period = 10 + 10 * label + dice.randrange(3)
            count = dice.randrange(1500, 3500)
            data = bytes(96 + 64 * (k // period % 2) + dice.randrange(9) for k in range(count))
            head = struct.pack("<4sI4s", b"RIFF", 36 + count, b"WAVE")
            head += struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
            path = folder / f"pitch{label}" / f"{i}.wav"
            path.write_bytes(head + struct.pack("<4sI", b"data", count) + data)


def write_table(path, real):
    dice = random.Random(3)
    rows = ["x,y,z,label"]
    for _ in range(120):
        x, y = dice.randrange(100), dice.randrange(100)
        gap = "" if dice.randrange(9) == 0 else str(dice.randrange(7))
        rows.append(f"{x},{y},{gap},{1e4 + 500 * x + y / 8 if real else 'high' if x > y else 'low'}")
    path.write_text("\n".join(rows) + "\n")


class Proposals(RunTest):
    def propose(self, kind):
        """Writes data and a model for them; gives the model file."""
        data = self.folder / kind
        if kind == "wav":
            write_sounds(data)
        elif kind == "text":
            data.write_text("".join(random.Random(4).choice("ab cd. ") for _ in range(4500)))
        elif kind == "idx":
            data = DIGITS / "valid-images-idx3-ubyte.gz"
        else:
            write_table(data.with_suffix(".csv"), kind == "numbers")
            data = data.with_suffix(".csv")
        self.run_mote("init", data, f"--output={kind}.ini")
        return f"{kind}.ini"

    def assert_certificate(self, model, launcher):
        plan = self.run_json("plan", model)
        report = self.folder / "peak"
        self.run_mote("version", command=(launcher, report))
        before = int(report.read_text())
        command = ("train", model, "--epochs=2", "--json", "--quiet")
        train = json.loads(self.run_mote(*command, command=(launcher, report)))
        bench = self.run_json("bench", model, "--steps=1")
        for key in ("arena_bytes", "lower_bound_bytes", "plan_hash"):
            self.assertEqual({train[key], bench[key]}, {plan[key]}, key)
        if not SANITIZED:
            self.assertLessEqual(int(report.read_text()), plan["arena_bytes"] + ALLOWANCE + before)

    def assert_same_bits(self, model):
        def digest(*options):
            return self.run_json("train", model, "--epochs=2", *options)["weights_sha256"]

        expected = digest()
        for variant in VARIANTS:
            if machine_has(variant):
                self.assertEqual(digest(*variant), expected, variant)
        self.assertNotEqual(digest("--seed=2"), expected)

    def assert_no_allocation(self, model):
        """From the first saving to the last lie two epochs with validation."""
        trace = self.folder / "trace"
        trace.unlink(missing_ok=True)
        library = os.path.join(os.environ["MOTE_PRELOAD_DIR"], "interpose_malloc.so")
        preload = ("env", f"LD_PRELOAD={library}", f"MOTE_TRACE={trace}")
        self.run_mote("train", model, "--epochs=3", command=preload)
        events = [line.split()[0] for line in trace.read_text().splitlines()]
        saved = [i for i, event in enumerate(events) if event == "rename"]
        self.assertEqual(len(saved), 3)
        self.assertIn("memory", events[: saved[0]])
        self.assertNotIn("memory", events[saved[0] : saved[-1]])

    def assert_promises(self, kind):
        model = self.propose(kind)
        self.assert_certificate(model, self.compile_tool(SOURCE / "bench" / "peak_rss.c"))
        self.assert_same_bits(model)
        if not SANITIZED:
            self.assert_no_allocation(model)

    def test_sounds(self):
        self.assert_promises("wav")

    def test_a_text(self):
        self.assert_promises("text")

    def test_a_table_of_classes(self):
        self.assert_promises("classes")

    def test_a_table_of_numbers(self):
        self.assert_promises("numbers")

    @unittest.skipUnless(HAS_ZLIB, "the shipped digits are compressed")
    def test_images(self):
        self.assert_promises("idx")


if __name__ == "__main__":
    unittest.main()
