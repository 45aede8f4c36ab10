# SPDX-License-Identifier: Apache-2.0
"""`mote train` and `mote bench`: results, JSON, weights."""

import os
import re
import unittest

from support import SAMPLES, CliTest

SHARED_KEYS = {
    "model": str,
    "arena_bytes": int,
    "lower_bound_bytes": int,
    "peak_rss_bytes": int,
    "rss_before_bytes": int,
    "step_ms_median": float,
    "samples_per_second": float,
    "batch_size": int,
    "loss": float,
    "accuracy": float,
    "losses": list,
    "weights_sha256": str,
    "threads": int,
    "cpu": str,
    "planner": str,
    "plan_hash": str,
    "steps": int,
    "memory_budget_bytes": int,
    "swapped_in_bytes": int,
    "swapped_out_bytes": int,
    "wait_ms": float,
    "predicted_step_ms": float,
    "recomputed_flops": float,
    "late_operations": int,
    "longest_operation": str,
    "longest_operation_ms": float,
    "profile": type(None),
}


class Train(CliTest):
    def test_json_has_all_keys_with_their_types(self):
        result = self.run_json("train", "tiny.ini")
        expected = {
            **SHARED_KEYS,
            "samples": int,
            "epochs": list,
            "saved": str,
            "stopped": bool,
            "stopped_early": bool,
            "resumed_step": type(None),
            "was_finished": bool,
            "skipped_steps": int,
            "checkpoints_written": int,
            "checkpoint": type(None),
            "best_epoch": int,
            "best_validation_loss": float,
            "saved_best": type(None),
        }
        self.assertEqual({key: type(value) for key, value in result.items()}, expected)
        self.assertEqual(result["steps"], 3 * 10)
        self.assertEqual(result["samples"], 3 * SAMPLES["train"])
        self.assertEqual(result["saved"], "tiny.safetensors")
        self.assertIs(result["stopped"], False)
        self.assertIs(result["stopped_early"], False)
        self.assertRegex(result["weights_sha256"], "^[0-9a-f]{64}$")

    def test_operations_longer_than_a_deadline_are_told(self):
        late = "--set=Model.operation_deadline_ms=0.000001"
        plan = self.run_json("plan", "tiny.ini", late)
        result = self.run_json("train", "tiny.ini", late)
        self.assertGreater(plan["late_operations"], 0)
        self.assertGreaterEqual(result["late_operations"], result["steps"] * 3)
        self.assertRegex(result["longest_operation"], "^[a-z_]+ ")
        self.assertGreater(result["longest_operation_ms"], 0)
        for command in ("plan", "train"):
            out, _ = self.run_mote(command, "tiny.ini", late)
            self.assertRegex(out, r"(?m)^deadline +.* longer")
            out, _ = self.run_mote(command, "tiny.ini")
            self.assertNotIn("deadline", out)
        self.assertEqual(self.run_json("train", "tiny.ini")["late_operations"], 0)
        self.assertEqual(self.run_json("plan", "tiny.ini")["late_operations"], 0)

    def test_epochs_are_told_one_by_one(self):
        result = self.run_json("train", "tiny.ini")
        self.assertEqual([epoch["epoch"] for epoch in result["epochs"]], [1, 2, 3])
        for epoch in result["epochs"]:
            self.assertEqual(
                list(epoch),
                [
                    "epoch",
                    "loss",
                    "accuracy",
                    "validation_loss",
                    "validation_accuracy",
                    "losses",
                    "validation_losses",
                ],
            )
            for losses in epoch["losses"], epoch["validation_losses"]:
                self.assertEqual(len(losses), 1)
            self.assertEqual(epoch["losses"][0]["loss"], epoch["loss"])
            self.assertEqual(epoch["losses"][0]["accuracy"], epoch["accuracy"])
            self.assertEqual(epoch["validation_losses"][0]["loss"], epoch["validation_loss"])
            self.assertTrue(0 <= epoch["validation_accuracy"] <= 1)
        self.assertEqual(result["epochs"][-1]["loss"], result["loss"])
        self.assertEqual(result["epochs"][-1]["accuracy"], result["accuracy"])
        self.assertLess(result["epochs"][-1]["loss"], result["epochs"][0]["loss"])

    def test_validation_is_null_without_a_validation_set(self):
        model = (self.folder / "tiny.ini").read_text()
        start, rest = model.split("[valid_set]")
        (self.folder / "tiny.ini").write_text(start + rest[rest.index("[test_set]") :])
        result = self.run_json("train", "tiny.ini", "--epochs", "2")
        self.assertIsNone(result["best_epoch"])
        self.assertIsNone(result["best_validation_loss"])
        for epoch in result["epochs"]:
            self.assertIsNone(epoch["validation_loss"])
            self.assertIsNone(epoch["validation_accuracy"])
        out, _ = self.run_mote("train", "tiny.ini", "--epochs", "1")
        self.assertNotIn("validation", out)

    def test_the_result_is_on_stdout_and_the_talk_on_stderr(self):
        out, talk = self.run_mote("train", "tiny.ini")
        plan = self.run_json("plan", "tiny.ini")
        for name in ["trained", "training", "validation", "step", "arena", "peak RSS", "saved"]:
            self.assertRegex(out, f"(?m)^{name} ")
        self.assertIn(f" {plan['arena_bytes']} bytes", out)
        self.assertIn(f" {plan['arena_bytes']} bytes", talk)
        self.assertIn(plan["peak_step_name"], talk)
        self.assertNotIn("\r", talk)
        self.assertNotIn("\033", talk)

    def test_without_a_terminal_each_epoch_is_a_plain_line(self):
        _, talk = self.run_mote("train", "tiny.ini")
        lines = [line for line in talk.splitlines() if re.match(r"epoch \d/3  loss", line)]
        self.assertEqual(len(lines), 3)
        for number, line in enumerate(lines, 1):
            self.assertRegex(
                line,
                rf"^epoch {number}/3  loss [\d.]+  accuracy [\d.]+ %"
                r"  validation loss [\d.]+  accuracy [\d.]+ %  [\d.]+ s$",
            )

    def test_quiet_leaves_the_result_only(self):
        out, talk = self.run_mote("train", "tiny.ini", "--quiet")
        self.assertEqual(talk, "")
        self.assertIn("trained", out)
        self.run_json("train", "tiny.ini", "--quiet")

    def test_the_arena_is_the_one_planned(self):
        for planner in ["naive", "best_fit", "exact"]:
            plan = self.run_json("plan", "tiny.ini", "--planner", planner)
            result = self.run_json("train", "tiny.ini", "--planner", planner)
            for key in ["arena_bytes", "lower_bound_bytes", "plan_hash", "planner"]:
                self.assertEqual(result[key], plan[key])

    def test_the_weights_depend_on_the_seed_and_not_on_threads_cpu_or_planner(self):
        first = self.run_json("train", "tiny.ini")["weights_sha256"]
        saved = self.saved.read_bytes()
        for change in [["--threads=1"], ["--threads=3"], ["--cpu=scalar"], ["--planner=naive"]]:
            result = self.run_json("train", "tiny.ini", *change)
            self.assertEqual(result["weights_sha256"], first, change)
            self.assertEqual(self.saved.read_bytes(), saved, change)
        self.assertNotEqual(self.run_json("train", "tiny.ini", "--seed=2")["weights_sha256"], first)

    def test_options_that_stand_for_settings_equal_them(self):
        option = self.run_json("train", "tiny.ini", "--epochs=1", "--batch=5", "--seed=9")
        setting = self.run_json(
            "train",
            "tiny.ini",
            "--set=Model.epochs=1",
            "--set=model.BATCH_SIZE=5",
            "--set=Model.seed=9",
        )
        self.assertEqual(option["steps"], 15)
        self.assertEqual(option["weights_sha256"], setting["weights_sha256"])
        self.assertEqual(option["epochs"], setting["epochs"])

    def test_training_starts_from_given_weights(self):
        self.train()
        trained = self.run_json("train", "tiny.ini", "--epochs=1", "--weights=tiny.safetensors")
        fresh = self.run_json("train", "tiny.ini", "--epochs=1")
        self.assertLess(trained["loss"], fresh["loss"])

    def test_nothing_is_saved_without_a_save_path(self):
        model = (self.folder / "tiny.ini").read_text().replace("save_path = tiny.safetensors\n", "")
        (self.folder / "tiny.ini").write_text(model)
        self.assertIsNone(self.run_json("train", "tiny.ini")["saved"])
        self.assertFalse(self.saved.exists())

    def test_the_best_epoch_is_kept_and_training_stops_early(self):
        # weights stay after 30 steps, so that no later epoch is better than the third
        model = (self.folder / "tiny.ini").read_text().replace("learning_rate = 0.01\n", "")
        schedule = "[LearningRateScheduler]\ntype = step\niteration = 29\nlearning_rate = 0.01, 0\n"
        (self.folder / "tiny.ini").write_text(model + schedule)
        options = [
            "--epochs=9",
            "--set=Model.patience=2",
            "--set=Model.min_delta=0.001",
            "--set=Model.save_best_path=best.safetensors",
        ]
        result = self.run_json("train", "tiny.ini", *options)
        losses = [epoch["validation_loss"] for epoch in result["epochs"]]
        self.assertEqual(len(losses), 5)
        self.assertIs(result["stopped_early"], True)
        self.assertIs(result["stopped"], False)
        self.assertEqual(result["best_epoch"], 3)
        self.assertEqual(result["best_validation_loss"], min(losses))
        self.assertEqual(result["saved_best"], "best.safetensors")
        kept, last = (path.read_bytes()[4096:] for path in (self.folder / "best.safetensors", self.saved))
        self.assertEqual(kept, last)  # behind the headers
        out, _ = self.run_mote("train", "tiny.ini", *options)
        self.assertRegex(
            out,
            r"(?m)^stopped early   after epoch 5 of 9: for 2 epochs the validation loss did not fall$",
        )
        self.assertRegex(out, r"(?m)^best            epoch 3, validation loss [\d.]+$")
        self.assertRegex(out, r"(?m)^saved best      best\.safetensors$")
        best = self.run_json("eval", "tiny.ini", "--weights=best.safetensors", "--data=valid_set")
        self.assertEqual(best["loss"], result["best_validation_loss"])

    def test_stopping_early_is_refused_without_what_it_needs(self):
        line = self.refuse("train", "tiny.ini", "--quiet", "--set=Model.min_delta=0.1", code=1)
        self.assertEqual(line, "--set: [Model]: min_delta needs patience")
        model = (self.folder / "tiny.ini").read_text()
        start, rest = model.split("[valid_set]")
        (self.folder / "tiny.ini").write_text(start + rest[rest.index("[test_set]") :])
        line = self.refuse("train", "tiny.ini", "--quiet", "--set=Model.patience=2", code=1)
        self.assertIn("patience needs validation", line)

    def test_paths_are_relative_to_the_model_file(self):
        away = self.folder / "away"
        away.mkdir()
        result = self.run_json("train", "../tiny.ini", "--epochs=1", cwd=away)
        self.assertTrue(os.path.samefile(away / result["saved"], self.saved))

    def test_loading_from_the_path_saved_to_is_refused(self):
        self.train()
        before = self.saved.read_bytes()
        line = self.refuse(
            "train", "tiny.ini", "--quiet", "--set=Model.load_path=tiny.safetensors", code=1
        )
        self.assertIn("load_path", line)
        self.assertEqual(self.saved.read_bytes(), before)

    def test_a_loss_that_is_not_finite_ends_training(self):
        line = self.refuse(
            "train",
            "tiny.ini",
            "--quiet",
            "--json",
            "--set=Optimizer.type=sgd",
            "--set=Optimizer.learning_rate=1e6",
            "--set=Model.loss=mse",
            "--set=output.activation=relu",
            "--set=train_set.scale=1000",
            "--set=valid_set.scale=1000",
            code=1,
        )
        self.assertRegex(line, r"^epoch \d+, batch \d+: the loss is not finite")

    def test_missing_data_are_named(self):
        (self.folder / "train-labels.idx").unlink()
        self.assertIn("train-labels.idx", self.refuse("train", "tiny.ini", "--quiet", code=1))

    def test_missing_weights_are_named(self):
        line = self.refuse("train", "tiny.ini", "--quiet", "--weights=absent.safetensors", code=1)
        self.assertIn("absent.safetensors", line)


