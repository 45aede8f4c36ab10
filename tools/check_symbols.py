#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what libmote.a defines and calls, what libmote.so exports, and that the public headers stand
alone in C and C++."""

import argparse
import re
import subprocess
from pathlib import Path

from sources import Report, find_files

SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+ (?:\.(?:hidden|protected) )?(\S+)$")
MEMBER = re.compile(r"^(\S+):\s+file format ")
PUBLIC = re.compile(r"MOTE_API\b[^;{}]*?\b(mote_\w+)\s*\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

ERROR_RECORD_OWNER = "mote_last_error"
ALLOCATOR_OWNER = "mote_allocator_default"
LIBM_ALLOWED = {"sqrt", "sqrtf", "fma", "fmaf", "fabs", "fabsf", "floor", "floorf"}
ALLOCATION = set(
    """malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc strdup
    strndup __strdup asprintf vasprintf __asprintf_chk __vasprintf_chk open_memstream getline
    getdelim""".split()
)
OUTPUT = set(
    """stdout stderr printf vprintf fprintf vfprintf dprintf vdprintf __printf_chk __vprintf_chk
    __fprintf_chk __vfprintf_chk __dprintf_chk puts fputs putchar putc fputc _IO_putc fwrite perror
    psignal exit _exit _Exit quick_exit abort atexit at_quick_exit raise kill signal sigaction
    longjmp""".split()
)
# libjpeg reports errors by a function that may not return.
ALLOWED = {"jpeg.c.o": {"longjmp"}}


class Member:
    """One object of the archive: its defined symbols {name: (section, flags)} and undefined names."""

    def __init__(self, name):
        self.name = name
        self.defined = {}
        self.undefined = set()


def read_members(library):
    result = subprocess.run(
        ["objdump", "-t", str(library)], capture_output=True, text=True, check=True
    )
    members = []
    for line in result.stdout.splitlines():
        match = MEMBER.match(line)
        if match:
            members.append(Member(match.group(1)))
        match = SYMBOL.match(line)
        if not match or not members:
            continue
        flags, section, name = match.groups()
        if section == "*UND*":
            members[-1].undefined.add(name)
        elif "d" not in flags and "f" not in flags:
            members[-1].defined[name] = (section, flags)
    return members


def find_libm_names(compiler):
    """Everything the mathematics library defines."""
    path = subprocess.run(
        [compiler, "-print-file-name=libm.so.6"], capture_output=True, text=True, check=True
    ).stdout.strip()
    table = subprocess.run(
        ["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in table.splitlines()]
    return {name.split("@")[0] for _, kind, name in rows if kind in "TWi"}


def read_exports(library):
    """What a shared library defines for others: {name: version}."""
    table = subprocess.run(
        ["nm", "-D", "--defined-only", "--with-symbol-versions", str(library)],
        capture_output=True, text=True, check=True,
    ).stdout
    rows = [line.split() for line in table.splitlines()]
    return dict(name.partition("@@")[::2] for _, kind, name in rows if kind != "A")


def read_soname(library):
    table = subprocess.run(
        ["objdump", "-p", str(library)], capture_output=True, text=True, check=True
    ).stdout
    return next((line.split()[1] for line in table.splitlines() if "SONAME" in line), "")


def is_writable(section):
    if section.startswith(".data.rel.ro"):
        return False
    return section == "*COM*" or section.split(".")[1:2] in (["data"], ["bss"], ["tdata"], ["tbss"])


class Checker:
    def __init__(self, arguments):
        self.arguments = arguments
        self.report = Report(arguments.root)
        self.members = read_members(arguments.library)

    def check_data(self):
        """No writable data but one thread-local object beside mote_last_error."""
        records = 0
        for member in self.members:
            for name, (section, _) in member.defined.items():
                if not is_writable(section):
                    continue
                thread_local = section.startswith((".tbss", ".tdata"))
                if thread_local and ERROR_RECORD_OWNER in member.defined:
                    records += 1
                else:
                    self.report.add(member.name, 0, f"writable data '{name}' in {section}")
        if records > 1:
            self.report.add(ERROR_RECORD_OWNER, 0, f"{records} thread-local objects, expected one")

    def check_calls(self):
        libm = find_libm_names(self.arguments.compiler) - LIBM_ALLOWED
        banned = OUTPUT if self.arguments.asserts else OUTPUT | {"__assert_fail"}
        for member in self.members:
            for name in sorted(member.undefined):
                if name in libm:
                    self.report.add(member.name, 0, f"calls '{name}' of the mathematics library")
                elif name in banned - ALLOWED.get(member.name, set()):
                    self.report.add(member.name, 0, f"calls '{name}': no output, exit or signals")
                elif name in ALLOCATION and ALLOCATOR_OWNER not in member.defined:
                    self.report.add(member.name, 0, f"calls '{name}': only the allocator may")

    def check_names(self):
        defined = set()
        for member in self.members:
            for name, (_, flags) in member.defined.items():
                if "g" in flags or "w" in flags:
                    defined.add(name)
                    if not name.startswith("mote_"):
                        self.report.add(member.name, 0, f"'{name}' does not begin with mote_")
        for name, path in self.public_names().items():
            if name not in defined:
                self.report.add(path, 0, f"declares '{name}', which the library does not define")

    def public_names(self):
        """{function: header} of what the headers mark MOTE_API."""
        return {
            name: path
            for path in self.headers()
            for name in PUBLIC.findall(COMMENT.sub("", path.read_text()))
        }

    def check_exports(self):
        """The shared library exports the public functions, in one version, and nothing else."""
        library = self.arguments.shared
        soname = read_soname(library)
        version = "MOTE_" + soname.rpartition(".so.")[2]
        if not re.fullmatch(r"libmote\.so\.[0-9]+", soname):
            self.report.add(library, 0, f"its soname is '{soname}', expected libmote.so.NUMBER")
        exports = read_exports(library)
        public = self.public_names()
        for name in sorted(exports.keys() - public.keys()):
            self.report.add(library, 0, f"exports '{name}', which no header marks MOTE_API")
        for name in sorted(public.keys() - exports.keys()):
            self.report.add(public[name], 0, f"declares '{name}', which {library.name} does not export")
        for name in sorted(exports.keys() & public.keys()):
            if exports[name] != version:
                self.report.add(library, 0, f"'{name}' has version '{exports[name]}', not {version}")

    def headers(self):
        return [path for path in find_files(self.arguments.include) if path.suffix == ".h"]

    def check_headers(self):
        languages = [
            (self.arguments.compiler, "c", "c11"),
            (self.arguments.cxx, "c++", "c++17"),
        ]
        for path in self.headers():
            name = path.relative_to(self.arguments.include).as_posix()
            text = f"#include <{name}>\ntypedef int not_empty;\n"
            for compiler, language, standard in languages:
                command = [compiler, "-x", language, f"-std={standard}", "-pedantic", "-Wall"]
                command += ["-Wextra", "-Werror", f"-I{self.arguments.include}", "-fsyntax-only", "-"]
                result = subprocess.run(command, input=text, text=True, capture_output=True)
                if result.returncode != 0:
                    first = (result.stderr.splitlines() or ["?"])[0]
                    self.report.add(path, 0, f"does not compile alone as {standard}: {first}")


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=root)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--shared", type=Path, help="libmote.so, checked as well")
    parser.add_argument("--include", type=Path, default=root / "include")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--asserts", action="store_true", help="the library is built with asserts")
    checker = Checker(parser.parse_args())
    checker.check_data()
    checker.check_calls()
    checker.check_names()
    if checker.arguments.shared:
        checker.check_exports()
    checker.check_headers()
    checker.report.finish(f"symbols of {len(checker.members)} objects")


if __name__ == "__main__":
    main()
