# SPDX-License-Identifier: Apache-2.0
"""The short form of sweep.py: a few faults of each kind in each command; and that the sweep itself sees what is wrong."""

import os
import tempfile
import unittest
from pathlib import Path

import sweep
from commands import COMMANDS

MOTE = Path(os.environ["MOTE_CLI"])
PRELOAD = Path(os.environ["MOTE_PRELOAD_DIR"]) / "fault.so"
SANITIZED = os.environ.get("MOTE_SANITIZE", "")


class Sweep(unittest.TestCase):
    def test_no_fault_loses_anything(self):
        # a sanitizer has an allocator of its own, whose calls cannot be made to fail from outside
        ways = [w for w in sweep.WAYS if not SANITIZED or w.operation != "memory"]
        tally = sweep.sweep(MOTE, PRELOAD, ways=ways, points=2 if SANITIZED else sweep.POINTS)
        tally.print()
        self.assertGreater(tally.count(), 300)
        self.assertEqual(tally.problems, [])


class Judge(unittest.TestCase):
    """An outcome that is not as it should be is a problem."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        command = next(command for command in COMMANDS if command.name == "plan-html")
        (Path(folder.name) / "run").mkdir()
        self.bench = sweep.Bench(MOTE, PRELOAD, command, Path(folder.name) / "run")
        self.way = sweep.Way("write", "once")

    def judge(self, **changes):
        return self.bench.judge(self.way, self.bench.whole._replace(**changes))

    def test_the_run_without_a_fault_is_good(self):
        self.assertEqual(self.judge(), [])

    def test_each_kind_of_damage_is_seen(self):
        whole = self.bench.whole
        for changes in (
            {"code": -11},
            {"code": 99},
            {"code": 1, "talk": ""},
            {"code": 1, "talk": "mote: one\nmote: two\n"},
            {"files": {"page.html": whole.files["page.html"][:-1]}},
            {"files": {"page.html": None}},
            {"out": whole.out + "x"},
            {"talk": "mote: x\n"},
            {"others": frozenset({"page.html.mote-tmp"})},
            {"report": {**whole.report, "unsynced": 1}},
            {"report": {**whole.report, "live": whole.report["live"] + 1}},
        ):
            with self.subTest(changes):
                self.assertNotEqual(self.judge(**changes), [])


if __name__ == "__main__":
    unittest.main()
