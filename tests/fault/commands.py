# SPDX-License-Identifier: Apache-2.0
"""The commands that faults are tried on, the files they write, and a folder with what they need."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))

os.environ.setdefault("MOTE_CLI", "mote")  # its own runs of mote are not used here

import support  # noqa: E402

TINY = support.MODEL.replace("epochs = 3", "epochs = 2").replace(
    "save_path", "save_best_path = best.safetensors\nsave_path"
)

# Weights and optimizer state of its hidden layers are large enough to be swapped.
WIDE = (
    TINY.replace("unit = 16", "unit = 128")
    .replace("[output]", "[more]\ntype = fully_connected\nunit = 128\nactivation = relu\n[output]")
    .replace("tiny.", "wide.")
    .replace("best.", "wide_best.")
)

# Within a budget these layers' weights are read from the file that it starts from.
FROZEN = (
    WIDE.replace("[output]", "[most]\ntype = fully_connected\nunit = 128\nactivation = relu\n[output]")
    .replace("unit = 128\n", "unit = 128\ntrainable = false\n")
    .replace("wide.", "frozen.")
    .replace("wide_best.", "frozen_best.")
)

TABLE = """\
[Model]
loss = mse
batch_size = 4
save_path = table.safetensors
[Optimizer]
type = sgd
[train_set]
type = csv
path = table.csv
standardize = true
[input]
type = input
input_shape = 1:1:2
[output]
type = fully_connected
unit = 1
"""

IMAGES = """\
[Model]
loss = cross
batch_size = 2
save_path = images.safetensors
[Optimizer]
type = sgd
[train_set]
type = images
path = images
[input]
type = input
input_shape = 1:8:8
flatten = true
[output]
type = fully_connected
unit = 2
activation = softmax
"""

SOUNDS = """\
[Model]
loss = cross
batch_size = 2
save_path = sounds.safetensors
[Optimizer]
type = sgd
[train_set]
type = wav
path = sounds
frame_length = 1
frame_step = 1
mel_count = 3
coefficient_count = 3
[input]
type = input
input_shape = 1:20:3
[cells]
type = lstm
unit = 2
[output]
type = fully_connected
unit = 2
activation = softmax
"""


class Command(NamedTuple):
    """A run of mote. Each file that it writes is after any fault an old or a new one: old are those of `before`, new
    those that any run of `stages` leaves. After a kill `recover` must lead to what the run itself leads to."""

    name: str
    arguments: tuple
    writes: tuple = ()
    before: tuple = ()
    stages: tuple = ()
    recover: tuple = ()
    may_stay: tuple = ()  # older checkpoints: one that could not be read, or that a finished training finds, stays
    warning: str = ""  # what it may say though it succeeds
    is_timed: bool = False  # standard output tells times
    is_once: bool = False  # a file that is there already is not replaced
    goes_on: bool = False  # a message for each file that it cannot read


def train(model, *options):
    return ("train", model, "--quiet", "--threads=1", *options)


WEIGHTS = ("tiny.safetensors", "best.safetensors")
EVERY = "--checkpoint-every=6 steps"
KEEP = "--set=Model.checkpoint_keep=9"


def checkpoints(*steps, model="tiny"):
    return [f"{model}.checkpoint.{step:012}" for step in steps]


# Training writes its files after each epoch: what one epoch leaves is good as well.
COMMANDS = (
    Command(
        "train",
        train("tiny.ini"),
        writes=WEIGHTS,
        before=train("tiny.ini", "--epochs=1", "--seed=7"),
        stages=(train("tiny.ini", "--epochs=1"),),
        is_timed=True,
    ),
    Command(
        "train-threads",
        train("tiny.ini", "--threads=3", "--json"),
        writes=WEIGHTS,
        stages=(train("tiny.ini", "--epochs=1"),),
        is_timed=True,
    ),
    Command(
        "train-budget",
        train("wide.ini", "--budget=340kB", EVERY),
        writes=("wide.safetensors", "wide_best.safetensors", *checkpoints(0, 6, 12, 18, 20, model="wide")),
        stages=(
            train("wide.ini", "--epochs=1"),
            train("wide.ini", "--budget=340kB", EVERY, KEEP),
        ),
        recover=train("wide.ini", "--budget=340kB", EVERY, "--resume"),
        may_stay=checkpoints(0, 6, 12, model="wide"),
        is_timed=True,
    ),
    Command(
        "train-frozen",
        train("frozen.ini", "--budget=200kB", "--weights=first.safetensors"),
        writes=("frozen.safetensors", "frozen_best.safetensors"),
        stages=(train("frozen.ini", "--epochs=1", "--weights=first.safetensors"),),
        is_timed=True,
    ),
    Command(
        "train-checkpoints",
        train("tiny.ini", EVERY),
        writes=(*WEIGHTS, *checkpoints(0, 6, 12, 18, 20)),
        stages=(train("tiny.ini", "--epochs=1"), train("tiny.ini", EVERY, KEEP)),
        recover=train("tiny.ini", EVERY, "--resume"),
        may_stay=checkpoints(0, 6, 12),
        is_timed=True,
    ),
    Command(
        "train-resume",
        train("tiny.ini", EVERY, "--resume"),
        writes=(*WEIGHTS, *checkpoints(0, 6, 10, 12, 18, 20)),
        before=train("tiny.ini", EVERY, "--epochs=1"),
        stages=(train("tiny.ini", EVERY, KEEP),),
        may_stay=checkpoints(0, 6, 10, 12),
        warning="; going on from the one before, ",
        is_timed=True,
    ),
    Command(
        "rollback",
        ("rollback", "tiny.ini", "--to=12"),
        writes=(*WEIGHTS, *checkpoints(0, 6, 12, 18, 20)),
        before=train("tiny.ini", EVERY, KEEP),
    ),
    Command(
        "rollback-factory",
        ("rollback", "tiny.ini", "--to=factory"),
        writes=(*WEIGHTS, *checkpoints(0, 6, 12, 18, 20)),
        before=train("tiny.ini", EVERY, KEEP),
    ),
    Command("train-csv", train("table.ini"), writes=("table.safetensors",), is_timed=True),
    Command("train-images", train("images.ini"), writes=("images.safetensors",), is_timed=True),
    Command("train-wav", train("sounds.ini"), writes=("sounds.safetensors",), is_timed=True),
    Command("eval", ("eval", "tiny.ini", "--weights=weights.safetensors"), is_timed=True),
    Command(
        "infer",
        ("infer", "tiny.ini", "--weights=weights.safetensors", "a.png", "b.png", "--json"),
        goes_on=True,
    ),
    Command("plan", ("plan", "tiny.ini", "--json")),
    Command("plan-html", ("plan", "tiny.ini", "--html=page.html"), writes=("page.html",)),
    Command(
        "plan-save",
        ("plan", "wide.ini", "--budget=340kB", "--csv", "--save-plan=saved.plan"),
        writes=("saved.plan",),
    ),
    Command("plan-again", ("plan", "wide.ini", "--csv", "--plan=wide.plan")),
    Command("explain", ("explain", "tiny.ini", "--stage=program")),
    Command("info", ("info", "weights.safetensors")),
    Command("info-json", ("info", "weights.safetensors", "--json")),
    Command("check", ("check", "tiny.ini", "--json")),
    Command("layers", ("layers", "conv2d", "--json")),
    Command(
        "init",
        ("init", "table.csv", "--output=proposal.ini"),
        writes=("proposal.ini",),
        is_once=True,
    ),
    Command("bench", ("bench", "tiny.ini", "--quiet", "--steps=2"), is_timed=True),
)


def write_wav(path, seed):
    samples = bytes((i * seed) % 251 for i in range(160))
    head = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", len(samples)) + samples
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def write_classes(folder, kind, write):
    for label, name in enumerate(("one", "two")):
        (folder / kind / name).mkdir(parents=True)
        for number in range(2):
            write(folder / kind / name / f"{number}", label + 2 * number)


def make_folder(folder, mote):
    """All that the commands read."""
    for name, text in (
        ("tiny.ini", TINY),
        ("wide.ini", WIDE),
        ("frozen.ini", FROZEN),
        ("table.ini", TABLE),
        ("images.ini", IMAGES),
        ("sounds.ini", SOUNDS),
        ("table.csv", "x,y,z\n" + "".join(f"{i},{i * i % 7},{i % 3}\n" for i in range(12))),
    ):
        (folder / name).write_text(text)
    for seed, name in enumerate(support.SAMPLES):
        support.write_idx(folder, name, seed)
    for label, name in enumerate(("a.png", "b.png")):
        support.write_png(folder / name, label)
    write_classes(folder, "images", support.write_png)
    write_classes(folder, "sounds", lambda path, seed: write_wav(path, seed + 3))
    subprocess.run([mote, *train("tiny.ini")], cwd=folder, check=True, capture_output=True)
    save = ("plan", "wide.ini", "--budget=340kB", "--csv", "--save-plan=wide.plan")
    subprocess.run([mote, *save], cwd=folder, check=True, capture_output=True)
    shutil.move(folder / "tiny.safetensors", folder / "weights.safetensors")
    (folder / "best.safetensors").unlink()
    subprocess.run([mote, *train("frozen.ini")], cwd=folder, check=True, capture_output=True)
    shutil.move(folder / "frozen.safetensors", folder / "first.safetensors")
    (folder / "frozen_best.safetensors").unlink()
