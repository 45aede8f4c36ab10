# SPDX-License-Identifier: Apache-2.0
"""tools/install_dependencies.sh, run against false package tools that write down their calls."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from fixture import TOOLS

# Only the package named by MISSING is not installed.
DPKG_QUERY = '[ "${@: -1}" = "$MISSING" ] || printf installed'
APT_GET = 'echo "$*" >>"$CALLS"; [ -z "$APT_FAILS" ] || { echo "E: no such thing"; exit 100; }'


class InstallDependencies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.calls = self.root / "calls"
        self.calls.touch()
        for tool in ("bash", "env", "mktemp", "rm", "grep", "tail"):
            (self.root / tool).symlink_to(shutil.which(tool))
        self.add_tool("dpkg-query", DPKG_QUERY)
        self.add_tool("apt-get", APT_GET)

    def add_tool(self, name, script):
        path = self.root / name
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def run_script(self, *options, user=0, missing="", apt_fails=""):
        self.add_tool("id", f"echo {user}")
        environment = {
            "PATH": str(self.root),
            "CALLS": str(self.calls),
            "MISSING": missing,
            "APT_FAILS": apt_fails,
            "TMPDIR": os.environ.get("TMPDIR", tempfile.gettempdir()),
        }
        script = TOOLS / "install_dependencies.sh"
        return subprocess.run(
            ["bash", script, *options], env=environment, capture_output=True, text=True, timeout=60
        )

    def test_nothing_missing_is_silent_and_leaves_apt_alone(self):
        result = self.run_script("--tests", missing="clang")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(self.calls.read_text(), "")

    def test_a_missing_package_is_named_and_installed(self):
        result = self.run_script(missing="libmd-dev")
        self.assertEqual(result.stdout, "installing with apt-get: libmd-dev\n")
        self.assertEqual(
            self.calls.read_text(),
            "-q update\n-q install -y --no-install-recommends libmd-dev\n",
        )

    def test_test_packages_are_asked_for_with_an_option_only(self):
        self.assertEqual(self.run_script(missing="libcmocka-dev").stdout, "")
        self.assertIn("libcmocka-dev", self.run_script("--tests", missing="libcmocka-dev").stdout)

    def test_sudo_is_used_when_not_root(self):
        self.add_tool("sudo", 'echo sudo >>"$CALLS"; exec "$@"')
        self.assertEqual(self.run_script(user=1000, missing="libmd-dev").returncode, 0)
        self.assertEqual(self.calls.read_text().splitlines()[0], "sudo")

    def test_neither_root_nor_sudo_stops_with_one_line(self):
        result = self.run_script(user=1000, missing="libmd-dev")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(
            result.stderr,
            "install_dependencies.sh: missing packages, and neither root nor sudo to install them: "
            "libmd-dev\n",
        )
        self.assertEqual(self.calls.read_text(), "")

    def test_an_installation_that_fails_says_why(self):
        result = self.run_script(missing="libmd-dev", apt_fails="1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("E: no such thing\n", result.stderr)
        self.assertIn("apt-get could not install: libmd-dev", result.stderr)

    def test_an_unknown_option_is_refused(self):
        result = self.run_script("--all")
        self.assertIn("unknown option '--all': accepted are --tests, --ci and --cross", result.stderr)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    unittest.main()
