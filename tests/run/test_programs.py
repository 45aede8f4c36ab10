# SPDX-License-Identifier: Apache-2.0
"""The example programs build without a warning, run, and print what their README says."""

import subprocess
import unittest

from linking import CXX, link_program
from running import MIXED, SANITIZED, SOURCE, RunTest, Safetensors, add_set

PROGRAMS = SOURCE / "examples" / "programs"
MODEL = PROGRAMS / "points.ini"


@unittest.skipIf(SANITIZED, "the library is built with a sanitizer")
class Programs(RunTest):
    def run_program(self, source, *arguments):
        program = link_program(PROGRAMS / source, self.folder / "program")
        result = subprocess.run(
            [program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_each_is_in_the_readme(self):
        readme = (PROGRAMS / "README.md").read_text()
        for path in [*PROGRAMS.glob("*.c"), *PROGRAMS.glob("*.cpp")]:
            self.assertIn(f"[{path.name}]({path.name})", readme)

    def test_train_trains_to_the_bits_of_the_command_line(self):
        self.write_model(MIXED + add_set("train_set", 40))
        expected = self.run_json("train", "net.ini")
        printed = self.run_program("train.c", "net.ini", "weights")
        self.assertIn(f"training will use {expected['arena_bytes']} bytes\nepoch 1: ", printed)
        digest = Safetensors(self.folder / "weights").digest()
        self.assertEqual(digest, expected["weights_sha256"])

    def test_step_infer_and_personalize_work_hand_in_hand(self):
        printed = self.run_program("step.c", MODEL, "points")
        self.assertGreater(float(printed.split("accuracy ")[-1].split(",")[0]), 0.9)
        for point, expected in (("0.1", "-0.2"), 1), (("0.9", "0.9"), 0):
            lines = self.run_program("infer.c", MODEL, "points", *point).splitlines()
            self.assertGreater(float(lines[expected].split()[1]), 0.9)
        self.assertIn("takes 2 numbers, not 1", self.run_program("infer.c", MODEL, "points", "1"))
        printed = self.run_program("personalize.c", MODEL, "points", "mine")
        plan, *measured = printed.splitlines(keepends=True)
        readme = (PROGRAMS / "README.md").read_text()
        self.assertEqual(readme.count("".join(f"    {line}" for line in measured)), 1, printed)
        whole = self.run_json("plan", MODEL, "--batch=8")
        self.assertLess(int(plan.split()[3]), whole["arena_bytes"])
        before, after = (Safetensors(self.folder / name) for name in ("points", "mine"))
        for name in before.names():
            is_kept = before.values(name) == after.values(name)
            self.assertEqual(is_kept, name.startswith("hidden"), name)

    def test_own_checks_its_gradients_and_trains(self):
        printed = self.run_program("own.c", PROGRAMS / "own.ini", "own")
        error = float(printed.splitlines()[0].split()[3])
        self.assertLess(error, 0.005, printed)
        self.assertGreater(float(printed.split("accuracy ")[-1]), 0.9)
        slopes = Safetensors(self.folder / "own").values("bent1.slope")
        self.assertEqual(len(slopes), 32)
        self.assertTrue(any(slopes))

    def test_own_refuses_scores_that_its_loss_would_read_beyond(self):
        program = link_program(PROGRAMS / "own.c", self.folder / "program")
        text = (PROGRAMS / "own.ini").read_text()
        (self.folder / "one.ini").write_text(text.replace("unit = 2\n", "unit = 1\n"))
        result = subprocess.run(
            [program, "one.ini", "own"], cwd=self.folder, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("1 scores in rows of 1, expected one row of 2 or more", result.stderr)

    def test_own_would_show_a_wrong_gradient(self):
        for name in "own.c", "own.h", "gradients.h", "points.h":
            text = (PROGRAMS / name).read_text()
            (self.folder / name).write_text(text.replace("? 0 : loop->x[i] *", "? 0 : 1.1F *"))
        program = link_program(self.folder / "own.c", self.folder / "program")
        printed = subprocess.run(
            [program, PROGRAMS / "own.ini", "own"], cwd=self.folder, capture_output=True, text=True
        ).stdout
        self.assertGreater(float(printed.split()[3]), 0.05, printed)
        self.assertIn("slope\n", printed)

    @unittest.skipUnless(CXX, "there is no C++ compiler")
    def test_watch_stops_early(self):
        self.assertRegex(self.run_program("watch.cpp", MODEL), r"^good enough after \d+ epochs\n$")

    def test_errors_are_told(self):
        program = link_program(PROGRAMS / "step.c", self.folder / "program")
        for arguments, code, text in (([], 2, "usage:"), (["none.ini", "w"], 1, "none.ini")):
            result = subprocess.run(
                [program, *arguments], cwd=self.folder, capture_output=True, text=True
            )
            self.assertEqual(result.returncode, code)
            self.assertIn(text, result.stderr)


if __name__ == "__main__":
    unittest.main()
