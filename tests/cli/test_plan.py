# SPDX-License-Identifier: Apache-2.0
"""`mote plan`: its JSON, its CSV, and that they agree."""

import csv
import io
import json
import re
import unittest

from support import CliTest

KINDS = ["weights", "optimizer", "activations", "derivatives", "gradients", "scratch", "batch"]

# With what is cheap to make again, and a gradient of several MiB.
DEEP = """\
[Model]
loss = mse
batch_size = 64
seed = 1
[Optimizer]
type = sgd
[input]
type = input
input_shape = 8
[wide]
type = fully_connected
unit = 4096
[norm]
type = layer_normalization
axis = 3
[curve]
type = activation
activation = swish
[narrow]
type = fully_connected
unit = 512
"""

# Its prefix is not trained, and takes less when the branch with the large middle runs first.
BRANCHES = """\
[Model]
loss = mse
batch_size = 32
seed = 1
[Optimizer]
type = sgd
[input]
type = input
input_shape = 1:16:16
[small]
type = conv2d
filters = 4
kernel_size = 3
padding = 1
trainable = false
[large]
type = conv2d
input_layers = input
filters = 32
kernel_size = 3
padding = 1
trainable = false
[end]
type = conv2d
filters = 4
kernel_size = 3
padding = 1
trainable = false
[sum]
type = addition
input_layers = small, end
[flat]
type = flatten
[out]
type = fully_connected
unit = 2
"""

# Lives that best_fit does not pack as tightly as can be.
TANGLED = """\
[Model]
loss = mse
batch_size = 2
seed = 1
[Optimizer]
type = sgd
[in]
type = input
input_shape = 2:12:12
[k0]
type = concat
axis = 1
input_layers = in,in
[c1]
type = conv2d
input_layers = in
filters = 3
kernel_size = 5
padding = same
[c3]
type = conv2d
input_layers = k0
filters = 2
kernel_size = 5
padding = same
[k4]
type = concat
axis = 1
input_layers = c3,in
[c5]
type = conv2d
input_layers = c3
filters = 8
kernel_size = 5
padding = same
[k6]
type = concat
axis = 1
input_layers = c5,k0
[all]
type = concat
axis = 1
input_layers = k0,c1,c3,k4,c5,k6
[flat]
type = flatten
[out]
type = fully_connected
unit = 2
"""

# Its peak is where a wide normalized image is made again.
BANDS = """\
[Model]
loss = cross
batch_size = 32
seed = 1
[Optimizer]
type = sgd
[input]
type = input
input_shape = 1:28:28
[wide]
type = conv2d
filters = 40
kernel_size = 3
stride = 2
[wide_bn]
type = batch_normalization
activation = relu
[depth]
type = conv2d
filters = 40
kernel_size = 3
padding = same
groups = 40
[depth_bn]
type = batch_normalization
activation = hard_swish
[point]
type = conv2d
filters = 40
kernel_size = 1
[point_bn]
type = batch_normalization
activation = relu
[pool]
type = pooling2d
pooling = average
pool_size = 3
flatten = true
[fc]
type = fully_connected
unit = 10
activation = softmax
"""

# Logits of 10 MB.
LARGE_HEAD = """\
[Model]
loss = cross
batch_size = 8
[Optimizer]
type = sgd
[in]
type = input
input_shape = 1:64:8
[head]
type = fully_connected
unit = 5000
activation = softmax
"""

