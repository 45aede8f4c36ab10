# SPDX-License-Identifier: Apache-2.0
"""The short form of kills.py: 50 kills, or 10 with a sanitizer."""

import os
import tempfile
import unittest
from pathlib import Path

import kills

MOTE = Path(os.environ["MOTE_CLI"])
PRELOAD = Path(os.environ["MOTE_PRELOAD_DIR"]) / "fault.so"
COUNT = 10 if os.environ.get("MOTE_SANITIZE") else 50


@unittest.skipUnless(os.environ.get("MOTE_WITH_ZLIB") == "1", "the digits are compressed by gzip")
class Kills(unittest.TestCase):
    def test_every_killed_training_resumes_to_the_same_bits(self):
        counts, resumed, problems = kills.try_kills(MOTE, PRELOAD, COUNT, seed=3)
        print(dict(counts))
        self.assertEqual(counts.total(), COUNT)
        self.assertGreater(counts["in a running step"], 0)
        self.assertGreater(len(resumed), 2)
        self.assertEqual(problems, [])

    def test_so_does_every_one_within_a_budget(self):
        counts, resumed, problems = kills.try_kills(MOTE, PRELOAD, COUNT // 4, seed=4, in_budget=True)
        print(dict(counts))
        self.assertEqual(counts.total(), COUNT // 4)
        self.assertGreater(len(resumed), 0)
        self.assertEqual(problems, [])

    def test_other_bits_are_seen(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "training"
            folder.mkdir()
            training = kills.Training(MOTE, PRELOAD, folder)
            self.assertIsNone(training.resume(kills.random.Random(1)))
            training.digest = "0" * 64
            self.assertEqual(training.resume(kills.random.Random(1)), "has other weights")


if __name__ == "__main__":
    unittest.main()
