# SPDX-License-Identifier: Apache-2.0
"""examples/cancer with generated records in the form of scikit-learn's file, and with the real ones where installed."""

import csv
import random
import unittest
from pathlib import Path

from examples import ExampleTest, has_modules

REAL = Path("/usr/lib/python3/dist-packages/sklearn/datasets/data/breast_cancer.csv")


def make_source(path, count=200):
    """Records whose class shows in every third measure."""
    dice = random.Random(3)
    lines = [f"{count},30,malignant,benign"]
    for i in range(count):
        label = i % 2
        numbers = [dice.gauss(label if k % 3 == 0 else 0, 0.3) * 10 ** (k % 4) for k in range(30)]
        lines.append(",".join([*(f"{number:.6g}" for number in numbers), str(label)]))
    path.write_text("\n".join(lines) + "\n")


class Cancer(ExampleTest):
    example = "cancer"

    def setUp(self):
        super().setUp()
        self.source = self.folder / "source.csv"
        make_source(self.source)

    def read(self, part):
        with open(self.folder / "generated" / f"{part}.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_the_parts_are_the_whole_and_share_nothing(self):
        self.prepare(self.source)
        parts = {part: self.read(part) for part in ("train", "valid", "test")}
        self.assertEqual({part: len(rows) for part, rows in parts.items()},
                         {"train": 120, "valid": 30, "test": 50})
        self.assertEqual(len({tuple(row.values()) for rows in parts.values() for row in rows}), 200)
        for rows in parts.values():
            self.assertEqual(sum(row["diagnosis"] == "benign" for row in rows), len(rows) / 2)
        lines = self.source.read_text().splitlines()
        self.source.write_text("\n".join([lines[0], *reversed(lines[1:])]))
        self.prepare(self.source)
        self.assertEqual(parts["test"], self.read("test"))

    def test_training_evaluation_and_names(self):
        self.prepare(self.source)
        self.run_mote("check", "mlp.ini")
        self.run_mote("train", "mlp.ini", "--quiet")
        self.assertGreaterEqual(self.run_json("eval", "mlp.ini")["accuracy"], 0.9)
        row = self.read("test")[-1]
        (self.folder / "new.csv").write_text(
            ",".join(list(row)[:-1]) + "\n" + ",".join(list(row.values())[:-1]) + "\n"
        )
        self.assertIn("new.csv:1: benign (", self.run_mote("infer", "mlp.ini", "new.csv"))

    def test_a_damaged_source_is_refused(self):
        self.source.write_text(self.source.read_text().replace("200,30", "199,30"))
        self.assertIn("not 199 records of 30 numbers", self.prepare(self.source, code=1))
        self.assertIn("apt-get install python3-sklearn", self.prepare("no.csv", code=1))

    @unittest.skipUnless(REAL.exists(), "python3-sklearn is not installed")
    def test_the_real_records(self):
        self.prepare()
        self.run_mote("train", "mlp.ini", "--quiet")
        self.assertGreaterEqual(self.run_json("eval", "mlp.ini")["accuracy"], 0.95)

    @unittest.skipUnless(has_modules("torch", "PIL"), "python3-torch or python3-pil is missing")
    def test_pytorch_is_as_good(self):
        self.prepare(self.source)
        mote, other = self.compare("mlp.ini")
        self.assertGreaterEqual(mote, 90)
        self.assertGreaterEqual(other, 90)


if __name__ == "__main__":
    unittest.main()
