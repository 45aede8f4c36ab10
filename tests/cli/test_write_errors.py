# SPDX-License-Identifier: Apache-2.0
"""Output that cannot be written: standard output and files."""

import os
import resource
import unittest

from support import CliTest

COMMANDS = [
    ["--help"],
    ["train", "--help"],
    ["completion", "fish"],
    ["version"],
    ["version", "--json"],
    ["plan", "tiny.ini"],
    ["plan", "tiny.ini", "--json"],
    ["plan", "tiny.ini", "--csv"],
    ["explain", "--stage=program", "tiny.ini"],
    ["layers"],
    ["check", "tiny.ini"],
    ["check", "tiny.ini", "--json"],
    ["bench", "tiny.ini", "--quiet"],
    ["train", "tiny.ini", "--quiet"],
    ["eval", "tiny.ini"],
    ["info", "tiny.safetensors"],
]


class StandardOutput(CliTest):
    def fail_output(self, reason, **options):
        self.train()
        for arguments in COMMANDS:
            with self.subTest(arguments):
                _, talk = self.run_mote(*arguments, code=1, **options)
                self.assertEqual(talk, f"mote: cannot write to standard output: {reason}\n")

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            self.fail_output("No space left on device", stdout=full)

    def test_a_closed_pipe_is_an_error(self):
        read, write = os.pipe()
        os.close(read)
        self.addCleanup(os.close, write)
        self.fail_output("Broken pipe", stdout=write)

    def test_a_closed_stdout_is_an_error(self):
        self.fail_output("Bad file descriptor", stdout=None, preexec_fn=lambda: os.close(1))

    def test_no_file_is_opened_in_the_place_of_a_closed_stdout(self):
        self.train()
        saved = self.saved.read_bytes()
        self.run_mote(
            "train", "tiny.ini", code=1, stdout=None, preexec_fn=lambda: os.closerange(0, 3),
            stderr=None,
        )
        self.assertEqual(self.saved.read_bytes(), saved)

    def test_a_closed_stderr_changes_no_result(self):
        self.train()
        expected, _ = self.run_mote("eval", "tiny.ini")
        process = self.start("eval", "tiny.ini", stderr=None, preexec_fn=lambda: os.close(2))
        with process:
            self.assertEqual(process.stdout.read(), expected)
        self.assertEqual(process.returncode, 0)


class Files(CliTest):
    def refuse_save(self, path, *arguments):
        line = self.refuse(
            "train", "tiny.ini", "--quiet", f"--set=Model.save_path={path}", *arguments, code=1
        )
        self.assertIn(os.path.basename(path), line)

    def test_a_save_path_in_a_missing_folder_is_named(self):
        self.refuse_save("absent/tiny.safetensors")

    def test_a_save_path_that_is_a_folder_is_named(self):
        (self.folder / "taken").mkdir()
        self.refuse_save("taken")
        self.assertEqual(os.listdir(self.folder / "taken"), [])

    def test_a_read_only_folder_is_an_error(self):
        folder = self.folder / "locked"
        folder.mkdir()
        folder.chmod(0o555)
        if os.access(folder, os.W_OK):  # root may write anywhere but in the system's own trees
            folder = "/sys/kernel"
        self.refuse_save(f"{folder}/tiny.safetensors")

    def test_an_old_file_survives_a_failing_save(self):
        self.train()
        before = self.saved.read_bytes()
        (self.folder / "tiny.safetensors.mote-tmp").mkdir()
        self.refuse_save("tiny.safetensors", "--seed=5")
        self.assertEqual(self.saved.read_bytes(), before)

    def test_a_limit_of_file_sizes_is_an_error(self):
        self.train("--checkpoint-every=8 steps")
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        limit = max(map(len, before.values())) - 1  # the checkpoints are the largest

        def set_limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        line = self.refuse(
            "train", "tiny.ini", "--quiet", "--checkpoint-every=8 steps", code=1, preexec_fn=set_limit
        )
        failure = "checkpoint after step 0: cannot write 'tiny.checkpoint.mote-tmp': File too large"
        self.assertEqual(line, f"{failure}; the newest checkpoint is 'tiny.checkpoint.{30:012}'")
        self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, before)

    def test_bench_tells_that_it_cannot_save(self):
        line = self.refuse("bench", "tiny.ini", "--quiet", "--save=absent/b.safetensors", code=1)
        self.assertIn("absent/b.safetensors", line)


if __name__ == "__main__":
    unittest.main()
