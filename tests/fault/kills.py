#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a training of LeNet-5 that writes a checkpoint every 5 steps, resumes it, and compares what it leaves, bit by bit,
with one that was not killed. With --in-budget all of this within the smallest memory budget, where most writes are to the
swap file.

Half of the kills are at a write, sync or rename (in the middle of a write, too, or as a loss of power, which takes what was
not synced), through the preloaded fault layer; the other half at random times. Of these the ones that hit a training step
that was being computed are counted: the training has its lock, has written a checkpoint but not the last, writes none at that
moment, and has saved the weights of an epoch that ended with the newest one, as it does behind validation.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
MODEL = SOURCE / "examples" / "digits" / "lenet5.ini"
STEPS = 30
STEPS_OF_EPOCH = 10
ARGUMENTS = (
    *("train", "lenet5.ini", "--json", "--quiet", "--batch=32", "--epochs=3", "--checkpoint-every=5 steps"),
    *("--set=train_set.samples=320", "--set=valid_set.samples=64", "--set=train_set.shift=0.1"),
    *("--set=Model.save_best_path=best.safetensors", "--set=Model.patience=9"),
)
WRITES = ("lenet5.safetensors", "best.safetensors", f"lenet5.checkpoint.{STEPS:012}")
HELPERS = (".mote-tmp", ".mote-lock")  # that are there meanwhile
OPERATIONS = (("write", "kill"), ("write", "torn-kill"), ("sync", "kill"), ("rename", "kill"), ("sync", "power"),
              ("rename", "power"))  # fmt: skip


