# SPDX-License-Identifier: Apache-2.0
"""A folder of images: trained, evaluated and run by the names of its sub-folders."""

import os
import random
import struct
import subprocess
import unittest
import zlib

from running import MOTE, RunTest

MODEL = """
[Model]
loss = cross
batch_size = 5
epochs = 12
save_path = net.safetensors
[Optimizer]
type = adam
learning_rate = 0.01
[train_set]
type = images
path = pictures
mean = 0.5,0.4,0.3
std = 0.25
[test_set]
type = images
path = others
mean = 0.5,0.4,0.3
std = 0.25
[in]
type = input
input_shape = 3:6:8
[conv]
type = conv2d
filters = 4
kernel_size = 3
activation = relu
[flat]
type = flatten
[fc]
type = fully_connected
unit = 3
activation = softmax
"""
COLOURS = {"bluish": (0, 0, 200), "greenish": (0, 200, 0), "reddish": (200, 0, 0)}


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def write_png(path, width, height, pixels):
    """8-bit RGB."""
    rows = [b"\0" + pixels[y * 3 * width : (y + 1) * 3 * width] for y in range(height)]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


@unittest.skipIf(os.environ.get("MOTE_WITH_PNG") == "0", "built without libpng")
class Images(RunTest):
    def setUp(self):
        super().setUp()
        self.write_model(MODEL)
        dice = random.Random(4)
        for folder, count in (("pictures", 7), ("others", 3)):
            for name, colour in COLOURS.items():
                for i in range(count):
                    width, height = dice.randrange(6, 20), dice.randrange(6, 20)
                    pixels = bytes(
                        part + dice.randrange(50) for _ in range(width * height) for part in colour
                    )
                    write_png(self.folder / folder / name / f"{i}.png", width, height, pixels)

    def assert_refused(self, message, *arguments):
        result = subprocess.run(
            [MOTE, *arguments], cwd=self.folder, capture_output=True, text=True
        )
        self.assertIn(message, result.stderr)
        self.assertEqual(result.returncode, 1)

    def test_classes_are_told_apart_and_called_by_name(self):
        result = self.run_json("train", "net.ini")
        self.assertEqual(self.run_json("eval", "net.ini")["accuracy"], 1.0)
        for name in COLOURS:
            text = self.run_mote("infer", "net.ini", f"others/{name}/0.png")
            self.assertIn(f"others/{name}/0.png: {name} (", text)
        for options in (["--threads=2"], ["--planner=naive"]):
            again = self.run_json("train", "net.ini", *options)
            self.assertEqual(again["weights_sha256"], result["weights_sha256"])

    def test_a_set_with_fewer_classes_keeps_their_numbers(self):
        self.run_json("train", "net.ini")
        for name in ("bluish", "greenish"):
            for path in (self.folder / "others" / name).iterdir():
                path.unlink()
            (self.folder / "others" / name).rmdir()
        self.assertEqual(self.run_json("eval", "net.ini")["accuracy"], 1.0)

    def test_other_preparation_than_in_training_is_refused(self):
        self.run_json("train", "net.ini")
        self.assert_refused(
            "[test_set]: fit, background, scale, mean or std differ from those of the training",
            *("eval", "net.ini", "--set=test_set.fit=stretch"),
        )

    def test_a_file_that_is_no_image_is_named(self):
        (self.folder / "pictures" / "reddish" / "notes.txt").write_text("red")
        self.assert_refused(
            "pictures/reddish/notes.txt' is neither a PNG nor a JPEG image", "train", "net.ini"
        )

    def test_lists_of_another_length_than_the_channels_are_refused(self):
        self.assert_refused(
            "mean has 2 numbers; the network's input takes 1 or 3, one a channel",
            *("train", "net.ini", "--set=train_set.mean=1,2"),
        )

    def test_an_unknown_class_is_refused(self):
        self.run_json("train", "net.ini")
        (self.folder / "others" / "reddish").rename(self.folder / "others" / "purple")
        self.assert_refused(
            "others/purple' is none of the known classes: bluish,greenish,reddish",
            *("eval", "net.ini"),
        )


if __name__ == "__main__":
    unittest.main()
