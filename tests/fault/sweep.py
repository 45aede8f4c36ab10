#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes every operation of a command fail in turn, as SQLite's tests do, and looks at what is left.

For each command, kind of operation (memory, open, read, write, ...) and way to fail, the n-th operation fails for all n.
Each run must end by itself with a documented exit code: 0 with the same output and files as without the fault, or 1 with
one line on stderr; with each file that it writes as it was before or whole and new; without other files, and without
memory that was not given back. A run that is killed may leave a temporary file, but the next run must not stumble over it.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from commands import COMMANDS, make_folder  # noqa: E402

TIMEOUT = 120  # seconds; what takes longer hangs
POINTS = 4  # of each kind of fault in a sweep that is not full
ALL = 1 << 30


class Way(NamedTuple):
    """How operations fail. What is harmless must change nothing."""

    operation: str
    mode: str
    error: str = "EIO"
    only_first: bool = False  # all operations from the first on: one run says all

    @property
    def is_harmless(self):
        return self.mode in ("short", "all-short") or self.error == "EINTR"

    @property
    def stops_removal(self):
        """What cannot be removed may stay, as after a kill."""
        return self.operation in ("unlink", "files")

    @property
    def kills(self):
        return self.mode in ("kill", "torn-kill", "power")

    def __str__(self):
        error = "" if self.mode in ("kill", "power", "short", "all-short", "torn-kill") else self.error
        return f"{self.operation} {self.mode} {error}".strip()


WAYS = (
    Way("memory", "once", "ENOMEM"),
    Way("memory", "from", "ENOMEM"),
    Way("pages", "once", "ENOMEM"),
    Way("thread", "from", "EAGAIN", only_first=True),
    Way("open", "once", "EACCES"),
    Way("open", "once", "EINTR"),
    Way("open", "from", "EMFILE"),
    Way("read", "once", "EIO"),
    Way("read", "from", "EIO"),
    Way("read", "once", "EINTR"),
    Way("read", "short"),
    Way("read", "all-short", only_first=True),
    Way("write", "once", "ENOSPC"),
    Way("write", "from", "ENOSPC"),
    Way("write", "once", "EINTR"),
    Way("write", "short"),
    Way("write", "all-short", only_first=True),
    Way("write", "torn", "EIO"),
    Way("write", "torn-kill"),
    Way("sync", "once", "EIO"),
    Way("sync", "once", "EINTR"),
    Way("rename", "once", "EIO"),
    Way("truncate", "once", "EIO"),
    Way("reserve", "once", "ENOSPC"),
    Way("lock", "once", "EIO"),
    Way("lock", "once", "EINTR"),
    Way("mode", "once", "EACCES"),
    Way("status", "once", "EIO"),
    Way("list", "once", "EIO"),
    Way("unlink", "once", "EIO"),
    Way("files", "from", "EIO"),
    Way("files", "kill"),
    Way("files", "power"),
)


class Outcome(NamedTuple):
    code: int
    out: str
    talk: str
    report: dict
    files: dict  # of those that the command writes: content, None where there is none
    others: frozenset  # names of files that were not there before


