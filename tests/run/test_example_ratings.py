# SPDX-License-Identifier: Apache-2.0
"""examples/ratings with a data base in R's format that is written here, and with the real one where installed."""

import csv
import gzip
import random
import struct
import unittest
import zlib
from pathlib import Path

from examples import ExampleTest, has_modules

REAL = Path("/usr/lib/R/site-library/dslabs/data")
HEAD = b"X\n" + struct.pack(">iii", 3, 0x040101, 0x030500) + struct.pack(">i5s", 5, b"UTF-8")
USERS, MOVIES = 30, 40


def text(value):
    content = value.encode()
    return struct.pack(">ii", 0x40009, len(content)) + content


def vector(kind, parts, names=None):
    """Of parts that are packed; `names` become its attribute."""
    flags = kind | (0x200 if names else 0)
    content = struct.pack(">ii", flags, len(parts)) + b"".join(parts)
    if names:
        symbol = struct.pack(">i", 1) + text("names")
        content += struct.pack(">i", 0x402) + symbol + vector(16, [text(name) for name in names])
        content += struct.pack(">i", 254)
    return content


def integers(values):
    return vector(13, [struct.pack(">i", value) for value in values])


def reals(values):
    return vector(14, [struct.pack(">d", value) for value in values])


def write_data_base(folder):
    """Ratings that are higher for movies of larger number."""
    dice = random.Random(2)
    pairs = [(user, movie) for user in range(USERS) for movie in range(MOVIES)]
    dice.shuffle(pairs)
    columns = {
        "movieId": integers([10 * movie + 1 for _, movie in pairs]),
        "title": vector(16, [text(f"Movie, {movie}") for _, movie in pairs]),
        "userId": integers([3 * user for user, _ in pairs]),
        "rating": reals([1 + round(2 * 3.9 * movie / MOVIES) / 2 for _, movie in pairs]),
    }
    packed = zlib.compress(HEAD + vector(19, list(columns.values()), list(columns)))
    (folder / "Rdata.rdb").write_bytes(b"other" + struct.pack(">i", 0) + packed)
    places = vector(19, [integers([0, 5]), integers([5, 4 + len(packed)])], ["other", "movielens"])
    (folder / "Rdata.rdx").write_bytes(gzip.compress(HEAD + vector(19, [places], ["variables"])))


class Ratings(ExampleTest):
    example = "ratings"

    def setUp(self):
        super().setUp()
        write_data_base(self.folder)

    def read(self, part):
        with open(self.folder / "generated" / f"{part}.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_the_parts_are_the_whole_and_share_nothing(self):
        self.assertIn(f"{USERS} users, {MOVIES} movies", self.prepare(self.folder))
        rows = [row for part in ("train", "valid", "test") for row in self.read(part)]
        self.assertEqual(len(rows), USERS * MOVIES)
        pairs = {(int(row["user"]), int(row["movie"])) for row in rows}
        self.assertEqual(pairs, {(user, movie) for user in range(USERS) for movie in range(MOVIES)})
        for row in rows:
            self.assertEqual(float(row["rating"]), 1 + round(2 * 3.9 * int(row["movie"]) / MOVIES) / 2)
        self.assertEqual(self.read("movies")[7], {"movie": "7", "title": "Movie, 7"})
        self.assertGreater(len(self.read("test")), 80)

    def test_training_beats_the_mean(self):
        self.prepare(self.folder)
        self.run_mote("check", "embedding.ini")
        self.run_mote("train", "embedding.ini", "--quiet", "--batch=32")
        ratings = [float(row["rating"]) for row in self.read("test")]
        mean = sum(ratings) / len(ratings)
        variance = sum((rating - mean) ** 2 for rating in ratings) / len(ratings)
        self.assertLess(self.run_json("eval", "embedding.ini")["loss"], 0.3 * variance)
        (self.folder / "new.csv").write_text(f"user,movie\n3,1\n3,{MOVIES - 1}\n")
        low, high = self.run_json("infer", "embedding.ini", "new.csv")["samples"]
        self.assertLess(low["outputs"][0] + 2, high["outputs"][0])
        one = self.run_mote("infer", "embedding.ini", "new.csv")
        self.assertEqual(one, self.run_mote("infer", "embedding.ini", "new.csv", "--batch=2"))
        (self.folder / "new.csv").write_text("user,movie\n671,0\n")
        self.run_mote("infer", "embedding.ini", "new.csv", code=1)

    def test_a_folder_without_data_is_refused(self):
        self.assertIn("apt-get install r-cran-dslabs", self.prepare("nowhere", code=1))

    @unittest.skipUnless(REAL.exists(), "r-cran-dslabs is not installed")
    def test_the_real_ratings(self):
        self.prepare()
        self.run_mote("train", "embedding.ini", "--quiet", "--epochs=2")
        self.assertLess(self.run_json("eval", "embedding.ini")["loss"], 0.9)

    @unittest.skipUnless(has_modules("torch", "PIL"), "python3-torch or python3-pil is missing")
    def test_pytorch_is_as_good(self):
        self.prepare(self.folder)
        mote, other = self.compare("embedding.ini")
        self.assertLess(abs(mote - other), 0.2)


if __name__ == "__main__":
    unittest.main()
