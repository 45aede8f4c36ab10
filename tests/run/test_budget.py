# SPDX-License-Identifier: Apache-2.0
"""A memory budget is kept, to the byte and seen from outside, and changes no bit of what is trained."""

import json
import subprocess
import unittest

from running import (
    BRANCHES,
    LENET5,
    MIXED,
    MOTE,
    RECURRENT,
    SANITIZED,
    SHARED,
    SOURCE,
    TRANSFORMER,
    RunTest,
    Safetensors,
    add_set,
)

SETS = add_set("train_set", 77) + add_set("valid_set", 35, "valid")


class Budget(RunTest):
    def smallest(self, *arguments):
        """The smallest budget of what needs more than one byte."""
        out = self.run_mote(*arguments, "--budget=1", "--json", code=3)
        return json.loads(out)["smallest_budget_bytes"]

    def digest(self, *options):
        self.run_mote("train", "net.ini", "--quiet", *options)
        return Safetensors(self.folder / "net.safetensors").digest()

    def test_every_budget_trains_to_the_same_bits(self):
        for model in (LENET5, MIXED, BRANCHES, SHARED, RECURRENT, TRANSFORMER):
            with self.subTest(model[model.index("[input]") :][:200]):
                self.write_model(model + SETS)
                full = self.run_json("plan", "net.ini")["arena_bytes"]
                least = self.smallest("plan", "net.ini")
                self.assertLess(least, full)
                expected = self.digest()
                for budget in (least, (least + full) // 2):
                    plan = self.run_json("plan", "net.ini", f"--budget={budget}")
                    self.assertLessEqual(plan["arena_bytes"], budget)
                    self.assertEqual(self.digest(f"--budget={budget}"), expected)
                    self.assertEqual(self.digest(f"--budget={budget}", "--threads=1"), expected)

    def test_a_training_goes_on_within_another_budget(self):
        self.write_model(LENET5 + SETS)
        least = self.smallest("plan", "net.ini")
        expected = self.digest()
        for first, second in ((least, 0), (0, least), (least, 2 * least)):
            self.digest(f"--budget={first}", "--epochs=1", "--checkpoint-every=1 steps")
            self.assertEqual(self.digest(f"--budget={second}", "--resume"), expected)

    def test_a_finished_training_is_left_alone_with_fewer_epochs(self):
        self.write_model(LENET5 + SETS)
        budget = f"--budget={self.smallest('plan', 'net.ini')}"
        expected = self.digest(budget, "--checkpoint-every=1 steps")
        self.assertEqual(self.digest(budget, "--epochs=1", "--resume"), expected)

    def test_the_first_layer_that_is_not_finite_is_named_alike(self):
        self.write_model(LENET5.replace("type = adam", "type = sgd\nlearning_rate = 1000000") + SETS)
        least = self.smallest("plan", "net.ini")
        messages = set()
        for budget in (0, least, 2 * least):
            command = [MOTE, "train", "net.ini", "--quiet", f"--budget={budget}"]
            run = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("the first that was not is", run.stderr)
            messages.add(run.stderr)
        self.assertEqual(len(messages), 1, messages)

    def test_what_is_planned_is_what_is_moved(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        plan = self.run_json("plan", model, budget)
        bench = self.run_json("bench", model, budget, "--steps=3")
        for key in ("arena_bytes", "plan_hash", "swapped_in_bytes", "swapped_out_bytes"):
            self.assertEqual(plan[key], bench[key])
        self.assertGreater(bench["swapped_in_bytes"], 0)

    def test_too_many_writes_are_refused(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        limit = "--set=Model.swap_write_limit=1kB"
        self.run_mote("bench", model, budget, limit, "--steps=1", code=1)

    def test_a_folder_for_the_file_that_is_not_there_is_refused(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        self.run_mote("bench", model, budget, "--set=Model.swap_path=/no/such", code=1)

    @unittest.skipIf(SANITIZED, "sanitizers have memory of their own")
    def test_resident_memory_stays_within_the_budget(self):
        """What a process of nothing has, the budget, and 4 MB."""
        launcher = self.compile_tool(SOURCE / "bench" / "peak_rss.c")
        report = self.folder / "peak"
        model = SOURCE / "bench" / "models" / "resnet18.ini"
        budget = self.smallest("plan", model, "--batch=1")
        self.run_mote("version", command=(launcher, report))
        nothing = int(report.read_text())
        arguments = ("bench", model, "--batch=1", f"--budget={budget}", "--steps=2", "--quiet")
        self.run_mote(*arguments, command=(launcher, report))
        self.assertLessEqual(int(report.read_text()), nothing + budget + 4_000_000)


if __name__ == "__main__":
    unittest.main()
