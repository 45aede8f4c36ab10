# SPDX-License-Identifier: Apache-2.0
"""What is refused before it does harm: one line that names the place, and no file touched."""

import os
import struct
import subprocess
import unittest

from support import MOTE, CliTest

NOBODY = 65534


class Refusals(CliTest):
    def set_line(self, key, text):
        """Replaces the first `key = ...` of the model file; gives its line number."""
        path = self.folder / "tiny.ini"
        lines = path.read_text().splitlines()
        number = next(i for i, line in enumerate(lines) if line.startswith(key + " ="))
        lines[number] = text
        path.write_text("\n".join(lines) + "\n")
        return number + 1

    def add_to(self, section, text):
        """Adds a line to a section; gives its line number."""
        path = self.folder / "tiny.ini"
        lines = path.read_text().splitlines()
        number = lines.index(f"[{section}]") + 1
        lines.insert(number, text)
        path.write_text("\n".join(lines) + "\n")
        return number + 1

    def test_sections_that_a_command_does_not_use_are_checked(self):
        number = self.add_to("test_set", "shufle = true")
        for command in [["train"], ["plan"], ["bench"], ["explain", "--stage=graph"]]:
            with self.subTest(command):
                self.assertEqual(
                    self.refuse(*command, "tiny.ini", code=1),
                    f"tiny.ini:{number}: [test_set]: unknown key 'shufle', did you mean 'shuffle'?",
                )

    def test_an_optimizer_is_checked_where_nothing_trains(self):
        self.train()
        number = self.set_line("learning_rate", "learning_rate = fast")
        for command in [["eval"], ["explain", "--stage=graph"]]:
            line = self.refuse(*command, "tiny.ini", code=1)
            self.assertIn(f"tiny.ini:{number}: [Optimizer]: learning_rate = fast: expected", line)

    def test_a_rate_beside_a_schedule_of_rates(self):
        path = self.folder / "tiny.ini"
        path.write_text(
            path.read_text()
            + "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2\niteration = 3\n"
        )
        self.assertRegex(
            self.refuse("train", "tiny.ini", code=1),
            r"^tiny\.ini:\d+: \[Optimizer\]: learning_rate = 0\.01: the schedule 'step' sets all rates",
        )

    def test_a_loss_that_is_near_one(self):
        self.assertIn(
            "did you mean 'cross'?", self.refuse("plan", "tiny.ini", "--set=Model.loss=crss", code=1)
        )

    def test_nothing_to_train(self):
        frozen = ["--set=hidden.trainable=false", "--set=output.trainable=false"]
        self.assertIn("nothing to train", self.refuse("train", "tiny.ini", *frozen, code=1))

    def test_sizes_beyond_memory_name_line_and_layer(self):
        line = self.refuse(
            "plan", "tiny.ini", "--set=input.input_shape=1:2147483647:2147483647", code=1
        )
        self.assertRegex(line, r"^tiny\.ini:\d+: layer 'input'.* more than memory can address")

    def test_training_and_validation_of_two_scales(self):
        line = self.refuse("train", "tiny.ini", "--quiet", "--set=valid_set.scale=1", code=1)
        self.assertRegex(line, r"\[valid_set\]: scale is 1, that of \[train_set\] is 0\.0039")
        self.assertFalse(self.saved.exists())

    def test_evaluation_with_a_scale_other_than_that_of_the_weights(self):
        self.train("--epochs=1")
        line = self.refuse("eval", "tiny.ini", "--set=test_set.scale=1", code=1)
        self.assertRegex(line, r"\[test_set\]: scale is 1, but the weights were trained on values")

    def test_weights_that_left_the_range_of_numbers_are_not_saved(self):
        steps = 10  # of an epoch; the last one of the second has the large rate
        self.set_line("learning_rate", "weight_decay = 1e30")
        path = self.folder / "tiny.ini"
        schedule = (
            "[LearningRateScheduler]\ntype = step\nlearning_rate = 1e-31,1e30\n"
            f"iteration = {2 * steps - 2}\n"
        )
        start, rest = path.read_text().split("[valid_set]")
        text = start + schedule + rest[rest.index("[test_set]") :]
        path.write_text(text.replace("type = adam", "type = sgd"))
        self.train("--epochs=1")
        before = self.saved.read_bytes()
        line = self.refuse("train", "tiny.ini", "--quiet", code=1)
        self.assertRegex(line, r"^epoch 2: tensor 'hidden\.weight' has values that are not finite")
        self.assertEqual(self.saved.read_bytes(), before)

    def test_inputs_are_not_overwritten(self):
        for path, what in (
            ("tiny.ini", "the model file"),
            ("train-images.idx", "path of [train_set]"),
            ("test-labels.idx", "label_path of [test_set]"),
        ):
            before = (self.folder / path).read_bytes()
            line = self.refuse("train", "tiny.ini", "--quiet", f"--set=Model.save_path={path}", code=1)
            self.assertIn(f"'{path}' would be overwritten: it is {what}", line)
            line = self.refuse("bench", "tiny.ini", "--quiet", "--steps=1", f"--save={path}", code=1)
            self.assertIn("would be overwritten", line)
            self.assertEqual((self.folder / path).read_bytes(), before)

    def test_weights_files_with_values_that_are_no_numbers(self):
        self.train("--epochs=1")
        self.saved.write_bytes(self.saved.read_bytes()[:-4] + struct.pack("<f", float("nan")))
        self.assertEqual(
            self.refuse("eval", "tiny.ini", code=1),
            "'tiny.safetensors': tensor 'output.weight' has values that are not finite",
        )

    def test_a_save_path_in_no_folder_is_found_before_the_first_step(self):
        line, talk = self.refuse_to_save("absent/tiny.safetensors")
        self.assertIn("absent/tiny.safetensors", line)
        self.assertNotIn("epoch", talk)

    def test_a_save_path_in_a_folder_that_is_read_only_is_found_before_the_first_step(self):
        folder = self.folder / "locked"
        folder.mkdir(mode=0o555)
        options = {}
        if os.geteuid() == 0:  # whom no mode stops
            self.folder.chmod(0o755)
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            try:
                subprocess.run([MOTE, "version"], stdout=subprocess.DEVNULL, check=True, **options)
            except (OSError, subprocess.CalledProcessError):
                self.skipTest("another user cannot run the program where it is")
        line, talk = self.refuse_to_save("locked/tiny.safetensors", **options)
        self.assertIn("locked/tiny.safetensors", line)
        self.assertNotIn("epoch", talk)

    def refuse_to_save(self, path, **options):
        """Trains with this save_path; gives the error and all that was said."""
        setting = f"--set=Model.save_path={path}"
        out, talk = self.run_mote("train", "tiny.ini", setting, code=1, **options)
        self.assertEqual(out, "")
        return talk.splitlines()[-1], talk


if __name__ == "__main__":
    unittest.main()
