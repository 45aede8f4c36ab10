# SPDX-License-Identifier: Apache-2.0
"""`mote train` and `mote bench` with --profile: where the time went, by operation, layer and phase."""

import json
import re
import unittest

from running import LENET5, RECURRENT, SOURCE, TRANSFORMER, RunTest, add_set

BATCH = 32  # of the models
TRACE_EVENTS = 65536  # most operations in a trace

TINY = """\
[Model]
loss = mse
batch_size = 1
[Optimizer]
type = sgd
[in]
type = input
input_shape = 1:1:1
[out]
type = fully_connected
unit = 1
"""


class Profile(RunTest):
    def bench(self, model, *options, steps=3, trace=None):
        self.write_model(model)
        profile = f"--profile={trace}" if trace else "--profile"
        return self.run_json("bench", "net.ini", f"--steps={steps}", profile, *options)

    def program(self):
        """Names of the operations of a training step, in their order."""
        text = self.run_mote("explain", "net.ini", "--stage=program", "--quiet")
        train = re.split(r"(?m)^program ", text)[1]
        self.assertTrue(train.startswith("train"), train)
        return [line[6:].split(" @")[0].strip() for line in train.splitlines()[1:] if line.strip()]

    def read_trace(self, name="trace.json"):
        return json.loads((self.folder / name).read_text())

    def work(self, result):
        """Multiply-adds of a sample by (layer, phase), without rows that have none."""
        rows = result["profile"]["rows"]
        return {
            (row["layer"], row["phase"]): row["multiply_adds"] / BATCH
            for row in rows
            if row["multiply_adds"]
        }


