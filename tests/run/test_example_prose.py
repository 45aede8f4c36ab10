# SPDX-License-Identifier: Apache-2.0
"""examples/prose with a little generated text, and with the real one, shortened, where the package is installed."""

import shutil
import unittest

from examples import ExampleTest, has_modules

STEPS = 250
BATCH = 8
SMALLER = {
    "batch_size = 32": f"batch_size = {BATCH}",
    "warm_up = 100": "warm_up = 20",
    "decay_steps = 1840": f"decay_steps = {STEPS - 20}",
    "input_shape = 1:1:64": "input_shape = 1:1:32",
    "out_dim = 64": "out_dim = 32",
    "unit = 64": "unit = 32",
    "unit = 256\nactivation = gelu": "unit = 64\nactivation = gelu",
}
PROGRAM = """\
#!/bin/sh
[ "$*" = "-f Genesis1:1-Revelation22:21" ] || exit 1
awk 'BEGIN { for (i = 1; i <= 31102; i++) {
    book = i <= 31000 ? "Ge" : i <= 31050 ? "Jas" : "Acts"
    print book "1:" i " the king and the land of book " i % 10 "." } }'
"""


class Prose(ExampleTest):
    example = "prose"

    def write_program(self, text=PROGRAM):
        program = self.folder / "bible"
        program.write_text(text)
        program.chmod(0o755)
        return program

    def cut(self, part, size):
        path = self.folder / "generated" / f"{part}.txt"
        path.write_text(path.read_text()[:size])

    def make_small(self):
        """The same network with smaller sizes, on the beginning of the text."""
        model = self.folder / "transformer.ini"
        text = model.read_text()
        for old, new in SMALLER.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        model.write_text(text)
        self.cut("train", 32 * BATCH * STEPS + 1)
        self.cut("test", 32 * 200 + 1)

    def test_books_are_held_out_and_places_of_verses_left_out(self):
        self.prepare("--program", self.write_program())
        lines = {
            part: (self.folder / "generated" / f"{part}.txt").read_text().splitlines()
            for part in ("train", "valid", "test")
        }
        self.assertEqual({k: len(v) for k, v in lines.items()},
                         {"train": 31000, "valid": 50, "test": 52})
        self.assertEqual(lines["valid"][0], "the king and the land of book 1.")

    def test_a_missing_or_another_program_is_refused(self):
        self.assertIn("apt-get install bible-kjv", self.prepare("--program", "./no", code=1))
        short = self.write_program(PROGRAM.replace("31102", "7"))
        self.assertIn("7 verses instead of 31102", self.prepare("--program", short, code=1))

    def test_it_learns_and_goes_on_with_a_text(self):
        self.prepare("--program", self.write_program())
        self.make_small()
        self.run_mote("check", "transformer.ini")
        self.run_mote("train", "transformer.ini", "--quiet")
        self.assertGreater(self.run_json("eval", "transformer.ini")["accuracy"], 0.7)
        line = self.run_mote("infer", "transformer.ini", "--text", "e king and t", "--generate", "8")
        self.assertEqual(line, "e king and the land \n")

    @unittest.skipUnless(shutil.which("bible"), "bible-kjv is not installed")
    @unittest.skipUnless(has_modules("torch", "PIL"), "python3-torch or python3-pil is missing")
    def test_pytorch_is_as_good_on_a_part_of_the_real_text(self):
        self.prepare()
        self.make_small()
        mote, other = self.compare("transformer.ini")
        self.assertGreater(mote, 25)
        self.assertLess(abs(mote - other), 4)


if __name__ == "__main__":
    unittest.main()
