# SPDX-License-Identifier: Apache-2.0
"""`mote plan`: its JSON, its CSV, and that they agree."""

import csv
import io
import unittest

from support import CliTest

KINDS = ["weights", "optimizer", "activations", "derivatives", "gradients", "scratch", "batch"]


class Plan(CliTest):
    def rows(self, *arguments):
        out, talk = self.run_mote("plan", "tiny.ini", "--csv", *arguments)
        self.assertEqual(talk, "")
        self.assertEqual(out.splitlines()[0], "id,lower,upper,size,offset,name,kind")
        rows = list(csv.DictReader(io.StringIO(out)))
        for row in rows:
            for key in ["id", "lower", "upper", "size", "offset"]:
                row[key] = int(row[key])
        return rows

    def live(self, rows, step):
        return [row for row in rows if row["lower"] <= step < row["upper"]]

    def test_json_has_all_keys_with_their_types(self):
        plan = self.run_json("plan", "tiny.ini")
        for key in [
            "arena_bytes",
            "lower_bound_bytes",
            "unplanned_bytes",
            "peak_step",
            "layer_count",
            "step_count",
            "placement_count",
            "batch_size",
            "parameter_count",
            "threads",
        ]:
            self.assertIs(type(plan[key]), int, key)
        for key in ["model", "peak_step_name", "planner", "plan_hash", "cpu"]:
            self.assertIs(type(plan[key]), str, key)
        self.assertIs(type(plan["optimal"]), bool)
        self.assertEqual(list(plan["kinds"]), KINDS)
        self.assertRegex(plan["plan_hash"], "^[0-9a-f]{64}$")
        self.assertEqual(plan["model"], "tiny.ini")

    def test_kinds_sum_to_the_lower_bound(self):
        for planner in ["naive", "best_fit", "exact"]:
            plan = self.run_json("plan", "tiny.ini", "--planner", planner)
            self.assertEqual(plan["planner"], planner)
            self.assertEqual(sum(plan["kinds"].values()), plan["lower_bound_bytes"])

    def test_csv_agrees_with_json(self):
        for planner in ["naive", "best_fit", "exact"]:
            with self.subTest(planner):
                plan = self.run_json("plan", "tiny.ini", "--planner", planner)
                rows = self.rows("--planner", planner)
                self.assertEqual(len(rows), plan["placement_count"])
                self.assertEqual(max(r["offset"] + r["size"] for r in rows), plan["arena_bytes"])
                sums = [
                    sum(row["size"] for row in self.live(rows, step))
                    for step in range(plan["step_count"])
                ]
                self.assertEqual(max(sums), plan["lower_bound_bytes"])
                self.assertEqual(sums[plan["peak_step"]], plan["lower_bound_bytes"])
                peak = self.live(rows, plan["peak_step"])
                for kind in KINDS:
                    self.assertEqual(
                        sum(r["size"] for r in peak if r["kind"] == kind), plan["kinds"][kind], kind
                    )

    def test_no_two_placements_share_bytes_and_steps(self):
        rows = self.rows()
        for a in rows:
            self.assertLess(a["lower"], a["upper"])
            for b in rows[: rows.index(a)]:
                apart = (
                    a["upper"] <= b["lower"]
                    or b["upper"] <= a["lower"]
                    or a["offset"] + a["size"] <= b["offset"]
                    or b["offset"] + b["size"] <= a["offset"]
                )
                self.assertTrue(apart, f"{a} {b}")

    def test_weights_live_in_all_steps(self):
        steps = self.run_json("plan", "tiny.ini")["step_count"]
        weights = [row for row in self.rows() if row["kind"] == "weights"]
        self.assertIn("hidden.weight", [row["name"] for row in weights])
        for row in weights:
            self.assertEqual((row["lower"], row["upper"]), (0, steps), row["name"])

    def test_the_naive_planner_gives_the_unplanned_size(self):
        naive = self.run_json("plan", "tiny.ini", "--planner=naive")
        best = self.run_json("plan", "tiny.ini")
        self.assertEqual(naive["arena_bytes"], best["unplanned_bytes"])
        self.assertLess(best["arena_bytes"], naive["arena_bytes"])
        self.assertNotEqual(naive["plan_hash"], best["plan_hash"])

    def test_a_plan_that_reaches_the_lower_bound_is_optimal(self):
        plan = self.run_json("plan", "tiny.ini")
        self.assertEqual(plan["planner"], "exact")
        self.assertEqual(plan["arena_bytes"], plan["lower_bound_bytes"])
        self.assertTrue(plan["optimal"])
        self.assertFalse(self.run_json("plan", "tiny.ini", "--planner=naive")["optimal"])
        self.assertNotIn("smaller", self.run_mote("plan", "tiny.ini", "--planner=naive")[0])

    def test_the_text_has_the_numbers_of_the_json(self):
        plan = self.run_json("plan", "tiny.ini")
        out, talk = self.run_mote("plan", "tiny.ini")
        self.assertEqual(talk, "")
        for key in ["arena_bytes", "lower_bound_bytes", "unplanned_bytes"]:
            self.assertIn(f" {plan[key]} bytes", out)
        self.assertIn(plan["peak_step_name"], out)
        self.assertIn("no arena can be smaller", out)
        self.assertIn(plan["plan_hash"], out)

    def test_planning_needs_no_data(self):
        before = self.run_json("plan", "tiny.ini")
        for path in self.folder.glob("*.idx"):
            path.unlink()
        self.assertEqual(self.run_json("plan", "tiny.ini"), before)
        self.assertFalse(self.saved.exists())


if __name__ == "__main__":
    unittest.main()
