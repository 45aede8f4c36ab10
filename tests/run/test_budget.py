# SPDX-License-Identifier: Apache-2.0
"""A memory budget is kept, to the byte and seen from outside, and changes no bit of what is trained."""

import gzip
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from running import (
    BRANCHES,
    DIGITS,
    HEAD,
    LENET5,
    MIXED,
    MOTE,
    RECURRENT,
    SANITIZED,
    SHARED,
    SOURCE,
    TEXT_HEAD,
    TRANSFORMER,
    RunTest,
    Safetensors,
    add_set,
)

# With sanitizers each training takes ten times as long, and it is memory and threads that are looked at.
MODELS = (MIXED,) if SANITIZED else (LENET5, MIXED, BRANCHES, SHARED, RECURRENT, TRANSFORMER)
# Layers of all kinds that take some samples after the others: 24 pieces of a text and 17, which read few rows of the table.
SEQUENCES = TEXT_HEAD.replace("batch_size = 12", "batch_size = 24") + """\
[table]
type = embedding
in_dim = 3000
out_dim = 24
[places]
type = positional_encoding
encoding = learned
[drop]
type = dropout
dropout_rate = 0.2
[attention]
type = multi_head_attention
num_heads = 2
causal = true
dropout_rate = 0.1
[sum]
type = addition
input_layers = drop, attention
[memory]
type = lstm
unit = 24
return_sequences = true
[norm]
type = layer_normalization
[hidden]
type = fully_connected
unit = 150
activation = gelu
[output]
type = fully_connected
unit = 256
activation = softmax
"""
# A large part that is not trained, in front of a small one that is.
FROZEN = HEAD + "flatten = true\n" + "".join(
    f"[frozen{i}]\ntype = fully_connected\nunit = 256\nactivation = relu\ntrainable = false\n"
    for i in range(4)
) + "[head]\ntype = fully_connected\nunit = 10\nactivation = softmax\n"
SETS = add_set("train_set", 77) + add_set("valid_set", 35, "valid")
# Plans are made often here, and with sanitizers the search for offsets would take most of the time.
PLANNER = ("--planner=best_fit",) if SANITIZED else ()


