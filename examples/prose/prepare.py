#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the King James Version, of Debian's bible-kjv, as generated/{train,valid,test}.txt: a verse a line.

Whole books are held out for validation and test; none of them tells again what another book tells.
"""

import argparse
import subprocess
from pathlib import Path

VERSES = 31102
# As the program abbreviates them.
HELD_OUT = {"valid": ("Ruth", "Jonah", "Jas"), "test": ("Est", "Acts")}


def read_verses(program):
    """Pairs of book and text, in order."""
    command = [program, "-f", "Genesis1:1-Revelation22:21"]
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True
        )
    except FileNotFoundError:
        raise SystemExit(f"{program} is missing: apt-get install bible-kjv") from None
    verses = []
    for line in result.stdout.splitlines():
        place, text = line.split(" ", 1)
        verses.append((place.split(":")[0].rstrip("0123456789"), text))
    return verses


def find_part(book):
    return next((part for part, books in HELD_OUT.items() if book in books), "train")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="bible", help="default: bible of PATH")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "generated")
    arguments = parser.parse_args()
    verses = read_verses(arguments.program)
    if len(verses) != VERSES:
        raise SystemExit(f"{arguments.program}: {len(verses)} verses instead of {VERSES}")
    arguments.output.mkdir(exist_ok=True)
    for part in ("train", *HELD_OUT):
        lines = [f"{text}\n" for book, text in verses if find_part(book) == part]
        path = arguments.output / f"{part}.txt"
        path.write_text("".join(lines))
        print(f"{path}: {len(lines)} verses, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
