#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that clang-format would leave every C file as it is; --fix lets it."""

import argparse
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import Report, find_files

FOLDERS = ["include", "src", "cli", "bindings", "examples", "bench", "tests"]


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=root)
    parser.add_argument("--clang-format", default="clang-format")
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()
    style = arguments.root / ".clang-format"
    command = [arguments.clang_format, f"--style=file:{style}"]
    command += ["-i"] if arguments.fix else ["--dry-run", "-Werror"]
    files = [path for path in find_files(arguments.root, *FOLDERS) if path.suffix in (".c", ".h")]
    report = Report(arguments.root)

    def run(path):
        return subprocess.run(command + [str(path)], capture_output=True, text=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in zip(files, pool.map(run, files)):
            if result.returncode != 0:
                words = result.stderr.splitlines()[0].split(":") if result.stderr else ["", "0"]
                report.add(path, int(words[1] or 0), "clang-format would change this line")
    report.finish(f"format of {len(files)} files")


if __name__ == "__main__":
    main()
