# SPDX-License-Identifier: Apache-2.0
"""bench/check_plan: what it finds, and what it refuses."""

import itertools
import json
import os
import pathlib
import random
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

    def test_of_random_rows_those_that_share_bytes_are_found(self):
        numbers = random.Random(1)
        found = 0
        for _ in range(20):
            rows = []
            for name in range(numbers.randint(2, 9)):
                lower, offset = numbers.randrange(12), numbers.randrange(40)
                upper, size = lower + numbers.randint(1, 6), numbers.randint(1, 9)
                rows.append((name, lower, upper, size, offset))
            shared = any(
                a[1] < b[2] and b[1] < a[2] and a[4] < b[4] + b[3] and b[4] < a[4] + a[3]
                for a, b in itertools.combinations(rows, 2)
            )
            text = "".join(",".join(map(str, row)) + ",a,batch\n" for row in rows)
            self.assertEqual(self.run_check(text).returncode, int(shared), text)
            found += shared
        self.assertTrue(3 < found < 17)

    def test_many_rows_are_checked_in_time_that_grows_little_faster_than_they_do(self):
        count = 20000
        rows = "".join(f"{i},{i % 2},{i % 2 + 2},64,{i * 64},a,batch\n" for i in range(count))
        done = subprocess.run(
            [sys.executable, CHECK],
            input=TITLES + rows,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        self.assertEqual(json.loads(done.stdout)["arena_bytes"], count * 64)

    def test_an_arena_above_the_capacity_is_refused(self):
        rows = "0,0,2,8,8,a,batch\n"
        self.assertIn("16 bytes is larger than 15", self.refuse(rows, "--capacity=15"))
        self.assertEqual(self.run_check(rows, "--capacity=16").returncode, 0)

    def test_rows_that_are_none_are_refused(self):
        for rows in ["0,2,2,8,0,a,b\n", "0,0,2,0,0,a,b\n", "0,0,2,8,-1,a,b\n", "0,x,2,8,0,a,b\n"]:
            self.assertIn("line 2", self.refuse(rows))


if __name__ == "__main__":
    unittest.main()
