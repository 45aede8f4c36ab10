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

OWN = """\
[Model]
loss = {loss}
[Optimizer]
type = {optimizer}
[in]
type = input
input_shape = 6
[hidden]
type = {dense}
unit = 8
[bent]
type = {rectify}
[out]
type = {dense}
unit = 3
"""


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

    def link(self, source, library, name):
        flags = call("pkg-config", "--libs", "inih", "jansson", "libmd", "zlib", "libpng", "libjpeg").split()
        program = self.folder / name
        call(
            os.environ.get("CC", "cc"), f"-I{SOURCE / 'include'}", f"-I{SOURCE / 'tests'}", source,
            library, "-lpthreadpool", *flags, "-lm", "-pthread", "-o", program,
        )
        return program

    def test_outputs_have_the_bits_of_the_full_build(self):
        full = self.link(SOURCE / "bench/minimal_infer.c", BUILD / "libmote.a", "full")
        files = [self.folder / "net.ini", self.folder / "net.safetensors"]
        expected = call(full, *files)
        self.assertEqual(len(expected.split()), 10)
        for name in ("inference", "inference, for size"):
            with self.subTest(name):
                self.assertEqual(call(self.results[name]["program"], *files), expected)

    def test_layers_of_a_program_run_to_the_same_bits_and_its_optimizer_is_refused(self):
        self.write_model(
            OWN.format(loss="mse", optimizer="sgd", dense="fully_connected", rectify="identity")
        )
        self.run_mote("bench", "net.ini", "--save=own.safetensors")
        self.write_model(
            OWN.format(loss="squares", optimizer="descend", dense="dense", rectify="rectify")
        )
        printed = [
            call(
                self.link(SOURCE / "tests/package/own_infer.c", build / "libmote.a", name),
                self.folder / "net.ini", self.folder / "own.safetensors",
            ).split()
            for name, build in (("full", BUILD), ("inference", self.build))
        ]
        self.assertEqual([words[0] for words in printed], ["OK", "ERROR_UNSUPPORTED"])
        self.assertEqual(len(printed[0]), 1 + 3)
        self.assertEqual(printed[0][1:], printed[1][1:])

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
