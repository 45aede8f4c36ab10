#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every C file that a clang build compiles, several at a time."""

import argparse
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import Report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="has compile_commands.json")
    parser.add_argument("--clang-tidy", default="clang-tidy")
    parser.add_argument("files", nargs="*", help="parts of paths; default: all files")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    commands = json.loads((arguments.build / "compile_commands.json").read_text())
    files = sorted({entry["file"] for entry in commands})
    if arguments.files:
        files = [path for path in files if any(part in path for part in arguments.files)]
    report = Report(root)

    def run(path):
        command = [arguments.clang_tidy, "--quiet", "-p", str(arguments.build), path]
        return subprocess.run(command, capture_output=True, text=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in zip(files, pool.map(run, files)):
            if result.returncode != 0:
                print(result.stdout or result.stderr)
                report.add(path, 0, "clang-tidy has objections")
    report.finish(f"clang-tidy over {len(files)} files")


if __name__ == "__main__":
    main()
