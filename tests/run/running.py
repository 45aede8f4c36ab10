# SPDX-License-Identifier: Apache-2.0
"""Runs the command line on networks over the shipped digits, and reads the files it writes."""

import array
import functools
import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

MOTE = os.environ["MOTE_CLI"]
SOURCE = Path(os.environ["MOTE_SOURCE_DIR"])
DIGITS = SOURCE / "examples" / "digits" / "data"
REFERENCE = SOURCE / "tests" / "data" / "reference"
SANITIZED = bool(os.environ.get("MOTE_SANITIZE"))
HAS_ZLIB = os.environ.get("MOTE_WITH_ZLIB", "1") == "1"
IMAGE_BYTES = 28 * 28

HEAD = """\
[Model]
loss = cross
batch_size = 32
epochs = 2
seed = 1
save_path = net.safetensors
[Optimizer]
type = adam
[input]
type = input
input_shape = 1:28:28
"""

LENET5 = HEAD + """\
[conv1]
type = conv2d
filters = 6
kernel_size = 5
padding = 2
activation = relu
[pool1]
type = pooling2d
pooling = max
pool_size = 2
[conv2]
type = conv2d
filters = 16
kernel_size = 5
activation = relu
[pool2]
type = pooling2d
pooling = max
pool_size = 2
flatten = true
[fc1]
type = fully_connected
unit = 120
activation = relu
[fc2]
type = fully_connected
unit = 84
activation = relu
[fc3]
type = fully_connected
unit = 10
activation = softmax
"""

# Pieces of a text, in the file "text".
TEXT_HEAD = """\
[Model]
loss = cross
batch_size = 12
epochs = 1
seed = 3
save_path = net.safetensors
[Optimizer]
type = adam
[train_set]
type = text
path = text
[tokens]
type = input
input_shape = 1:1:64
dtype = int32
"""

# Normalization, a shortcut, dropout, an average and a sum over more than one block of 256.
MIXED = HEAD + """\
[stem]
type = conv2d
filters = 5
kernel_size = 5
stride = 2
padding = same
disable_bias = true
[stem_norm]
type = batch_normalization
activation = relu
[conv]
type = conv2d
filters = 5
kernel_size = 3
padding = same
[conv_norm]
type = batch_normalization
[sum]
type = addition
input_layers = conv_norm, stem_norm
activation = tanh
[drop]
type = dropout
dropout_rate = 0.3
[pool]
type = pooling2d
pooling = average
pool_size = 3
stride = 2
padding = 1
flatten = true
[hidden]
type = fully_connected
unit = 300
activation = sigmoid
[output]
type = fully_connected
unit = 10
activation = softmax
"""

# The rows of a digit, standardized, as a sequence.
RECURRENT = HEAD + """\
standardization = true
[waves]
type = positional_encoding
[places]
type = positional_encoding
encoding = learned
weight_initializer = lecun_normal
[first]
type = lstm
unit = 20
return_sequences = true
[second]
type = lstm
unit = 17
[output]
type = fully_connected
unit = 10
activation = softmax
"""


# A causal Transformer of two blocks: the rows of a digit are its sequence.
TRANSFORMER = HEAD + """\
[embed]
type = fully_connected
unit = 16
[places]
type = positional_encoding
encoding = learned
[a_norm1]
type = layer_normalization
input_layers = places
epsilon = 1e-5
[a_attention]
type = multi_head_attention
num_heads = 2
causal = true
dropout_rate = 0.1
[a_sum1]
type = addition
input_layers = places, a_attention
[a_norm2]
type = layer_normalization
epsilon = 1e-5
[a_up]
type = fully_connected
unit = 32
activation = gelu
[a_down]
type = fully_connected
unit = 16
[a_sum2]
type = addition
input_layers = a_sum1, a_down
[b_norm1]
type = layer_normalization
input_layers = a_sum2
epsilon = 1e-5
[b_attention]
type = multi_head_attention
num_heads = 4
causal = true
dropout_rate = 0.1
[b_sum1]
type = addition
input_layers = a_sum2, b_attention
[b_norm2]
type = layer_normalization
epsilon = 1e-5
[b_up]
type = fully_connected
unit = 32
activation = gelu
[b_down]
type = fully_connected
unit = 16
[b_sum2]
type = addition
input_layers = b_sum1, b_down
[norm]
type = layer_normalization
epsilon = 1e-5
[last]
type = slice
axis = 2
start_index = 28
end_index = 29
[output]
type = fully_connected
unit = 10
activation = softmax
"""


# A table of which a batch reads few rows.
TOKENS = HEAD.replace("1:28:28", "1:1:6\ndtype = int32") + """\
[table]
type = embedding
in_dim = 4000
out_dim = 21
activation = tanh
flatten = true
[output]
type = fully_connected
unit = 10
activation = softmax
[train_set]
type = raw
path = tokens
one_hot = false
"""