# A network in which each technique saves something.
TECHNIQUES = {
    "recompute": DEEP,
    "slices": DEEP,
    "order": BRANCHES,
    "bands": BANDS,
    "batch_slices": LARGE_HEAD,
    "aliases": DEEP,
    "exact": TANGLED,
}


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
            "batch_bytes",
            "ahead_bytes",
            "ahead_step",
            "threads",
        ]:
            self.assertIs(type(plan[key]), int, key)
        for key in ["model", "peak_step_name", "ahead_step_name", "planner", "plan_hash", "cpu"]:
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
        self.assertRegex(out, f"read ahead +{plan['ahead_bytes']} bytes")
        self.assertIn("no arena can be smaller", out)
        self.assertIn(plan["plan_hash"], out)

    def test_what_can_be_read_ahead_is_a_part_of_the_batch(self):
        plan = self.run_json("plan", "tiny.ini")
        rows = self.rows()
        batch = sum(row["size"] for row in rows if row["kind"] == "batch" and "(" not in row["name"])
        self.assertGreater(plan["ahead_bytes"], 0)
        self.assertLessEqual(plan["ahead_bytes"], plan["batch_bytes"])
        self.assertLessEqual(plan["batch_bytes"], batch)
        self.assertLess(plan["ahead_step"], plan["step_count"])
        self.assertNotEqual(plan["ahead_step_name"], "")

    def test_kinds_of_all_sum_to_what_is_not_planned(self):
        plan = self.run_json("plan", "tiny.ini")
        self.assertEqual(list(plan["kinds_of_all"]), KINDS)
        self.assertEqual(sum(plan["kinds_of_all"].values()), plan["unplanned_bytes"])

    def test_the_largest_blocks_are_those_of_the_peak(self):
        plan = self.run_json("plan", "tiny.ini")
        rows = sorted(self.live(self.rows(), plan["peak_step"]), key=lambda row: -row["size"])
        self.assertEqual(len(plan["largest"]), 10)
        self.assertEqual([b["bytes"] for b in plan["largest"]], [r["size"] for r in rows[:10]])
        shapes = {block["name"]: block["shape"] for block in plan["largest"]}
        self.assertEqual(shapes["hidden.weight"], "16x64")
        self.assertEqual(shapes["input batch"], "8x1x8x8")
        out, _ = self.run_mote("plan", "tiny.ini")
        for block in plan["largest"]:
            self.assertIn(f" {block['bytes']} bytes ", out)
            shape = f", {block['shape']}" if block["shape"] else ""
            self.assertIn(f" {block['name']}{shape}, steps ", out)

    def test_what_a_technique_saves_is_what_the_arena_grows_by_without_it(self):
        for name, model in TECHNIQUES.items():
            with self.subTest(name):
                (self.folder / "net.ini").write_text(model)
                plan = self.run_json("plan", "net.ini")
                without = self.run_json("plan", "net.ini", f"--without={name}")
                technique = plan["techniques"][name]
                self.assertTrue(technique["used"])
                self.assertFalse(without["techniques"][name]["used"])
                self.assertEqual(technique["arena_bytes_without"], without["arena_bytes"])
                self.assertGreater(without["arena_bytes"], plan["arena_bytes"])
                out, _ = self.run_mote("plan", "net.ini")
                saved = without["arena_bytes"] - plan["arena_bytes"]
                self.assertEqual(technique["saved_bytes"], saved)
                self.assertRegex(out, rf"\n  {name} +{saved} bytes +[0-9.]+ [kM]?B more ")

    def test_an_arena_that_is_smaller_without_a_technique_is_said_to_be(self):
        (self.folder / "net.ini").write_text(TANGLED)
        planner = ("net.ini", "--planner=best_fit")
        plan = self.run_json("plan", *planner)
        saved = plan["techniques"]["aliases"]["saved_bytes"]
        without = self.run_json("plan", *planner, "--without=aliases")
        self.assertLess(saved, 0)
        self.assertEqual(saved, without["arena_bytes"] - plan["arena_bytes"])
        out, _ = self.run_mote("plan", *planner)
        self.assertIn("\nwithout a technique the arena would take\n", out)
        self.assertRegex(out, rf"\n  aliases +{-saved} bytes +[0-9.]+ kB less ")

    def test_what_it_costs_to_keep_gradients_is_told(self):
        (self.folder / "net.ini").write_text(DEEP)
        early = self.run_json("plan", "net.ini")
        self.assertIsNone(early["gradients_kept_by"])
        self.assertEqual(early["gradients_kept_bytes"], 0)
        self.assertNotIn("kept gradients", self.run_mote("plan", "net.ini")[0])
        for setting, name in [
            ("Optimizer.clip_norm=1", "clip_norm"),
            ("Model.apply=after_all", "apply = after_all"),
        ]:
            plan = self.run_json("plan", "net.ini", "--set", setting)
            more = plan["arena_bytes"] - early["arena_bytes"]
            self.assertGreater(more, 0)
            self.assertEqual(plan["gradients_kept_by"], name)
            self.assertEqual(plan["gradients_kept_bytes"], more)
            self.assertEqual(
                plan["techniques"]["slices"],
                {"used": False, "arena_bytes_without": plan["arena_bytes"], "saved_bytes": 0},
            )
            out, _ = self.run_mote("plan", "net.ini", "--set", setting)
            self.assertRegex(
                out, rf"\nkept gradients +{more} bytes +[0-9.]+ MB   more, since {name} keeps all "
            )
            self.assertRegex(out, r"\n  slices +not with kept gradients\n")
        budget = plan["arena_bytes"] - 2**20
        within = self.run_json("plan", "net.ini", "--set", setting, f"--budget={budget}")
        self.assertLessEqual(within["arena_bytes"], budget)
        self.assertEqual(within["gradients_kept_bytes"], more)

    def test_what_saves_next_to_nothing_is_not_made_again(self):
        """All that a chain makes again lives together: its peak is only moved."""
        convolution = "type = conv2d\nfilters = 8\nkernel_size = 3\npadding = same\n"
        chain = "".join(f"[a{i}]\ntype = activation\nactivation = swish\n" for i in range(20))
        (self.folder / "tiny.ini").write_text(
            "[Model]\nloss = mse\nbatch_size = 64\n[Optimizer]\ntype = sgd\n"
            f"[in]\ntype = input\ninput_shape = 4:32:32\n[c]\n{convolution}{chain}"
            "flatten = true\n[out]\ntype = fully_connected\nunit = 2\n"
        )
        out, _ = self.run_mote("explain", "tiny.ini", "--stage=schedule")
        self.assertNotIn("recompute", out)

    def test_what_holds_a_slice_of_the_batch_says_so(self):
        (self.folder / "net.ini").write_text(LARGE_HEAD)
        out, _ = self.run_mote("plan", "net.ini")
        self.assertRegex(out, r"activations  head, 2x1x64x5000, steps \d+ to \d+\n")
        out, _ = self.run_mote("explain", "net.ini", "--why=head")
        self.assertIn("head: activations, F32 of 1:64:5000, 2 of 8 samples, 2560000 bytes\n", out)
        out, _ = self.run_mote("explain", "net.ini", "--stage=schedule")
        self.assertRegex(out, r"forward head, to step \d+ in 4 slices of samples\n")

    def test_all_techniques_may_be_left_out(self):
        names = [*TECHNIQUES, "swap"]
        names.insert(1, "block_recompute")
        plan = self.run_json("plan", "tiny.ini", "--without", ",".join(names))
        self.assertEqual(list(plan["techniques"]), names)
        for technique in plan["techniques"].values():
            self.assertEqual(
                technique,
                {"used": False, "arena_bytes_without": plan["arena_bytes"], "saved_bytes": 0},
            )
        out, _ = self.run_mote("plan", "tiny.ini", "--without", ",".join(names))
        self.assertEqual(out.count("left out"), len(names))

    def test_the_search_belongs_to_one_planner(self):
        best_fit = self.run_json("plan", "tiny.ini", "--planner=best_fit")
        for options in [("--without=exact",), ("--without=exact", "--planner=exact")]:
            plan = self.run_json("plan", "tiny.ini", *options)
            self.assertEqual(plan["planner"], "best_fit")
            self.assertEqual(plan["plan_hash"], best_fit["plan_hash"])
        naive = self.run_json("plan", "tiny.ini", "--planner=naive", "--without=exact")
        self.assertEqual(naive["planner"], "naive")
        self.assertFalse(best_fit["techniques"]["exact"]["used"])

    def test_techniques_have_no_part_in_the_result(self):
        for model in {DEEP, BRANCHES, TANGLED, BANDS}:
            (self.folder / "net.ini").write_text(model)
            digests = {
                self.run_json("bench", "net.ini", "--steps=2", "--threads=1", *without)[
                    "weights_sha256"
                ]
                for without in [(), *((f"--without={name}",) for name in TECHNIQUES)]
            }
            self.assertEqual(len(digests), 1)

    def test_a_budget_is_kept_or_refused_with_the_smallest(self):
        (self.folder / "net.ini").write_text(DEEP)
        full = self.run_json("plan", "net.ini")
        self.assertEqual(full["memory_budget_bytes"], 0)
        self.assertEqual(full["swap_file_bytes"], 0)
        self.assertGreater(full["predicted_step_ms"], 0)
        out, talk = self.run_mote("plan", "net.ini", "--budget=1", "--json", code=3)
        refused = json.loads(out)
        self.assertEqual(list(refused), ["error", "smallest_budget_bytes"])
        smallest = refused["smallest_budget_bytes"]
        self.assertIn(f"the smallest is {smallest} bytes, because of", refused["error"])
        self.assertEqual(talk, f"mote: {refused['error']}\n")
        plan = self.run_json("plan", "net.ini", f"--budget={smallest}")
        self.assertLessEqual(plan["arena_bytes"], smallest)
        self.assertGreater(plan["swapped_in_bytes"], 0)
        self.assertEqual(plan["techniques"]["swap"]["arena_bytes_without"], full["arena_bytes"])
        saved = full["arena_bytes"] - plan["arena_bytes"]
        self.assertEqual(plan["techniques"]["swap"]["saved_bytes"], saved)
        for name in set(TECHNIQUES) - {"swap", "block_recompute"}:  # as without a budget
            self.assertEqual(plan["techniques"][name], full["techniques"][name], name)
        out, _ = self.run_mote("plan", "net.ini", f"--budget={smallest}")
        self.assertRegex(out, rf"\n  swap +{saved} bytes ")
        self.assertRegex(out, r"\nswap file .* a step reads .* and writes ")
        out, _ = self.run_mote("plan", "net.ini", "--budget=1GiB")
        self.assertRegex(out, r"\nmemory budget +1073741824 bytes .* all fits\n")

    def test_the_frontier_goes_from_the_smallest_budget_to_the_arena_without_one(self):
        (self.folder / "net.ini").write_text(DEEP)
        full = self.run_json("plan", "net.ini")
        points = self.run_json("plan", "net.ini", "--frontier")["frontier"]
        self.assertEqual(len(points), 9)
        for point in points:
            self.assertLessEqual(point["arena_bytes"], point["memory_budget_bytes"])
        budgets = [point["memory_budget_bytes"] for point in points]
        self.assertEqual(budgets, sorted(budgets))
        self.assertEqual(points[-1]["arena_bytes"], full["arena_bytes"])
        self.assertEqual(points[-1]["swapped_out_bytes"], 0)
        self.assertGreater(points[0]["predicted_step_ms"], points[-1]["predicted_step_ms"])
        out, _ = self.run_mote("plan", "net.ini", "--frontier")
        self.assertEqual(len(out.splitlines()), 11)

    def test_a_measured_cost_table_is_planned_by(self):
        (self.folder / "net.ini").write_text(DEEP)
        common = ("net.ini", "--threads=1", "--cpu=scalar", "--set", "Model.swap_path=.")
        assumed = self.run_json("plan", *common)
        self.assertIsNone(assumed["cost"])
        measured = self.run_json("plan", *common, "--measure")
        self.assertEqual(measured["cost"], "./mote-cost-scalar-1.ini")
        table = (self.folder / "mote-cost-scalar-1.ini").read_text()
        self.assertIn("\n[all_threads]\n", table)
        for _ in range(2):
            self.assertEqual(self.run_json("plan", *common), measured)
        bench = self.run_json("bench", *common, "--steps=1")
        self.assertEqual(bench["predicted_step_ms"], measured["predicted_step_ms"])
        out, _ = self.run_mote("plan", *common)
        self.assertRegex(out, r"\npredicted +[0-9.]+ ms a step, by \./mote-cost-scalar-1\.ini\n")

    def test_a_plan_can_be_for_another_device(self):
        (self.folder / "net.ini").write_text(DEEP)
        common = ("net.ini", "--threads=1", "--cpu=scalar")
        own = self.run_json("plan", *common, "--measure", "--cost=own.ini")
        table = (self.folder / "own.ini").read_text()
        rate = re.search(r"product_multiply_adds = (.*)", table)[1]
        slower = table.replace(f"product_multiply_adds = {rate}", "product_multiply_adds = 0.01")
        (self.folder / "other.ini").write_text(slower.replace("processor = ", 'processor = "x" ;'))
        for command in [("plan",), ("bench", "--steps=1"), ("plan", "--budget=10MiB")]:
            other = self.run_json(*command, *common, "--cost=other.ini")
            self.assertGreater(other["predicted_step_ms"], own["predicted_step_ms"], command)
        points = self.run_json("plan", *common, "--cost=other.ini", "--frontier")["frontier"]
        self.assertEqual({point["cost"] for point in points}, {"other.ini"})
        self.run_mote("explain", "--stage=plan", *common, "--cost=other.ini")

    def test_a_saved_plan_is_made_again(self):
        (self.folder / "net.ini").write_text(DEEP)
        common = ("net.ini", "--threads=1", "--cpu=scalar")
        table = ("--cost=own.ini",)
        self.run_mote("plan", *common, "--measure", *table)
        text = (self.folder / "own.ini").read_text()
        slower = re.sub("(loaded|stored)_bytes = .*", r"\1_bytes = 0.01", text)
        slower = re.sub("product_multiply_adds = .*", "product_multiply_adds = 1000", slower)
        (self.folder / "other.ini").write_text(slower)
        budget = self.run_json("plan", *common)["arena_bytes"] * 5 // 6
        for options in [(), (f"--budget={budget}",), ("--without=exact,slices",)]:
            with self.subTest(options):
                saved = self.run_json("plan", *common, *options, *table, "--save-plan=net.plan")
                made = self.run_json("plan", *common, "--plan=net.plan", *table)
                self.assertEqual(made, saved)
                other = self.run_json("plan", *common, "--plan=net.plan", "--cost=other.ini")
                times = ("predicted_step_ms", "predicted_wait_ms", "longest_operation_ms", "longest_operation")
                self.assertNotEqual(other["predicted_step_ms"], saved["predicted_step_ms"])
                for key in (*times, "cost"):
                    other.pop(key, None), saved.pop(key, None)
                self.assertEqual(other, saved)
        self.assertGreater(self.run_json("plan", *common, f"--budget={budget}")["swap_file_bytes"], 0)

    def test_bench_within_a_saved_plan_has_the_weights_of_any_other(self):
        (self.folder / "net.ini").write_text(DEEP)
        common = ("net.ini", "--threads=1")
        full = self.run_json("bench", *common, "--steps=2")
        budget = f"--budget={full['arena_bytes'] * 5 // 6}"
        self.run_mote("plan", *common, budget, "--save-plan=net.plan")
        less = self.run_json("bench", *common, "--steps=2", "--plan=net.plan")
        self.assertLessEqual(less["arena_bytes"], full["arena_bytes"] * 5 // 6)
        self.assertEqual(less["weights_sha256"], full["weights_sha256"])
        out, _ = self.run_mote("explain", "--stage=plan", *common, "--plan=net.plan")
        self.assertIn(less["plan_hash"], out)

    def test_a_saved_plan_that_does_not_fit_is_refused(self):
        common = ("tiny.ini", "--threads=1")
        saved = self.run_json("plan", *common, "--save-plan=tiny.plan")
        for command in ["plan", "bench", "train", "explain"]:
            stage = ["--stage=plan"] if command == "explain" else []
            _, talk = self.run_mote(command, *common, *stage, "--plan=tiny.plan", "--batch=3", code=1)
            self.assertIn("tiny.plan: the plan is another one here: batch_size = ", talk)
        less = saved["arena_bytes"] - 1
        out, talk = self.run_mote("plan", *common, "--plan=tiny.plan", f"--budget={less}", "--json", code=3)
        self.assertEqual(json.loads(out)["smallest_budget_bytes"], saved["arena_bytes"])
        for option in ["--plan=tiny.plan", "--save-plan=tiny.plan"]:
            _, talk = self.run_mote("plan", *common, option, "--frontier", code=2)
            self.assertIn("--frontier is of many plans", talk)
        _, talk = self.run_mote("plan", "tiny.ini", "--save-plan=tiny.ini", code=1)
        self.assertIn("'tiny.ini' is there and is no plan of mote", talk)
        _, talk = self.run_mote("plan", *common, "--plan=tiny.plan", "--planner=naive", code=1)
        self.assertIn("the plan is by planner exact, and planner naive is asked for", talk)

    def test_a_wrong_cost_table_is_refused(self):
        (self.folder / "net.ini").write_text(DEEP)
        (self.folder / "bad.ini").write_text("[Cost]\nversion = x\n")
        for command in ["plan", "bench", "train", "explain"]:
            stage = ["--stage=plan"] if command == "explain" else []
            _, talk = self.run_mote(command, "net.ini", "--cost=bad.ini", *stage, code=1)
            self.assertIn("bad.ini:2: [Cost]: version = x: ", talk)
        _, talk = self.run_mote("plan", "net.ini", "--measure", code=1)
        self.assertIn("there is no place for a cost table: [Model] has no swap_path", talk)
        _, talk = self.run_mote("plan", "net.ini", "--measure", "--cost=no/where.ini", code=1)
        self.assertIn("no/where.ini", talk)

    def test_planning_needs_no_data(self):
        before = self.run_json("plan", "tiny.ini")
        for path in self.folder.glob("*.idx"):
            path.unlink()
        self.assertEqual(self.run_json("plan", "tiny.ini"), before)
        self.assertFalse(self.saved.exists())


if __name__ == "__main__":
    unittest.main()