def read_content(path):
    """What a file of weights or a checkpoint says; but for the plan, which depends on the threads."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    for key in ("mote.plan_hash", "mote.header_checksum"):
        header["__metadata__"].pop(key, None)
    return header, content[start:]


class Training:
    """A folder in which the training is run, killed and resumed."""

    def __init__(self, mote, preload, folder, in_budget=False):
        self.mote, self.preload, self.folder = mote, preload, folder
        self.arguments = list(ARGUMENTS)
        shutil.copy(MODEL, folder)
        (folder / "data").symlink_to(MODEL.parent / "data")
        self.kept = {path.name for path in folder.iterdir()}
        if in_budget:  # the reference is of a training without one
            _, out, _ = self.run()
            self.unbounded = json.loads(out)["weights_sha256"]
            _, out, _ = self.run("--budget=1")
            self.arguments.append(f"--budget={json.loads(out)['smallest_budget_bytes']}")
        report = folder.parent / "report"
        began = time.monotonic()
        code, out, talk = self.run(environment={"MOTE_FAULT_REPORT": str(report)})
        self.seconds = time.monotonic() - began
        if code != 0:
            raise SystemExit(f"fails without a kill: {talk}")
        self.digest = json.loads(out)["weights_sha256"]
        if in_budget and (self.digest != self.unbounded or json.loads(out)["swapped_out_bytes"] == 0):
            raise SystemExit("a budget does not swap, or changes bits")
        self.reference = self.read()
        lines = report.read_text().splitlines()
        self.counts = {name: int(count) for name, count in map(str.split, lines)}
        self.resumed = collections.Counter()  # by the step of the checkpoint

    def start(self, *arguments, environment=None):
        preloaded = {"LD_PRELOAD": str(self.preload), **environment} if environment else {}
        return subprocess.Popen(
            [self.mote, *self.arguments, *arguments],
            cwd=self.folder,
            env={**os.environ, **preloaded},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, environment=None):
        process = self.start(*arguments, environment=environment)
        out, talk = process.communicate(timeout=300)
        return process.returncode, out, talk

    def read(self):
        return {name: read_content(self.folder / name) for name in WRITES}

    def reset(self):
        for path in self.folder.iterdir():
            if path.name not in self.kept:
                path.unlink()

    def steps(self):
        """Of the checkpoints that are there."""
        return [int(path.suffix[1:]) for path in self.folder.glob("lenet5.checkpoint.0*")]

    def is_between_epochs(self, step):
        """Whether an epoch has ended with the checkpoint of that step, and its weights are not saved yet."""
        saved = self.folder / "lenet5.safetensors"
        written = (self.folder / f"lenet5.checkpoint.{step:012}").stat().st_mtime_ns
        is_saved = saved.exists() and saved.stat().st_mtime_ns > written
        return step > 0 and step % STEPS_OF_EPOCH == 0 and not is_saved

    def computes(self):
        """Whether a training step is being computed."""
        names = {path.name for path in self.folder.iterdir()}
        newest = max(self.steps(), default=STEPS)
        return (
            "lenet5.checkpoint.mote-lock" in names
            and newest < STEPS
            and not self.is_between_epochs(newest)
            and not any(name.endswith(".mote-tmp") for name in names)
        )

    def kill_at_operation(self, generator):
        """Gives how it was killed."""
        operation, mode = generator.choice(OPERATIONS)
        number = generator.randint(1, self.counts[operation])
        fault = {"MOTE_FAULT": f"{operation}:{number}:{mode}"}
        code, _, talk = self.run(f"--threads={generator.randint(1, 2)}", environment=fault)
        if code != -signal.SIGKILL:
            raise SystemExit(f"{fault} ends with {code}: {talk}")
        return f"at a {operation} ({mode})"

    def kill_at_random(self, generator):
        """Gives how it was killed; a training that ended before is run again."""
        while True:
            self.reset()
            process = self.start(f"--threads={generator.randint(1, 2)}")
            time.sleep(generator.uniform(0, 1.1 * self.seconds))
            process.send_signal(signal.SIGSTOP)
            computes = self.computes()
            process.kill()
            process.communicate(timeout=60)
            if process.returncode == -signal.SIGKILL:
                return "in a running step" if computes else "elsewhere, at a random time"

    def resume(self, generator):
        """What is wrong with the end of a training that goes on; None where nothing is."""
        newest = max(self.steps(), default=0)
        code, out, talk = self.run("--resume", f"--threads={generator.randint(1, 2)}")
        if code != 0:
            return f"ends with {code}: {talk}"
        result = json.loads(out)
        if (result["resumed_step"] or 0) != newest:
            return f"goes on from step {result['resumed_step']}, not {newest}"
        if result["weights_sha256"] != self.digest:
            return "has other weights"
        self.resumed[newest] += 1
        left = self.read()
        different = [name for name in WRITES if left[name] != self.reference[name]]
        different += [path.name for path in self.folder.iterdir() if path.suffix in HELPERS]
        return f"leaves other files: {', '.join(different)}" if different else None

    def try_kill(self, at_operation, generator):
        self.reset()
        how = self.kill_at_operation(generator) if at_operation else self.kill_at_random(generator)
        return how, self.resume(generator)


def try_kills(mote, preload, count, seed, in_budget=False):
    """Gives the kills by kind, the resumes by step, and what went wrong."""
    generator = random.Random(seed)
    kinds = collections.Counter()
    problems = []
    with tempfile.TemporaryDirectory(prefix="mote-kill-") as name:
        folder = Path(name) / "training"
        folder.mkdir()
        training = Training(mote, preload, folder, in_budget)
        for i in range(count):
            how, problem = training.try_kill(i % 2 == 0, generator)
            kinds[how] += 1
            if problem:
                problems.append(f"kill {i}, {how}: {problem}")
    return kinds, training.resumed, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/check", type=Path, help="default: %(default)s")
    parser.add_argument("--count", default=1000, type=int, help="kills (default: %(default)s)")
    parser.add_argument("--seed", default=1, type=int, help="of places and times (default: %(default)s)")
    parser.add_argument("--in-budget", action="store_true", help="of the smallest memory that works")
    options = parser.parse_args()
    build = options.build.resolve()
    preload = build / "tests" / "preload" / "fault.so"
    kinds, resumed, problems = try_kills(
        build / "mote", preload, options.count, options.seed, options.in_budget
    )
    for how, count in sorted(kinds.items()):
        print(f"{count:6} killed {how}")
    for step, count in sorted(resumed.items()):
        print(f"{count:6} resumed from step {step}")
    for problem in problems:
        print(problem)
    print(f"{kinds.total() - len(problems)} of {kinds.total()} resumed to the same bits")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
