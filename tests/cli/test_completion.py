# SPDX-License-Identifier: Apache-2.0
"""Completion scripts and the manual page: complete, accepted by their readers, and in bash also run."""

import re
import shutil
import subprocess
import unittest

from support import CliTest

COMMANDS = "init train rollback eval infer check plan bench explain info layers completion version".split()

PROBE = """\
source ./script
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_mote
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Texts(CliTest):
    def options_of(self, command):
        return re.findall(r"^  --([\w-]+)", self.run_mote(command, "--help")[0], re.M)

    def check_all_is_in(self, text, option_form):
        for command in COMMANDS:
            self.assertIn(command, text)
            for option in self.options_of(command):
                self.assertIn(option_form.format(option), text)

    def test_scripts_and_manual_have_every_command_and_option(self):
        forms = {"bash": "--{}", "zsh": "--{}", "fish": "-l {} "}
        for shell, form in forms.items():
            with self.subTest(shell):
                self.check_all_is_in(self.run_mote("completion", shell)[0], form)
        page = self.run_mote("--man")[0].replace("\\-", "-")
        self.check_all_is_in(page, r"\fB--{}\fR")

    def test_an_unknown_shell_is_wrong_usage(self):
        self.assertEqual(
            self.refuse("completion", "bsh"),
            "completion: there is no shell 'bsh', did you mean bash",
        )
        self.assertIn("must be bash, zsh or fish", self.refuse("completion", "tcsh"))

    def test_shells_accept_their_scripts(self):
        for shell in ["bash", "zsh", "fish"]:
            if not shutil.which(shell):
                continue
            with self.subTest(shell):
                (self.folder / "script").write_text(self.run_mote("completion", shell)[0])
                subprocess.run([shell, "-n", self.folder / "script"], check=True)

    def test_the_manual_page_has_no_faults(self):
        page = self.folder / "mote.1"
        page.write_text(self.run_mote("--man")[0])
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True)
            faults = [s for s in lint.stdout.splitlines() if "missing date" not in s]
            self.assertEqual(faults, [])
        if shutil.which("groff"):
            command = ["groff", "-man", "-ww", "-Tutf8", page]
            made = subprocess.run(command, capture_output=True, text=True, check=True)
            self.assertEqual(made.stderr, "")


@unittest.skipUnless(shutil.which("bash"), "needs bash")
class Bash(CliTest):
    def setUp(self):
        super().setUp()
        (self.folder / "script").write_text(self.run_mote("completion", "bash")[0])
        (self.folder / "a b.ini").touch()
        (self.folder / "models").mkdir()

    def complete(self, *words):
        """What bash offers for the last word."""
        run = subprocess.run(
            ["bash", "-c", PROBE, "mote", "mote", *words],
            cwd=self.folder, capture_output=True, text=True, check=True,
        )
        self.assertEqual(run.stderr, "")
        return sorted(run.stdout.split("\n")[:-1]) if run.stdout != "\n" else []

    def test_commands(self):
        self.assertEqual(self.complete(""), sorted([*COMMANDS, "--help", "--version"]))
        self.assertEqual(self.complete("e"), ["eval", "explain"])
        self.assertEqual(self.complete("x"), [])

    def test_options_of_the_command(self):
        self.assertEqual(self.complete("plan", "--c"), ["--cost", "--cpu", "--csv"])
        self.assertEqual(self.complete("train", "tiny.ini", "--c"), ["--checkpoint-every", "--cost", "--cpu"])

    def test_values_of_options(self):
        self.assertEqual(self.complete("plan", "--planner", ""), ["best_fit", "exact", "naive"])
        self.assertEqual(self.complete("plan", "--planner", "="), ["best_fit", "exact", "naive"])
        self.assertEqual(self.complete("plan", "--planner", "=", "n"), ["naive"])
        self.assertEqual(self.complete("eval", "--data", "v"), ["valid_set"])
        self.assertEqual(self.complete("train", "--threads", ""), [])

    def test_values_offered_are_values_accepted(self):
        for stage in self.complete("explain", "--stage", ""):
            self.run_mote("explain", "--stage", stage, "tiny.ini")
        for name in self.complete("plan", "--planner", ""):
            self.run_mote("plan", "--planner", name, "tiny.ini")
        for shell in self.complete("completion", ""):
            self.run_mote("completion", shell)

    def test_files(self):
        self.assertEqual(self.complete("train", ""), ["a b.ini", "models", "tiny.ini"])
        self.assertEqual(self.complete("train", "a"), ["a b.ini"])
        self.assertIn("train-labels.idx", self.complete("eval", "--weights", "train"))

    def test_names_of_layers(self):
        self.assertEqual(self.complete("layers", "conv"), ["conv2d"])
        names = {component["name"] for component in self.run_json("layers")}
        self.assertEqual(set(self.complete("layers", "")), names)


@unittest.skipUnless(shutil.which("fish"), "needs fish")
class Fish(CliTest):
    def complete(self, line):
        (self.folder / "script").write_text(self.run_mote("completion", "fish")[0])
        home = {**self.environment, "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        run = subprocess.run(
            ["fish", "-c", 'source ./script; complete -C "$argv"', line],
            cwd=self.folder, capture_output=True, text=True, check=True, env=home,
        )
        return [offer.split("\t")[0] for offer in run.stdout.splitlines()]

    def test_commands_options_and_values(self):
        self.assertEqual(self.complete("mote exp"), ["explain"])
        self.assertEqual(sorted(self.complete("mote plan --c")), ["--cpu", "--csv"])
        self.assertEqual(sorted(self.complete("mote plan --planner ")), ["best_fit", "exact", "naive"])
        self.assertEqual(self.complete("mote layers conv"), ["conv2d"])


if __name__ == "__main__":
    unittest.main()
