#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the text of all sources: length, first lines, dead code, functions that are not allowed."""

import argparse
import re
from pathlib import Path

from sources import C_SUFFIXES, Report, find_files, strip_c

LINES_WANTED = 500
LINES_LIMIT = 800
SPDX = "SPDX-License-Identifier: Apache-2.0"

C_FOLDERS = {"include", "src", "cli", "bindings", "examples", "bench", "tests"}
SCRIPT_SUFFIXES = {".py", ".sh", ".cmake"}
SCRIPT_NAMES = {"CMakeLists.txt", "check", "demo", "run"}
TEXT_SUFFIXES = {".md", ".ini", ".json", ".txt", ".yaml", ".yml"}

# The one file that may call the C library's allocator.
ALLOCATOR = "src/base/allocator.c"

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(tmp|work|root|home)/[A-Za-z]")
IF_ZERO = re.compile(r"^\s*#\s*if\s+0\b")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else)\b")
PLATFORM = re.compile(
    r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*"
    r"(_WIN32|__linux__|__APPLE__|__unix__|__AVX|__SSE|__FMA__|__ARM|__aarch64__|__x86_64__)"
)


def calls(names):
    """Matches a call of one of the functions, not of a member or of a longer name."""
    return re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")


OUTPUT = calls(
    """printf fprintf dprintf vprintf vfprintf vdprintf puts fputs putchar putc fputc fwrite perror
    exit _exit _Exit quick_exit abort atexit raise signal sigaction"""
)
ALLOCATION = calls(
    """malloc calloc realloc reallocarray free aligned_alloc posix_memalign strdup strndup asprintf
    vasprintf"""
)
BANNED = calls(
    """strcpy strcat strncpy strncat sprintf vsprintf gets atoi atol atoll atof strtok rand srand
    random srandom drand48 setlocale alloca"""
)


def find_functions_lines(text):
    """Numbers of the lines that begin inside a function's body; `text` is stripped C."""
    inside = set()
    stack = []
    previous = ""
    for number, line in enumerate(text.split("\n"), 1):
        if "function" in stack:
            inside.add(number)
        if line.lstrip().startswith("#"):
            continue
        for char in line:
            if char == "{":
                stack.append("function" if previous == ")" and not stack_data(stack) else "data")
                if previous == '"':
                    stack[-1] = "linkage"
            elif char == "}" and stack:
                stack.pop()
            if not char.isspace():
                previous = char
    return inside


def stack_data(stack):
    """Whether the innermost open brace belongs to a type or an initializer."""
    return bool(stack) and stack[-1] == "data"


class Checker:
    def __init__(self, root):
        self.root = Path(root)
        self.report = Report(self.root)
        self.long_files = []
        self.count = 0

    def check_all(self):
        for path in find_files(self.root):
            name = path.relative_to(self.root)
            in_c_folder = name.parts[0] in C_FOLDERS
            if in_c_folder and path.suffix in C_SUFFIXES:
                self.check_c(path, name)
            elif path.suffix in SCRIPT_SUFFIXES or path.name in SCRIPT_NAMES:
                self.check_script(path, name)
            elif path.suffix in TEXT_SUFFIXES:
                self.check_paths(path, path.read_text().splitlines())

    def check_c(self, path, name):
        text = path.read_text()
        lines = text.splitlines()
        self.check_common(path, text, lines, 0)
        if len(lines) < 2 or not re.match(r"\s*(//|/?\*)", lines[1]):
            self.report.add(path, 2, "no top comment that says what the file is for")
        stripped = strip_c(text)
        for number, line in enumerate(lines, 1):
            if IF_ZERO.match(line):
                self.report.add(path, number, "#if 0: dead code")
        inside = find_functions_lines(stripped)
        for number, line in enumerate(stripped.splitlines(), 1):
            if number in inside and CONDITIONAL.match(line):
                self.report.add(path, number, "conditional compilation inside a function")
        if name.parts[0] in ("src", "include"):
            self.check_library_code(path, name, stripped)

    def check_library_code(self, path, name, stripped):
        for number, line in enumerate(stripped.splitlines(), 1):
            for pattern, message in (
                (OUTPUT, "the library does not print, exit or handle signals"),
                (ALLOCATION, f"only {ALLOCATOR} may allocate"),
                (BANNED, "banned function"),
            ):
                match = pattern.search(line)
                if match and not (pattern is ALLOCATION and name.as_posix() == ALLOCATOR):
                    self.report.add(path, number, f"{match.group(1)}: {message}")
            if PLATFORM.match(line) and name.parts[1] not in ("os", "kernel"):
                self.report.add(path, number, "platforms are told apart in src/os and src/kernel only")

    def check_script(self, path, name):
        text = path.read_text()
        self.check_common(path, text, text.splitlines(), 2)

    def check_common(self, path, text, lines, spdx_last):
        """Rules for whatever is written by hand; the SPDX line is within lines 0..spdx_last."""
        self.count += 1
        if not any(SPDX in line for line in lines[: spdx_last + 1]):
            self.report.add(path, 1, f"no line '{SPDX}' at the top")
        if path.suffix != ".def":
            self.check_length(path, len(lines))
        if not text.endswith("\n") or text.endswith("\n\n"):
            self.report.add(path, len(lines), "the file does not end with exactly one newline")
        for number, line in enumerate(lines, 1):
            if "\t" in line:
                self.report.add(path, number, "tab")
            if line != line.rstrip():
                self.report.add(path, number, "space at the end of the line")
            match = UNFINISHED.search(line)
            if match and path.name != "check_tree.py":
                self.report.add(path, number, f"{match.group(1)}: unfinished")
        self.check_paths(path, lines)

    def check_length(self, path, count):
        if count > LINES_LIMIT:
            self.report.add(path, count, f"{count} lines, the limit is {LINES_LIMIT}")
        elif count > LINES_WANTED:
            self.long_files.append(f"{path.relative_to(self.root)} ({count})")

    def check_paths(self, path, lines):
        for number, line in enumerate(lines, 1):
            match = MACHINE_PATH.search(line)
            if match:
                self.report.add(path, number, f"path of one machine: {match.group()}...")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    checker = Checker(parser.parse_args().root)
    checker.check_all()
    print(f"warning: {len(checker.long_files)} files over {LINES_WANTED} lines", *checker.long_files)
    checker.report.finish(f"text of {checker.count} files")


if __name__ == "__main__":
    main()
