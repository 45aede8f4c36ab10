# SPDX-License-Identifier: Apache-2.0
"""Kernels make what OpenBLAS and oneDNN make, at most three times as far from the exact results, on shapes of bench/models."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

from running import MOTE, SANITIZED, SOURCE, RunTest

PROGRAM = Path(MOTE).parent / "bench_yardsticks"
# Headings and the models whose shapes are under them.
NETWORKS = {"ResNet-18": "resnet18", "VGG16": "vgg16", "MobileNetV2": "mobilenetv2",
            "LeNet-5": "lenet5"}
PARTS = ("forward", "derivative", "gradient")
ROW = re.compile(r"(.*\S) +([\d.]+) +([\d.]+) +([\d.]+) +(\S+e[-+]\d+) +(\S+e[-+]\d+)")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=500)


def read_sections(path):
    """The sections of a model file as dicts, in their order."""
    sections = []
    for line in path.read_text().splitlines():
        key, _, value = line.partition("#")[0].partition("=")
        if line.startswith("["):
            sections.append({"name": line.strip("[]")})
        elif value:
            sections[-1][key.strip()] = value.strip()
    return sections


def read_number(layer, key, default):
    return int(layer.get(key, default).split(",")[0])


def list_convolutions(path):
    """Lines of the convolutions of a model, its first without the derivative by the input."""
    shapes = {}  # of outputs: channels, extent
    lines = set()
    previous = ""
    for layer in read_sections(path):
        source = layer.get("input_layers", previous).split(",")[0]
        channels, extent = shapes.get(source, (0, 0))
        kind = layer.get("type")
        if kind == "input":
            channels, extent = (int(part) for part in layer["input_shape"].split(":")[:2])
        elif kind == "conv2d":
            kernel, stride = read_number(layer, "kernel_size", ""), read_number(layer, "stride", "1")
            filters, groups = int(layer["filters"]), int(layer.get("groups", "1"))
            what = f"depth-wise {channels}" if groups > 1 else f"{channels}->{filters}"
            step = f" stride {stride}" if stride > 1 else ""
            line = f"{what} {kernel}x{kernel}{step} {extent}x{extent}"
            reads_input = not lines
            lines.update(f"{line} {part}" for part in PARTS
                         if not (reads_input and part == "derivative"))
            extent = (extent + 2 * read_number(layer, "padding", "0") - kernel) // stride + 1
            channels = filters
        elif kind == "pooling2d":
            extent //= read_number(layer, "stride", "1")
        shapes[layer["name"]] = (channels, extent)
        previous = layer["name"]
    return lines


class Yardsticks(RunTest):
    def test_convolutions_are_those_of_the_models(self):
        for heading, model in NETWORKS.items():
            with self.subTest(model):
                result = run("--list", f"convolutions, {heading}:")
                listed = [line.split(": ")[1] for line in result.stdout.splitlines()]
                self.assertEqual(len(listed), len(set(listed)))
                self.assertEqual(
                    set(listed), list_convolutions(SOURCE / "bench" / "models" / f"{model}.ini")
                )

    def test_results_are_those_of_the_libraries(self):
        names = ("LeNet-5", "squares: 128", "64x84", "stride 2 12x12", "ResNet-18: 256->512",
                 "32->192 1x1", "512->512 3x3 2x2")
        listed = run("--list", *names).stdout.splitlines()
        self.assertEqual(len(listed), 5 + 3 + 3 + 3 + 6 + 3 + 3)
        result = run("--turns=1", "--seconds=1e-9", *names)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        rows = [ROW.fullmatch(line) for line in result.stdout.splitlines()]
        rows = [row.groups() for row in rows if row]
        self.assertEqual([row[0] for row in rows], [line.split(": ")[1] for line in listed])
        for name, _, _, _, mote, other in rows:
            with self.subTest(name):
                self.assertLess(float(other), 1e-5)
                self.assertLessEqual(float(mote), 3.05 * float(other))
        self.assertNotRegex(result.stdout, "not the same computation|error above")

    def test_what_would_hold_a_library_down_is_unset(self):
        result = subprocess.run(
            [PROGRAM, "--turns=1", "--seconds=1e-9", "128x128x128 forward"],
            capture_output=True, text=True, env={"OPENBLAS_CORETYPE": "Prescott"},
        )
        self.assertIn("OPENBLAS_CORETYPE is unset for this run", result.stdout)
        self.assertRegex(result.stdout, r"OpenBLAS: core type (?!Prescott)\w+;")

    def test_wrong_arguments_are_refused(self):
        for argument in ("--threads=0", "--turns=100", "--seconds=x", "--other", "no such name"):
            with self.subTest(argument):
                result = run(argument)
                self.assertEqual(result.returncode, 2)
                self.assertTrue(result.stderr)


if __name__ == "__main__":
    if not PROGRAM.exists() or SANITIZED:
        print("skipped: no bench_yardsticks, or it is sanitized, which the libraries are not")
        sys.exit(77)
    unittest.main()