class Bench:
    """A folder in which one command is run again and again."""

    def __init__(self, mote, preload, command, folder):
        self.mote, self.preload, self.command, self.folder = mote, preload, command, folder
        make_folder(folder, mote)
        self.report_path = folder.parent / f"{folder.name}.report"
        self.names = {path.name for path in folder.iterdir()} | set(command.writes)
        self.old = {name: None for name in command.writes}
        if command.before:
            self.old = self.run(command.before).files
        self.reset()
        self.whole = self.run(command.arguments)
        if self.whole.code != 0:
            raise SystemExit(f"{command.name}: fails without a fault: {self.whole.talk}")
        self.good = {name: {self.old[name], self.whole.files[name]} for name in command.writes}
        for stage in command.stages:
            self.reset()
            for name, content in self.run(stage).files.items():
                self.good[name].add(content)

    def reset(self):
        for path in self.folder.iterdir():
            if path.name not in self.names:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in self.old.items():
            path = self.folder / name
            if content is not None:
                path.write_bytes(content)
            elif path.exists():
                path.unlink()

    def run(self, arguments, fault=None):
        self.report_path.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self.preload),
            "MOTE_FAULT_REPORT": str(self.report_path),
        }
        if fault:
            environment["MOTE_FAULT"] = fault
        done = subprocess.run(
            [self.mote, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
        return Outcome(done.returncode, done.stdout, done.stderr, *self.look())

    def look(self):
        report = {}
        if self.report_path.exists():
            lines = self.report_path.read_text().split("\n")
            report = {name: int(count) for name, count in map(str.split, filter(None, lines))}
        files = {}
        for name in self.command.writes:
            path = self.folder / name
            files[name] = path.read_bytes() if path.exists() else None
        return report, files, frozenset(p.name for p in self.folder.iterdir()) - self.names

    def get_points(self, way, most):
        """The n to try, at most so many."""
        count = self.whole.report[way.operation]
        if way.only_first:
            return [1] if count > 0 else []
        if count <= most:
            return range(1, count + 1)
        return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})

    def try_fault(self, way, number):
        """Runs with one fault; gives what is wrong with its end, and how it ended."""
        self.reset()
        fault = f"{way.operation}:{number}:{way.mode}:{way.error}"
        try:
            end = self.run(self.command.arguments, fault)
        except subprocess.TimeoutExpired:
            return ["does not end"], "hang"
        if end.code == -signal.SIGKILL and way.kills:
            return self.judge_killed(end), "killed"
        return self.judge(way, end), f"exit {end.code}"

    def judge_files(self, end):
        return [
            f"{name} is neither old nor new"
            for name, content in end.files.items()
            if content not in self.good[name]
        ]

    def settle(self, files):
        """Without what may stay."""
        gone = {name: None for name in self.command.may_stay if self.whole.files[name] is None}
        return {**files, **gone}

    def is_complete(self, end):
        return self.settle(end.files) == self.whole.files

    def judge_killed(self, end):
        problems = self.judge_files(end)
        if self.command.is_once and self.is_complete(end):
            return problems
        recovered = self.run(self.command.recover or self.command.arguments)
        if recovered.code != 0 or not self.is_complete(recovered) or recovered.others:
            problems.append(f"the next run ends otherwise: {recovered.code} {recovered.talk}")
        return problems

    def judge(self, way, end):
        problems = self.judge_files(end)
        if end.others and not way.stops_removal:
            problems.append(f"leaves {', '.join(sorted(end.others))}")
        if end.others and way.stops_removal:
            problems += self.judge_killed(end)
        if end.report.get("live", 0) > self.whole.report.get("live", 0):
            problems.append(f"{end.report['live']} blocks of memory are not given back")
        if end.code == 0:
            return problems + self.judge_success(way, end)
        if end.code != 1:
            return [*problems, f"ends with {end.code}: {end.talk[-2000:]}"]
        if way.is_harmless:
            problems.append(f"fails by what is harmless: {end.talk}")
        lines = r"(mote: [^\n]+\n)" + ("+" if self.command.goes_on else "")
        if not re.fullmatch(lines, end.talk):
            problems.append(f"is not one message: {end.talk!r}")
        return problems

    def judge_success(self, way, end):
        problems = []
        files = self.settle(end.files)
        if way.stops_removal:  # what should be gone may be there
            files.update({name: None for name in files if self.whole.files[name] is None})
        if files != self.whole.files:
            problems.append("succeeds without its files")
        if end.report.get("unsynced", 0) > 0:
            problems.append("succeeds with what a loss of power would take")
        warns = self.command.warning and re.search(self.command.warning, end.talk)
        if end.talk != self.whole.talk and not warns:
            problems.append(f"says more than without the fault: {end.talk!r}")
        if not self.command.is_timed and end.out != self.whole.out:
            problems.append("succeeds with another output")
        return problems


class Tally:
    """Runs by command and end, and by way."""

    def __init__(self):
        self.by_command = collections.defaultdict(collections.Counter)
        self.by_way = collections.defaultdict(collections.Counter)
        self.problems = []

    def add(self, command, way, number, problems, end):
        self.by_command[command.name][end] += 1
        self.by_way[str(way)][end] += 1
        for problem in problems:
            self.problems.append(f"{command.name}, {way}, number {number}: {problem}")

    def count(self):
        return sum(counter.total() for counter in self.by_command.values())

    def print_table(self, title, rows):
        ends = sorted({end for counter in rows.values() for end in counter})
        print(f"{title:24}{'runs':>8}", *(f"{end:>8}" for end in ends))
        for name, counter in rows.items():
            print(f"{name:24}{counter.total():8}", *(f"{counter[end]:8}" for end in ends))
        print()

    def print(self):
        self.print_table("command", self.by_command)
        self.print_table("way to fail", self.by_way)
        for problem in self.problems:
            print(problem)
        print(f"{self.count()} runs with a fault, {len(self.problems)} problems")


def sweep_command(mote, preload, command, ways, points):
    """All faults of one command, one after the other."""
    results = []
    with tempfile.TemporaryDirectory(prefix="mote-fault-") as name:
        folder = Path(name) / command.name
        folder.mkdir()
        bench = Bench(mote, preload, command, folder)
        for way in ways:
            for number in bench.get_points(way, points):
                results.append((command, way, number, *bench.try_fault(way, number)))
    return results


def sweep(mote, preload, commands=COMMANDS, ways=WAYS, points=POINTS):
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as workers:
        jobs = [
            workers.submit(sweep_command, mote, preload, command, ways, points)
            for command in commands
        ]
        for job in jobs:
            for result in job.result():
                tally.add(*result)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/check", type=Path, help="default: %(default)s")
    parser.add_argument("--full", action="store_true", help="every n; otherwise a few of each sweep")
    parser.add_argument("--command", choices=[command.name for command in COMMANDS])
    parser.add_argument("--operation", choices=sorted({way.operation for way in WAYS}))
    options = parser.parse_args()
    build = options.build.resolve()
    tally = sweep(
        build / "mote",
        build / "tests" / "preload" / "fault.so",
        [c for c in COMMANDS if options.command in (None, c.name)],
        [way for way in WAYS if options.operation in (None, way.operation)],
        ALL if options.full else POINTS,
    )
    tally.print()
    return 1 if tally.problems or tally.count() == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
