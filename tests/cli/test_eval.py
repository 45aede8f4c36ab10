# SPDX-License-Identifier: Apache-2.0
"""`mote eval`: a trained model on data."""

import unittest

from support import SAMPLES, CliTest


class Eval(CliTest):
    def setUp(self):
        super().setUp()
        self.train("--epochs=20")

    def test_the_last_line_is_the_accuracy(self):
        out, _ = self.run_mote("eval", "tiny.ini")
        self.assertRegex(out, r"^test loss [\d.e-]+ over 24 samples\ntest accuracy \d+\.\d %\n$")

    def test_json_has_all_keys(self):
        result = self.run_json("eval", "tiny.ini")
        self.assertEqual(
            list(result),
            ["model", "data", "weights", "loss", "accuracy", "losses", "samples", "threads", "cpu"],
        )
        self.assertEqual(result["data"], "test_set")
        self.assertEqual(result["weights"], "tiny.safetensors")
        self.assertEqual(result["samples"], SAMPLES["test"])
        self.assertGreater(result["accuracy"], 0.9)

    def test_any_data_set_can_be_taken(self):
        for name in ["train", "valid", "test"]:
            with self.subTest(name):
                result = self.run_json("eval", "tiny.ini", "--data", f"{name}_set")
                self.assertEqual(result["samples"], SAMPLES[name])
                out, _ = self.run_mote("eval", "tiny.ini", f"--data={name}_set")
                self.assertRegex(out, rf"(?m)^{name} accuracy \d+\.\d %$")

    def test_validation_of_training_is_the_same(self):
        trained = self.run_json("train", "tiny.ini")
        result = self.run_json("eval", "tiny.ini", "--data=valid_set")
        self.assertEqual(result["loss"], trained["epochs"][-1]["validation_loss"])
        self.assertEqual(result["accuracy"], trained["epochs"][-1]["validation_accuracy"])

    def test_the_batch_size_changes_no_accuracy(self):
        results = [self.run_json("eval", "tiny.ini", f"--batch={batch}") for batch in (1, 5, 64)]
        self.assertEqual(len({result["accuracy"] for result in results}), 1)

    def test_weights_can_be_given(self):
        self.saved.rename(self.folder / "other.safetensors")
        result = self.run_json("eval", "tiny.ini", "--weights=other.safetensors")
        self.assertEqual(result["weights"], "other.safetensors")

    def test_an_untrained_model_is_told_apart(self):
        self.saved.unlink()
        line = self.refuse("eval", "tiny.ini", code=1)
        self.assertIn("'tiny.safetensors' ([Model] save_path) is missing", line)

    def test_a_model_without_paths_needs_weights(self):
        model = (self.folder / "tiny.ini").read_text().replace("save_path = tiny.safetensors\n", "")
        (self.folder / "tiny.ini").write_text(model)
        self.assertIn("give --weights FILE", self.refuse("eval", "tiny.ini", code=1))
        self.run_json("eval", "tiny.ini", "--weights=tiny.safetensors")
        result = self.run_json("eval", "tiny.ini", "--set=Model.load_path=tiny.safetensors")
        self.assertEqual(result["weights"], "tiny.safetensors")

    def test_broken_weights_are_refused_by_name(self):
        self.saved.write_bytes(self.saved.read_bytes()[:-4])
        self.assertIn("tiny.safetensors", self.refuse("eval", "tiny.ini", code=1))

    def test_a_missing_section_is_named(self):
        model = (self.folder / "tiny.ini").read_text()
        start, rest = model.split("[test_set]")
        (self.folder / "tiny.ini").write_text(start + rest[rest.index("[input]") :])
        self.assertIn("[test_set]", self.refuse("eval", "tiny.ini", code=1))


if __name__ == "__main__":
    unittest.main()
