#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom: the table cmake/folders.txt, no cycles, headers that compile alone."""

import argparse
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import Report, find_c_files

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
ROW = re.compile(r"^([a-z]+):\s*(.*)$")

# Folders that promise several headers; all others promise X/X.h and their lists (*.def).
MANY_HEADERS = {"base", "tensor", "os", "kernel"}

STANDARD = set(
    """assert complex ctype errno fenv float inttypes limits math stdalign stdarg stdatomic stdbool
    stddef stdint stdio stdlib stdnoreturn string tgmath""".split()
)
# Who may include which other system headers.
OWNERS = {
    "base": {"sha2.h"},
    "kernel/arm": {"arm_neon.h"},
    "kernel/x86": {"immintrin.h"},
    "model": {"ini.h"},
    "weights": {"jansson.h"},
    "data": {"zlib.h", "png.h", "jpeglib.h", "jerror.h", "setjmp.h"},
}
CLIENT_FOLDERS = ["cli", "examples", "bindings"]


def read_table(path):
    """{folder: set of folders it may include}; a folder may only use folders above it."""
    table = {}
    for line in Path(path).read_text().splitlines():
        match = ROW.match(line)
        if match:
            folder, uses = match.groups()
            table[folder] = set(table) if uses == "*" else set(uses.split())
            below = table[folder] - set(table)
            if below or folder in table[folder]:
                raise SystemExit(f"{path}: '{folder}' uses {sorted(below)}, not above it")
    return table


def read_includes(path):
    """(line, quote, name) of each #include."""
    includes = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            includes.append((number, match.group(1), match.group(2)))
    return includes


class Checker:
    def __init__(self, root):
        self.root = Path(root)
        self.table = read_table(self.root / "cmake" / "folders.txt")
        self.report = Report(self.root)

    def check_system(self, path, line, name, folder):
        """A <header> included by a file of src/."""
        if name.startswith("mote/"):
            self.check_public(path, line, name)
            return
        if name.split("/")[0] in self.table:
            self.report.add(path, line, f'<{name}> is mote\'s own: write "{name}"')
        elif folder == "os" or name.removesuffix(".h") in STANDARD:
            return
        else:
            inside = path.relative_to(self.root / "src").as_posix()
            for owner, headers in OWNERS.items():
                if name in headers and inside.startswith(owner + "/"):
                    return
            self.report.add(path, line, f"<{name}> may not be included by src/{folder}")

    def check_public(self, path, line, name):
        if not (self.root / "include" / name).is_file():
            self.report.add(path, line, f"'{name}' is not in include/")

    def check_own(self, path, line, name, folder):
        """A "header" included by a file of src/ or of the tests of one folder."""
        target = name.split("/")[0]
        if target == "mote":
            self.check_public(path, line, name)
            return
        if target not in self.table or not (self.root / "src" / name).is_file():
            self.report.add(path, line, f"'{name}' is not a path from src/ or include/")
        elif not name.endswith((".h", ".def")):
            self.report.add(path, line, f"'{name}' is neither a header nor a list (.def)")
        elif target != folder:
            self.check_foreign(path, line, name, folder, target)

    def check_foreign(self, path, line, name, folder, target):
        if target not in self.table[folder]:
            self.report.add(path, line, f"{folder} may not use {target}: '{name}'")
            return
        parts = name.split("/")
        if len(parts) == 2 and (name.endswith(".def") or target in MANY_HEADERS):
            return
        if name != f"{target}/{target}.h":
            self.report.add(path, line, f"'{name}' is private to {target}: use {target}/{target}.h")

    def check_source_tree(self):
        for path in find_c_files(self.root, "src"):
            folder = path.relative_to(self.root / "src").parts[0]
            if folder not in self.table:
                self.report.add(path, 0, f"folder '{folder}' is not in cmake/folders.txt")
                continue
            for line, quote, name in read_includes(path):
                check = self.check_own if quote == '"' else self.check_system
                check(path, line, name, folder)

    def check_unit_tests(self):
        for path in find_c_files(self.root, "tests/unit"):
            folder = path.relative_to(self.root / "tests" / "unit").parts[0]
            for line, quote, name in read_includes(path):
                local = (path.parent / name).is_file() or (self.root / "tests" / name).is_file()
                if quote == '"' and not local:
                    self.check_own(path, line, name, folder)

    def check_clients(self):
        """The command line and the examples know mote's public headers only."""
        for path in find_c_files(self.root, *CLIENT_FOLDERS):
            for line, quote, name in read_includes(path):
                if name.startswith("mote/"):
                    self.check_public(path, line, name)
                elif quote == '"' and not (path.parent / name).is_file():
                    self.report.add(path, line, f"'{name}' is neither public nor beside this file")
                elif ".." in name.split("/"):
                    self.report.add(path, line, f"'{name}' leaves its folder")

    def check_public_headers(self):
        for path in find_c_files(self.root, "include"):
            for line, quote, name in read_includes(path):
                if name.startswith("mote/"):
                    self.check_public(path, line, name)
                elif quote == '"' or name.removesuffix(".h") not in STANDARD:
                    self.report.add(path, line, f"a public header may not include '{name}'")

    def check_cycles(self):
        """No header may include itself by way of others."""
        roots = [self.root / "src", self.root / "include"]
        graph = {}
        for root in roots:
            for path in find_c_files(root):
                if path.suffix == ".h":
                    graph[path.relative_to(root).as_posix()] = path
        state = {}

        def visit(name, trail):
            if state.get(name) == "done" or name not in graph:
                return
            if name in trail:
                cycle = " -> ".join(trail[trail.index(name):] + [name])
                self.report.add(graph[name], 0, f"include cycle {cycle}")
                return
            for _, _, included in read_includes(graph[name]):
                visit(included, trail + [name])
            state[name] = "done"

        for name in sorted(graph):
            visit(name, [])

    def check_alone(self, compiler):
        """Each header of src/ compiles when it is the only thing in a file."""

        def compile_alone(path):
            command = [compiler, "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
            command += [f"-I{self.root}/include", f"-I{self.root}/src"]
            inside = path.relative_to(self.root / "src").as_posix()
            if inside.startswith("kernel/x86/"):
                command += ["-mavx2", "-mfma", "-mavx512f", "-DMOTE_LEVEL=avx512"]
            elif inside.startswith("kernel/portable/"):
                command += ["-DMOTE_LEVEL=scalar"]
            elif inside.startswith("os/"):
                command += ["-D_GNU_SOURCE"]
            text = f'#include "{inside}"\n'
            return subprocess.run(
                command + ["-x", "c", "-"], input=text, text=True, capture_output=True
            )

        headers = [path for path in find_c_files(self.root, "src") if path.suffix == ".h"]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, result in zip(headers, pool.map(compile_alone, headers)):
                if result.returncode != 0:
                    first = (result.stderr.splitlines() or ["?"])[0]
                    self.report.add(path, 0, f"does not compile alone: {first}")
        return len(headers)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--compiler", default="cc", help="C compiler for headers on their own")
    arguments = parser.parse_args()
    checker = Checker(arguments.root)
    checker.check_source_tree()
    checker.check_unit_tests()
    checker.check_clients()
    checker.check_public_headers()
    checker.check_cycles()
    count = checker.check_alone(arguments.compiler)
    checker.report.finish(f"includes of {len(checker.table)} folders, {count} headers")


if __name__ == "__main__":
    main()
