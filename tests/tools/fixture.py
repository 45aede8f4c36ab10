# SPDX-License-Identifier: Apache-2.0
"""A small tree that all checkers accept; tests break it in one place and run a checker on it."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
COMPILER = os.environ.get("CC", "cc")

SPDX = "// SPDX-License-Identifier: Apache-2.0\n// Part of a test.\n"

CLEAN_TREE = {
    "cmake/folders.txt": "base:\nos: base\nplan: base\ngraph: plan base\napi: *\n",
    "include/mote/mote.h": SPDX + "#ifndef A\n#define A\nint mote_answer(void);\n#endif\n",
    "src/base/base.h": SPDX + "#ifndef B\n#define B\n#include <stddef.h>\n#endif\n",
    "src/base/size.h": SPDX + '#ifndef C\n#define C\n#include "base/base.h"\n#endif\n',
    "src/plan/plan.h": SPDX + '#ifndef D\n#define D\n#include "base/size.h"\n#endif\n',
    "src/plan/sort.h": SPDX + "#ifndef E\n#define E\n#endif\n",
    "src/plan/sort.c": SPDX + '#include "plan/sort.h"\n#include "mote/mote.h"\n',
    "src/graph/graph.c": SPDX + '#include "plan/plan.h"\n',
    "cli/main.c": SPDX + '#include "options.h"\n#include <mote/mote.h>\n#include <stdio.h>\n',
    "cli/options.h": SPDX + "#ifndef F\n#define F\n#endif\n",
}


class CheckerTest(unittest.TestCase):
    """A test case with a tree of its own in self.root."""

    checker = ""
    tree = CLEAN_TREE

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in self.tree.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def append(self, name, text):
        self.write(name, (self.root / name).read_text() + text)

    def run_checker(self, *options):
        command = [sys.executable, "-B", TOOLS / self.checker, "--root", self.root, *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def assert_accepted(self, *options):
        result = self.run_checker(*options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def assert_refused(self, message, *options):
        result = self.run_checker(*options)
        self.assertIn(message, result.stdout)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
