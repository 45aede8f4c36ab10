# SPDX-License-Identifier: Apache-2.0
"""Saved weights: their form, equal bytes for equal weights, loading, and what a killed run leaves."""

import random
import subprocess
import unittest

from running import LENET5, MIXED, MOTE, RunTest, Safetensors, add_set

PLAIN = LENET5 + add_set("train_set", 70)  # without statistics, which any step changes


class Files(RunTest):
    def train(self, model, *options, name="net.ini"):
        """Trains; gives the report and the path of the saved file."""
        self.write_model(model, name)
        result = self.run_json("train", name, *options)
        return result, self.folder / result["saved"]

    def test_equal_weights_give_equal_bytes(self):
        _, saved = self.train(PLAIN)
        expected = saved.read_bytes()
        variants = [
            ("--threads=1",),
            ("--threads=3", "--planner=naive"),
            ("--set=Model.save_path=other.safetensors",),
            ("--set=Model.apply=after_all",),
        ]
        for variant in variants:
            with self.subTest(variant):
                _, path = self.train(PLAIN, *variant, name="elsewhere.ini")
                self.assertEqual(path.read_bytes(), expected)

    def test_the_data_start_at_a_multiple_of_4096_in_name_order_without_gaps(self):
        result, saved = self.train(MIXED + add_set("train_set", 40))
        tensors = Safetensors(saved)
        self.assertEqual(tensors.data_start % 4096, 0)
        end = 0
        for name in tensors.names():
            first, last = tensors.header[name]["data_offsets"]
            self.assertEqual(first, end, name)
            elements = 1
            for dimension in tensors.header[name]["shape"]:
                elements *= dimension
            self.assertEqual(last - first, 4 * elements, name)
            end = last
        self.assertEqual(len(tensors.data), end)
        self.assertIn("stem_norm.running_var", tensors.names())
        self.assertEqual(tensors.digest(), result["weights_sha256"])

    def test_the_file_tells_version_model_preprocessing_and_classes(self):
        _, saved = self.train(PLAIN, "--set=train_set.class_names=0,1,2,3,4,5,6,7,8,9")
        metadata = Safetensors(saved).metadata
        self.assertEqual(
            sorted(metadata),
            ["mote.class_names", "mote.image_scale", "mote.model_hash", "mote.version"],
        )
        self.assertEqual(metadata["mote.class_names"], "0,1,2,3,4,5,6,7,8,9")
        self.assertEqual(float(metadata["mote.image_scale"]), 1 / 255)
        self.assertRegex(metadata["mote.model_hash"], "^[0-9a-f]{64}$")
        self.assertNotIn(str(self.folder).encode(), saved.read_bytes())

    def test_loaded_weights_are_those_that_were_saved(self):
        trained, saved = self.train(PLAIN)
        still = (
            "--set=Optimizer.type=sgd",
            "--set=Optimizer.learning_rate=0",
            "--set=Model.save_path=again.safetensors",
            "--epochs=1",
        )
        loaded, again = self.train(PLAIN, *still, f"--weights={saved}")
        self.assertEqual(loaded["weights_sha256"], trained["weights_sha256"])
        self.assertEqual(Safetensors(again).data, Safetensors(saved).data)
        by_key, _ = self.train(PLAIN, *still, f"--set=Model.load_path={saved}")
        self.assertEqual(by_key["weights_sha256"], trained["weights_sha256"])

    def test_bench_saves_as_training_does(self):
        self.write_model(MIXED)
        result = self.run_json("bench", "net.ini", "--steps=2", "--save=bench.safetensors")
        tensors = Safetensors(self.folder / "bench.safetensors")
        self.assertEqual(tensors.digest(), result["weights_sha256"])

    def test_a_killed_run_leaves_a_whole_file(self):
        small = PLAIN.replace("samples = 70", "samples = 2").replace("= 32", "= 2")
        self.write_model(small)
        saved = self.folder / "net.safetensors"
        generator = random.Random(5)
        for _ in range(6):
            saved.unlink(missing_ok=True)
            process = subprocess.Popen(
                [MOTE, "train", "net.ini", "--epochs=1000000000"],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            with process:
                epochs = generator.randrange(1, 30)
                while epochs > 0:
                    epochs -= process.stderr.readline().startswith(b"epoch ")
                process.kill()
            tensors = Safetensors(saved)
            self.assertEqual(tensors.names()[0], "conv1.bias")
            self.run_json("bench", "net.ini", "--steps=1", f"--weights={saved}")
            self.run_json("train", "net.ini")  # what a killed run leaves behind is no obstacle
            names = {path.name for path in self.folder.iterdir()}
            self.assertEqual(names, {"net.ini", "net.safetensors"})


if __name__ == "__main__":
    unittest.main()
