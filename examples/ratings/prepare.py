#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Splits the MovieLens ratings of Debian's r-cran-dslabs into generated/{train,valid,test}.csv, without R.

Users and movies are numbered from 0 in the order of their ids; generated/movies.csv has the movies' titles. A rating's
part depends on its user and movie alone: by the SHA-256 of both, 10 % are for the test and 10 % for validation.
"""

import argparse
import csv
import gzip
import hashlib
import struct
import zlib
from pathlib import Path

SOURCE = "/usr/lib/R/site-library/dslabs/data"

# Types of R's serialized objects, from "R Internals", section 1.8.
SYMBOL, PAIRS, TEXT, INTEGERS, REALS, TEXTS, LIST = 1, 2, 9, 13, 14, 16, 19
LOGICALS, NOTHING, REFERENCE = 10, 254, 255
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400


class Vector(list):
    """The elements; attributes (names, levels of a factor) by name."""

    attributes = {}


class Reader:
    """One object in R's serialization, version 2 or 3, XDR."""

    def __init__(self, content):
        self.content = content
        self.place = 2
        self.symbols = []
        if content[:2] != b"X\n":
            raise SystemExit("not in R's XDR format")

    def take(self, code, count):
        values = struct.unpack_from(f">{count}{code}", self.content, self.place)
        self.place += struct.calcsize(f">{count}{code}")
        return values

    def integer(self):
        return self.take("i", 1)[0]

    def object(self):
        version, _, _ = self.take("i", 3)
        if version == 3:
            self.skip(self.integer())  # the name of an encoding
        return self.item()

    def skip(self, count):
        self.place += count

    def text(self):
        length = self.integer()
        start = self.place
        self.skip(max(length, 0))
        return None if length < 0 else self.content[start : self.place].decode()

    def pairs(self, flags):
        if flags & HAS_ATTRIBUTES:
            self.item()
        tag = self.item() if flags & HAS_TAG else None
        value = self.item()
        return {tag: value, **(self.item() or {})}

    def item(self):
        flags = self.integer()
        kind = flags & 0xFF
        if kind == NOTHING:
            return None
        if kind == REFERENCE:
            return self.symbols[(flags >> 8) - 1]
        if kind == SYMBOL:
            self.symbols.append(self.item())
            return self.symbols[-1]
        if kind == TEXT:
            return self.text()
        if kind == PAIRS:
            return self.pairs(flags)
        return self.vector(kind, flags)

    def vector(self, kind, flags):
        count = self.integer()
        if kind in (INTEGERS, LOGICALS):
            result = Vector(self.take("i", count))
        elif kind == REALS:
            result = Vector(self.take("d", count))
        elif kind in (TEXTS, LIST):
            result = Vector(self.item() for _ in range(count))
        else:
            raise SystemExit(f"objects of R's type {kind} are not known here")
        if flags & HAS_ATTRIBUTES:
            result.attributes = self.item()
        return result


def read_frame(folder, name):
    """Columns by name, of a data frame in a package's data base."""
    variables = Reader(gzip.decompress((folder / "Rdata.rdx").read_bytes())).object()[0]
    start, length = variables[variables.attributes["names"].index(name)]
    packed = (folder / "Rdata.rdb").read_bytes()[start : start + length]
    columns = Reader(zlib.decompress(packed[4:])).object()  # behind the length of what is packed
    return dict(zip(columns.attributes["names"], columns, strict=True))


def part_of(user, movie):
    rank = hashlib.sha256(f"{user},{movie}".encode()).digest()[0]
    if rank < 26:
        return "test"
    return "valid" if rank < 52 else "train"


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path, default=SOURCE, help=f"default: {SOURCE}")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "generated")
    arguments = parser.parse_args()
    if not (arguments.source / "Rdata.rdb").exists():
        raise SystemExit(f"{arguments.source} has no Rdata.rdb: apt-get install r-cran-dslabs")
    frame = read_frame(arguments.source, "movielens")
    numbers = {
        name: {value: i for i, value in enumerate(sorted(set(frame[name])))}
        for name in ("userId", "movieId")
    }
    parts = {"train": [], "valid": [], "test": []}
    for user, movie, rating in zip(frame["userId"], frame["movieId"], frame["rating"], strict=True):
        row = numbers["userId"][user], numbers["movieId"][movie], rating
        parts[part_of(user, movie)].append(row)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for part, rows in parts.items():
        write(arguments.output / f"{part}.csv", ("user", "movie", "rating"), rows)
    titles = dict(zip(frame["movieId"], frame["title"], strict=True))
    rows = [(number, titles[movie]) for movie, number in numbers["movieId"].items()]
    write(arguments.output / "movies.csv", ("movie", "title"), rows)
    print(f"{len(numbers['userId'])} users, {len(numbers['movieId'])} movies")


if __name__ == "__main__":
    main()
