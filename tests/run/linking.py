# SPDX-License-Identifier: Apache-2.0
"""Compiles programs outside of the tree against the static library, with all warnings as errors."""

import os
import shutil
import subprocess
from pathlib import Path

from running import HAS_ZLIB, MOTE, SOURCE

CXX = os.environ.get("CXX") or shutil.which("c++")
CC = os.environ.get("CC", "cc")
LIBRARY = Path(MOTE).parent / "libmote.a"
OPTIONAL = {
    "z": HAS_ZLIB,
    "png": os.environ.get("MOTE_WITH_PNG", "1") == "1",
    "jpeg": os.environ.get("MOTE_WITH_JPEG", "1") == "1",
}


def link_program(source, program, *flags):
    """Compiles a C or C++ file and gives the program's path."""
    compiler = [CXX, "-std=c++17"] if Path(source).suffix == ".cpp" else [CC, "-std=c11"]
    libraries = ["jansson", "inih", "md", "pthreadpool", "pthread", "m"]
    libraries += [name for name, is_used in OPTIONAL.items() if is_used]
    command = [*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{SOURCE / 'include'}"]
    command += [*flags, source, LIBRARY, "-o", program, *(f"-l{name}" for name in libraries)]
    subprocess.run(command, check=True)
    return program
