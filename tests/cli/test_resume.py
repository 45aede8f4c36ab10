# SPDX-License-Identifier: Apache-2.0
"""Checkpoints, going on from them, and going back to them."""

import json
import re
import shlex
import signal
import unittest

from support import MOTE, CliTest

EVERY = ["--checkpoint-every", "4 steps"]
FOREVER = "--epochs=1000000000"
PATH = "Model.checkpoint_path=points"


class Checkpoints(CliTest):
    def steps(self, name="tiny.checkpoint"):
        """Of the checkpoints that are there."""
        return sorted(int(path.name.rsplit(".", 1)[1]) for path in self.folder.glob(f"{name}.0*"))

    def file(self, step, name="tiny.checkpoint"):
        return self.folder / f"{name}.{step:012}"

    def interrupt(self, *arguments, number=signal.SIGKILL):
        """Ends a training after its first epoch."""
        process = self.start("train", "tiny.ini", FOREVER, *arguments)
        with process:
            for line in process.stderr:
                if line.startswith("epoch 1/"):
                    break
            process.send_signal(number)
            out, talk = process.communicate(timeout=60)
        return process.returncode, out, talk


class Resume(Checkpoints):
    def test_a_killed_training_goes_on_to_the_same_weights(self):
        whole = self.run_json("train", "tiny.ini", "--quiet", "--epochs", "40")
        self.saved.unlink()
        self.interrupt(*EVERY)
        step = self.steps()[-1]
        result = self.run_json("train", "tiny.ini", "--quiet", "--epochs", "40", *EVERY, "--resume")
        self.assertEqual(result["resumed_step"], step)
        for key in ["weights_sha256", "steps", "samples", "loss", "best_validation_loss"]:
            self.assertEqual(result[key], whole[key], key)
        self.assertEqual(result["checkpoint"], f"./tiny.checkpoint.{400:012}"[2:])

    def test_ctrl_c_writes_one_and_says_how_to_go_on(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            code, out, talk = self.interrupt("--set", PATH, number=number)
            self.assertEqual(code, 128 + number)
            step = self.steps("points")[-1]
            stopped, command = talk.splitlines()[-2:]
            self.assertEqual(
                stopped, f"stopped after step {step}, checkpoint points.{step:012}; to go on from there:"
            )
            expected = [MOTE, "train", "tiny.ini", FOREVER, "--set", PATH, "--resume"]
            self.assertEqual(shlex.split(command), expected)
            self.assertRegex(out, rf"(?m)^checkpoint +points\.{step:012}, the newest of 2 written$")

    def test_a_finished_training_is_left_alone(self):
        self.train(*EVERY)
        before = {path: path.stat() for path in self.folder.iterdir()}
        out, talk = self.run_mote("train", "tiny.ini", "--resume")
        self.assertRegex(out, r"(?m)^finished +nothing was left to do behind the checkpoint of step 30$")
        self.assertRegex(out, r"(?m)^saved +tiny\.safetensors$")
        self.assertNotIn("mote: ", talk)
        after = {path: path.stat() for path in self.folder.iterdir()}
        for path, status in before.items():
            self.assertEqual(after[path].st_mtime_ns, status.st_mtime_ns, path)
        self.assertEqual(before.keys(), after.keys())
        result = self.run_json("train", "tiny.ini", "--resume")
        self.assertTrue(result["was_finished"])
        self.assertEqual(result["saved"], "tiny.safetensors")
        self.assertIsNone(result["step_ms_median"])
        self.assertIsNone(result["samples_per_second"])

    def test_a_finished_training_says_when_no_file_has_its_weights(self):
        best = "--set=Model.save_best_path=best.safetensors"
        self.train(*EVERY, best)
        old = self.saved.read_bytes()
        for name in ["tiny.safetensors", "best.safetensors"]:
            (self.folder / name).unlink()
        out, talk = self.run_mote("train", "tiny.ini", "--resume", "--json", "--quiet", best)
        result = json.loads(out)
        self.assertIsNone(result["saved"])
        self.assertIsNone(result["saved_best"])
        missing = "mote: cannot open '{}': No such file or directory; the weights of {}\n"
        self.assertEqual(
            talk,
            missing.format("tiny.safetensors", "step 30 are in its checkpoint")
            + missing.format("best.safetensors", "the best epoch, 3, are in no file"),
        )
        self.assertFalse(self.saved.exists())
        self.saved.write_bytes(old[:-1] + bytes([old[-1] ^ 1]))
        out, talk = self.run_mote("train", "tiny.ini", "--resume", "--quiet")
        self.assertNotRegex(out, "(?m)^saved ")
        self.assertEqual(
            talk, "mote: 'tiny.safetensors' has other weights; the weights of step 30 are in its checkpoint\n"
        )
        self.run_mote("rollback", "tiny.ini", "--to=30")
        self.assertEqual(self.run_json("train", "tiny.ini", "--resume", "--quiet")["saved"], "tiny.safetensors")
        self.assertEqual(self.saved.read_bytes()[-1], old[-1])

    def test_fewer_epochs_than_are_done_leave_nothing_to_do(self):
        self.train(*EVERY)
        out, talk = self.run_mote("train", "tiny.ini", "--resume", "--quiet", "--epochs=2")
        self.assertRegex(out, r"(?m)^trained +3 epochs, 30 steps")
        self.assertRegex(out, r"(?m)^finished +nothing was left to do behind the checkpoint of step 30$")

    def test_the_best_file_of_a_future_that_was_rolled_back_is_not_vouched_for(self):
        best = ["--set=Model.save_best_path=best.safetensors", "--set=Model.checkpoint_keep=20", "--quiet"]
        first = self.run_json("train", "tiny.ini", "--epochs=2", *EVERY, *best)
        self.assertEqual((first["best_epoch"], first["saved_best"]), (2, "best.safetensors"))
        again = self.run_json("train", "tiny.ini", "--epochs=2", "--resume", *best)
        self.assertEqual(again["saved_best"], "best.safetensors")
        longer = self.run_json("train", "tiny.ini", "--epochs=4", "--resume", *EVERY, *best)
        self.assertEqual((longer["best_epoch"], longer["saved_best"]), (4, "best.safetensors"))
        metadata = self.run_json("info", "best.safetensors")["metadata"]["mote.best"]
        self.assertRegex(metadata, "^epoch 4, validation loss 0\\.[0-9]+ *$")
        self.run_mote("rollback", "tiny.ini", "--to=20")
        out, talk = self.run_mote("train", "tiny.ini", "--epochs=2", "--resume", "--json", *best)
        self.assertEqual(json.loads(out)["best_epoch"], 2)
        self.assertIsNone(json.loads(out)["saved_best"])
        self.assertEqual(
            talk, "mote: 'best.safetensors' has other weights; the weights of the best epoch, 2, are in no file\n"
        )
        out, talk = self.run_mote("train", "tiny.ini", "--epochs=4", "--resume", "--json", *EVERY, *best)
        self.assertEqual((json.loads(out)["saved_best"], talk), ("best.safetensors", ""))

    def test_the_checkpoint_of_step_0_is_one_to_go_on_from(self):
        fresh = self.run_json("train", "tiny.ini", "--resume", "--quiet")
        self.assertIsNone(fresh["resumed_step"])
        self.run_mote("rollback", "tiny.ini", "--to=0")
        out, _ = self.run_mote("train", "tiny.ini", "--resume", "--quiet")
        self.assertRegex(out, r"(?m)^resumed +from the checkpoint of step 0$")
        self.run_mote("rollback", "tiny.ini", "--to=0")
        again = self.run_json("train", "tiny.ini", "--resume", "--quiet")
        self.assertEqual(again["resumed_step"], 0)
        self.assertEqual(again["weights_sha256"], fresh["weights_sha256"])

    def test_a_training_that_skips_most_steps_says_so(self):
        settings = ["Optimizer.type=sgd", "Optimizer.learning_rate=1e6", "Model.on_nonfinite=skip", "Model.loss=mse"]
        model = (self.folder / "tiny.ini").read_text()
        start, rest = model.split("[valid_set]")
        (self.folder / "tiny.ini").write_text(start + rest[rest.index("[test_set]") :])
        options = ["--quiet", "--set=output.activation=leaky_relu", *(f"--set={setting}" for setting in settings)]
        out, talk = self.run_mote("train", "tiny.ini", *options)
        skipped = int(re.search(r"(?m)^skipped +(\d+) of 30 steps, which were not finite$", out)[1])
        self.assertGreater(skipped, 20)
        self.assertNotIn("nan", out)
        self.assertEqual(
            talk.splitlines()[-1],
            f"mote: {skipped} of 30 steps were not finite and were skipped: the weights have learned little",
        )
        self.assertIsNone(self.run_json("train", "tiny.ini", *options)["loss"])

    def test_without_a_checkpoint_it_says_so_and_begins(self):
        _, talk = self.run_mote("train", "tiny.ini", "--quiet", "--resume")
        self.assertEqual(
            talk, "mote: there is no checkpoint at 'tiny.checkpoint': training starts from the beginning\n"
        )
        self.assertEqual(self.steps(), [0, 30])

    def test_a_damaged_one_gives_way_to_the_one_before(self):
        self.interrupt(*EVERY)
        older, newest = self.steps()[-2:]
        data = bytearray(self.file(newest).read_bytes())
        data[len(data) // 2] ^= 16
        self.file(newest).write_bytes(data)
        _, talk = self.run_mote("train", "tiny.ini", "--epochs=40", "--quiet", "--resume", *EVERY)
        self.assertRegex(talk, rf"^mote: 'tiny\.checkpoint\.{newest:012}' is damaged: ")
        self.assertIn(f"; going on from the one before, 'tiny.checkpoint.{older:012}'\n", talk)

    def test_another_model_is_refused_by_what_differs(self):
        images = bytearray((self.folder / "train-images.idx").read_bytes())
        images[16] ^= 1
        (self.folder / "other.idx").write_bytes(images)
        self.interrupt(*EVERY)
        step = self.steps()[-1]
        for setting, difference in [
            ("hidden.unit=17", "hidden: 'unit=16' there, 'unit=17' here"),
            ("Optimizer.learning_rate=0.02", "[Optimizer]: 'learning_rate=0.01' there, 'learning_rate=0.02' here"),
            ("Optimizer.clip_norm=1", "[Optimizer]: 'clip_norm=1' is only here"),
            ("Model.loss=mse", "[Model]: 'loss=cross_softmax' there, 'loss=mse' here"),
            ("train_set.samples=70", "[train_set]: 'count=75' there, 'count=70' here"),
            ("train_set.path=other.idx", "[train_set]: samples have other values there than here"),
        ]:
            with self.subTest(setting):
                message = self.refuse("train", "tiny.ini", "--quiet", "--resume", "--set", setting, code=1)
                place = f"checkpoint 'tiny.checkpoint.{step:012}' is of another training: "
                self.assertEqual(message, place + difference)

    def test_a_checkpoint_is_no_file_of_weights(self):
        for optimizer in ("adam", "sgd"):  # a checkpoint of sgd has weights only
            with self.subTest(optimizer):
                self.train("--set", f"Optimizer.type={optimizer}", *EVERY)
                message = self.refuse("eval", "tiny.ini", "--weights", self.file(30).name, code=1)
                start = f"'{self.file(30).name}' is a checkpoint, not a file of weights: "
                self.assertEqual(
                    message,
                    start + "`mote train --resume` goes on from it, `mote rollback` saves its weights to save_path",
                )

    def test_the_weights_to_start_from_need_not_be_there_any_more(self):
        self.train("--epochs=1")
        shipped = self.saved.rename(self.folder / "shipped.safetensors")
        for start in (["--set=Model.load_path=shipped.safetensors"], ["--weights=shipped.safetensors"]):
            with self.subTest(start):
                for path in self.folder.glob("tiny.checkpoint.*"):
                    path.unlink()
                content = shipped.read_bytes()
                whole = self.run_json("train", "tiny.ini", "--quiet", "--epochs=40", *start)
                self.interrupt(*EVERY, *start)
                shipped.unlink()
                again = self.run_json("train", "tiny.ini", "--quiet", "--epochs=40", *start, *EVERY, "--resume")
                self.assertGreater(again["resumed_step"], 0)
                self.assertEqual(again["weights_sha256"], whole["weights_sha256"])
                message = self.refuse("train", "tiny.ini", "--quiet", *start, code=1)
                self.assertIn("shipped.safetensors", message)
                for path in self.folder.glob("tiny.checkpoint.*"):
                    path.unlink()
                message = self.refuse("train", "tiny.ini", "--quiet", *start, "--resume", code=1)
                self.assertIn("shipped.safetensors", message)
                self.assertEqual(self.steps(), [])
                shipped.write_bytes(content)

    def test_how_often_is_steps_or_seconds(self):
        for text in ["5", "steps", "5 bananas", "-1 s", "5.5 s", "0 steps", "0 s", f"{10**9 + 1} s", f"{2**64} s"]:
            with self.subTest(text):
                message = self.refuse("train", "tiny.ini", "--set", f"Model.checkpoint_every={text}", code=1)
                expected = "a number from 1 to 1000000000 of steps or seconds, like '5 steps' or '30 s'"
                self.assertTrue(message.endswith(f"checkpoint_every = {text}: expected {expected}"), message)
        self.train("--checkpoint-every=1s")
        self.assertEqual(self.steps()[-1], 30)

    def test_a_second_training_on_the_same_output_is_refused(self):
        process = self.start("train", "tiny.ini", FOREVER)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.startswith("epoch 1/"):
                break
        message = self.refuse("train", "tiny.ini", "--quiet", code=1)
        self.assertTrue(message.startswith("'tiny.safetensors' is in use: another training"), message)
        self.run_mote("eval", "tiny.ini")  # who only reads sees a whole file
        process.kill()
        process.communicate(timeout=60)
        self.train()

    def test_a_step_that_is_not_finite_names_the_layer(self):
        settings = ["--set", "Optimizer.type=sgd", "--set", "Optimizer.learning_rate=1e6"]
        settings += ["--set", "Model.loss=mse", "--set", "output.activation=leaky_relu"]
        for hidden, first in (
            ("relu", ""),  # the loss itself
            ("leaky_relu", "; the first that was not is 'forward output'"),
        ):
            with self.subTest(hidden):
                activation = ["--set", f"hidden.activation={hidden}"]
                message = self.refuse("train", "tiny.ini", "--quiet", *settings, *activation, code=1)
                start = r"^epoch 1, batch \d+: the loss is not finite \(forward output/activation/loss\)"
                self.assertRegex(message, start + first + "; this step was not applied$")


class Rollback(Checkpoints):
    def setUp(self):
        super().setUp()
        self.kept = ["--set", "Model.checkpoint_keep=10", *EVERY]
        self.whole = self.run_json("train", "tiny.ini", "--quiet", *self.kept)

    def test_the_list(self):
        out, _ = self.run_mote("rollback", "tiny.ini")
        lines = out.splitlines()
        self.assertEqual(len(lines), len(self.steps()))
        self.assertEqual(lines[:2], ["step 0, epoch 1", "step 4, epoch 1"])
        self.assertEqual(lines[-1], "step 30, epoch 3, at its end")
        self.file(8).write_bytes(b"x")
        rows = self.run_json("rollback", "tiny.ini")["checkpoints"]
        self.assertEqual(rows[1], {"step": 4, "epoch": 1, "epochs_done": 0, "readable": True})
        self.assertEqual(rows[2], {"step": 8, "epoch": 0, "epochs_done": 0, "readable": False})

    def test_back_at_a_step_training_goes_on_from_it(self):
        back = self.run_json("rollback", "tiny.ini", "--to", "12")
        self.assertEqual(back["saved"], "tiny.safetensors")
        self.assertEqual(self.steps(), [0, 4, 8, 12])
        evaluated = self.run_json("eval", "tiny.ini")
        self.assertEqual(back["step"], 12)
        again = self.run_json("train", "tiny.ini", "--quiet", *self.kept, "--resume")
        self.assertEqual(again["resumed_step"], 12)
        self.assertEqual(again["weights_sha256"], self.whole["weights_sha256"])
        self.assertNotEqual(evaluated["loss"], self.run_json("eval", "tiny.ini")["loss"])

    def test_back_at_the_factory(self):
        self.saved.rename(self.folder / "shipped.safetensors")
        shipped = (self.folder / "shipped.safetensors").read_bytes()
        setting = ["--set", "Model.load_path=shipped.safetensors"]
        self.run_mote("train", "tiny.ini", "--quiet", *self.kept, *setting)
        out, _ = self.run_mote("rollback", "tiny.ini", "--to", "factory", *setting)
        self.assertIn("the model as shipped", out)
        self.assertEqual(self.steps(), [])
        self.assertEqual((self.folder / "shipped.safetensors").read_bytes(), shipped)
        digest = re.search(r"weights SHA-256 (\w+)", out)[1]
        self.assertEqual(digest, self.whole["weights_sha256"])
        again = self.run_json("rollback", "tiny.ini", "--to", "factory")
        self.assertIsNone(again["step"])
        self.assertNotEqual(again["weights_sha256"], digest)  # the seed's initial weights

    def test_step_0_is_not_the_factory(self):
        shipped = self.saved.rename(self.folder / "shipped.safetensors")
        self.run_mote("train", "tiny.ini", "--quiet", *self.kept, f"--weights={shipped}")
        back = self.run_json("rollback", "tiny.ini", "--to=0")
        self.assertEqual((back["step"], back["weights_sha256"]), (0, self.whole["weights_sha256"]))
        self.assertEqual(self.steps(), [0])
        factory = self.run_json("rollback", "tiny.ini", "--to=factory")
        self.assertNotEqual(factory["weights_sha256"], back["weights_sha256"])

    def test_what_is_not_there_is_refused(self):
        message = self.refuse("rollback", "tiny.ini", "--to", "13", code=1)
        self.assertEqual(
            message,
            "there is no checkpoint of step 13 at 'tiny.checkpoint'; 9 are kept, of steps 0 to 30",
        )
        message = self.refuse("rollback", "tiny.ini", "--to", "12", "--batch", "16", code=1)
        self.assertEqual(
            message,
            f"checkpoint '{self.file(12).name}' is of another training: "
            "[Model]: 'batch_size=8' there, 'batch_size=16' here",
        )
        for text in ["yesterday", "-4", "4x", str(2**64 - 1), str(2**64)]:
            message = self.refuse("rollback", "tiny.ini", "--to", text)
            self.assertIn("is neither 'factory' nor the step of a checkpoint", message)


if __name__ == "__main__":
    unittest.main()
