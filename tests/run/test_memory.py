# SPDX-License-Identifier: Apache-2.0
"""The peak certificate, seen from outside: the plan is what is used, and resident memory grows by it."""

import json
import unittest

from running import HAS_ZLIB, HEAD, LENET5, MIXED, SANITIZED, SOURCE, RunTest, add_set

ALLOWANCE = 3 << 20

SETS = add_set("train_set", 300) + add_set("valid_set", 100, "valid")

TINY = HEAD + "flatten = true\n[out]\ntype = fully_connected\nunit = 10\nactivation = softmax\n"


# The output of its head alone would be 617 MB.
LARGE_HEAD = SOURCE / "bench" / "large_head.ini"


class Plan(RunTest):
    def test_the_output_of_a_large_head_is_never_whole(self):
        self.write_model(LARGE_HEAD.read_text() + "[valid_set]\ntype = text\npath = text\n")
        whole = self.run_json("plan", "net.ini", "--threads=2", "--without=batch_slices")
        plan = self.run_json("plan", "net.ini", "--threads=2")
        self.assertGreater(whole["arena_bytes"], 617e6)
        self.assertLess(plan["arena_bytes"], 108e6)

    def assert_one_arena(self, *options):
        plan = self.run_json("plan", "net.ini", *options)
        train = self.run_json("train", "net.ini", "--epochs=1", *options)
        bench = self.run_json("bench", "net.ini", "--steps=1", *options)
        for key in ("arena_bytes", "lower_bound_bytes", "plan_hash"):
            self.assertEqual(train[key], plan[key], key)
            self.assertEqual(bench[key], plan[key], key)
        self.assertEqual(sum(plan["kinds"].values()), plan["lower_bound_bytes"])
        self.assertGreaterEqual(plan["arena_bytes"], plan["lower_bound_bytes"])
        self.assertGreaterEqual(plan["unplanned_bytes"], plan["arena_bytes"])

    def test_plan_train_and_bench_have_one_arena(self):
        for model in (LENET5, MIXED):
            self.write_model(model + SETS)
            self.assert_one_arena()
            self.assert_one_arena("--batch=7")
            self.assert_one_arena("--threads=3")
            self.assert_one_arena("--planner=naive")
            self.assert_one_arena("--set", "Model.apply=after_all")

    def test_the_placements_end_where_the_arena_ends(self):
        self.write_model(MIXED + SETS)
        plan = self.run_json("plan", "net.ini")
        header, *rows = self.run_mote("plan", "net.ini", "--csv").splitlines()
        self.assertEqual(header, "id,lower,upper,size,offset,name,kind")
        places = [[int(field) for field in row.split(",")[:5]] for row in rows]
        self.assertEqual(max(size + offset for *_, size, offset in places), plan["arena_bytes"])
        self.assert_apart(places)

    def assert_apart(self, places):
        """No two placements share bytes while both live."""
        for i, (_, lower, upper, size, offset) in enumerate(places):
            for _, other_lower, other_upper, other_size, other_offset in places[:i]:
                in_time = lower < other_upper and other_lower < upper
                in_space = offset < other_offset + other_size and other_offset < offset + size
                self.assertFalse(in_time and in_space, (i, lower, upper, size, offset))


@unittest.skipIf(SANITIZED, "a sanitizer has memory of its own")
class Resident(RunTest):
    def setUp(self):
        super().setUp()
        self.launcher = self.compile_tool(SOURCE / "bench" / "peak_rss.c")

    def peak(self, *arguments):
        """Peak resident bytes of the command, and what it printed."""
        report = self.folder / "peak"
        printed = self.run_mote(*arguments, command=(self.launcher, report))
        return int(report.read_text()), printed

    def assert_within_plan(self, *arguments):
        before, _ = self.peak("version")
        peak, text = self.peak(*arguments, "--json", "--quiet")
        printed = json.loads(text)
        self.assertLessEqual(peak, printed["arena_bytes"] + ALLOWANCE + before, printed)
        self.assertGreater(peak, printed["arena_bytes"] // 2)
        self.assertLessEqual(abs(printed["peak_rss_bytes"] - peak), 1 << 20)

    def test_training_stays_within_the_plan(self):
        for model in (LENET5, MIXED, TINY):
            for options in ((), ("--threads=3",), ("--batch=128",), ("--planner=naive",)):
                with self.subTest(options):
                    self.write_model(model + SETS)
                    self.assert_within_plan("train", "net.ini", *options)

    @unittest.skipUnless(HAS_ZLIB, "the shipped digits are compressed")
    def test_training_the_digits_stays_within_the_plan(self):
        model = SOURCE / "examples" / "digits" / "lenet5.ini"
        saved = f"Model.save_path={self.folder}/net.safetensors"
        self.assert_within_plan("train", model, "--epochs=1", "--set", saved)

    def test_bench_stays_within_the_plan(self):
        models = SOURCE / "bench" / "models"
        self.assert_within_plan("bench", models / "lenet5.ini", "--steps=3")
        self.assert_within_plan("bench", models / "resnet18.ini", "--steps=1", "--batch=1")
        self.assert_within_plan("bench", models / "mobilenetv2.ini", "--steps=1", "--batch=1")
        self.write_model(MIXED)
        self.assert_within_plan("bench", "net.ini", "--steps=3")


if __name__ == "__main__":
    unittest.main()