# Two layers with the weights of others, one of them in front of its owner.
SHARED = HEAD + """\
[stem]
type = conv2d
filters = 5
kernel_size = 5
stride = 2
padding = same
activation = relu
[conv1]
type = conv2d
filters = 5
kernel_size = 3
padding = same
activation = tanh
[conv2]
type = conv2d
filters = 5
kernel_size = 3
padding = same
shared_from = conv1
activation = relu
[pool]
type = pooling2d
pooling = average
pool_size = 3
stride = 2
flatten = true
[narrow]
type = fully_connected
unit = 40
activation = tanh
[fc1]
type = fully_connected
unit = 40
shared_from = fc2
activation = tanh
[fc2]
type = fully_connected
unit = 40
activation = tanh
[output]
type = fully_connected
unit = 10
activation = softmax
"""


# Branches that are cut, weighed, turned and joined again; one part of `parts` is read twice, one never.
BRANCHES = HEAD + """\
[stem]
type = conv2d
filters = 8
kernel_size = 5
stride = 2
padding = same
activation = relu
[parts]
type = split
axis = 1
split_sizes = 3,3,2
[left]
type = conv2d
input_layers = parts(0)
filters = 3
kernel_size = 3
padding = same
[gate]
type = pooling2d
input_layers = parts(1)
pooling = global_average
activation = sigmoid
[weighed]
type = multiply
input_layers = left, gate
[turned]
type = permute
input_layers = parts(1)
direction = 1,3,2
[edge]
type = slice
input_layers = stem
axis = 3
start_index = 1
end_index = 2
[rows]
type = slice
input_layers = edge
axis = 1
start_index = 3
end_index = 6
[sum]
type = addition
input_layers = turned, rows
[joined]
type = concat
input_layers = weighed, sum, stem
[view]
type = reshape
target_shape = 14:49:4
[pool]
type = pooling2d
pooling = max
pool_size = 2
[same]
type = identity
flatten = true
[output]
type = fully_connected
unit = 10
activation = softmax
"""


def add_set(name, samples, split="train"):
    """A data section over the shipped digits; `samples` is chosen so that the last batch is smaller."""
    images, labels = (data_path(f"{split}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    return f"[{name}]\ntype = idx\npath = {images}\nlabel_path = {labels}\nsamples = {samples}\n"


@functools.lru_cache(maxsize=None)
def expanded_folder():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    return Path(folder.name)


def data_path(name):
    """A file of the shipped digits that this build can read."""
    packed = DIGITS / f"{name}.gz"
    if HAS_ZLIB:
        return packed
    plain = expanded_folder() / name
    if not plain.exists():
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
    return plain


def machine_has(options):
    """Whether a --cpu=LEVEL among the options is one that this build and this processor have."""
    levels = [option for option in options if option.startswith("--cpu=")]
    return subprocess.run([MOTE, "version", *levels], capture_output=True).returncode == 0


class RunTest(unittest.TestCase):
    """A test case in a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mote-run-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write_model(self, text, name="net.ini"):
        (self.folder / name).write_text(text)
        return name

    def run_mote(self, *arguments, code=0, command=(), environment=None):
        """Runs to the end; gives stdout. `command` stands in front of the program."""
        result = subprocess.run(
            [*map(str, command), MOTE, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
        )
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def run_json(self, *arguments, **options):
        return json.loads(self.run_mote(*arguments, "--json", "--quiet", **options))

    def compile_tool(self, source):
        """A small C program of the tests, compiled without sanitizers."""
        program = self.folder / Path(source).stem
        command = [os.environ.get("CC", "cc"), "-O1", "-D_GNU_SOURCE", source, "-o", program]
        subprocess.run(command, check=True)
        return program


class Safetensors:
    """A file's header and tensors, read by the format's description alone."""

    CODES = {"F32": "f", "F64": "d"}

    def __init__(self, path):
        content = Path(path).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        self.data_start = 8 + length
        self.header = json.loads(content[8 : self.data_start])
        self.metadata = self.header.pop("__metadata__", {})
        self.data = content[self.data_start :]

    def names(self):
        return sorted(self.header)

    def values(self, name):
        first, last = self.header[name]["data_offsets"]
        values = array.array(self.CODES[self.header[name]["dtype"]])
        values.frombytes(self.data[first:last])
        return values

    def digest(self):
        """SHA-256 over the tensors' bytes in name order."""
        digest = hashlib.sha256()
        for name in self.names():
            first, last = self.header[name]["data_offsets"]
            digest.update(self.data[first:last])
        return digest.hexdigest()
