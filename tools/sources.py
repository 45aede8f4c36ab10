# SPDX-License-Identifier: Apache-2.0
"""What the checkers share: finding files, C text without comments and strings, reporting."""

import os
import re
import sys
from pathlib import Path

C_SUFFIXES = {".c", ".h", ".def"}
SKIPPED_FOLDERS = {"build", ".git", "__pycache__", "node_modules"}


def find_files(root, *folders):
    """All files below the folders of root (all of root without folders), sorted, as Paths."""
    files = []
    for start in [Path(root) / folder for folder in folders] or [Path(root)]:
        for path, names, entries in os.walk(start):
            names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
            files += [Path(path) / entry for entry in sorted(entries)]
    return files


def find_c_files(root, *folders):
    return [path for path in find_files(root, *folders) if path.suffix in C_SUFFIXES]


TOKENS = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)"""
    r"""|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)


def strip_c(text):
    """Blanks comments and the inside of strings; lines and columns stay where they are."""

    def blank(match):
        token = match.group()
        if match.group("text"):
            return token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return TOKENS.sub(blank, text)


class Report:
    """Collects violations as `path:line: message`, prints them, gives the exit code."""

    def __init__(self, root):
        self.root = Path(root)
        self.lines = []

    def add(self, path, line, message):
        path = Path(path)
        if path.is_relative_to(self.root):
            path = path.relative_to(self.root)
        self.lines.append(f"{path}:{line}: {message}" if line else f"{path}: {message}")

    def finish(self, summary):
        for line in self.lines:
            print(line)
        print(f"{summary}: {len(self.lines)} violations")
        sys.exit(1 if self.lines else 0)
