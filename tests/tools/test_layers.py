# SPDX-License-Identifier: Apache-2.0
"""tests/layers.cmake stops the configuration when a layer has no test."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from fixture import TOOLS


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.touch("src/layer/layers.def", "// LAYER(none)\nLAYER(relu)\n  LAYER( tanh )\n")
        self.touch("tests/unit/layer/test_relu.c")

    def touch(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def configure(self):
        command = ["cmake", "-P", TOOLS.parent / "tests" / "layers.cmake"]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=60)

    def test_a_layer_without_a_test_is_an_error(self):
        result = self.configure()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("LAYER(tanh) of src/layer/layers.def has no test", result.stderr)
        self.assertIn("tests/unit/layer/test_tanh.c", result.stderr)
        self.assertNotIn("relu", result.stderr)
        self.assertNotIn("none", result.stderr)

    def test_layers_with_tests_are_accepted(self):
        self.touch("tests/unit/layer/test_tanh.c")
        result = self.configure()
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
