# SPDX-License-Identifier: Apache-2.0
"""bench/check_plan: what it finds, and what it refuses."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

CHECK = pathlib.Path(os.environ["MOTE_SOURCE_DIR"]) / "bench" / "check_plan"
TITLES = "id,lower,upper,size,offset,name,kind\n"


class CheckPlan(unittest.TestCase):
    def run_check(self, rows, *options):
        return subprocess.run(
            [sys.executable, CHECK, *options],
            input=TITLES + rows,
            capture_output=True,
            text=True,
            check=False,
        )

    def refuse(self, rows, *options):
        done = self.run_check(rows, *options)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_it_finds_arena_and_bound(self):
        done = self.run_check('0,0,2,8,0,"a,b",batch\n1,1,3,8,8,c,batch\n2,2,3,4,0,d,batch\n')
        self.assertEqual(done.stderr, "")
        self.assertEqual(
            json.loads(done.stdout), {"arena_bytes": 16, "lower_bound_bytes": 16, "rows": 3}
        )

    def test_rows_that_share_bytes_and_steps_are_refused(self):
        rows = "0,0,9,8,0,a,batch\n1,2,3,8,8,b,batch\n2,5,6,8,7,c,batch\n"
        self.assertIn("0 and 2 share bytes at step 5", self.refuse(rows))

    def test_an_arena_above_the_capacity_is_refused(self):
        rows = "0,0,2,8,8,a,batch\n"
        self.assertIn("16 bytes is larger than 15", self.refuse(rows, "--capacity=15"))
        self.assertEqual(self.run_check(rows, "--capacity=16").returncode, 0)

    def test_rows_that_are_none_are_refused(self):
        for rows in ["0,2,2,8,0,a,b\n", "0,0,2,0,0,a,b\n", "0,0,2,8,-1,a,b\n", "0,x,2,8,0,a,b\n"]:
            self.assertIn("line 2", self.refuse(rows))


if __name__ == "__main__":
    unittest.main()