class Table(Profile):
    def test_every_layer_and_phase_of_the_program_is_a_row(self):
        result = self.bench(LENET5)
        phases = {(row["layer"], row["phase"]) for row in result["profile"]["rows"]}
        self.assertEqual(len(phases), len(result["profile"]["rows"]))
        owners = set()
        for name in self.program():
            phase, what = name.split(" ", 1)
            what = what.removesuffix(" batch")
            owners.add((what.rsplit(".", 1)[0] if phase == "apply" else what, phase))
        self.assertLessEqual({owner for owner in owners if owner[1] != "read"}, phases)
        self.assertIn(("input", "read"), phases)

    def test_rows_are_sorted_by_time_and_sum_up_to_the_step(self):
        profile = self.bench(LENET5, steps=5)["profile"]
        times = [row["ms"] for row in profile["rows"]]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertAlmostEqual(sum(times), profile["operations_ms"], places=9)
        self.assertAlmostEqual(sum(row["share"] for row in profile["rows"]), 1.0, places=9)
        self.assertEqual(profile["steps"], 5)
        self.assertIsNone(profile["trace"])

    def test_operations_take_most_of_a_step_and_no_more(self):
        result = self.bench(LENET5, "--threads=1", steps=1)
        share = result["profile"]["operations_ms"] / result["step_ms_median"]
        self.assertLessEqual(share, 1.0)
        self.assertGreater(share, 0.5)

    def test_rates_are_work_over_time_and_shares_of_the_peak(self):
        profile = self.bench(LENET5)["profile"]
        self.assertGreater(profile["peak_gflops_one_thread"], 0.0)
        self.assertGreater(profile["peak_gflops"], 0.0)
        for row in profile["rows"]:
            if not row["multiply_adds"]:
                self.assertIsNone(row["gflops"])
                self.assertIsNone(row["peak_share"])
                continue
            self.assertAlmostEqual(row["gflops"] * row["ms"] * 1e6 / (2 * row["multiply_adds"]), 1)
            self.assertAlmostEqual(row["gflops"] / profile["peak_gflops"] / row["peak_share"], 1)

    def test_products_of_convolutions_and_fully_connected_layers_are_counted(self):
        work = self.work(self.bench(LENET5))
        counts = {
            "conv1": 28 * 28 * 6 * 25,
            "conv2": 10 * 10 * 16 * 6 * 25,
            "fc1": 400 * 120,
            "fc2": 120 * 84,
            "fc3": 84 * 10,
        }
        phases = ("forward", "calc_gradient", "calc_derivative")
        expected = {(name, phase): count for name, count in counts.items() for phase in phases}
        del expected["conv1", "calc_derivative"]  # nobody wants that of the input
        self.assertEqual(work, expected)

    def test_products_of_groups_are_those_of_their_own_channels(self):
        grouped = LENET5.replace("filters = 16", "filters = 12\ngroups = 3")
        self.assertEqual(self.work(self.bench(grouped))["conv2", "forward"], 10 * 10 * 12 * 2 * 25)

    def test_products_of_sequences_are_counted(self):
        work = self.work(self.bench(RECURRENT))
        first_input, first_recurrent = 28 * 80 * 28, 27 * 80 * 20
        self.assertEqual(work["first", "forward"], first_input + first_recurrent)
        self.assertEqual(work["first", "calc_gradient"], first_input + 2 * first_recurrent)
        self.assertEqual(work["first", "calc_derivative"], first_input)
        frozen = RECURRENT.replace("unit = 17", "unit = 17\ntrainable = false")
        work = self.work(self.bench(frozen))
        self.assertNotIn(("second", "calc_gradient"), work)
        self.assertEqual(work["second", "calc_derivative"], 28 * 68 * 20 + 27 * 68 * 17)

    def test_products_of_attention_are_counted(self):
        work = self.work(self.bench(TRANSFORMER))
        projection, pairs = 28 * 16 * 16, 28 * 29 // 2
        attention = pairs * (16 + 16)  # scores and contexts of all heads together
        self.assertEqual(work["a_attention", "forward"], 4 * projection + attention)
        # with the derivative of the contexts, which is a product of the output's projection
        self.assertEqual(work["a_attention", "calc_gradient"], 5 * projection + 2 * attention)
        self.assertEqual(work["a_attention", "calc_derivative"], 3 * projection)

    def test_a_smaller_last_batch_counts_for_what_it_has(self):
        self.write_model(LENET5 + add_set("train_set", 48))
        result = self.run_json("train", "net.ini", "--epochs=1", "--profile")
        self.assertEqual(result["steps"], 2)
        rows = {(row["layer"], row["phase"]): row for row in result["profile"]["rows"]}
        self.assertEqual(rows["fc1", "forward"]["multiply_adds"], 48 * 400 * 120 / 2)

    def test_the_text_has_the_rows_of_the_program(self):
        self.write_model(LENET5)
        text = self.run_mote("bench", "net.ini", "--steps=2", "--profile", "--quiet")
        self.assertRegex(text, r"(?m)^peak +[0-9.]+ GFLOP/s on 1 thread, [0-9.]+ on \d+, measured$")
        self.assertRegex(text, r"(?m)^profile +[0-9.]+ ms a step in operations, mean of 2$")
        self.assertRegex(text, r"(?m)^fc1 +apply +[0-9.]+ +[0-9.]+%$")
        self.assertRegex(text, r"(?m)^conv2 +forward +([0-9.]+ +){1}[0-9.]+% +7.68 +[0-9.]+ +[0-9.]+%$")

    def test_without_it_there_is_none(self):
        self.write_model(LENET5)
        self.assertIsNone(self.run_json("bench", "net.ini", "--steps=1")["profile"])
        self.assertNotIn("GFLOP/s", self.run_mote("bench", "net.ini", "--steps=1", "--quiet"))

    def test_bits_are_those_of_a_run_without(self):
        self.write_model(LENET5 + add_set("train_set", 80) + add_set("valid_set", 40, "valid"))
        plain = self.run_json("train", "net.ini", "--epochs=2")
        profiled = self.run_json("train", "net.ini", "--epochs=2", "--profile=trace.json")
        self.assertEqual(profiled["weights_sha256"], plain["weights_sha256"])
        self.assertEqual(profiled["epochs"], plain["epochs"])
        self.assertEqual(profiled["profile"]["steps"], plain["steps"])


