# SPDX-License-Identifier: Apache-2.0
"""A disk without room, and one that is read only: a small file system of its own, where the test may make one."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from commands import TABLE, TINY, make_folder, support

MOTE = support.MOTE
ROOM = 96 << 10  # bytes of the file system
PAGE = 4096
POINTS = ("--set=Model.checkpoint_path=disk/points", "--checkpoint-every=4 steps")


def mount(folder, options="size=96k"):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True)


def can_mount():
    with tempfile.TemporaryDirectory() as folder:
        try:
            return mount(folder).returncode == 0 and not subprocess.run(["umount", folder]).returncode
        except FileNotFoundError:
            return False


class Disk(unittest.TestCase):
    """Models and data lie elsewhere; what is written goes to the small disk."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        make_folder(self.folder, MOTE)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.assertEqual(mount(self.disk).returncode, 0)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        self.write_model("tiny.ini", TINY)
        self.write_model("table.ini", TABLE)
        self.saved = self.disk / "tiny.safetensors"

    def write_model(self, name, text):
        for key in ("save_path = ", "save_best_path = "):
            text = text.replace(key, f"{key}disk/")
        (self.folder / name).write_text(text)

    def run_mote(self, *arguments, **environment):
        return subprocess.run(
            [MOTE, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**support.os.environ, **environment},
            timeout=60,
        )

    def train(self, *options):
        return self.run_mote("train", "tiny.ini", "--quiet", "--threads=1", *options)

    def refuse(self, done, reason):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"\Amote: [^\n]+\n\Z")
        self.assertIn(reason, done.stderr)

    def fill(self, left):
        """Leaves so many bytes free."""
        used = sum(-(-path.stat().st_size // PAGE) * PAGE for path in self.disk.iterdir())
        (self.disk / "filler").write_bytes(bytes(ROOM - used - left))

    def test_a_full_disk_takes_nothing_away(self):
        self.assertEqual(self.train("--seed=3").returncode, 0)
        old = {path.name: path.read_bytes() for path in self.disk.iterdir()}
        refused = 0
        for left in range(0, 8 * PAGE, PAGE):
            with self.subTest(left):
                self.fill(left)
                done = self.train("--epochs=1")
                if done.returncode == 0:
                    break
                refused += 1
                self.refuse(done, "No space left on device")
                (self.disk / "filler").unlink()
                found = {path.name: path.read_bytes() for path in self.disk.iterdir()}
                self.assertEqual(found.keys(), old.keys())
                self.assertEqual(found["tiny.safetensors"], old["tiny.safetensors"])
        self.assertEqual(done.returncode, 0)
        self.assertGreater(refused, 1)

    def begin_with_checkpoints(self):
        """Gives the digest of a whole training; one is stopped after its first epoch, with a checkpoint."""
        done = self.train("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.train(*POINTS, "--epochs=1").returncode, 0)
        return json.loads(done.stdout)["weights_sha256"]

    def read(self):
        return {path.name: path.read_bytes() for path in self.disk.iterdir() if path.name != "filler"}

    def go_on(self, digest):
        done = self.train(*POINTS, "--resume", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["resumed_step"], result["weights_sha256"]), (10, digest))

    def test_a_full_disk_leaves_the_checkpoints(self):
        digest = self.begin_with_checkpoints()
        old = self.read()
        self.assertIn("points.000000000010", old)
        for left in (0, PAGE, 3 * PAGE):
            with self.subTest(left):
                self.fill(left)
                done = self.train(*POINTS, "--resume")
                self.refuse(done, "No space left on device")
                self.assertRegex(done.stderr, r"cannot \w+ 'disk/points\.")
                (self.disk / "filler").unlink()
                self.assertEqual(self.read(), old)
        self.go_on(digest)

    def test_a_read_only_disk_leaves_the_checkpoints(self):
        digest = self.begin_with_checkpoints()
        old = self.read()
        subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
        done = self.train(*POINTS, "--resume")
        self.refuse(done, "Read-only file system")
        self.assertRegex(done.stderr, r"cannot \w+ 'disk/points\.")
        self.assertEqual(self.read(), old)
        subprocess.run(["mount", "-o", "remount,rw", self.disk], check=True)
        self.go_on(digest)

    def test_temporary_files_without_room_are_an_error(self):
        self.fill(0)
        self.refuse(
            self.run_mote("train", "table.ini", "--quiet", TMPDIR=str(self.disk)), "No space left"
        )

    def test_a_read_only_disk_keeps_what_it_has(self):
        self.assertEqual(self.train("--seed=3").returncode, 0)
        old = self.saved.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
        self.refuse(self.train(), "Read-only file system")
        self.assertEqual(self.saved.read_bytes(), old)
        done = self.run_mote("eval", "tiny.ini", f"--weights={self.saved}")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if not can_mount():
        print("skipped: a file system cannot be mounted here; tests/cli/test_write_errors.py has the rest")
        sys.exit(77)
    unittest.main()
