# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM."""

import json
import os
import shlex
import signal
import struct
import unittest

from support import MOTE, CliTest, Terminal

FOREVER = "--epochs=1000000000"


def read_header(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


class Signals(CliTest):
    def start_training(self, *arguments):
        """A training process that has finished its first epoch."""
        process = self.start("train", "tiny.ini", FOREVER, *arguments)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.startswith("epoch 1/"):
                return process
        self.fail("training ended early")

    def stop(self, process, number):
        process.send_signal(number)
        out, talk = process.communicate(timeout=60)
        return process.returncode, out, talk

    def test_ctrl_c_saves_and_says_how_to_go_on(self):
        process = self.start_training()
        self.saved.unlink()
        code, out, talk = self.stop(process, signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertRegex(out, r"(?m)^trained ")
        stopped, command = talk.splitlines()[-2:]
        self.assertRegex(stopped, r"^stopped after step \d+, checkpoint tiny\.checkpoint\.\d{12}; to go on")
        self.assertEqual(shlex.split(command), [MOTE, "train", "tiny.ini", FOREVER, "--resume"])
        self.assertRegex(out, r"(?m)^saved +tiny\.safetensors$")
        self.run_mote("eval", "tiny.ini")

    def test_it_goes_on_to_the_weights_of_one_that_was_not_stopped(self):
        whole = self.run_json("train", "tiny.ini", "--quiet", "--epochs=200")
        self.stop(self.start_training(), signal.SIGINT)
        result = self.run_json("train", "tiny.ini", "--quiet", "--epochs=200", "--resume")
        self.assertGreater(result["resumed_step"], 0)
        self.assertEqual(result["weights_sha256"], whole["weights_sha256"])

    def test_one_that_begins_anew_does_not_leave_what_it_was_not(self):
        self.stop(self.start_training(), signal.SIGINT)
        (checkpoint,) = self.folder.glob("tiny.checkpoint.0*")
        _, talk = self.run_mote("train", "tiny.ini", "--epochs=1")
        self.assertIn("training starts anew: the 1 checkpoints of an earlier one", talk)
        self.assertFalse(checkpoint.exists())
        self.assertTrue(self.run_json("train", "tiny.ini", "--epochs=1", "--resume")["was_finished"])

    def test_where_no_checkpoint_can_be_written_the_weights_are_named(self):
        (self.folder / "tiny.checkpoint.mote-lock").mkdir()
        code, _, talk = self.stop(self.start_training(), signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertIn("mote: there is no checkpoint to go on from: ", talk)
        stopped, command = talk.splitlines()[-2:]
        self.assertRegex(stopped, r"^stopped after step \d+, saved to tiny\.safetensors; to go on")
        expected = [MOTE, "train", "tiny.ini", FOREVER, "--weights", "tiny.safetensors"]
        self.assertEqual(shlex.split(command), expected)

    def test_the_command_to_go_on_keeps_the_options(self):
        self.train()
        self.saved.rename(self.folder / "start.safetensors")
        for given in ["--weights start.safetensors", "--weights=start.safetensors"]:
            with self.subTest(given):
                setting = "Model.save_path=a b's.safetensors"
                process = self.start_training(*given.split(), "--set", setting)
                _, _, talk = self.stop(process, signal.SIGINT)
                command = shlex.split(talk.splitlines()[-1])
                self.assertEqual(command[3:], [FOREVER, "--set", setting, "--resume"])
                self.run_mote(*command[1:], "--epochs=1", "--quiet")

    def test_the_command_to_go_on_minds_two_dashes(self):
        process = self.start("train", FOREVER, "--", "tiny.ini")
        with process:
            while not process.stderr.readline().startswith("epoch 1/"):
                pass
            _, _, talk = self.stop(process, signal.SIGINT)
        self.assertEqual(
            shlex.split(talk.splitlines()[-1])[1:],
            ["train", FOREVER, "--resume", "--", "tiny.ini"],
        )

    def test_the_file_of_a_stopped_run_says_what_that_of_an_epoch_says(self):
        names = "train_set.class_names=north west,north east,south west,south east"
        self.train("--epochs=1", "--set", names)
        after_epoch = read_header(self.saved)
        self.stop(self.start_training("--set", names), signal.SIGINT)
        self.assertEqual(read_header(self.saved), after_epoch)

    def test_sigterm_stops_as_well(self):
        process = self.start_training("--json")
        code, out, _ = self.stop(process, signal.SIGTERM)
        self.assertEqual(code, 143)
        result = json.loads(out)
        self.assertIs(result["stopped"], True)
        self.assertEqual(result["saved"], "tiny.safetensors")
        self.assertEqual(result["checkpoint"], f"tiny.checkpoint.{result['steps']:012}")
        self.assertGreaterEqual(len(result["epochs"]), 1)
        self.assertGreaterEqual(result["steps"], 10 * len(result["epochs"]))
        self.run_mote("eval", "tiny.ini")

    def test_a_second_signal_ends_at_once(self):
        process = self.start_training("--json")
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        code, out, talk = self.stop(process, signal.SIGCONT)
        self.assertIn(code, (130, 143))
        self.assertEqual(out, "")
        self.assertNotIn("stopped", talk)
        self.run_mote("eval", "tiny.ini")  # of the last finished epoch

    def test_a_background_job_that_ignores_sigint_can_be_stopped(self):
        ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
        process = self.start("train", "tiny.ini", FOREVER, preexec_fn=ignore)
        with process:
            for line in process.stderr:
                if line.startswith("epoch 1/"):
                    break
            self.assertEqual(self.stop(process, signal.SIGINT)[0], 130)

    def test_without_a_save_path_nothing_is_saved(self):
        model = (self.folder / "tiny.ini").read_text().replace("save_path = tiny.safetensors\n", "")
        (self.folder / "tiny.ini").write_text(model)
        code, _, talk = self.stop(self.start_training(), signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertIn("nothing is saved: [Model] has no save_path", talk)

    def test_a_failing_save_is_an_error(self):
        process = self.start_training()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        self.saved.unlink()
        self.saved.mkdir()
        process.send_signal(signal.SIGINT)
        code, _, talk = self.stop(process, signal.SIGCONT)
        self.assertEqual(code, 1)
        self.assertIn("mote: ", talk.splitlines()[-1])
        self.assertIn("tiny.safetensors", talk.splitlines()[-1])

    def test_bench_ends_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            terminal = Terminal(self, "bench", "tiny.ini", "--steps=1000000000000")
            terminal.read_until("step ")
            terminal.process.send_signal(number)
            terminal.read_rest()
            self.assertEqual(terminal.process.returncode, 128 + number)


if __name__ == "__main__":
    unittest.main()
