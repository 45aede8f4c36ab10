# SPDX-License-Identifier: Apache-2.0
"""`mote explain --why`: its lives are those of the plan, and each step of them is told."""

import csv
import io
import json
import re
import unittest

from support import CliTest
from test_plan import DEEP

LIES = (
    r"  lies at bytes (\d+) to (\d+), steps (\d+) to (\d+) of program (\w+)"
    r"(?:, slice \[(\d+), (\d+)\))?(, loaded before)?(, stored behind)?"
)
PERSISTS = r"  lies at bytes (\d+) to (\d+) at all steps of all programs, here those of program (\w+)"
SPAN = r" +(?:(\d+) - +)?(\d+)  ((?:kept|loaded|stored|in the swap file).*)"
USE = r" +(\d+)  (.+)"
ALIKE = (
    r"  in the same way (\d+) more slices, \[(\d+), (\d+)\), at steps (\d+) to (\d+) "
    r"of program (\w+)"
)

# Nothing but its weight, of 8 MiB, which is used in slices where the budget has no room for it.
WIDE = """\
[Model]
loss = mse
batch_size = 2
seed = 1
[Optimizer]
type = sgd
[input]
type = input
input_shape = 16384
[fc]
type = fully_connected
unit = 128
"""


class Stay:
    """Where a block lies, and what is told of each of its steps."""

    def __init__(self, match):
        self.offset, self.end, self.first, self.last = (int(match[i]) for i in range(1, 5))
        self.program = match[5]
        self.slice = int(match[6] or 0)
        self.is_loaded, self.is_stored = bool(match[8]), bool(match[9])
        self.uses, self.spans = [], []

    def place(self):
        return self.offset, self.first, self.last


