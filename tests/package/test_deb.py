# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: their control fields, and what is in them, unpacked elsewhere and run."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
from running import MOTE, SOURCE, RunTest  # noqa: E402

CMAKE = os.environ["MOTE_CMAKE"]
BUILD = Path(MOTE).parent / "deb"
NAMES = ("libmote0", "libmote-dev", "mote")


def call(*command, **options):
    command = list(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


@unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "this system makes no Debian packages")
class DebianPackages(RunTest):
    @classmethod
    def setUpClass(cls):
        options = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_INSTALL_PREFIX=/usr", "-DMOTE_TESTS=OFF"]
        call(CMAKE, "-S", SOURCE, "-B", BUILD, *options)
        call(CMAKE, "--build", BUILD, "--parallel", "2")
        for old in BUILD.glob("*.deb"):
            old.unlink()
        call(Path(CMAKE).with_name("cpack"), "--config", BUILD / "CPackConfig.cmake", cwd=BUILD)
        cls.packages = {path.name.partition("_")[0]: path for path in BUILD.glob("*.deb")}

    def field(self, package, name):
        return call("dpkg-deb", "-f", self.packages[package], name).strip()

    def unpack(self, *names):
        root = self.folder / "root"
        for name in names:
            call("dpkg-deb", "-x", self.packages[name], root)
        return root

    def test_there_are_three(self):
        self.assertEqual(sorted(self.packages), sorted(NAMES))
        for name in NAMES:
            self.assertEqual(self.field(name, "Package"), name)
            self.assertEqual(self.field(name, "Version"), self.run_mote("version").split()[1])

    def test_dependencies_are_those_of_the_files(self):
        for name in ("mote", "libmote0"):
            depends = self.field(name, "Depends")
            for library in ("libc6", "libinih1", "libjansson4", "libmd0", "libpthreadpool0"):
                self.assertIn(library, depends)
        version = self.field("libmote0", "Version")
        self.assertIn(f"libmote0 (= {version})", self.field("libmote-dev", "Depends"))

    def test_apt_can_install_them(self):
        listed = call("apt-get", "install", "--simulate", "-q", *self.packages.values())
        for name in NAMES:
            self.assertIn(f"Inst {name} ", listed)

    def test_every_package_has_a_copyright_and_no_file_of_another(self):
        owners = {}
        for name in NAMES:
            for line in call("dpkg-deb", "-c", self.packages[name]).splitlines():
                mode, owner, _, _, _, path = line.split(maxsplit=5)
                self.assertEqual(owner, "root/root", path)
                if not mode.startswith("d"):
                    self.assertNotIn(path, owners)
                    owners[path] = name
            self.assertIn(f"./usr/share/doc/{name}/copyright", owners)

    def test_the_command_line_trains_the_example(self):
        root = self.unpack("mote")
        example = root / "usr/share/doc/mote/examples/digits/lenet5.ini"
        program = root / "usr/bin/mote"
        self.assertIn(self.field("mote", "Version"), call(program, "version"))
        for text in ("man/man1/mote.1", "bash-completion/completions/mote"):
            self.assertIn("mote", (root / "usr/share" / text).read_text())
        options = ["--set=train_set.samples=64", "--set=valid_set.samples=64", "--epochs=1", "--json"]
        weights = self.folder / "lenet5.safetensors"
        trained = call(program, "train", example, *options, f"--set=Model.save_path={weights}")
        self.assertIn('"steps": 1,', trained)
        self.assertTrue(weights.exists())

    def test_a_program_is_built_with_them(self):
        root = self.unpack("libmote0", "libmote-dev")
        library = next(root.glob("usr/lib/**/libmote.a")).parent
        environment = {**os.environ, "PKG_CONFIG_PATH": str(library / "pkgconfig")}
        flags = call("pkg-config", "--cflags", "--libs", "mote", env=environment).split()
        program = self.folder / "client"
        source = SOURCE / "tests" / "run" / "consumer" / "client.c"
        call(os.environ.get("CC", "cc"), source, *flags, "-o", program)
        environment = {**os.environ, "LD_LIBRARY_PATH": str(library)}
        shutil.copytree(SOURCE / "examples" / "digits", self.folder / "digits")
        model = self.folder / "digits" / "lenet5.ini"
        text = model.read_text().replace("epochs = 15", "epochs = 1")
        model.write_text(text.replace("[train_set]", "[train_set]\nsamples = 64"))
        printed = call(program, model, self.folder / "net.safetensors", env=environment)
        self.assertEqual(printed.split()[0], self.field("libmote0", "Version"))


if __name__ == "__main__":
    unittest.main()
