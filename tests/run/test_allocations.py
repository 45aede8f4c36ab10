# SPDX-License-Identifier: Apache-2.0
"""Nothing is allocated between the first and the last step: malloc and its kin, watched from outside.

The preloaded library writes a line for each call. The first step begins with the first read of
training images, which nothing but steps reads; training ends with the last rename of the saved file.
"""

import json
import os
import pty
import subprocess
import threading
import unittest

from linking import link_program
from running import IMAGE_BYTES, LENET5, MIXED, MOTE, SANITIZED, SOURCE, RunTest, add_set

LIBRARY = os.path.join(os.environ["MOTE_PRELOAD_DIR"], "interpose_malloc.so")

PROBE = """\
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Reads images as training does, and allocates in between as `argv[1]` says.
int main(int argc, char **argv)
{
    static char image[784];
    const int file = open("images", O_RDONLY);
    void *volatile before = malloc(100);
    for (int step = 0; step < 3; step++) {
        if (pread(file, image, sizeof image, 16 + 784 * step) != sizeof image)
            return 1;
        if (step == 1 && argv[1][0] == 'm')
            before = malloc(5);
        if (step == 1 && argv[1][0] == 'c')
            before = calloc(5, 1);
        if (step == 1 && argv[1][0] == 'r')
            before = realloc(before, 5000);
        if (step == 1 && argv[1][0] == 'f')
            free(before);
        if (step == 1 && argv[1][0] == 'a')
            before = aligned_alloc(64, 64);
        if (step == 1 && argv[1][0] == 's')
            before = sbrk(4096);
        if (step == 1 && argv[1][0] == 'p')
            before = fopen("images", "r");
    }
    return argc == 2 && before && rename("images", "saved") == 0 ? 0 : 1;
}
"""


class Trace:
    """The lines of a run."""

    def __init__(self, path):
        self.events = [line.split() for line in path.read_text().splitlines()]

    def is_image_read(self, event):
        return event[0] == "read" and int(event[1]) % IMAGE_BYTES == 0 and int(event[1]) > 0

    def image_bytes(self):
        return sum(int(event[1]) for event in self.events if self.is_image_read(event))

    def count(self, kind):
        return sum(event[0] == kind for event in self.events)

    def between_steps(self, end):
        """Memory calls from the first read of images to the last event of kind `end`."""
        first = next(i for i, event in enumerate(self.events) if self.is_image_read(event))
        last = max(
            i
            for i, event in enumerate(self.events)
            if (self.is_image_read(event) if end == "read" else event[0] == end)
        )
        return [event for event in self.events[first:last] if event[0] == "memory"]

    def between_marks(self):
        """Memory calls between the only two reads of one byte."""
        first, last = (i for i, event in enumerate(self.events) if event[:2] == ["read", "1"])
        return [event for event in self.events[first:last] if event[0] == "memory"]


