# SPDX-License-Identifier: Apache-2.0
"""Measures mote's process from outside; for the programs beside this file."""
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent


class Meter:
    """Runs mote under peak_rss, which it compiles into `folder`."""

    def __init__(self, folder, mote):
        self.program = folder / "peak_rss"
        self.report = folder / "report"
        self.mote = mote
        subprocess.run(["cc", "-O1", "-D_DEFAULT_SOURCE", "-o", self.program,
                        BENCH / "peak_rss.c"], check=True)

    def run(self, *arguments, codes=(0,)):
        """(stdout, peak resident bytes) of one mote command; ends the program after another exit code."""
        command = [self.program, self.report, self.mote, *arguments]
        talk = None if codes == (0,) else subprocess.DEVNULL
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=talk, text=True, check=False)
        if done.returncode not in codes:
            sys.exit(f"mote {' '.join(map(str, arguments))}: exit code {done.returncode}")
        return done.stdout, int(self.report.read_text())