class Budget(RunTest):
    def run_mote(self, name, *arguments, **keywords):
        return super().run_mote(name, *PLANNER, *arguments, **keywords)

    def smallest(self, *arguments):
        """The smallest budget of what needs more than one byte."""
        out = self.run_mote(*arguments, "--budget=1", "--json", code=3)
        return json.loads(out)["smallest_budget_bytes"]

    def digest(self, *options):
        self.run_mote("train", "net.ini", "--quiet", *options)
        return Safetensors(self.folder / "net.safetensors").digest()

    def test_every_budget_trains_to_the_same_bits(self):
        for model in MODELS:
            with self.subTest(model[model.index("[input]") :][:200]):
                self.write_model(model + SETS)
                full = self.run_json("plan", "net.ini")["arena_bytes"]
                least = self.smallest("plan", "net.ini")
                self.assertLess(least, full)
                expected = self.digest()
                for budget in (least, (least + full) // 2):
                    plan = self.run_json("plan", "net.ini", f"--budget={budget}")
                    self.assertLessEqual(plan["arena_bytes"], budget)
                    self.assertEqual(self.digest(f"--budget={budget}"), expected)
                    self.assertEqual(self.digest(f"--budget={budget}", "--threads=1"), expected)

    def test_frozen_weights_train_to_the_same_bits_within_every_budget(self):
        self.write_model(FROZEN + SETS)
        self.digest("--seed=9")
        os.rename(self.folder / "net.safetensors", self.folder / "first.safetensors")
        expected = self.digest("--weights=first.safetensors")
        full = self.run_json("plan", "net.ini")["arena_bytes"]
        least = self.smallest("plan", "net.ini")
        for budget in (least, (least + full) // 2):
            options = (f"--budget={budget}", "--weights=first.safetensors")
            self.assertEqual(self.digest(*options), expected)
            self.assertEqual(self.digest(*options, "--threads=1"), expected)

    @unittest.skipIf(SANITIZED, "sanitizers have to be the first that are loaded")
    def test_evaluating_within_a_budget_writes_to_no_file(self):
        for split in ("images-idx3", "labels-idx1"):
            with gzip.open(DIGITS / f"test-{split}-ubyte.gz") as file:
                (self.folder / split).write_bytes(file.read())
        paths = "path = images-idx3\nlabel_path = labels-idx1\n"
        self.write_model(FROZEN + SETS + f"[test_set]\ntype = idx\nsamples = 50\n{paths}")
        self.digest()
        expected = self.run_json("eval", "net.ini")
        least = self.smallest("eval", "net.ini")
        faults = Path(os.environ["MOTE_PRELOAD_DIR"]) / "fault.so"
        environment = {"LD_PRELOAD": str(faults), "MOTE_FAULT": "write:1:from:EIO"}
        options = ("net.ini", f"--budget={least}")
        found = self.run_json("eval", *options, environment=environment)
        self.assertEqual((found["loss"], found["accuracy"]), (expected["loss"], expected["accuracy"]))
        self.run_mote("train", "net.ini", "--quiet", environment=environment, code=1)

    def test_all_of_a_network_in_slices_of_samples(self):
        (self.folder / "text").write_bytes(bytes((i * i + 7 * i) % 251 for i in range(41 * 64 + 1)))
        self.write_model(SEQUENCES)
        full = self.run_json("plan", "net.ini")["arena_bytes"]
        for options in ((), ("--set=Model.apply=after_all",)):
            expected = self.digest(*options)
            budget = f"--budget={full // 3}"
            schedule = self.run_mote("explain", "net.ini", "--stage=schedule", budget, *options)
            run = r"forward table, to step (\d+) in \d+ slices of samples\n(.*\n)* +\1 calc_gradient table\n"
            self.assertRegex(schedule, run)
            for more in ((), ("--threads=1", "--cpu=scalar")):
                self.assertEqual(self.digest(budget, *options, *more), expected)

    def test_models_of_sequences_train_to_the_same_bits(self):
        for name, batch, share in (("lstm_kws", 8, 0), ("lstm_kws", 8, 2), ("nanogpt_char", 2, 0)):
            model = SOURCE / "bench" / "models" / f"{name}.ini"
            arguments = (model, f"--batch={batch}")
            whole = self.run_json("bench", *arguments, "--steps=2")
            budget = whole["arena_bytes"] // share if share else self.smallest("plan", *arguments)
            got = self.run_json("bench", *arguments, "--steps=2", f"--budget={budget}")
            self.assertLessEqual(got["arena_bytes"], budget)
            self.assertEqual(got["weights_sha256"], whole["weights_sha256"])

    def test_a_training_goes_on_within_another_budget(self):
        self.write_model(LENET5 + SETS)
        least = self.smallest("plan", "net.ini")
        expected = self.digest()
        for first, second in ((least, 0), (0, least), (least, 2 * least)):
            self.digest(f"--budget={first}", "--epochs=1", "--checkpoint-every=1 steps")
            self.assertEqual(self.digest(f"--budget={second}", "--resume"), expected)

    def test_optimizer_state_in_slices_is_saved_and_resumed(self):
        wide = LENET5.replace("unit = 120", "unit = 600").replace("unit = 84", "unit = 600")
        averaged = wide.replace("[Optimizer]\n", "[Optimizer]\nmoving_average = 0.9\n")
        self.write_model(averaged + SETS)
        least = self.smallest("plan", "net.ini")
        out = self.run_mote("plan", "net.ini", f"--budget={least}", "--csv")
        self.assertIn("fc2.weight.mean stay 2,", out)
        expected = self.digest()
        for first, second in ((least, 0), (0, least)):
            self.digest(f"--budget={first}", "--epochs=1", "--checkpoint-every=3 steps")
            self.assertEqual(self.digest(f"--budget={second}", "--resume"), expected)

    def test_weights_in_slices_train_to_the_same_bits(self):
        dense = LENET5[LENET5.index("[fc1]") :].replace("unit = 120", "unit = 900").replace("unit = 84", "unit = 300")
        first = LENET5[: LENET5.index("[conv1]")] + "[flat]\ntype = flatten\n" + dense  # 2.8 MB, then 1.1
        for change in ("",) if SANITIZED else ("", "type = sgd\nmomentum = 0.9\nclip_value = 0.01"):
            with self.subTest(change):
                model = first.replace("type = adam", change) if change else first
                self.write_model(model + SETS)
                least = self.smallest("plan", "net.ini")
                self.assertLess(least, 4100000)
                out = self.run_mote("plan", "net.ini", f"--budget={least}", "--csv")
                self.assertIn("fc1.weight stay 6,", out)  # of 4 slices
                expected = self.digest()
                self.assertEqual(self.digest(f"--budget={least}"), expected)
                self.assertEqual(self.digest(f"--budget={least}", "--threads=1", "--cpu=scalar"), expected)
                for one, other in ((least, 0), (0, least)):
                    self.digest(f"--budget={one}", "--epochs=1", "--checkpoint-every=3 steps")
                    self.assertEqual(self.digest(f"--budget={other}", "--resume"), expected)
                whole = self.smallest("plan", "net.ini", "--without=slices")
                self.assertGreater(whole, least + 1000000)
                averaged = model.replace("[Optimizer]\n", "[Optimizer]\nmoving_average = 0.9\n")
                self.write_model(averaged + SETS)
                self.assertGreater(self.smallest("plan", "net.ini"), least + 1000000)  # averages are whole

    def test_a_finished_training_is_left_alone_with_fewer_epochs(self):
        self.write_model(LENET5 + SETS)
        budget = f"--budget={self.smallest('plan', 'net.ini')}"
        expected = self.digest(budget, "--checkpoint-every=1 steps")
        self.assertEqual(self.digest(budget, "--epochs=1", "--resume"), expected)

    def test_the_first_layer_that_is_not_finite_is_named_alike(self):
        self.write_model(LENET5.replace("type = adam", "type = sgd\nlearning_rate = 1000000") + SETS)
        least = self.smallest("plan", "net.ini")
        messages = set()
        for budget in (0, least, 2 * least):
            command = [MOTE, "train", "net.ini", "--quiet", f"--budget={budget}"]
            run = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("the first that was not is", run.stderr)
            messages.add(run.stderr)
        self.assertEqual(len(messages), 1, messages)

    def test_what_is_planned_is_what_is_moved(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        plan = self.run_json("plan", model, budget)
        bench = self.run_json("bench", model, budget, "--steps=3")
        for key in ("arena_bytes", "plan_hash", "swapped_in_bytes", "swapped_out_bytes"):
            self.assertEqual(plan[key], bench[key])
        self.assertGreater(bench["swapped_in_bytes"], 0)

    @unittest.skipIf(SANITIZED, "nothing but planning")
    def test_the_smallest_budget_works_and_is_no_more_than_without_one(self):
        for name in ("lenet5", "dscnn_s"):
            model = SOURCE / "bench" / "models" / f"{name}.ini"
            for options in ((), ("--without=swap",), ("--without=swap", "--threads=1")):
                with self.subTest(model=name, options=options):
                    arguments = ("plan", model, "--batch=4", *options)
                    full = self.run_json(*arguments)["arena_bytes"]
                    least = self.smallest(*arguments)
                    self.assertLessEqual(least, full)
                    plan = self.run_json(*arguments, f"--budget={least}")
                    self.assertLessEqual(plan["arena_bytes"], least)

    def test_too_many_writes_are_refused(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        limit = "--set=Model.swap_write_limit=1kB"
        self.run_mote("bench", model, budget, limit, "--steps=1", code=1)

    def test_a_folder_for_the_file_that_is_not_there_is_refused(self):
        model = SOURCE / "bench" / "models" / "lenet5.ini"
        budget = f"--budget={self.smallest('plan', model)}"
        self.run_mote("bench", model, budget, "--set=Model.swap_path=/no/such", code=1)


MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")
DIRECT = os.O_DIRECT


def find_disk():
    """A folder whose files are on a disk, or None."""
    for folder in (tempfile.gettempdir(), "/var/tmp", os.environ["MOTE_PRELOAD_DIR"]):
        command = ["stat", "--file-system", "--format=%T", folder]
        kind = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        if kind and kind not in MEMORY_FILE_SYSTEMS:
            return folder
    return None


@unittest.skipIf(SANITIZED, "sanitizers have memory of their own")
class Process(RunTest):
    """ResNet-18 in the smallest budget, as a process that is given no more than that and a little."""

    def setUp(self):
        super().setUp()
        self.disk = find_disk()
        if not self.disk:
            self.skipTest("no folder for the swap file is on a disk")
        self.model = SOURCE / "bench" / "models" / "resnet18.ini"
        out = self.run_mote("plan", self.model, "--batch=1", "--budget=1", "--json", code=3)
        self.budget = json.loads(out)["smallest_budget_bytes"]

    def arguments(self, *others, budget=None, steps=2):
        budget = self.budget if budget is None else budget
        swap = f"--set=Model.swap_path={self.disk}"
        options = ("--batch=1", "--threads=2", "--json", "--quiet", f"--steps={steps}")
        return ("bench", str(self.model), *options, f"--budget={budget}", swap, *others)

    def run_limited(self, command, limit):
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        )

    def test_resident_memory_stays_within_the_budget(self):
        """What a process of nothing has, the budget, and 4 MB."""
        launcher = self.compile_tool(SOURCE / "bench" / "peak_rss.c")
        report = self.folder / "peak"
        self.run_mote("version", command=(launcher, report))
        nothing = int(report.read_text())
        self.run_mote(*self.arguments(), command=(launcher, report))
        self.assertLessEqual(int(report.read_text()), nothing + self.budget + 4_000_000)

    def test_an_address_space_of_the_budget_and_16_MB_suffices(self):
        """Beside what a process of nothing has. Without the budget, the same process has too little."""
        report = self.folder / "peak"
        preload = Path(os.environ["MOTE_PRELOAD_DIR"]) / "peak.so"
        environment = {"LD_PRELOAD": str(preload), "MOTE_PEAK_REPORT": str(report)}
        self.run_mote("version", "--threads=2", environment=environment)
        limit = int(report.read_text()) + self.budget + 16_000_000
        expected = json.loads(self.run_mote(*self.arguments(budget=0)))["weights_sha256"]
        end = self.run_limited([MOTE, *self.arguments()], limit)
        self.assertEqual(end.returncode, 0, end.stderr)
        self.assertEqual(json.loads(end.stdout)["weights_sha256"], expected)
        end = self.run_limited([MOTE, *self.arguments(budget=0)], limit)
        self.assertEqual(end.returncode, 1)
        self.assertRegex(end.stderr, "^mote: .*the planned arena of [0-9]+ bytes could not be had")

    def test_a_group_of_the_budget_and_8_MB_suffices(self):
        """The kernel counts the page cache of the swap file, too."""
        user = [] if os.geteuid() == 0 else ["--user"]
        scope = ["systemd-run", *user, "--scope", "--quiet", "--collect", "-p", "MemorySwapMax=0"]
        if not shutil.which("systemd-run") or subprocess.run(
            [*scope, "true"], capture_output=True, stdin=subprocess.DEVNULL
        ).returncode:
            self.skipTest("no memory group can be made here; the address space is limited instead")
        limit = f"MemoryMax={self.budget + 8_000_000}"
        self.run_mote(*self.arguments(), command=(*scope, "-p", limit))
        full = subprocess.run(
            [*scope, "-p", limit, MOTE, *self.arguments(budget=0)], capture_output=True
        )
        self.assertNotEqual(full.returncode, 0)

    def find_swap_file(self, process):
        """The nameless file in that folder, as /proc has it; None while it is not there."""
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                target = os.readlink(link)
                is_large = link.stat().st_size > self.budget
            except OSError:  # closed meanwhile
                continue
            if target.startswith(self.disk) and target.endswith(" (deleted)") and is_large:
                return link
        return None

    @unittest.skipUnless(shutil.which("fincore"), "there is no fincore")
    def test_the_swap_file_is_not_kept_in_the_page_cache(self):
        """Where the file system reads and writes past it; elsewhere it is told."""
        process = subprocess.Popen(
            [MOTE, *self.arguments(steps=1000)], cwd=self.folder, stdout=subprocess.DEVNULL
        )
        try:
            link, end = None, time.monotonic() + 60
            while not link and time.monotonic() < end and process.poll() is None:
                time.sleep(0.05)
                link = self.find_swap_file(process)
            self.assertIsNotNone(link, "the swap file is not there")
            time.sleep(2)  # some steps
            info = Path(f"/proc/{process.pid}/fdinfo/{link.name}").read_text()
            flags = int(info.split("flags:")[1].split()[0], 8)
            command = ["fincore", "--bytes", "--noheadings", "--output=RES,SIZE", link]
            cached, size = map(int, subprocess.check_output(command, text=True).split())
        finally:
            process.kill()
            process.wait()
        print(f"swap file in {self.disk}: {size} bytes, {cached} of them in the page cache")
        if flags & DIRECT:
            self.assertLessEqual(cached, 1_000_000)


if __name__ == "__main__":
    unittest.main()
