# SPDX-License-Identifier: Apache-2.0
"""tools/check_tidy.py refuses what clang-tidy objects to."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from fixture import TOOLS


@unittest.skipUnless(shutil.which("clang-tidy"), "clang-tidy is not installed")
class CheckTidy(unittest.TestCase):
    def run_checker(self, text):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "a.c"
            source.write_text(text)
            shutil.copy(TOOLS.parent / ".clang-tidy", folder)
            entry = {"directory": folder, "file": str(source), "command": f"cc -c {source}"}
            (Path(folder) / "compile_commands.json").write_text(json.dumps([entry]))
            command = [sys.executable, "-B", TOOLS / "check_tidy.py", "--build", folder]
            return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def test_good_code_is_accepted(self):
        result = self.run_checker("int f(int x)\n{\n    return x;\n}\n")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("clang-tidy over 1 files: 0 violations", result.stdout)

    def test_bad_code_is_refused(self):
        result = self.run_checker("int F(int x)\n{\n    return x;\n}\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("readability-identifier-naming", result.stdout)
        self.assertIn("a.c: clang-tidy has objections", result.stdout)


if __name__ == "__main__":
    unittest.main()
