#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Splits the Wisconsin breast cancer data of scikit-learn's package into generated/{train,valid,test}.csv.

A record's part depends on the text of its line alone: of each class in order of the lines' SHA-256, the first 25 %
are the test, the next 15 % the validation, the rest the training records.
"""

import argparse
import csv
import hashlib
from pathlib import Path

SOURCE = "/usr/lib/python3/dist-packages/sklearn/datasets/data/breast_cancer.csv"
MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
    "concave points", "symmetry", "fractal dimension",
)  # fmt: skip
COLUMNS = [f"{kind} {measure}" for kind in ("mean", "error of", "worst") for measure in MEASURES]


def read(path):
    """The names of the classes, and of each record its line and fields; the last field is the class."""
    lines = path.read_text().splitlines()
    count, width, *names = lines[0].split(",")
    records = [(line, line.split(",")) for line in lines[1:]]
    if len(records) != int(count) or any(len(fields) != int(width) + 1 for _, fields in records):
        raise SystemExit(f"{path}: not {count} records of {width} numbers and a class")
    return names, records


def split(records):
    """Fields by part; the order in a part is that of the hashes."""
    parts = {"train": [], "valid": [], "test": []}
    ranked = sorted(records, key=lambda record: hashlib.sha256(record[0].encode()).digest())
    for label in sorted({fields[-1] for _, fields in ranked}):
        chosen = [fields for _, fields in ranked if fields[-1] == label]
        test, valid = round(0.25 * len(chosen)), round(0.40 * len(chosen))
        parts["test"] += chosen[:test]
        parts["valid"] += chosen[test:valid]
        parts["train"] += chosen[valid:]
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path, default=SOURCE, help=f"default: {SOURCE}")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "generated")
    arguments = parser.parse_args()
    if not arguments.source.exists():
        raise SystemExit(f"{arguments.source} is missing: apt-get install python3-sklearn")
    names, records = read(arguments.source)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for part, rows in split(records).items():
        with open(arguments.output / f"{part}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*COLUMNS, "diagnosis"])
            writer.writerows([*fields[:-1], names[int(fields[-1])]] for fields in rows)
        print(f"{arguments.output / part}.csv: {len(rows)} records")


if __name__ == "__main__":
    main()