class Why(CliTest):
    def explain(self, name, *arguments, model="tiny.ini"):
        """The lines behind the first one, of each program."""
        out, talk = self.run_mote("explain", "--why", name, model, *arguments)
        self.assertEqual(talk, "")
        parts = re.split(r"^(?=\S)", out, flags=re.M)[1:]
        for part in parts:
            self.assertTrue(part.startswith(f"{name.split(' (')[0]}: "), part)
        return [part.splitlines() for part in parts]

    def placements(self, *arguments, model="tiny.ini"):
        out, _ = self.run_mote("plan", model, "--csv", *arguments)
        return list(csv.DictReader(io.StringIO(out)))

    def read(self, lines):
        """Stays, and steps between them at which the tensor is in the swap file."""
        stays, away = [], []
        for line in lines:
            if match := re.fullmatch(LIES, line):
                stays.append(Stay(match))
            elif match := re.fullmatch(SPAN, line):
                span = (int(match[1] or match[2]), int(match[2]), match[3])
                away.append(span) if match[3] == "in the swap file" else stays[-1].spans.append(span)
            elif match := re.fullmatch(USE, line):
                stays[-1].uses.append(int(match[1]))
        return stays, away

    def check_stay(self, stay):
        """Each of its steps is told once, and waits are for what comes."""
        self.assertEqual(stay.uses, sorted(stay.uses))
        steps = set(stay.uses)
        for first, last, text in stay.spans:
            self.assertFalse(steps & set(range(first, last + 1)))
            steps |= set(range(first, last + 1))
            if match := re.fullmatch(r"(kept|loaded) for step (\d+)", text):
                self.assertEqual(int(match[2]), last + 1)
                self.assertIn(last + 1, stay.uses)
                self.assertEqual(match[1] == "loaded", last < stay.uses[0] and stay.is_loaded)
            else:
                self.assertEqual((text, stay.is_stored), ("stored", True))
                self.assertGreater(first, stay.uses[-1])
        self.assertEqual(steps, set(range(stay.first, stay.last + 1)))

    def check_block(self, row, lines):
        stays, away = self.read(lines)
        self.assertEqual((len(stays), away), (1, []))
        stay = stays[0]
        self.assertEqual(
            stay.place(), (int(row["offset"]), int(row["lower"]), int(row["upper"]) - 1)
        )
        self.assertLessEqual(stay.end, int(row["offset"]) + int(row["size"]) - 1)
        self.check_stay(stay)
        self.assertEqual((stay.uses[0], stay.uses[-1]), (stay.first, stay.last))
        self.assertIn(f"  it lives to step {stay.last} because", lines)
        earlier = [step for step in stay.uses if step < stay.last]
        if earlier:
            self.assertRegex(lines[-1], rf"  otherwise it would end at step {earlier[-1]}, ")

    def check_persistent(self, row, parts):
        """In the programs that have it, which come one after the other, each step is told."""
        next_step = 0
        for lines in parts:
            offset, end, _ = re.fullmatch(PERSISTS, lines[1]).groups()
            self.assertEqual(offset, row["offset"])
            self.assertLessEqual(int(end), int(row["offset"]) + int(row["size"]) - 1)
            for line in lines[2:-1]:
                match = re.fullmatch(SPAN, line)
                first = int(match[1] or match[2]) if match else int(re.fullmatch(USE, line)[1])
                last = int(match[2]) if match else first
                self.assertIn(first, (next_step, next_step - 1))  # another use of the same step
                next_step = last + 1
            self.assertEqual(lines[-1], "  it persists from step to step")
        return next_step

    def test_every_block_of_the_plan_is_explained(self):
        step_count = self.run_json("plan", "tiny.ini")["step_count"]
        for row in self.placements():
            with self.subTest(row["name"]):
                parts = self.explain(row["name"])
                if row["kind"] in ("weights", "optimizer"):
                    end = self.check_persistent(row, parts)
                    self.assertEqual(end == step_count, row["kind"] == "weights")
                    continue
                name = re.search(r"\((\w+)\)$", row["name"])
                program = name[1] if name else "train"
                self.check_block(row, next(p for p in parts if p[1].endswith(f" {program}")))

    def test_each_use_of_what_persists_is_told(self):
        train, evaluate = ("\n".join(part) for part in self.explain("hidden.weight"))
        self.assertRegex(train, r"\n +\d+  forward hidden reads its weight\n")
        self.assertRegex(train, r"\n +\d+  apply hidden.weight changes it\n")
        self.assertRegex(train, r"\n +\d+ - +\d+  kept for step \d+\n")
        self.assertRegex(evaluate, r"\n +\d+  forward hidden reads its weight\n")
        self.assertNotIn("apply", evaluate)
        mean = "\n".join(self.explain("hidden.weight.mean")[0])
        self.assertRegex(mean, r"\n +\d+  apply hidden.weight changes the optimizer's state\n")

    def smallest_budget(self, model):
        out, _ = self.run_mote("plan", model, "--budget=1", "--json", code=3)
        return json.loads(out)["smallest_budget_bytes"]

    def check_away(self, stays, away, persists):
        """Of one slice: it is in the file when it is not in memory."""
        steps = [step for stay in stays for step in range(stay.first, stay.last + 1)]
        out = [step for first, last, _ in away for step in range(first, last + 1)]
        self.assertFalse(set(steps) & set(out))
        self.assertEqual(len(set(steps + out)), len(steps + out))
        told = sorted(steps + out)
        self.assertEqual(told, list(range(told[0], told[-1] + 1)))
        if persists:
            self.assertEqual(told[0], 0)
        return told[-1]

    def test_what_a_budget_has_come_and_go_is_in_the_file_between_its_stays(self):
        (self.folder / "net.ini").write_text(DEEP)
        budget = f"--budget={self.smallest_budget('net.ini')}"
        rows = self.placements(budget, model="net.ini")
        split = {row["name"].split(" stay ")[0] for row in rows if " stay " in row["name"]}
        self.assertTrue(split)
        persisted = 0
        for name in sorted(split):
            with self.subTest(name):
                own = [row for row in rows if row["name"].split(" stay ")[0] == name]
                places = [(int(r["offset"]), int(r["lower"]), int(r["upper"]) - 1) for r in own]
                (lines,) = self.explain(name, budget, model="net.ini")
                stays, away = self.read(lines)
                persists = own[0]["kind"] in ("weights", "optimizer")
                persisted += persists
                if not any(re.fullmatch(ALIKE, line) for line in lines):
                    self.assertEqual([stay.place() for stay in stays], places)
                    if len({stay.slice for stay in stays}) == 1:
                        self.check_away(stays, away, persists)
                for stay in stays:
                    self.check_stay(stay)
                text = "\n".join(lines)
                self.assertEqual("it persists from step to step" in text, persists)
                self.assertEqual("it lives to step" in text, not persists)
                self.assertEqual("alone would end" in text and persists, False)
        self.assertGreater(len(split), persisted)

    def test_slices_that_are_used_alike_are_told_in_a_line(self):
        (self.folder / "net.ini").write_text(WIDE)
        budget = f"--budget={self.smallest_budget('net.ini')}"
        rows = self.placements(budget, model="net.ini")
        own = [row for row in rows if row["name"].split(" stay ")[0] == "fc.weight"]
        (lines,) = self.explain("fc.weight", budget, model="net.ini")
        stays, _ = self.read(lines)
        alike = [match for line in lines if (match := re.fullmatch(ALIKE, line))]
        self.assertTrue(alike)
        self.assertLess(len(lines), 60)
        for stay in stays:
            self.check_stay(stay)
        places = {(int(r["offset"]), int(r["lower"]), int(r["upper"]) - 1) for r in own}
        self.assertLessEqual({stay.place() for stay in stays}, places)
        told = len({stay.slice for stay in stays}) + sum(int(match[1]) for match in alike)
        out, _ = self.run_mote("explain", "--stage=schedule", "net.ini", budget)
        slices = set(re.findall(r"^ *\d+ apply fc\.weight (\[\d+, \d+\))", out, re.M))
        self.assertEqual(told, len(slices))
        self.assertIn(f"[{alike[0][2]}, ", " ".join(slices))

    def test_a_name_without_a_program_is_explained_in_all(self):
        programs = [part[1].split()[-1] for part in self.explain("hidden")]
        self.assertEqual(programs, ["train", "evaluate"])
        self.assertEqual(len(self.explain("hidden (evaluate)")), 1)

    def test_uses_are_told_by_declaration_and_tensor(self):
        text = "\n".join(self.explain("hidden")[0])
        self.assertIn("forward hidden writes its output\n", text)
        self.assertIn("the same bytes have: hidden/activation (steps ", text)
        self.assertIn("calc_gradient output needs its input (hidden/activation)\n", text)
        self.assertIn("hidden alone would end at step ", text)

    def test_an_unknown_tensor_is_an_error(self):
        line = self.refuse("explain", "--why=hiden", "tiny.ini", code=1)
        self.assertEqual(line, "the plan has no tensor 'hiden', did you mean 'hidden'?")
        for name in ["juggler", "hidden (infer)", "hidden (evaluate", "hidden ()"]:
            line = self.refuse("explain", "--why", name, "tiny.ini", code=1)
            self.assertIn(f"the plan has no tensor '{name}'", line)


if __name__ == "__main__":
    unittest.main()
