# SPDX-License-Identifier: Apache-2.0
"""`mote infer`: a trained model on images."""

import os
import unittest

from support import CliTest, write_png


@unittest.skipIf(os.environ.get("MOTE_WITH_PNG") == "0", "built without libpng")
class Infer(CliTest):
    def setUp(self):
        super().setUp()
        self.train("--epochs=20")
        self.images = []
        for label in range(4):
            name = f"quarter {label}.png"
            write_png(self.folder / name, label)
            self.images.append(name)

    def test_each_image_is_a_line(self):
        out, talk = self.run_mote("infer", "tiny.ini", *self.images)
        lines = out.splitlines()
        self.assertEqual(len(lines), 4)
        for label, line in enumerate(lines):
            self.assertRegex(line, rf"^quarter {label}\.png: {label} \(\d+\.\d %\)$")
        self.assertEqual(talk, "")

    def test_json_has_the_probabilities(self):
        result = self.run_json("infer", "tiny.ini", *self.images)
        self.assertEqual(list(result), ["model", "weights", "threads", "cpu", "images", "samples"])
        self.assertEqual([image["image"] for image in result["images"]], self.images)
        for label, image in enumerate(result["images"]):
            self.assertEqual(image["class"], label)
            self.assertEqual(len(image["probabilities"]), 4)
            self.assertAlmostEqual(sum(image["probabilities"]), 1, places=5)
            self.assertEqual(max(image["probabilities"]), image["probability"])
            self.assertEqual(image["probabilities"][label], image["probability"])

    def test_batches_change_nothing(self):
        one = self.run_json("infer", "tiny.ini", *self.images)["images"]
        three = self.run_json("infer", "tiny.ini", "--batch=3", *self.images)["images"]
        self.assertEqual(one, three)

    def test_classes_have_the_names_of_the_data(self):
        names = "--set=train_set.class_names=north west,north east,south west,south east"
        self.train("--epochs=20", names)
        out, _ = self.run_mote("infer", "tiny.ini", self.images[3])
        self.assertRegex(out, r"^quarter 3\.png: south east \(")
        image = self.run_json("infer", "tiny.ini", self.images[2])["images"][0]
        self.assertEqual((image["class"], image["class_name"]), (2, "south west"))

    def test_an_unreadable_image_is_named_and_the_others_are_done(self):
        (self.folder / "text.png").write_text("no image")
        arguments = ["infer", "tiny.ini", self.images[0], "absent.png", "text.png", self.images[1]]
        out, talk = self.run_mote(*arguments, code=1)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertEqual(len(talk.splitlines()), 2)
        self.assertIn("absent.png", talk.splitlines()[0])
        self.assertIn("text.png", talk.splitlines()[1])

    def test_json_has_the_error_of_an_unreadable_image(self):
        given = [self.images[0], "absent.png", self.images[1]]
        result = self.run_json("infer", "tiny.ini", "--batch=3", *given, code=1)
        self.assertEqual([image["image"] for image in result["images"]], given)
        self.assertEqual(["error" in image for image in result["images"]], [False, True, False])
        self.assertIn("absent.png", result["images"][1]["error"])

    def test_an_untrained_model_is_refused_once(self):
        self.saved.unlink()
        self.assertIn("save_path", self.refuse("infer", "tiny.ini", *self.images, code=1))

    def test_broken_weights_are_refused_once(self):
        self.saved.write_bytes(b"x" * 100)
        self.assertIn("tiny.safetensors", self.refuse("infer", "tiny.ini", *self.images, code=1))

    def test_outputs_that_are_no_probabilities_are_printed_as_they_are(self):
        no_softmax = ["--set=output.activation=tanh", "--set=Model.loss=mse"]
        out, _ = self.run_mote("infer", "tiny.ini", self.images[0], *no_softmax)
        self.assertRegex(out, r"^quarter 0\.png:( -?[\d.e+-]+){4}\n$")
        image = self.run_json("infer", "tiny.ini", self.images[0], *no_softmax)["images"][0]
        self.assertEqual(list(image), ["image", "outputs"])


if __name__ == "__main__":
    unittest.main()
