# SPDX-License-Identifier: Apache-2.0
"""Command init: what it proposes passes `check`, learns, and replaces nothing."""

import os
import unittest

from support import SIZE, CliTest, write_png

WITH_PNG = os.environ.get("MOTE_WITH_PNG", "1") == "1"
ROWS = "".join(f"{i % 7},{i % 3},text,{'high' if i % 7 > 3 else 'low'}\n" for i in range(70))
TABLE = "x,y,comment,kind\n" + ROWS


class Init(CliTest):
    def write_table(self, text=TABLE, name="table.csv"):
        (self.folder / name).write_text(text)

    def write_images(self, count=10):
        for label in range(4):
            folder = self.folder / "images" / f"quarter {label}"
            folder.mkdir(parents=True)
            for i in range(count):
                write_png(folder / f"{i}.png", label, seed=count * label + i)

    def check_and_train(self, model="model.ini"):
        """Gives the accuracy on the samples kept for validation."""
        self.run_mote("check", model)
        self.run_mote("train", model, "--quiet")
        return self.run_json("eval", model, "--data=valid_set")

    def test_a_table_of_classes(self):
        self.write_table()
        out, talk = self.run_mote("init", "table.csv")
        self.assertEqual(talk, "")
        self.assertIn("70 rows of 2 numbers, without the columns of texts comment", out)
        self.assertIn("label 'kind', 2 classes: high,low", out)
        for command in ["check", "plan", "train", "eval", "infer"]:
            self.assertRegex(out, rf"(?m)^mote {command} model.ini")
        self.assertEqual(self.check_and_train()["accuracy"], 1)

    def test_json(self):
        self.write_table()
        self.assertEqual(
            self.run_json("init", "table.csv", "--output=other.ini"),
            {
                "data": "table.csv",
                "kind": "csv",
                "sample_count": 70,
                "class_count": 2,
                "class_names": "high,low",
                "label": "kind",
                "ignored": "comment",
                "input_count": 2,
                "network": "network of fully connected layers",
                "batch_size": 8,
                "epochs": 200,
                "model": "other.ini",
            },
        )
        self.assertIn("save_path = other.safetensors\n", (self.folder / "other.ini").read_text())

    def test_a_table_of_values_without_header_with_gaps(self):
        rows = [f"{x};{x % 5 or 'NA'};{2 * x + 0.5}" for x in range(60)]
        self.write_table("\n".join(rows) + "\n")
        out, _ = self.run_mote("init", "table.csv")
        self.assertIn("label '3' is a number, 59.5 on average", out)
        model = (self.folder / "model.ini").read_text()
        for line in ["header = false", "delimiter = semicolon", "missing = mean", "loss = mse"]:
            self.assertIn(line + "\n", model)
        self.assertLess(self.check_and_train()["loss"], 20)  # the variance is 1200

    def test_large_labels_are_pointed_out(self):
        self.write_table("x,price\n" + "".join(f"{i},{1e5 + i * 1e3 + 0.5}\n" for i in range(40)))
        self.assertIn("far from 0", self.run_mote("init", "table.csv")[1])

    def test_the_label_column_can_be_chosen(self):
        self.write_table()
        answer = self.run_json("init", "table.csv", "--label=y")
        self.assertEqual((answer["label"], answer["class_count"]), ("y", 3))
        self.assertEqual(answer["ignored"], "comment,kind")
        self.run_mote("check", "model.ini")

    @unittest.skipUnless(WITH_PNG, "a build without libpng")
    def test_a_folder_of_images(self):
        self.write_images()
        out, _ = self.run_mote("init", "images")
        self.assertIn(f"40 grey images of {SIZE}x{SIZE}, 4 classes: quarter 0,quarter 1", out)
        self.assertIn("input_shape = 1:8:8\n", (self.folder / "model.ini").read_text())
        self.assertGreaterEqual(self.check_and_train()["accuracy"], 0.8)

    def test_an_idx_file(self):
        out, _ = self.run_mote("init", "train-images.idx")
        self.assertIn(f"75 grey images of {SIZE}x{SIZE}, 4 classes", out)
        self.assertGreaterEqual(self.check_and_train()["accuracy"], 0.8)

    def test_a_model_in_another_folder_finds_the_data(self):
        (self.folder / "models").mkdir()
        self.write_table(name="a table; of #1.csv")
        self.run_mote("init", "a table; of #1.csv", "--output", "models/first.ini")
        self.run_mote("init", "a table; of #1.csv", "--output", "second.ini")
        self.run_mote("init", "train-images.idx", "--output", "models/third.ini")
        for model in ["models/first.ini", "second.ini", "models/third.ini"]:
            self.run_mote("check", model)
        self.run_mote("train", "models/first.ini", "--quiet", "--epochs=1")
        self.assertTrue((self.folder / "models/first.safetensors").exists())

    def test_a_file_that_is_there_stays(self):
        self.write_table()
        (self.folder / "model.ini").write_text("mine")
        for option in [[], ["--json"]]:
            self.assertEqual(
                self.refuse("init", "table.csv", *option, code=1),
                "'model.ini' is already there and stays as it is; --output names another file",
            )
        self.assertEqual((self.folder / "model.ini").read_text(), "mine")
        self.assertIn("cannot write 'absent/m'", self.refuse("init", "table.csv", "--output=absent/m", code=1))

    def test_refusals_name_the_place_and_leave_no_file(self):
        (self.folder / "empty").mkdir()
        (self.folder / "mixed" / "a").mkdir(parents=True)
        (self.folder / "mixed" / "file").write_text("")
        (self.folder / "binary").write_bytes(b"\x89PNG\0")
        self.write_table("x,y\n1,a\n2,a\n")
        expected = {
            ("absent",): "absent",
            ("empty",): "'empty' is empty; expected one sub-folder a class",
            ("mixed",): "'mixed/file' is a file; expected one sub-folder a class in 'mixed'",
            ("binary",): "'binary' is none of: a folder with one sub-folder of images a class",
            ("table.csv",): "'table.csv', column 'y', its label, has one value in all rows",
            ("table.csv", "--label=z"): "'table.csv' has no column 'z'",
            ("empty", "--label=z"): "the names of its sub-folders are the labels, not 'z'",
            ("train-images.idx", "--label=valid-labels.idx"): "'valid-labels.idx' has 24 labels",
        }
        for arguments, text in expected.items():
            with self.subTest(arguments):
                self.assertIn(text, self.refuse("init", *arguments, code=1))
        self.assertFalse((self.folder / "model.ini").exists())


if __name__ == "__main__":
    unittest.main()
