# SPDX-License-Identifier: Apache-2.0
"""tools/check_format.py refuses what clang-format would change, and --fix changes it."""

import shutil
import unittest
from pathlib import Path

from fixture import TOOLS, CheckerTest


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class CheckFormat(CheckerTest):
    checker = "check_format.py"
    tree = {
        ".clang-format": Path(TOOLS.parent / ".clang-format").read_text(),
        "src/a.c": "int f(int *p)\n{\n    return *p;\n}\n",
    }

    def test_formatted_code_is_accepted(self):
        self.assert_accepted()

    def test_other_code_is_refused_until_it_is_fixed(self):
        self.write("src/a.c", "int f(int* p)\n{\n  return *p; }\n")
        self.assert_refused("src/a.c:1: clang-format would change this line")
        self.assert_accepted("--fix")
        self.assertEqual((self.root / "src/a.c").read_text(), self.tree["src/a.c"])


if __name__ == "__main__":
    unittest.main()
