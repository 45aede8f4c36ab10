# SPDX-License-Identifier: Apache-2.0
"""Command infer on rows of separated values: prepared as the training data were."""

import random
import unittest

from support import CliTest

MODEL = """\
[Model]
loss = cross
batch_size = 8
epochs = 60
seed = 1
save_path = flowers.safetensors

[Optimizer]
type = adam
learning_rate = 0.05

[train_set]
type = csv
path = train.csv
label = kind
samples = 60
standardize = true

[input]
type = input
input_shape = 1:1:2

[output]
type = fully_connected
unit = 3
activation = softmax
"""

KINDS = {"rose": (1000, 0.001), "tulip": (1010, 0.009), "lily": (1020, 0.002)}


def make_row(generator, kind):
    length, width = KINDS[kind]
    return [length + generator.uniform(-2, 2), width + generator.uniform(-1e-3, 1e-3)]


class Samples(CliTest):
    def setUp(self):
        super().setUp()
        generator = random.Random(3)
        rows = [(make_row(generator, kind), kind) for _ in range(20) for kind in KINDS]
        lines = [f"{x},{y},{kind}" for (x, y), kind in rows]
        (self.folder / "train.csv").write_text("\n".join(["length,width,kind", *lines]) + "\n")
        (self.folder / "flowers.ini").write_text(MODEL)
        self.run_mote("train", "flowers.ini", "--quiet")
        self.asked = ["tulip", "lily", "rose", "tulip"]
        self.rows = [make_row(generator, kind) for kind in self.asked]
        self.write("new.csv", "length,width", [f"{x},{y}" for x, y in self.rows])

    def write(self, name, header, lines):
        (self.folder / name).write_text("\n".join([header, *lines]) + "\n")

    def test_each_row_gets_its_class_by_name(self):
        out, talk = self.run_mote("infer", "flowers.ini", "new.csv")
        self.assertEqual(talk, "")
        for number, (kind, line) in enumerate(zip(self.asked, out.splitlines(), strict=True), 1):
            self.assertRegex(line, rf"^new\.csv:{number}: {kind} \(\d+\.\d %\)$")

    def test_json_has_file_and_number_of_the_sample(self):
        answer = self.run_json("infer", "flowers.ini", "new.csv")
        self.assertEqual(answer["images"], [])
        self.assertEqual([s["class_name"] for s in answer["samples"]], self.asked)
        self.assertEqual([s["sample"] for s in answer["samples"]], [1, 2, 3, 4])
        self.assertEqual({s["file"] for s in answer["samples"]}, {"new.csv"})
        for sample in answer["samples"]:
            self.assertAlmostEqual(sum(sample["probabilities"]), 1, places=5)

    def test_batches_and_the_folder_change_nothing(self):
        one = self.run_json("infer", "flowers.ini", "new.csv")["samples"]
        three = self.run_json("infer", "flowers.ini", "--batch=3", "new.csv")["samples"]
        self.assertEqual(one, three)
        (self.folder / "else").mkdir()
        away = self.run_json(
            "infer", "../flowers.ini", "../new.csv", cwd=self.folder / "else"
        )["samples"]
        self.assertEqual([s["probabilities"] for s in away], [s["probabilities"] for s in one])

    def test_labels_and_the_order_of_columns_do_not_matter(self):
        plain = self.run_json("infer", "flowers.ini", "new.csv")["samples"]
        self.write("more.csv", "width,kind,length", [f"{y},rose,{x}" for x, y in self.rows])
        more = self.run_json("infer", "flowers.ini", "more.csv")["samples"]
        self.assertEqual(
            [s["probabilities"] for s in plain], [s["probabilities"] for s in more]
        )

    def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(self):
        self.write("bad.csv", "length,width", ["1,x"])
        out, talk = self.run_mote("infer", "flowers.ini", "bad.csv", "no.csv", "new.csv", code=1)
        self.assertEqual(len(out.splitlines()), 4)
        self.assertEqual(len(talk.splitlines()), 2)
        self.assertIn("bad.csv", talk.splitlines()[0])
        self.assertIn("no.csv", talk.splitlines()[1])
        answer = self.run_json("infer", "flowers.ini", "no.csv", "new.csv", code=1)
        self.assertIn("no.csv", answer["samples"][0]["error"])
        self.assertEqual(len(answer["samples"]), 5)

    def test_a_model_without_data_sections_cannot_read_samples(self):
        start, rest = MODEL.split("[train_set]")
        (self.folder / "flowers.ini").write_text(start + rest[rest.index("[input]") :])
        line = self.refuse("infer", "flowers.ini", "new.csv", code=1)
        self.assertIn("without a data section", line)


if __name__ == "__main__":
    unittest.main()
