# SPDX-License-Identifier: Apache-2.0
"""Command init: what it proposes passes `check`, learns, and replaces nothing."""

import itertools
import math
import os
import random
import struct
import unittest
import wave

from support import SIZE, CliTest, write_png

WITH_PNG = os.environ.get("MOTE_WITH_PNG", "1") == "1"
ROWS = "".join(f"{i % 7},{i % 3},text,{'high' if i % 7 > 3 else 'low'}\n" for i in range(70))
TABLE = "x,y,comment,kind\n" + ROWS
PROSE = "The old man walked along the river, and the river sang to the old man.\n" * 60


def write_wav(path, tone, rate=8000, seconds=0.3, channels=1, seed=1):
    """A tone with some noise."""
    noise = random.Random(seed)
    values = [
        round(9000 * math.sin(2 * math.pi * tone * i / rate) + noise.gauss(0, 900))
        for i in range(round(rate * seconds))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (value for value in values for _ in range(channels))
        file.writeframes(b"".join(struct.pack("<h", value) for value in samples))


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

    def test_labels_far_from_0_are_learned(self):
        self.write_table("x,price\n" + "".join(f"{i},{1e5 + i * 1e3 + 0.5}\n" for i in range(40)))
        self.assertEqual(self.run_mote("init", "table.csv")[1], "")
        self.assertLess(self.check_and_train()["loss"], 1e7)  # the variance is 1.3e8
        (self.folder / "new.csv").write_text("x,price\n20,0\n")
        sample = self.run_json("infer", "model.ini", "new.csv")["samples"][0]
        self.assertAlmostEqual(sample["outputs"][0], 120000.5, delta=5000)

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

    def write_sounds(self, rate, seconds=0.3, name="sounds", count=8):
        for label, i in itertools.product(range(3), range(count)):
            path = self.folder / name / "low middle high".split()[label] / f"{i}.wav"
            tone = rate * (label + 1) / 40 * (1 + i / 50)
            write_wav(path, tone, rate, seconds * (1 + i / 20), 1 + i % 2, seed=count * label + i)

    def test_a_folder_of_sounds(self):
        self.write_sounds(8000)
        out, talk = self.run_mote("init", "sounds")
        self.assertEqual(talk, "")
        self.assertIn("24 sounds of 8000 samples a second (the mean of their channels), the longest of 0.41 s", out)
        self.assertIn("3 classes: high,low,middle", out)
        self.assertIn("mote infer model.ini FILE.wav", out)
        model = (self.folder / "model.ini").read_text()
        self.assertIn("input_shape = 1:24:13\n", model)  # 3240 samples by 256 and 128 more each
        self.assertGreaterEqual(self.check_and_train()["accuracy"], 0.75)
        sample = self.run_json("infer", "model.ini", "sounds/high/3.wav")["samples"][0]
        self.assertEqual(sample["class_name"], "high")

    def test_sounds_of_any_rate_can_be_checked(self):
        for rate in [1000, 2000, 4001, 7999, 11025, 44100, 192000]:
            with self.subTest(rate):
                name = f"sounds{rate}"
                self.write_sounds(rate, 600 / rate, name, 2)
                self.run_mote("init", name, f"--output={rate}.ini")
                self.run_mote("check", f"{rate}.ini")

    def test_sounds_that_are_much_longer_than_others_are_cut(self):
        self.write_sounds(1000, 1, count=10)
        write_wav(self.folder / "sounds" / "low" / "song.wav", 30, 1000, 9)
        answer = self.run_json("init", "sounds")
        self.assertEqual((answer["kind"], answer["sample_rate"]), ("wav", 1000))
        self.assertEqual(answer["longest_seconds"], 9)
        self.assertEqual(answer["frames"], 13)  # 1.45 s by 0.2 s and 0.1 s more each
        self.run_mote("check", "model.ini")
        out, _ = self.run_mote("init", "sounds", "--output=second.ini")
        self.assertIn("the longest of 9.00 s, cut to 1.40 s", out)

    def test_a_text(self):
        (self.folder / "story.txt").write_text(PROSE)
        out, talk = self.run_mote("init", "story.txt")
        self.assertEqual(talk, "")
        self.assertIn("story.txt: 4260 bytes of text, 133 windows of 32", out)
        self.assertIn("mote infer model.ini --text 'The ' --generate 60", out)
        result = self.check_and_train()
        self.assertLess(result["loss"], 1)  # nats; log 256 = 5.5 before training
        text = self.run_json("infer", "model.ini", "--text", "The old ", "--generate", "7")["texts"][0]
        self.assertEqual(text["generated"], "man wal")

    def test_texts_of_any_length_can_be_checked(self):
        words = random.Random(1)
        for size, shape in [(200, 16), (4001, 32), (20001, 64), (200001, 64)]:
            with self.subTest(size):
                text = "".join(words.choice("etaoin shrdlu\n") for _ in range(size))
                (self.folder / "text").write_text(text)
                answer = self.run_json("init", "text", f"--output={size}.ini")
                self.assertEqual((answer["kind"], answer["byte_count"]), ("text", size))
                self.assertEqual((answer["window"], answer["class_count"]), (shape, 0))
                self.assertEqual(answer["sample_count"], (size - 1) // shape)
                self.run_mote("check", f"{size}.ini")

    def test_the_first_steps_lower_the_loss_of_a_text(self):
        (self.folder / "text").write_text(PROSE * 60)
        self.run_mote("init", "text")
        # what 20 of 4000 steps do; the rate rises in the first 100
        changes = ["--set=train_set.samples=320", "--epochs=2"]
        epochs = self.run_json("train", "model.ini", *changes)["epochs"]
        self.assertLess(epochs[1]["loss"], epochs[0]["loss"])

    def test_the_type_of_data_can_be_said(self):
        (self.folder / "table").write_text(TABLE)
        self.assertEqual(self.run_json("init", "table", "--output=a.ini")["kind"], "csv")
        self.assertEqual(self.run_json("init", "table", "--type=text", "--output=b.ini")["kind"], "text")
        for model in ["a.ini", "b.ini"]:
            self.run_mote("check", model)

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

    def test_texts_with_long_names_are_ignored_by_number(self):
        names = [f"a column with the long name {i}" for i in range(20)]
        row = ",".join("t" for _ in names)
        rows = "".join(f"{row},{i},{i / 2}\n" for i in range(30))
        self.write_table(",".join(names) + ",x,y\n" + rows)
        answer = self.run_json("init", "table.csv")
        self.assertEqual(answer["ignored"], ",".join(str(i + 1) for i in range(20)))
        self.assertEqual(answer["input_count"], 1)
        self.run_mote("check", "model.ini")

    def test_a_model_that_could_not_be_read_is_not_left(self):
        folder = self.folder / ("a" * 120) / ("b" * 120)
        folder.mkdir(parents=True)
        (folder / "table.csv").write_text(TABLE)
        message = self.refuse("init", f"{'a' * 120}/{'b' * 120}/table.csv", code=1)
        self.assertRegex(message, r"^model.ini:\d+: the line has \d+ characters, accepted are at most 199$")
        self.assertFalse((self.folder / "model.ini").exists())

    def test_a_file_that_is_there_stays(self):
        self.write_table()
        (self.folder / "model.ini").write_text("mine")
        for option in [[], ["--json"]]:
            self.assertEqual(
                self.refuse("init", "table.csv", *option, code=1),
                "'model.ini' is already there and stays as it is; --output names another file",
            )
        self.assertEqual((self.folder / "model.ini").read_text(), "mine")
        self.assertIn("cannot write 'absent/m.mote-tmp'", self.refuse("init", "table.csv", "--output=absent/m", code=1))

    def test_refusals_name_the_place_and_leave_no_file(self):
        (self.folder / "empty").mkdir()
        (self.folder / "mixed" / "a").mkdir(parents=True)
        (self.folder / "mixed" / "file").write_text("")
        (self.folder / "binary").write_bytes(b"\x89PNG\0")
        self.write_table("x,y\n1,a\n2,a\n")
        (self.folder / "nothing").write_bytes(b"")
        (self.folder / "short").write_text("words")
        for name in ["rates", "cut", "song"]:
            write_wav(self.folder / name / "a" / "0.wav", 100)
            write_wav(self.folder / name / "b" / "0.wav", 100, 1000 if name == "rates" else 8000)
            write_wav(self.folder / "slow" / name / "0.wav", 100, 999)
        os.truncate(self.folder / "cut" / "b" / "0.wav", 100)
        (self.folder / "song" / "a" / "0.wav").write_bytes(b"ID3\4")
        expected = {
            ("absent",): "absent",
            ("empty",): "'empty' is empty; expected one sub-folder a class",
            ("mixed",): "'mixed/file' is a file; expected one sub-folder a class in 'mixed'",
            ("binary",): "'binary' is none of: a folder with one sub-folder of images or WAV files a class",
            ("nothing",): "'nothing' is empty",
            ("short",): "'short' has 5 bytes of text; expected at least 200",
            ("short", "--label=z"): "the bytes that follow are the labels, not 'z'",
            ("short", "--type=prose"): "there are no data of type 'prose', expected one of: images, ",
            ("short", "--type=wav"): "'short' is no folder; expected one with a sub-folder a class",
            ("rates",): "'rates/b/0.wav' has 1000 samples a second, 'rates/a/0.wav' has 8000",
            ("cut",): "'cut/b/0.wav' has 100 bytes, but its header says",
            ("slow",): "'slow' has 999 samples a second; a network is proposed for sounds of at least 1000",
            ("song",): "'song/a/0.wav' is not a WAV file",
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
