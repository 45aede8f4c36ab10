# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/TUTORIAL.md as they stand there: a new home folder, nothing in the environment but PATH, mote
installed where the page says; then again on a table that played no part when page and command were written."""

import csv
import gzip
import os
import re
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])
BUILD = Path(os.environ["MOTE_CLI"]).parent
DIGITS = SOURCE / "examples" / "digits" / "data"
TABLE = SOURCE / "tests" / "data" / "tables" / "wine.csv"
PAGE = (SOURCE / "docs" / "TUTORIAL.md").read_text(encoding="utf-8")
MARK = "=== "
SIDE = 28
TRAINED, NEW = 600, 200  # images


def find_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


COMMANDS = [line for block in find_blocks("sh") for line in block.splitlines()]


def read_idx(name, header_bytes):
    return gzip.decompress((DIGITS / name).read_bytes())[header_bytes:]


def write_png(path, pixels):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + pixels[y * SIDE : (y + 1) * SIDE] for y in range(SIDE))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def find_accuracy(text):
    return float(re.search(r"accuracy\s+([\d.]+) %", text).group(1))


@unittest.skipIf(os.environ.get("MOTE_SANITIZE"), "programs of others are linked without sanitizers")
@unittest.skipUnless(
    os.environ.get("MOTE_WITH_PNG", "1") == "1" and os.environ.get("MOTE_WITH_ZLIB", "1") == "1",
    "a build without libpng or zlib",
)
class Tutorial(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(home.cleanup)
        cls.home = Path(home.name)
        subprocess.run(
            [os.environ["MOTE_CMAKE"], "--install", BUILD, "--prefix", cls.home / "mote"],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=self.home)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_commands(self, commands):
        """Runs them in one shell, up to the first that fails; gives what each printed, by its first two words."""
        script = "\n".join(f"echo '{MARK}{' '.join(line.split()[:2])}'\n{line}" for line in commands)
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        printed = {}
        for part in ("\n" + done.stdout).split("\n" + MARK)[1:]:
            command, _, text = part.partition("\n")
            printed[command] = text
        self.assertEqual(len(printed), len(commands))
        return printed

    def check_steps(self, printed, accuracy):
        """What has to be true of any data."""
        self.assertNotRegex(printed["mote check"], "(?m)^failed")
        arena = re.search(r"^arena +(\d+) bytes", printed["mote plan"], re.M).group(1)
        self.assertRegex(printed["mote train"], rf"(?m)^arena +{arena} bytes")
        self.assertGreaterEqual(find_accuracy(printed["mote eval"]), accuracy)

    def write_digits(self):
        """The folders pictures, by class, and new, whose classes are returned."""
        images = read_idx("train-images-idx3-ubyte.gz", 16)
        labels = read_idx("train-labels-idx1-ubyte.gz", 8)
        new = {}
        for i in range(TRAINED + NEW):
            name = f"pictures/{labels[i]}/{i:04}.png"
            if i >= TRAINED:
                name = "new/a.png" if i == TRAINED else f"new/{i:04}.png"
                new[name] = str(labels[i])
            write_png(self.folder / name, images[i * SIDE * SIDE : (i + 1) * SIDE * SIDE])
        return new

    def test_images_from_folder_to_program(self):
        new = self.write_digits()
        (program,) = find_blocks("c")
        (self.folder / "classify.c").write_text(program)
        printed = self.run_commands(COMMANDS)
        self.check_steps(printed, accuracy=90)
        self.assertIn(f"pictures: {TRAINED} grey images of 28x28, 10 classes", printed["mote init"])
        answers = dict(re.findall(r"^(\S+): (\S+) \(", printed["mote infer"], re.M))
        self.assertEqual(set(answers), set(new))
        right = sum(answers[name] == label for name, label in new.items())
        self.assertGreaterEqual(right / len(new), 0.9)
        self.assertRegex(printed["./classify new/a.png"], f"^class {answers['new/a.png']} of 0,1,2,3")

    def write_table(self):
        """table.csv, and new.csv without its last column, which is returned."""
        with TABLE.open(newline="") as file:
            header, *rows = csv.reader(file)
        for name, chosen, end in [
            ("table.csv", [row for i, row in enumerate(rows) if i % 4], None),
            ("new.csv", rows[::4], -1),
        ]:
            with (self.folder / name).open("w", newline="") as file:
                csv.writer(file).writerows(row[:end] for row in [header, *chosen])
        return [row[-1] for row in rows[::4]]

    def test_the_same_commands_with_a_table(self):
        classes = self.write_table()
        commands = [
            line.replace("pictures", "table.csv").replace("new/*.png", "new.csv")
            for line in COMMANDS
            if line.startswith(("export PATH", "mote "))
        ]
        printed = self.run_commands(commands)
        self.check_steps(printed, accuracy=90)
        answers = re.findall(r"^new.csv:\d+: (\S+) \(", printed["mote infer"], re.M)
        self.assertEqual(len(answers), len(classes))
        right = sum(a == b for a, b in zip(answers, classes))
        self.assertGreaterEqual(right / len(classes), 0.9)

    def test_the_page_has_every_command_that_init_names(self):
        text = " ".join(COMMANDS)
        for command in ["init", "check", "plan", "train", "eval", "infer"]:
            self.assertIn(f"mote {command} ", text)


if __name__ == "__main__":
    unittest.main()
