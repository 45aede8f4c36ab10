# SPDX-License-Identifier: Apache-2.0
"""The library is used from C++ as from the command line."""

import math
import subprocess
import unittest

from linking import CXX, link_program
from running import MIXED, SANITIZED, SOURCE, RunTest, add_set


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

    def test_an_error_is_a_status_and_a_message(self):
        result = subprocess.run(
            [self.build(), "none.ini"], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.ini", result.stderr)


if __name__ == "__main__":
    unittest.main()
