# SPDX-License-Identifier: Apache-2.0
"""Small files that ask for much: each is refused with one message, in little memory and time."""

import gzip
import os
import resource
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

MOTE = os.environ["MOTE_CLI"]
MEMORY = 400 << 20  # bytes of address space: of a gigabyte there is no talk
SECONDS = 10  # of the processor
FILE_BYTES = 100 << 20  # that a temporary file may have

HEAD = "[Model]\nloss = mse\nbatch_size = 2\n[Optimizer]\ntype = sgd\n"
INPUT = "[in]\ntype = input\ninput_shape = 1:4:4\n"
OUTPUT = "[out]\ntype = fully_connected\nunit = 2\n"
CLASSIFIER = HEAD.replace("mse", "cross")
CLASSES = OUTPUT + "activation = softmax\n"

# Layers that are accepted or refused, but whose memory no machine has.
HUGE = {
    "unit": INPUT + "[a]\ntype = fully_connected\nunit = 2000000000\n",
    "units": INPUT + "[a]\ntype = fully_connected\nunit = 2000000000\n"
    "[b]\ntype = fully_connected\nunit = 2000000000\n",
    "filters": INPUT + "[a]\ntype = conv2d\nfilters = 2000000000\nkernel_size = 3\n",
    "padding": INPUT + "[a]\ntype = conv2d\nfilters = 2\nkernel_size = 3\npadding = 65536\n",
    "kernel": INPUT + "[a]\ntype = conv2d\nfilters = 1\nkernel_size = 65536\npadding = 65536\n",
    "input": "[in]\ntype = input\ninput_shape = 1:1:2147483647\n" + OUTPUT,
    "cube": "[in]\ntype = input\ninput_shape = 2147483647:2147483647:2147483647\n" + OUTPUT,
    "cells": INPUT + "[a]\ntype = lstm\nunit = 500000000\n",
    "steps": "[in]\ntype = input\ninput_shape = 1:2147483647:1\n[a]\ntype = lstm\nunit = 1\n",
    "heads": "[in]\ntype = input\ninput_shape = 1:1000000:8\n[a]\ntype = multi_head_attention\n"
    "num_heads = 65536\nprojected_key_dim = 65536\n",
    "positions": "[in]\ntype = input\ninput_shape = 1:100000:10000\n[a]\n"
    "type = positional_encoding\nencoding = learned\n",
    "parts": "[in]\ntype = input\ninput_shape = 1:1:2147483647\n[a]\ntype = split\naxis = 3\n"
    "[out]\ntype = fully_connected\nunit = 2\ninput_layers = a(0)\n",
    "table": "[in]\ntype = input\ninput_shape = 1:1:4\ndtype = int32\n[a]\ntype = embedding\n"
    "in_dim = 2147483647\nout_dim = 2147483647\n",
    "weight": INPUT + "[w]\ntype = weight\ndim = 2147483647:2147483647:2\n[m]\n"
    "type = addition\ninput_layers = in, w\n",
}


def make_idx(count, height, width, data=b"\1\2\3\4"):
    return struct.pack(">IIII", 0x803, count, height, width) + data


def make_safetensors(header, length=None):
    return struct.pack("<Q", len(header) if length is None else length) + header


def make_wav(riff_bytes, data_bytes, sample_rate=8000):
    format_chunk = struct.pack("<HHIIHH", 1, 1, sample_rate, sample_rate, 1, 8)
    return (
        b"RIFF" + struct.pack("<I", riff_bytes) + b"WAVEfmt " + struct.pack("<I", 16) + format_chunk
        + b"data" + struct.pack("<I", data_bytes) + b"@ABC"
    )


def make_png(width, height, depth=8, color=0):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def make_jpeg(width, height):
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame + b"\xff\xd9"


