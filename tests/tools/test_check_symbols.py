# SPDX-License-Identifier: Apache-2.0
"""tools/check_symbols.py accepts a clean library and refuses each kind of wrong symbol."""

import shutil
import subprocess
import unittest

from fixture import COMPILER, CheckerTest

STATUS = """
static _Thread_local struct { int status; } record;
const void *mote_last_error(void) { return &record; }
"""
ALLOCATOR = """
#include <stdlib.h>
static void *grow(void *p, size_t n) { return realloc(p, n); }
void *(*const mote_table[])(void *, size_t) = {grow};
const void *mote_allocator_default(void) { return mote_table; }
"""
VERSION_SCRIPT = "MOTE_0 { global: mote_last_error; local: *; };\n"
HEADER = """
#ifdef __cplusplus
extern "C" {
#endif
#define MOTE_API
MOTE_API const void *mote_last_error(void);
#ifdef __cplusplus
}
#endif
"""


class CheckSymbols(CheckerTest):
    checker = "check_symbols.py"
    tree = {"status.c": STATUS, "allocator.c": ALLOCATOR, "include/mote/mote.h": HEADER}

    def options(self):
        """Builds libmote.a of all *.c of the tree."""
        for source in sorted(self.root.glob("*.c")):
            command = [COMPILER, "-std=c11", "-O2", "-fPIC", "-w", "-c", source.name]
            subprocess.run(command, cwd=self.root, check=True)
        objects = [path.name for path in sorted(self.root.glob("*.o"))]
        subprocess.run(["ar", "rcs", "libmote.a", *objects], cwd=self.root, check=True)
        cxx = shutil.which("c++") or shutil.which("g++") or "clang++"
        return [
            *("--library", self.root / "libmote.a", "--include", self.root / "include"),
            *("--compiler", COMPILER, "--cxx", cxx),
        ]

    def shared_options(self, script=VERSION_SCRIPT, soname="libmote.so.0"):
        """As options, with libmote.so of the same objects."""
        options = self.options()
        self.write("libmote.map", script)
        objects = [path.name for path in sorted(self.root.glob("*.o"))]
        command = [COMPILER, "-shared", f"-Wl,-soname,{soname}", "-Wl,--version-script=libmote.map"]
        subprocess.run([*command, *objects, "-o", "libmote.so"], cwd=self.root, check=True)
        return [*options, "--shared", self.root / "libmote.so"]

    def assert_refused_source(self, text, message):
        self.write("extra.c", text)
        self.assert_refused(message, *self.options())

    def test_a_clean_library_is_accepted(self):
        self.assert_accepted(*self.options())

    def test_writable_data_are_refused(self):
        for text, section in (
            ("int mote_count;", ".bss"),
            ("int mote_count = 1;", ".data"),
            ("static int mote_count; int mote_next(void) { return ++mote_count; }", ".bss"),
            ("_Thread_local int mote_count;", ".tbss"),
        ):
            self.assert_refused_source(text, f"extra.o: writable data 'mote_count' in {section}")

    def test_a_second_thread_local_object_is_refused(self):
        self.append("status.c", "_Thread_local int mote_other;")
        self.assert_refused("2 thread-local objects, expected one", *self.options())

    def test_libm_is_refused(self):
        text = "#include <math.h>\nfloat mote_f(float x) { return expf(x); }"
        self.assert_refused_source(text, "extra.o: calls 'expf' of the mathematics library")

    def test_the_four_functions_of_libm_are_accepted(self):
        text = "float mote_f(float x) { return sqrtf(fmaf(x, fabsf(x), floorf(x))); }"
        self.write("extra.c", "#include <math.h>\n" + text)
        self.assert_accepted(*self.options())

    def test_output_and_exit_are_refused(self):
        for call, name in (
            ('printf("%d", x)', "printf"),
            ('fputs("x", stderr)', "stderr"),
            ("exit(x)", "exit"),
            ("abort()", "abort"),
        ):
            text = f"#include <stdio.h>\n#include <stdlib.h>\nvoid mote_f(int x) {{ {call}; }}"
            self.assert_refused_source(text, f"extra.o: calls '{name}': no output, exit or signals")

    def test_formatting_into_memory_is_accepted(self):
        text = 'int mote_f(char *p, int x) { return snprintf(p, 9, "%d", x); }'
        self.write("extra.c", "#include <stdio.h>\n" + text)
        self.assert_accepted(*self.options())

    def test_asserts_are_refused_in_a_release(self):
        text = "#include <assert.h>\nvoid mote_f(int x) { assert(x); }"
        self.assert_refused_source(text, "calls '__assert_fail'")
        self.assert_accepted(*self.options(), "--asserts")

    def test_allocation_outside_of_the_allocator_is_refused(self):
        text = "#include <stdlib.h>\nvoid *mote_f(int x) { return malloc(x); }"
        self.assert_refused_source(text, "extra.o: calls 'malloc': only the allocator may")

    def test_a_name_without_prefix_is_refused(self):
        self.assert_refused_source("int f(void) { return 1; }", "'f' does not begin with mote_")

    def test_a_declared_function_that_is_missing_is_refused(self):
        self.append("include/mote/mote.h", "MOTE_API int mote_missing(void);\n")
        self.assert_refused("declares 'mote_missing', which the library does not", *self.options())

    def test_a_shared_library_of_the_public_functions_is_accepted(self):
        self.assert_accepted(*self.shared_options())

    def test_a_private_function_that_is_exported_is_refused(self):
        script = VERSION_SCRIPT.replace("local:", "mote_allocator_default; local:")
        message = "exports 'mote_allocator_default', which no header marks MOTE_API"
        self.assert_refused(message, *self.shared_options(script))

    def test_a_public_function_that_is_not_exported_is_refused(self):
        script = VERSION_SCRIPT.replace("mote_last_error", "mote_allocator_default")
        message = "declares 'mote_last_error', which libmote.so does not export"
        self.assert_refused(message, *self.shared_options(script))

    def test_a_function_of_another_version_is_refused(self):
        script = VERSION_SCRIPT.replace("MOTE_0", "MOTE_1")
        message = "'mote_last_error' has version 'MOTE_1', not MOTE_0"
        self.assert_refused(message, *self.shared_options(script))

    def test_a_shared_library_without_soname_is_refused(self):
        message = "its soname is 'mote', expected libmote.so.NUMBER"
        self.assert_refused(message, *self.shared_options(soname="mote"))

    def test_a_public_header_that_needs_another_is_refused(self):
        self.append("include/mote/mote.h", "size_t mote_size(void);\n")
        self.assert_refused("does not compile alone as c11", *self.options())

    def test_a_public_header_that_is_no_cxx_is_refused(self):
        self.append("include/mote/mote.h", "int mote_f(int class);\n")
        self.assert_refused("does not compile alone as c++17", *self.options())


if __name__ == "__main__":
    unittest.main()
