# SPDX-License-Identifier: Apache-2.0
"""What is installed: it can be moved, and programs outside of the tree find it and are linked with it."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from running import MIXED, MOTE, SANITIZED, SOURCE, RunTest, Safetensors, add_set

CMAKE = os.environ["MOTE_CMAKE"]
BUILD = Path(MOTE).parent
CONSUMER = SOURCE / "tests" / "run" / "consumer"
COMPILERS = {"c": os.environ.get("CC", "cc"), "c++": os.environ.get("CXX") or shutil.which("c++")}
STANDARDS = {"c": "c11", "c++": "c++17"}


def call(*command, **options):
    command = list(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


@unittest.skipUnless(COMPILERS["c++"], "there is no C++ compiler")
@unittest.skipIf(SANITIZED, "the library is built with a sanitizer")
class Install(RunTest):
    def setUp(self):
        super().setUp()
        self.write_model(MIXED + add_set("train_set", 40))
        self.digest = self.run_json("train", "net.ini")["weights_sha256"]
        first = self.folder / "first"
        call(CMAKE, "--install", BUILD, "--prefix", first)
        self.prefix = self.folder / "moved"
        first.rename(self.prefix)
        self.library = next(self.prefix.glob("lib/**/libmote.a")).parent

    def pkg_config(self, *arguments):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.library / "pkgconfig")}
        return call("pkg-config", *arguments, env=environment).split()

    def assert_trains(self, program, shared):
        """Runs a program; with `shared` it needs the shared library, otherwise it must not."""
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.library)}
        listed = call("ldd", program, env=environment)
        self.assertEqual(f"libmote.so.0 => {self.library}/libmote.so.0" in listed, shared, listed)
        self.assertEqual("libmote" in listed, shared, listed)
        weights = self.folder / f"{program.name}.safetensors"
        version, digest = call(
            program, "net.ini", weights, cwd=self.folder, env=environment
        ).split()
        self.assertEqual(version, self.run_mote("version").split()[1])
        self.assertEqual(digest, self.digest)
        self.assertEqual(Safetensors(weights).digest(), digest)

    def assert_links(self, *arguments, shared):
        """Builds the client in both languages with the flags that pkg-config gives, and runs it."""
        flags = self.pkg_config("--cflags", "--libs", *arguments)
        for language, compiler in COMPILERS.items():
            with self.subTest(language=language):
                program = self.folder / f"client_{language}"
                strict = [f"-std={STANDARDS[language]}", "-Wall", "-Wextra", "-pedantic", "-Werror"]
                source = ["-x", language, CONSUMER / "client.c", "-x", "none"]
                call(compiler, *strict, *source, *flags, "-o", program)
                self.assert_trains(program, shared)

    def test_pkg_config_gives_the_shared_library(self):
        version = self.run_mote("version").split()[1]
        self.assertEqual(self.pkg_config("--modversion", "mote"), [version])
        self.assert_links("mote", shared=True)

    def test_pkg_config_gives_the_static_library_beside_the_shared_one(self):
        self.assert_links("mote-static", shared=False)

    def test_pkg_config_static_gives_all_that_libmote_a_needs(self):
        for path in self.library.glob("libmote.so*"):
            path.unlink()
        self.assert_links("--static", "mote", shared=False)

    def test_the_cmake_package_gives_both(self):
        build = self.folder / "consumer"
        options = [f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_C_COMPILER={COMPILERS['c']}"]
        options += [f"-DCMAKE_CXX_COMPILER={COMPILERS['c++']}"]
        call(CMAKE, "-S", CONSUMER, "-B", build, *options)
        call(CMAKE, "--build", build)
        for library in ("mote", "mote_static"):
            for language in ("c", "cxx"):
                with self.subTest(library=library, language=language):
                    self.assert_trains(build / f"{library}_{language}", library == "mote")

    def test_the_command_line_needs_no_shared_mote(self):
        program = self.prefix / "bin" / "mote"
        self.assertEqual(call(program, "version"), self.run_mote("version"))
        self.assertNotIn("libmote", call("ldd", program))

    def test_destdir_and_prefix_make_the_places(self):
        stage = self.folder / "stage"
        environment = {**os.environ, "DESTDIR": str(stage)}
        call(CMAKE, "--install", BUILD, "--prefix", "/opt/mote", env=environment)
        staged = stage / "opt" / "mote"
        moved = {path.relative_to(self.prefix) for path in self.prefix.rglob("*")}
        self.assertEqual({path.relative_to(staged) for path in staged.rglob("*")}, moved)
        for path in moved:
            if path.suffix in (".pc", ".cmake"):
                self.assertNotIn(str(SOURCE), (self.prefix / path).read_text())
                self.assertNotIn(str(BUILD), (self.prefix / path).read_text())


if __name__ == "__main__":
    unittest.main()
