# SPDX-License-Identifier: Apache-2.0
"""Three steps of LeNet-5 give the same bits on the processor that this is built for as on this one."""

import json
import os
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])
MODEL = SOURCE / "examples" / "digits" / "lenet5.ini"
NATIVE = [os.environ["MOTE_NATIVE_CLI"]]
CROSS = [*shlex.split(os.environ["MOTE_EMULATOR"]), os.environ["MOTE_CLI"]]
SETTINGS = {"train_set.samples": 24, "valid_set.samples": 8, "Model.batch_size": 8, "Model.epochs": 1}


class Lenet5(unittest.TestCase):
    def train(self, command, *settings):
        options = [f"--set={key}={value}" for key, value in SETTINGS.items()]
        options += [f"--set={setting}" for setting in settings]
        with tempfile.TemporaryDirectory() as folder:
            options.append(f"--set=Model.save_path={folder}/lenet5.safetensors")
            result = subprocess.run(
                [*command, "train", MODEL, "--json", "--quiet", *options],
                capture_output=True, text=True,
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            saved = Path(folder, "lenet5.safetensors").read_bytes()
        return json.loads(result.stdout), saved

    def assert_same(self, *settings):
        native, native_file = self.train(NATIVE, *settings)
        cross, cross_file = self.train(CROSS, *settings)
        self.assertEqual(native["steps"], 3)
        for key in ("steps", "arena_bytes", "plan_hash", "weights_sha256"):
            self.assertEqual(cross[key], native[key], key)
        self.assertEqual(cross_file, native_file)

    def test_they_are_two_processors(self):
        native, cross = (
            subprocess.run([*command, "version"], capture_output=True, text=True, check=True).stdout
            for command in (NATIVE, CROSS)
        )
        self.assertNotEqual(Path(NATIVE[0]).read_bytes()[18:20], Path(CROSS[-1]).read_bytes()[18:20])
        self.assertEqual(native.split()[1], cross.split()[1])

    def test_adam_has_the_same_bits(self):
        self.assert_same()

    def test_sgd_has_the_same_bits(self):
        self.assert_same("Optimizer.type=sgd", "Optimizer.momentum=0.9")


if __name__ == "__main__":
    unittest.main()
