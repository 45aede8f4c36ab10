# SPDX-License-Identifier: Apache-2.0
"""The library is used from C++ as from the command line."""

import array
import math
import subprocess
import unittest

from linking import CXX, link_program
from running import MIXED, SANITIZED, SOURCE, RunTest, add_set


OWN = """\
[Model]
loss = l1
batch_size = 8
epochs = 3
[Optimizer]
type = sgd
learning_rate = 0.05
[train_set]
type = raw
path = own.raw
[in]
type = input
input_shape = 3
[hidden]
type = fully_connected
unit = 20
[bent]
type = activation
activation = relu
[out]
type = fully_connected
unit = 2
"""


@unittest.skipUnless(CXX, "there is no C++ compiler")
@unittest.skipIf(SANITIZED, "the library is built with a sanitizer")
class CPlusPlus(RunTest):
    def build(self):
        return link_program(SOURCE / "tests" / "run" / "client.cpp", self.folder / "client")

    def test_a_program_trains_to_the_bits_of_the_command_line(self):
        self.write_model(MIXED + add_set("train_set", 40))
        expected = self.run_json("train", "net.ini")
        result = subprocess.run(
            [self.build(), "net.ini"], cwd=self.folder, capture_output=True, text=True, check=True
        )
        version, arena_bytes, calls, digest, applied, output = result.stdout.split()
        self.assertEqual(version, self.run_mote("version").split()[1])
        self.assertEqual(int(arena_bytes), expected["arena_bytes"])
        self.assertEqual(int(calls), 2 * 2 + 2)  # steps and ends of epochs
        self.assertEqual(digest, expected["weights_sha256"])
        self.assertEqual(int(applied), 3)
        self.assertTrue(math.isfinite(float(output)))

    def test_layers_losses_and_optimizers_of_its_own_have_the_bits_of_those_they_copy(self):
        self.write_model(OWN)
        values = array.array("f", [((i * 37) % 101) / 101 - 0.5 for i in range(20 * 5)])
        (self.folder / "own.raw").write_bytes(values.tobytes())
        program = link_program(SOURCE / "tests" / "run" / "own.cpp", self.folder / "own")
        result = subprocess.run(
            [program, "net.ini"], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        theirs, ours, forwards = result.stdout.split()
        self.assertEqual(theirs, self.run_json("train", "net.ini")["weights_sha256"])
        self.assertEqual(ours, theirs)
        self.assertEqual(int(forwards), 3 * 3)

    def test_an_error_is_a_status_and_a_message(self):
        result = subprocess.run(
            [self.build(), "none.ini"], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.ini", result.stderr)


if __name__ == "__main__":
    unittest.main()
