# SPDX-License-Identifier: Apache-2.0
"""The build without training: it runs trained models to the same bits, refuses to train, and is smaller."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
from running import LENET5, MOTE, SOURCE, RunTest, add_set  # noqa: E402

CMAKE = os.environ["MOTE_CMAKE"]
BUILD = Path(MOTE).parent
WITHOUT = "this build of mote is without training"


def call(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


class InferenceOnly(RunTest):
    @classmethod
    def setUpClass(cls):
        size = [SOURCE / "bench" / "size", "--json", "--build", BUILD / "size"]
        cls.results = {result["name"]: result for result in json.loads(call(sys.executable, "-B", *size))}
        cls.build = Path(cls.results["inference, for size"]["program"]).parent
        call(CMAKE, "--build", cls.build, "--target", "mote_cli", "mote_shared", "--parallel", "2")

    def setUp(self):
        super().setUp()
        self.write_model(LENET5 + add_set("train_set", 32))
        self.run_mote("train", "net.ini", "--quiet")

    def refuse(self, *arguments):
        result = subprocess.run(
            [self.build / "mote", *arguments], cwd=self.folder, capture_output=True, text=True
        )
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(WITHOUT, result.stderr)

    def test_outputs_have_the_bits_of_the_full_build(self):
        library = BUILD / "libmote.a"
        flags = call("pkg-config", "--libs", "inih", "jansson", "libmd", "zlib", "libpng", "libjpeg").split()
        full = self.folder / "full"
        call(
            os.environ.get("CC", "cc"), f"-I{SOURCE / 'include'}", SOURCE / "bench/minimal_infer.c",
            library, "-lpthreadpool", *flags, "-lm", "-pthread", "-o", full,
        )
        files = [self.folder / "net.ini", self.folder / "net.safetensors"]
        expected = call(full, *files)
        self.assertEqual(len(expected.split()), 10)
        for name in ("inference", "inference, for size"):
            with self.subTest(name):
                self.assertEqual(call(self.results[name]["program"], *files), expected)

    def test_what_needs_training_is_refused(self):
        for command in (["train"], ["bench"], ["plan"], ["check"], ["eval", "--weights", "net.safetensors"]):
            with self.subTest(command):
                self.refuse(command[0], "net.ini", *command[1:])

    def test_it_says_what_it_is(self):
        self.assertIn("without training", call(self.build / "mote", "version"))
        self.assertNotIn("without training", self.run_mote("version"))

    def test_the_shared_library_exports_the_same_functions(self):
        call(
            *(sys.executable, "-B", SOURCE / "tools" / "check_symbols.py"),
            *("--library", self.build / "libmote.a", "--shared", self.build / "libmote.so"),
        )
        names = call("nm", self.build / "libmote.so")
        self.assertNotIn("calc_gradient", names)
        self.assertNotIn("mote_optimizer_sgd", names)


if __name__ == "__main__":
    unittest.main()