@unittest.skipIf(SANITIZED, "a sanitizer brings its own malloc")
class Allocations(RunTest):
    def trace(self, *command):
        """Runs with the library preloaded and a terminal as stderr, so that progress is live."""
        path = self.folder / "trace"
        path.unlink(missing_ok=True)
        master, slave = pty.openpty()
        talk = []
        reader = threading.Thread(target=self.drain, args=(master, talk))
        reader.start()
        environment = {**os.environ, "LD_PRELOAD": LIBRARY, "MOTE_TRACE": str(path), "TERM": "xterm"}
        with subprocess.Popen(
            [*map(str, command)],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=slave,
        ) as process:
            os.close(slave)
        reader.join()
        os.close(master)
        self.assertEqual(process.returncode, 0, b"".join(talk))
        return Trace(path), b"".join(talk)

    @staticmethod
    def drain(master, talk):
        try:
            while data := os.read(master, 65536):
                talk.append(data)
        except OSError:  # the last writer is gone
            pass

    def assert_training_allocates_nothing(self, model, *options, epochs=3):
        self.write_model(model + add_set("train_set", 150) + add_set("valid_set", 70, "valid"))
        trace, talk = self.trace(MOTE, "train", "net.ini", f"--epochs={epochs}", *options)
        self.assertIn(b"epoch 3/", talk)
        self.assertNotIn(b"epoch 4/", talk)
        # saved after each epoch, and for the best: after the first and each that is better
        least, most = (4, 6) if "best.safetensors" in "".join(options) else (3, 3)
        self.assertGreaterEqual(trace.count("rename"), least)
        self.assertLessEqual(trace.count("rename"), most)
        self.assertEqual(trace.image_bytes(), 3 * (150 + 70) * IMAGE_BYTES)
        self.assertGreater(trace.count("memory"), 10)
        self.assertEqual(trace.between_steps("rename"), [])

    def test_training_with_validation_progress_and_saving_allocates_nothing(self):
        self.assert_training_allocates_nothing(LENET5)
        self.assert_training_allocates_nothing(MIXED, "--threads=3")
        self.assert_training_allocates_nothing(MIXED, "--threads=1", "--cpu=scalar")
        self.assert_training_allocates_nothing(MIXED, "--json", "--set=train_set.shuffle=false")

    def test_training_within_a_budget_allocates_nothing(self):
        self.write_model(LENET5 + add_set("train_set", 150) + add_set("valid_set", 70, "valid"))
        refused = json.loads(self.run_mote("plan", "net.ini", "--budget=1", "--json", code=3))
        self.assert_training_allocates_nothing(
            LENET5, f"--budget={refused['smallest_budget_bytes']}"
        )

    def test_profiling_allocates_nothing(self):
        self.assert_training_allocates_nothing(LENET5, "--profile=trace.json")
        self.assertIn("step 15", (self.folder / "trace.json").read_text())

    def test_keeping_the_best_epoch_and_stopping_early_allocate_nothing(self):
        self.assert_training_allocates_nothing(
            LENET5,
            "--set=Model.save_best_path=best.safetensors",
            "--set=Model.patience=2",
            "--set=Model.min_delta=1000",
            epochs=9,
        )
        self.assertTrue((self.folder / "best.safetensors").exists())

    def test_bench_allocates_nothing(self):
        self.write_model(MIXED)
        trace, _ = self.trace(MOTE, "bench", "net.ini", "--steps=5", "--batch=32")
        self.assertEqual(trace.image_bytes(), 5 * 32 * IMAGE_BYTES * 4)
        self.assertEqual(trace.between_steps("read"), [])

    def test_a_loop_of_the_callers_own_allocates_nothing(self):
        source = SOURCE / "tests" / "run" / "stepper.c"
        program = link_program(source, self.folder / "stepper", "-D_GNU_SOURCE")
        for model in (LENET5, MIXED, MIXED.replace("type = adam", "type = adam\nclip_norm = 1")):
            self.write_model(model)
            trace, _ = self.trace(program, "net.ini", "9")
            self.assertGreater(trace.count("memory"), 10)
            self.assertEqual(trace.between_marks(), [])

    def test_each_kind_of_allocation_would_be_seen(self):
        (self.folder / "probe.c").write_text(PROBE)
        probe = self.compile_tool(self.folder / "probe.c")
        expected = {
            "nothing": [],
            "malloc": ["malloc"],
            "calloc": ["calloc"],
            "realloc": ["realloc"],
            "free": ["free"],
            "aligned_alloc": ["aligned_alloc"],
            "sbrk": ["sbrk"],
        }
        for kind, calls in expected.items():
            (self.folder / "images").write_bytes(bytes(16 + 3 * IMAGE_BYTES))
            trace, _ = self.trace(probe, kind)
            self.assertEqual([event[1] for event in trace.between_steps("rename")], calls)
        (self.folder / "images").write_bytes(bytes(16 + 3 * IMAGE_BYTES))
        trace, _ = self.trace(probe, "printf and other parts of the C library")
        self.assertGreater(len(trace.between_steps("rename")), 0)


if __name__ == "__main__":
    unittest.main()
