# SPDX-License-Identifier: Apache-2.0
"""What the tests of examples/ share. Debian's Python runs the scripts that need its packages."""

import shutil
import subprocess
import sys

from running import MOTE, SOURCE, RunTest

EXAMPLES = SOURCE / "examples"
DEBIAN_PYTHON = "/usr/bin/python3"


def skip_file(reason):
    """Ends the whole test as skipped, in ctest's list and in its summary."""
    print(f"skipped: {reason}")
    sys.exit(77)


def has_modules(*names):
    command = [DEBIAN_PYTHON, "-c", "import " + ", ".join(names)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class ExampleTest(RunTest):
    """A test in a folder with a copy of an example's own files, but nothing that it generates."""

    example = ""

    def setUp(self):
        super().setUp()
        for path in (EXAMPLES / self.example).iterdir():
            if path.suffix in (".ini", ".py"):
                shutil.copy(path, self.folder)

    def prepare(self, *arguments, code=0, python=sys.executable):
        result = subprocess.run(
            [python, self.folder / "prepare.py", *map(str, arguments)],
            capture_output=True,
            text=True,
        )
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def compare(self, model):
        """Both means, in percent or the label's own unit, of one seed."""
        command = [DEBIAN_PYTHON, EXAMPLES / "compare.py", "--mote", MOTE, "--seeds", "1"]
        result = subprocess.run([*command, self.folder / model], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        words = result.stdout.splitlines()[-1].split()
        return float(words[1]), float(words[2])
