# SPDX-License-Identifier: Apache-2.0
"""Every model file of examples/ is valid: its network compiles and its sections are read, without data."""

import subprocess
import unittest

from examples import EXAMPLES
from running import MOTE, RunTest

OWN = EXAMPLES / "programs" / "own.ini"  # names parts that own.c brings


class Models(RunTest):
    def test_every_model_has_a_plan(self):
        models = sorted(set(EXAMPLES.glob("*/*.ini")) - {OWN})
        self.assertGreaterEqual(len(models), 4)
        for model in models:
            with self.subTest(model.relative_to(EXAMPLES)):
                plan = self.run_json("plan", model)
                self.assertGreaterEqual(plan["arena_bytes"], plan["lower_bound_bytes"])

    def test_what_a_program_brings_only_that_program_has(self):
        result = subprocess.run([MOTE, "plan", OWN], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("layer 'bent1': unknown type 'bend'", result.stderr)

    def test_every_example_with_data_says_how_it_is_run(self):
        for model in EXAMPLES.glob("*/*.ini"):
            if "[train_set]" not in model.read_text():
                continue  # a program makes the samples
            with self.subTest(model.relative_to(EXAMPLES)):
                text = (model.parent / "README.md").read_text()
                self.assertIn(f"mote train {model.name}", text)


if __name__ == "__main__":
    unittest.main()