class Bench(CliTest):
    def test_json_has_all_keys_with_their_types(self):
        result = self.run_json("bench", "tiny.ini")
        expected = {**SHARED_KEYS, "saved": type(None)}
        self.assertEqual({key: type(value) for key, value in result.items()}, expected)
        self.assertEqual(result["steps"], 10)

    def test_steps_are_as_asked_for(self):
        self.assertEqual(self.run_json("bench", "tiny.ini", "--steps", "3")["steps"], 3)

    def test_accuracy_is_null_where_it_has_no_meaning(self):
        result = self.run_json("bench", "tiny.ini", "--set=Model.loss=mse", "--steps=2")
        self.assertIsNone(result["accuracy"])
        self.assertIs(type(result["loss"]), float)

    def test_the_text_has_the_numbers_of_the_json(self):
        result = self.run_json("bench", "tiny.ini")
        out, _ = self.run_mote("bench", "tiny.ini")
        self.assertIn(f"arena           {result['arena_bytes']} bytes", out)
        self.assertIn(f"lower bound     {result['lower_bound_bytes']} bytes", out)
        self.assertIn(f"weights SHA-256 {result['weights_sha256']}\n", out)
        self.assertIn(f"loss            {result['loss']:.9g}\n", out)
        for name in ["step", "speed", "peak RSS", "RSS before"]:
            self.assertRegex(out, f"(?m)^{name} +[0-9]")

    def test_needs_no_data_and_writes_no_file(self):
        for path in self.folder.glob("*.idx"):
            path.unlink()
        self.run_mote("bench", "tiny.ini")
        self.assertEqual(os.listdir(self.folder), ["tiny.ini"])

    def test_saves_where_it_is_told(self):
        result = self.run_json("bench", "tiny.ini", "--save", "bench.safetensors")
        self.assertEqual(result["saved"], "bench.safetensors")
        self.assertFalse(self.saved.exists())
        again = self.run_json("bench", "tiny.ini", "--weights=bench.safetensors", "--steps=1")
        self.assertNotEqual(again["weights_sha256"], result["weights_sha256"])

    def test_bits_do_not_depend_on_threads_cpu_or_planner(self):
        first = self.run_json("bench", "tiny.ini")
        for change in [["--threads=1"], ["--threads=3"], ["--cpu=scalar"], ["--planner=naive"]]:
            result = self.run_json("bench", "tiny.ini", *change)
            self.assertEqual(result["weights_sha256"], first["weights_sha256"], change)
            self.assertEqual(result["loss"], first["loss"], change)

    def test_threads_and_cpu_are_those_that_ran(self):
        result = self.run_json("bench", "tiny.ini", "--threads=3", "--cpu=scalar")
        self.assertEqual((result["threads"], result["cpu"]), (3, "scalar"))


if __name__ == "__main__":
    unittest.main()
