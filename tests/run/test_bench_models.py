# SPDX-License-Identifier: Apache-2.0
"""The models of bench/ are the networks of bench/torch_step: as many parameters as PyTorch counts there."""

import csv
import unittest

from running import SOURCE, RunTest

MODELS = SOURCE / "bench" / "models"
# Written by bench/torch_step --parameters.
COUNTS = SOURCE / "tests" / "data" / "bench_parameters.csv"


class BenchModels(RunTest):
    def setUp(self):
        super().setUp()
        with COUNTS.open(newline="") as file:
            self.counts = {row["model"]: int(row["parameters"]) for row in csv.DictReader(file)}

    def test_every_model_has_a_count_and_every_count_a_model(self):
        self.assertEqual({path.stem for path in MODELS.iterdir()}, set(self.counts))

    def test_every_model_has_as_many_parameters_as_in_pytorch(self):
        for name, count in self.counts.items():
            with self.subTest(name):
                plan = self.run_json("plan", MODELS / f"{name}.ini")
                self.assertEqual(plan["parameter_count"], count)

    def test_every_model_takes_a_training_step(self):
        for name in self.counts:
            with self.subTest(name):
                result = self.run_json(
                    "bench", MODELS / f"{name}.ini", "--batch=2", "--steps=1", "--threads=2"
                )
                self.assertGreater(result["loss"], 0.0)


if __name__ == "__main__":
    unittest.main()
