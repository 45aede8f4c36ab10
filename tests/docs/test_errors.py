# SPDX-License-Identifier: Apache-2.0
"""docs/ERRORS.md says of statuses, exit codes and messages what the source says."""

import os
import re
import unittest
from pathlib import Path

from messages import read_messages

SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])
DOCUMENT = SOURCE / "docs" / "ERRORS.md"
ENTRY = re.compile(r'X\((\w+), "([^"]+)"\)')
PLACES = re.compile(r"(?:<[^>]*>)+")


def read_table(heading):
    """The cells of the rows of the first table below a heading."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    lines = rest.partition("\n## ")[0].splitlines()
    rows = [line.strip().strip("|").split(" | ") for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


class Errors(unittest.TestCase):
    def test_statuses_are_those_of_the_header(self):
        entries = ENTRY.findall((SOURCE / "include" / "mote" / "status.h").read_text())
        self.assertGreater(len(entries), 10)
        written = [(row[0].strip("`"), row[1]) for row in read_table("Statuses")]
        self.assertEqual(written, [(f"MOTE_{name}", text) for name, text in entries])

    def test_exit_codes_are_those_of_the_command_line(self):
        codes = dict(re.findall(r"CLI_(\w+) = (\d+)", (SOURCE / "cli" / "cli.h").read_text()))
        codes["SIGNALLED"] += " + signal"
        expected = list(codes.values())
        self.assertGreater(len(expected), 4)
        self.assertEqual([row[0] for row in read_table("Exit codes of the command line")], expected)

    def test_every_message_is_raised_with_its_status(self):
        raised = {
            (status, PLACES.sub("<>", message)) for status, message in read_messages(SOURCE / "src")
        }
        self.assertGreater(len(raised), 200)
        rows = read_table("The most common ones")
        self.assertGreater(len(rows), 30)
        for status, message, *_ in rows:
            with self.subTest(message):
                self.assertIn((f"MOTE_ERROR_{status}", PLACES.sub("<>", message.strip("`"))), raised)

    def test_every_error_has_a_common_message(self):
        statuses = {row[0] for row in read_table("The most common ones")}
        names = [name for name, _ in ENTRY.findall((SOURCE / "include/mote/status.h").read_text())]
        self.assertEqual(statuses, {n.removeprefix("ERROR_") for n in names if "ERROR" in n})


if __name__ == "__main__":
    unittest.main()