class Trace(Profile):
    def events(self, kind):
        return [event for event in self.read_trace()["traceEvents"] if event["ph"] == kind]

    def test_has_what_the_format_asks_for(self):
        self.bench(LENET5, trace="trace.json")
        trace = self.read_trace()
        self.assertEqual(trace["displayTimeUnit"], "ms")
        names = {event["name"]: event["args"]["name"] for event in self.events("M")}
        self.assertEqual(names, {"process_name": "net.ini", "thread_name": "steps"})
        complete = self.events("X")
        self.assertEqual(len(complete) + 2, len(trace["traceEvents"]))
        for event in complete:
            self.assertLessEqual({"name", "cat", "ph", "ts", "dur", "pid", "tid"}, set(event))
            self.assertIsInstance(event["ts"], float)
            self.assertGreaterEqual(event["dur"], 0.0)
        self.assertEqual(len({(event["pid"], event["tid"]) for event in complete}), 1)

    def test_each_step_has_the_operations_of_the_program_in_their_order(self):
        result = self.bench(LENET5, trace="trace.json")
        self.assertEqual(result["profile"]["trace"], "trace.json")
        self.assertEqual(result["profile"]["trace_steps"], 3)
        names = self.program()
        expected = [name for step in range(1, 4) for name in (f"step {step}", *names)]
        self.assertEqual([event["name"] for event in self.events("X")], expected)

    def test_operations_lie_inside_their_step_one_after_the_other(self):
        self.bench(LENET5, trace="trace.json")
        end = step_end = 0.0
        for event in self.events("X"):
            begin, dur = event["ts"], event["dur"]
            self.assertGreaterEqual(begin, end - 0.002)
            if event["cat"] == "step":
                step_end = begin + dur
                continue
            end = begin + dur
            self.assertLessEqual(end, step_end + 0.002)

    def test_times_are_those_of_the_table(self):
        profile = self.bench(LENET5, trace="trace.json")["profile"]
        operations = [event for event in self.events("X") if event["cat"] != "step"]
        total = sum(event["dur"] for event in operations) / 3e3
        self.assertAlmostEqual(total / profile["operations_ms"], 1.0, places=3)
        first = next(event for event in operations if event["name"] == "forward conv1")
        self.assertEqual(first["cat"], "forward")
        self.assertEqual(first["args"], {"layer": "conv1", "multiply_adds": 28 * 28 * 6 * 25 * 32.0})

    def test_ends_with_the_last_whole_step_that_it_has_room_for(self):
        self.write_model(TINY)
        count = len(self.program())
        steps = TRACE_EVENTS // count + 100
        profile = self.bench(TINY, "--threads=1", steps=steps, trace="trace.json")["profile"]
        self.assertEqual(profile["steps"], steps)
        self.assertEqual(profile["trace_steps"], TRACE_EVENTS // count)
        self.assertEqual(len(self.events("X")), TRACE_EVENTS // count * (count + 1))

    def test_names_of_layers_are_escaped(self):
        self.bench(TINY.replace("[out]", "[a\\b \u00e9]"), trace="trace.json")
        self.assertIn("forward a\\b \u00e9", [event["name"] for event in self.events("X")])

    def test_replaces_a_trace_and_nothing_else(self):
        self.bench(TINY, trace="trace.json")
        self.bench(TINY, steps=1, trace="trace.json")
        self.assertNotIn("step 2", [event["name"] for event in self.events("X")])
        for name in ("net.ini", "short"):
            (self.folder / "short").write_text("{")
            before = (self.folder / name).read_bytes()
            self.run_mote("bench", "net.ini", f"--profile={name}", code=1)
            self.assertEqual((self.folder / name).read_bytes(), before)

    def test_a_run_that_fails_leaves_the_steps_before(self):
        self.write_model(
            LENET5.replace("type = adam", "type = sgd\nlearning_rate = 100000")
            + add_set("train_set", 320)
        )
        self.run_mote("train", "net.ini", "--profile=trace.json", "--quiet", code=1)
        names = [event["name"] for event in self.events("X")]
        self.assertIn("apply fc3.weight", names)
        self.assertEqual(names[0], "step 1")

    def test_bench_models_have_traces(self):
        model = SOURCE / "bench" / "models" / "dscnn_s.ini"
        self.run_json("bench", model, "--steps=1", "--batch=1", "--profile=trace.json")
        phases = {event["cat"] for event in self.events("X")}
        self.assertEqual(
            phases,
            {
                *{"step", "read", "forward", "recompute", "calc_gradient", "calc_derivative"},
                *{"update", "apply"},
            },
        )


if __name__ == "__main__":
    unittest.main()
