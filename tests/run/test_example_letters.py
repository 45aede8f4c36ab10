# SPDX-License-Identifier: Apache-2.0
"""examples/letters with a few of its fonts, where they are installed."""

import os
import subprocess
import unittest

from examples import DEBIAN_PYTHON, EXAMPLES, ExampleTest, has_modules, skip_file


class Letters(ExampleTest):
    example = "letters"

    def test_letters_of_unseen_fonts_are_called_by_name(self):
        self.prepare("--fonts", 12, python=DEBIAN_PYTHON)
        self.run_mote("check", "cnn.ini")
        self.run_mote("train", "cnn.ini", "--quiet", "--epochs=8")
        self.assertGreaterEqual(self.run_json("eval", "cnn.ini")["accuracy"], 0.7)
        files = [f"generated/test/{letter}/Cantarell-Bold-24.png" for letter in "HLT"]
        lines = self.run_mote("infer", "cnn.ini", *files).splitlines()
        names = [line.split(": ")[1].split()[0] for line in lines]
        self.assertGreaterEqual(sum(a == b for a, b in zip(names, "HLT", strict=True)), 2, lines)


def find_obstacle():
    if os.environ.get("MOTE_WITH_PNG") == "0":
        return "built without libpng"
    if not has_modules("PIL"):
        return "apt-get install python3-pil"
    script = EXAMPLES / "letters" / "prepare.py"
    command = [DEBIAN_PYTHON, script, "--fonts", "0"]
    return subprocess.run(command, capture_output=True, text=True).stderr.strip()


if __name__ == "__main__":
    obstacle = find_obstacle()
    if obstacle:
        skip_file(obstacle)
    unittest.main()
