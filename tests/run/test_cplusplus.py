# SPDX-License-Identifier: Apache-2.0
"""The library is used from C++ as from the command line."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from running import HAS_ZLIB, MIXED, MOTE, SANITIZED, SOURCE, RunTest, add_set

COMPILER = os.environ.get("CXX") or shutil.which("c++")
LIBRARY = Path(MOTE).parent / "libmote.a"
LIBRARIES = ["jansson", "inih", "md", "pthreadpool", "pthread", "m"]
OPTIONAL = {
    "z": HAS_ZLIB,
    "png": os.environ.get("MOTE_WITH_PNG", "1") == "1",
    "jpeg": os.environ.get("MOTE_WITH_JPEG", "1") == "1",
}


@unittest.skipUnless(COMPILER, "there is no C++ compiler")
@unittest.skipIf(SANITIZED, "the library is built with a sanitizer")
class CPlusPlus(RunTest):
    def build(self):
        program = self.folder / "client"
        source = SOURCE / "tests" / "run" / "client.cpp"
        command = [COMPILER, "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        command += [f"-I{SOURCE / 'include'}", source, LIBRARY, "-o", program]
        libraries = LIBRARIES + [name for name, is_used in OPTIONAL.items() if is_used]
        subprocess.run([*command, *(f"-l{name}" for name in libraries)], check=True)
        return program

    def test_a_program_trains_to_the_bits_of_the_command_line(self):
        self.write_model(MIXED + add_set("train_set", 40))
        expected = self.run_json("train", "net.ini")
        result = subprocess.run(
            [self.build(), "net.ini"], cwd=self.folder, capture_output=True, text=True, check=True
        )
        version, arena_bytes, calls, digest = result.stdout.split()
        self.assertEqual(version, self.run_mote("version").split()[1])
        self.assertEqual(int(arena_bytes), expected["arena_bytes"])
        self.assertEqual(int(calls), 2 * 2 + 2)  # steps and ends of epochs
        self.assertEqual(digest, expected["weights_sha256"])

    def test_an_error_is_a_status_and_a_message(self):
        result = subprocess.run(
            [self.build(), "none.ini"], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.ini", result.stderr)


if __name__ == "__main__":
    unittest.main()