def make_scans(side, arithmetic):
    """As many scans as a progressive JPEG of `side` x `side` pixels may have, each through all of them."""

    def segment(marker, data):
        return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(data)) + data

    blocks = (-(-side // 8)) ** 2
    frame = struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0"
    content = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xCA if arithmetic else 0xC2, frame)
    run = b""  # of 16384 blocks without coefficients, again and again
    if not arithmetic:
        one = b"\1" + bytes(15)
        content += segment(0xC4, b"\0" + one + b"\0" + b"\x10" + one + b"\xe0")
        run = bytes(-(-15 * -(-blocks // 16384) // 8))
    content += segment(0xDA, b"\1\1\0\0\0\0") + (b"" if arithmetic else bytes(-(-blocks // 8)))
    for coefficient in range(1, 64):
        for bit in range(13, -1, -1):
            high = 0 if bit == 13 else bit + 1
            content += segment(0xDA, bytes((1, 1, 0, coefficient, coefficient, high << 4 | bit))) + run
    return content + b"\xff\xd9"


SANITIZED = bool(os.environ.get("MOTE_SANITIZE"))


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    if not SANITIZED:  # a sanitizer reserves terabytes of addresses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Limits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_mote(self, *arguments):
        return subprocess.run(
            [MOTE, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            preexec_fn=limit,
            timeout=120,
        )

    def refuse(self, *arguments, hint=""):
        """Exit code 1 and one line, which names what is wrong."""
        done = self.run_mote(*arguments)
        self.assertEqual(done.returncode, 1, f"{arguments} {done.stdout} {done.stderr}")
        self.assertRegex(done.stderr, r"\Amote: [^\n]+\n\Z")
        self.assertIn(hint, done.stderr)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def write_model(self, data, layers=INPUT + OUTPUT, head=HEAD):
        return self.write("model.ini", f"{head}{data}{layers}")

    def test_a_network_that_no_memory_holds_is_planned_or_refused_at_once(self):
        for name, layers in HUGE.items():
            with self.subTest(name):
                model = self.write_model("", layers)
                planned = self.run_mote("plan", model)
                self.assertIn(planned.returncode, (0, 1), planned.stderr)
                if not SANITIZED:  # without a limit of memory it may be had
                    self.refuse("bench", model, "--quiet", "--steps=1", hint="model.ini")

    def test_a_huge_batch_is_refused(self):
        head = HEAD.replace("batch_size = 2", "batch_size = 1048576")
        layers = INPUT + "[a]\ntype = fully_connected\nunit = 20000000\n"
        self.refuse("bench", self.write_model("", layers, head), "--quiet", hint="arena")

    def test_many_epochs_cost_nothing_before_they_come(self):
        head = HEAD.replace("batch_size = 2", "epochs = 1000000000")
        done = self.run_mote("plan", self.write_model("", head=head), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_many_sections_and_keys_are_read_at_once(self):
        layers = "".join(f"[l{i}]\ntype = identity\n" for i in range(2000))
        done = self.run_mote("plan", self.write_model("", INPUT + layers + OUTPUT), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_saved_plan_of_much_is_refused(self):
        model = self.write_model("")
        done = self.run_mote("plan", model, "--csv", "--save-plan=good.plan")
        self.assertEqual(done.returncode, 0, done.stderr)
        good = (self.folder / "good.plan").read_text()
        most = "".join(f"[{i:x}]\n" for i in range(1 << 19))
        keys = "".join(f"{i:x}=1\n" for i in range(1000))
        full = "".join(f"[{i:x}]\n{keys}" for i in range(650))
        long = "[train: a]\n" + "".join(f"stay{i + 1} = 0-{i}\n" for i in range(1000))
        numbers = "[train: out.weight]\nstay1 = 0-18446744073709551615\n"
        for number, more in enumerate((most, full, long, numbers, "[train: in]\n" * 2, "x" * 16000000)):
            with self.subTest(number):
                self.write("bad.plan", good + more)
                self.refuse("plan", model, "--plan=bad.plan", hint="bad.plan")

    def test_idx_of_huge_dimensions_is_refused(self):
        section = "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n"
        model = self.write_model(section, INPUT + "flatten = true\n" + CLASSES, CLASSIFIER)
        self.write("labels", struct.pack(">II", 0x801, 1) + b"\0")
        for dimensions in (
            (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            (0xFFFFFFFF, 4, 4),
            (1, 0xFFFFFFFF, 1),
            (2, 0x80000000, 0x80000000),
        ):
            for pack in (bytes, gzip.compress):
                with self.subTest((dimensions, pack)):
                    self.write("images", pack(make_idx(*dimensions)))
                    self.refuse("train", model, "--quiet", hint="images")
                    self.refuse("init", "images", "--type=idx", "--label=labels", hint="images")

    def test_what_expands_without_end_is_refused(self):
        section = "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n"
        model = self.write_model(section, INPUT + "flatten = true\n" + CLASSES, CLASSIFIER)
        self.write("labels", struct.pack(">II", 0x801, 1) + b"\0")
        self.write("images", gzip.compress(make_idx(1, 4, 4, bytes(1 << 24))))
        self.refuse("train", model, "--quiet", hint="images")

    def test_weights_of_huge_extents_are_refused(self):
        model = self.write_model("")
        entry = '{"x":{"dtype":"F32","shape":[%s],"data_offsets":[0,%d]}}'
        most = (1 << 63) - 1
        files = [make_safetensors(b"{}", length) for length in (1 << 20, 1 << 40, most, most * 2 + 1)]
        for shape in (str(most), f"{most},{most}", "1," * 200 + str(most), f"0,{most},{most}"):
            files.append(make_safetensors((entry % (shape, most)).encode()))
        files.append(make_safetensors(b'{"x":' + b"[" * 900 + b"]" * 900 + b"}"))
        files.append(make_safetensors(b'{"x":' + b"[" * 100000))
        for number, content in enumerate(files):
            with self.subTest(number):
                name = self.write("w.safetensors", content)
                self.refuse("info", name, hint=name)
                self.refuse("bench", model, f"--weights={name}", "--quiet", hint=name)

    def check_class(self, section, kind, shape, contents):
        """Each content as the only file of a class of two."""
        layers = f"[in]\ntype = input\ninput_shape = {shape}\nflatten = true\n"
        model = self.write_model(section, layers + CLASSES, CLASSIFIER)
        for number, content in enumerate(contents):
            with self.subTest(f"{kind} {number}"):
                for name in ("a", "b"):
                    self.write(f"data/{name}/{number}", content)
                self.refuse("train", model, "--quiet", hint="data")
                self.refuse("init", "data", f"--type={kind}", hint="data")
                for name in ("a", "b"):
                    (self.folder / f"data/{name}/{number}").unlink()

    @unittest.skipIf(os.environ.get("MOTE_WITH_PNG") == "0", "a build without libpng")
    def test_png_of_many_pixels_is_refused(self):
        sizes = ((60000, 60000), (0x7FFFFFFF, 0x7FFFFFFF), (0x7FFFFFFF, 1), (5792, 5792), (1, 33554432))
        contents = [make_png(*size) for size in sizes]
        contents += [make_png(5792, 5792, 16, 6), make_png(60000, 60000, 1, 3)]
        self.check_class("[train_set]\ntype = images\npath = data\n", "images", "1:4:4", contents)

    @unittest.skipIf(os.environ.get("MOTE_WITH_JPEG") == "0", "a build without libjpeg")
    def test_jpeg_of_many_pixels_is_refused(self):
        contents = [make_jpeg(*size) for size in ((65500, 65500), (65535, 65535), (5792, 5792))]
        self.check_class("[train_set]\ntype = images\npath = data\n", "images", "1:4:4", contents)

    @unittest.skipIf(os.environ.get("MOTE_WITH_JPEG") == "0", "a build without libjpeg")
    def test_jpeg_of_many_scans_is_refused(self):
        contents = [make_scans(5792, False), make_scans(5792, True)]
        self.assertLess(len(contents[0]), 130_000)
        self.assertLess(len(contents[1]), 10_000)
        self.check_class("[train_set]\ntype = images\npath = data\n", "images", "1:4:4", contents)

    def test_wav_of_huge_sizes_is_refused(self):
        most = 0xFFFFFFFF
        contents = [make_wav(most, most), make_wav(40, most), make_wav(most, 4), make_wav(40, 4, most)]
        section = "[train_set]\ntype = wav\npath = data\nfeatures = raw\n"
        self.check_class(section, "wav", "1:4:1", contents)

    def test_a_table_of_one_endless_field_is_refused(self):
        section = "[train_set]\ntype = csv\npath = table.csv\n"
        model = self.write_model(section)
        for content in ("x" * 900000, "," * 900000, '"' * 900001, "1,2\n" * 3 + "1" * 400000):
            with self.subTest(content[:8]):
                self.write("table.csv", content)
                self.refuse("train", model, "--quiet", hint="table.csv")
                self.run_mote("init", "table.csv", f"--output={self.folder / 'made.ini'}")


if __name__ == "__main__":
    if not hasattr(resource, "RLIMIT_AS"):
        print("skipped: no limits of address space here")
        sys.exit(77)
    unittest.main()
