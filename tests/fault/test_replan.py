# SPDX-License-Identifier: Apache-2.0
"""Faults while a running model takes another memory budget: a step that fails can be begun again, to the same bits."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "run")]

from commands import WIDE  # noqa: E402
from linking import link_program  # noqa: E402
from running import SANITIZED, RunTest  # noqa: E402

PRELOAD = Path(os.environ["MOTE_PRELOAD_DIR"]) / "fault.so"
POINTS = 12  # of each kind


@unittest.skipIf(SANITIZED, "the program is linked without a sanitizer")
class Replan(RunTest):
    def setUp(self):
        super().setUp()
        self.program = link_program(HERE / "replanner.c", self.folder / "replanner")
        (self.folder / "wide.ini").write_text(WIDE)
        out = self.run_mote("plan", "wide.ini", "--budget=1", "--json", code=3)
        self.budget = str(json.loads(out)["smallest_budget_bytes"] * 5 // 4)
        self.whole, self.counts = self.run_program()
        self.assertEqual((self.whole.returncode, self.whole.stdout.count("\n")), (0, 1), self.whole)

    def run_program(self, fault=None):
        report = self.folder / "report"
        environment = {**os.environ, "LD_PRELOAD": str(PRELOAD), "MOTE_FAULT_REPORT": str(report)}
        if fault:
            environment["MOTE_FAULT"] = fault
        command = [self.program, "wide.ini", self.budget]
        end = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        counts = {name: int(count) for name, count in map(str.split, report.read_text().splitlines())}
        return end, counts

    def run_faults(self, operation, mode, error):
        """Gives the messages of steps that failed and were done then."""
        count = self.counts[operation]
        steps = {1 + i * (count - 1) // (POINTS - 1) for i in range(POINTS)}
        overcome = []
        for number in sorted(steps if count > POINTS else range(1, count + 1)):
            with self.subTest(f"{operation} {number} {mode}"):
                end, counts = self.run_program(f"{operation}:{number}:{mode}:{error}")
                self.assertIn(end.returncode, (0, 1))
                self.assertLessEqual(counts["live"], self.counts["live"])
                if end.returncode == 1:
                    self.assertRegex(end.stderr, r"^[^\n]+\n$")
                else:
                    digest, *messages = end.stdout.splitlines()
                    self.assertEqual(digest, self.whole.stdout.strip())
                    overcome += messages
        return overcome

    def test_what_fails_once_is_overcome(self):
        for operation, error, text in (
            ("pages", "ENOMEM", "the planned arena of"),
            ("memory", "ENOMEM", "memory"),
            ("reserve", "ENOSPC", "swap_path: a swap file of"),
            ("write", "ENOSPC", "cannot write"),
            ("read", "EIO", "cannot read"),
        ):
            overcome = self.run_faults(operation, "once", error)
            self.assertGreater(len(overcome), 0, operation)
            self.assertTrue(any(text in message for message in overcome), (operation, overcome))

    def test_what_fails_from_then_on_ends_with_one_message(self):
        for operation, error in (("memory", "ENOMEM"), ("reserve", "ENOSPC"), ("write", "EIO")):
            self.run_faults(operation, "from", error)
        end, _ = self.run_program("pages:2:from:ENOMEM")  # neither the new arena nor the old one
        self.assertEqual(end.returncode, 1)
        self.assertIn("the planned arena of", end.stderr)


if __name__ == "__main__":
    unittest.main()
