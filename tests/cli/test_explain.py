# SPDX-License-Identifier: Apache-2.0
"""`mote explain --why`: its lives are those of the plan, and each begins and ends with a use."""

import csv
import io
import re
import unittest

from support import CliTest

LIES = r"  lies at bytes (\d+) to (\d+), steps (\d+) to (\d+) of program (\w+)"
USE = r" +(\d+)  (?!kept)(.+)"
KEPT = r" +(?:(\d+) - +)?(\d+)  kept for step (\d+)"


class Why(CliTest):
    def explain(self, name, *arguments):
        """The lines behind the first one, of each program."""
        out, talk = self.run_mote("explain", "--why", name, "tiny.ini", *arguments)
        self.assertEqual(talk, "")
        parts = re.split(r"^(?=\S)", out, flags=re.M)[1:]
        for part in parts:
            self.assertTrue(part.startswith(f"{name.split(' (')[0]}: "), part)
        return [part.splitlines() for part in parts]

    def placements(self):
        out, _ = self.run_mote("plan", "tiny.ini", "--csv")
        return list(csv.DictReader(io.StringIO(out)))

    def check_block(self, row, lines):
        offset, end, first, last, _ = re.fullmatch(LIES, lines[1]).groups()
        self.assertEqual([offset, first, int(last)],
                         [row["offset"], row["lower"], int(row["upper"]) - 1])
        self.assertLessEqual(int(end), int(row["offset"]) + int(row["size"]) - 1)
        covered = set()
        uses = []
        for line in lines[2:]:
            if match := re.fullmatch(KEPT, line):
                begin = int(match[1] or match[2])
                covered |= set(range(begin, int(match[2]) + 1))
                self.assertEqual(int(match[3]), int(match[2]) + 1)
            elif match := re.fullmatch(USE, line):
                uses.append(int(match[1]))
        self.assertEqual(uses, sorted(uses))
        self.assertEqual((uses[0], uses[-1]), (int(first), int(last)))
        self.assertEqual(covered | set(uses), set(range(int(first), int(last) + 1)))
        self.assertEqual(covered & set(uses), set())
        self.assertIn(f"  it lives to step {last} because", lines)
        earlier = [step for step in uses if step < int(last)]
        if earlier:
            self.assertRegex(lines[-1], rf"  otherwise it would end at step {earlier[-1]}, ")

    def test_every_block_of_the_plan_is_explained(self):
        for row in self.placements():
            with self.subTest(row["name"]):
                parts = self.explain(row["name"])
                if row["kind"] in ("weights", "optimizer"):
                    self.assertEqual(len(parts), 1)
                    self.assertIn("persists", parts[0][1])
                    continue
                name = re.search(r"\((\w+)\)$", row["name"])
                program = name[1] if name else "train"
                self.check_block(row, next(p for p in parts if p[1].endswith(f" {program}")))

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
