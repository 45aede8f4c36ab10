# SPDX-License-Identifier: Apache-2.0
"""docs/C.md and README.md: their programs compile, and what they name is in the headers."""

import os
import re
import subprocess
import unittest
from pathlib import Path

SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])
INCLUDE = SOURCE / "include"
PROGRAM = re.compile(r"^```c\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"\b(?:mote_\w+|MOTE_(?:MODE|ERROR)_\w+)\b")


class C(unittest.TestCase):
    def test_programs_compile_without_a_warning(self):
        for name in ("README.md", "docs/C.md"):
            programs = PROGRAM.findall((SOURCE / name).read_text())
            self.assertEqual(len(programs), 1, name)
            command = [os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Wpedantic"]
            command += ["-Werror", f"-I{INCLUDE}", "-fsyntax-only", "-x", "c", "-"]
            result = subprocess.run(command, input=programs[0], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, f"{name}\n{result.stderr}")

    def test_names_are_those_of_the_headers(self):
        headers = "".join(path.read_text() for path in (INCLUDE / "mote").glob("*.h"))
        declared = set(NAME.findall(headers))
        declared |= {f"MOTE_{name}" for name in re.findall(r"X\((ERROR_\w+),", headers)}
        for name in ("C.md", "ERRORS.md"):
            named = set(NAME.findall((SOURCE / "docs" / name).read_text()))
            self.assertGreater(len(named), 10)
            self.assertEqual(named - declared, set(), name)


if __name__ == "__main__":
    unittest.main()
