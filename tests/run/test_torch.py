# SPDX-License-Identifier: Apache-2.0
"""Training follows PyTorch: tests/data/reference/README.md says how the values were made."""

import json
import math
import struct
import unittest

from running import REFERENCE, RunTest, Safetensors, data_path


def distance(values, truth):
    """Norm of the difference relative to the norm of the truth."""
    difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(values, truth, strict=True)))
    return difference / math.sqrt(sum(b * b for b in truth))


class Torch(RunTest):
    def distances(self, model, truth, settings=(), digits=True):
        """Of each tensor, after training the model from its reference start."""
        saved = self.folder / "trained.safetensors"
        settings = {
            **dict(settings),
            "Model.save_path": saved,
        }
        if digits:
            settings["train_set.path"] = data_path("train-images-idx3-ubyte")
            settings["train_set.label_path"] = data_path("train-labels-idx1-ubyte")
        options = [f"--set={key}={value}" for key, value in settings.items()]
        self.run_json("train", REFERENCE / model, *options)
        trained, expected = Safetensors(saved), Safetensors(REFERENCE / truth)
        self.assertEqual(trained.names(), expected.names())
        return {
            name: distance(trained.values(name), expected.values(name)) for name in expected.names()
        }

    def assert_follows(self, model, truth, settings=(), digits=True):
        for name, value in self.distances(model, truth, settings, digits).items():
            with self.subTest(name):
                self.assertLessEqual(value, 1e-5)

    def test_lenet5_after_50_steps_of_sgd(self):
        self.assert_follows("lenet5-sgd.ini", "lenet5-sgd-50.safetensors")

    def test_lenet5_after_50_steps_of_adam(self):
        self.assert_follows("lenet5-adam.ini", "lenet5-adam-50.safetensors")

    def test_gradients_clipped_by_their_norm(self):
        settings = {"Optimizer.clip_norm": 0.7}
        self.assert_follows("small.ini", "small-clip-norm.safetensors", settings)

    def test_gradients_clipped_by_value(self):
        settings = {"Optimizer.clip_value": 0.01}
        self.assert_follows("small.ini", "small-clip-value.safetensors", settings)

    def test_two_lstms_after_20_steps_of_adam(self):
        self.assert_follows("rows-adam.ini", "rows-adam-20.safetensors")

    def test_two_inputs_and_two_losses_with_weights(self):
        self.assert_follows("two-ends.ini", "two-ends-5.safetensors", digits=False)

    def test_moving_averages_of_weights(self):
        settings = {"Optimizer.moving_average": 0.9}
        self.assert_follows("small.ini", "small-average.safetensors", settings)

    def test_a_layer_that_is_used_twice(self):
        self.assert_follows("small-shared.ini", "small-shared.safetensors")

    def test_branches_after_20_steps_of_sgd_with_momentum(self):
        self.assert_follows("branches.ini", "branches-20.safetensors")

    def test_a_transformer_after_20_steps_of_sgd_with_momentum(self):
        self.assert_follows("transformer.ini", "transformer-20.safetensors")

    def test_a_table_of_tokens_that_is_also_the_last_layer(self):
        records = [[(7 * i + 3 * j * j + i * j) % 30 for j in range(6)] + [(11 * i + 5) % 30]
                   for i in range(64)]
        tokens = self.folder / "tokens"
        tokens.write_bytes(b"".join(struct.pack("<7f", *record) for record in records))
        settings = {"train_set.path": tokens}
        self.assert_follows("tied.ini", "tied.safetensors", settings, digits=False)

    def test_a_residual_network_is_at_most_twice_as_far_from_the_truth_as_pytorch(self):
        allowed = json.loads((REFERENCE / "residual-distances.json").read_text())
        distances = self.distances("residual.ini", "residual-final.safetensors")
        self.assertEqual(sorted(allowed), sorted(distances))
        for name, value in distances.items():
            with self.subTest(name):
                self.assertLessEqual(value, 2 * allowed[name])


if __name__ == "__main__":
    unittest.main()
