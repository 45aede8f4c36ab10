# SPDX-License-Identifier: Apache-2.0
"""docs/CLI.md has every key of the JSON that it has a table of, and no other; its example of --why is what is printed."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])


def documented(heading):
    """Names in the first column of the table behind `heading`."""
    text = (SOURCE / "docs" / "CLI.md").read_text(encoding="utf-8")
    table = text.split(f"\n{heading}:\n\n", 1)[1].split("\n\n", 1)[0]
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def printed(*arguments):
    model = SOURCE / "bench" / "models" / "lenet5.ini"
    command = [os.environ["MOTE_CLI"], *arguments, "--json", "--quiet", str(model)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class Cli(unittest.TestCase):
    def test_the_keys_of_a_plan_are_those_of_the_table(self):
        self.assertEqual(sorted(documented("`plan --json`")), sorted(printed("plan")))

    def test_the_example_of_why_a_tensor_lives_is_what_is_printed(self):
        text = (SOURCE / "docs" / "CLI.md").read_text(encoding="utf-8")
        command, example = re.search(r"\n    \$ mote (.*)((?:\n    .*)+)", text).groups()
        done = subprocess.run(
            [os.environ["MOTE_CLI"], *command.split()],
            cwd=SOURCE, capture_output=True, text=True, check=True,
        )
        places = r"at bytes \d+ to \d+"  # scratch depends on the threads
        self.assertEqual(
            re.sub(places, "", example.replace("\n    ", "\n")),
            re.sub(places, "", "\n" + done.stdout.rstrip("\n")),
        )

    def test_the_keys_of_a_benchmark_are_those_of_the_table(self):
        self.assertEqual(
            sorted(documented("`train --json` and `bench --json`")),
            sorted(printed("bench", "--steps=1")),
        )


if __name__ == "__main__":
    unittest.main()
