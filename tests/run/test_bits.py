# SPDX-License-Identifier: Apache-2.0
"""A network trains to the same bits, whatever the threads, instruction set, planner and policy."""

import array
import struct
import unittest

from running import (
    BRANCHES,
    HEAD,
    LENET5,
    MIXED,
    RECURRENT,
    SHARED,
    TEXT_HEAD,
    TOKENS,
    TRANSFORMER,
    RunTest,
    add_set,
    machine_has,
)

# 5 steps of 8 samples and one of 5; `left` is read by both losses and by a layer that no loss follows.
TWO_ENDS = """\
[Model]
batch_size = 8
epochs = 2
seed = 3
save_path = two.safetensors
[Optimizer]
type = adam
[train_set]
type = raw
path = two.raw
[numbers]
type = input
input_shape = 6
[left]
type = fully_connected
unit = 7
activation = tanh
[places]
type = input
input_shape = 2
[right]
type = fully_connected
unit = 7
[sum]
type = addition
input_layers = left, right
activation = relu
[classes]
type = fully_connected
unit = 3
[which]
type = cross_softmax
[values]
type = fully_connected
unit = 2
input_layers = left
[how_much]
type = mse
loss_weight = 3
[features]
type = fully_connected
unit = 4
input_layers = left
trainable = false
"""

# Gradients large enough to be made and applied in slices, of a convolution and of two fully connected layers.
WIDE = HEAD.replace("batch_size = 32", "batch_size = 4") + """\
[small]
type = pooling2d
pooling = average
pool_size = 4
[conv1]
type = conv2d
filters = 264
kernel_size = 3
activation = relu
[conv2]
type = conv2d
filters = 264
kernel_size = 3
activation = relu
flatten = true
[fc1]
type = fully_connected
unit = 240
[fc2]
type = fully_connected
unit = 10
activation = softmax
"""
# Its peaks are where channels go through several steps in bands, of which the last is smaller.
BANDS = HEAD + """\
[wide]
type = conv2d
filters = 40
kernel_size = 3
stride = 2
[wide_bn]
type = batch_normalization
activation = relu
[depth]
type = conv2d
filters = 40
kernel_size = 3
padding = same
groups = 40
[depth_bn]
type = batch_normalization
activation = hard_swish
[point]
type = conv2d
filters = 40
kernel_size = 1
[point_bn]
type = batch_normalization
activation = relu
[pool]
type = pooling2d
pooling = average
pool_size = 3
flatten = true
[fc]
type = fully_connected
unit = 10
activation = softmax
"""
# A head whose output for the whole batch would make the peak: slices of samples, of which the last is smaller. 3 batches of
# 12 pieces of a text and one of 5, after which whole slices are empty.
LARGE_HEAD = TEXT_HEAD + """\
[table]
type = embedding
in_dim = 4000
out_dim = 20
[places]
type = positional_encoding
[drop]
type = dropout
dropout_rate = 0.2
[hidden]
type = fully_connected
unit = 20
activation = gelu
[norm]
type = layer_normalization
[output]
type = fully_connected
unit = 4000
activation = softmax
"""
SLICES = [
    ("--without=slices",),
    ("--threads=3",),
    ("--cpu=avx2", "--threads=2"),
    ("--cpu=avx512", "--threads=2"),
    ("--cpu=neon", "--threads=2"),
    ("--planner=naive",),
]

SGD = ("--set", "Optimizer.type=sgd", "--set", "Optimizer.momentum=0.9")

VARIANTS = [
    ("--threads=1",),
    ("--threads=2",),
    ("--threads=3",),
    ("--cpu=scalar", "--threads=1"),
    ("--cpu=scalar", "--threads=3"),
    ("--cpu=avx2", "--threads=1"),
    ("--cpu=avx2", "--threads=3"),
    ("--cpu=avx512", "--threads=1"),
    ("--cpu=avx512", "--threads=3"),
    ("--cpu=neon", "--threads=1"),
    ("--cpu=neon", "--threads=3"),
    ("--planner=naive",),
    ("--planner=best_fit",),
    ("--without=recompute",),
    ("--without=slices",),
    ("--without=order",),
    ("--without=bands",),
    ("--without=batch_slices",),
    ("--without=aliases",),
    ("--without=exact",),
    ("--without=recompute,slices,order,bands,batch_slices,aliases,exact,block_recompute,swap",),
    ("--without=recompute,slices,order,bands,batch_slices,aliases", "--planner=naive"),
    ("--planner=exact",),
    ("--set", "Model.apply=after_all"),
    ("--set", "Model.apply=after_all", "--planner=naive", "--cpu=scalar", "--threads=2"),
]


# Of every build on every machine. They change when a network above, the digits, or the definition of
# a layer, an optimizer or the order of a sum does, and then for all builds alike.
MIXED_BITS = "0fc7ab814cef9494c6e2c36bc6b066a676dc968b929e87f38f9306bb6b2f8734"
TWO_ENDS_BITS = "503aed2386b8b862b59356adbdf0b12db2f3e0f466c5be2361fad6ed5e042315"
LENET5_BITS = "4094c929da26b8304d8718913e58a21c324ec0b391d7b77d36cf5357c8a3a340"

TRANSFORMER_BITS = "f4eec61b862da539e3655c79b8696233c7d467a1d7dc046fd696e227b45d8d1c"
RECURRENT_BITS = "441c794e2da3069f3c50b5ffb6f209f344c59610fdf80430755ba21805b08540"


class Bits(RunTest):
    def digest(self, *arguments):
        return self.run_json("train", "net.ini", *arguments)["weights_sha256"]

    def assert_same_bits(self, *options, variants=VARIANTS):
        expected = self.digest(*options)
        for variant in variants:
            if not machine_has(variant):
                continue
            with self.subTest(variant):
                self.assertEqual(self.digest(*options, *variant), expected)
        return expected

    def test_the_bits_are_those_of_all_compilers_and_machines(self):
        self.write_model(MIXED + add_set("train_set", 77))
        self.assertEqual(self.digest(), MIXED_BITS)
        self.write_model(LENET5 + add_set("train_set", 100))
        self.assertEqual(self.digest(), LENET5_BITS)
        self.write_model(RECURRENT + add_set("train_set", 77))
        self.assertEqual(self.digest(), RECURRENT_BITS)
        self.write_model(TRANSFORMER + add_set("train_set", 77))
        self.assertEqual(self.digest(), TRANSFORMER_BITS)

    def test_a_mixed_network_with_a_partial_last_batch(self):
        # 2 * 32 + 13 samples
        self.write_model(MIXED + add_set("train_set", 77) + add_set("valid_set", 35, "valid"))
        self.assert_same_bits()
        self.assert_same_bits(*SGD)

    def test_branches_that_are_cut_and_joined(self):
        self.write_model(BRANCHES + add_set("train_set", 77))
        self.assert_same_bits("--epochs=1")

    def test_gradients_in_slices(self):
        self.write_model(WIDE + add_set("train_set", 14))
        for settings in (
            [],
            [*SGD],
            ["--set=Optimizer.moving_average=0.9", "--set=Optimizer.clip_value=0.01"],
        ):
            schedule = self.run_mote("explain", "net.ini", "--stage=schedule", *settings)
            self.assertIn("apply conv2.weight [0, ", schedule)
            self.assertIn("apply fc1.weight [0, ", schedule)
            self.assert_same_bits(*settings, "--epochs=1", variants=SLICES)

    def test_channels_in_bands(self):
        self.write_model(BANDS + add_set("train_set", 77))
        schedule = self.run_mote("explain", "net.ini", "--stage=schedule")
        self.assertIn("calc_derivative pool, to step 24 in 3 bands of channels", schedule)
        self.assert_same_bits("--epochs=1")
        self.assert_same_bits("--epochs=1", "--set=depth_bn.trainable=false", variants=VARIANTS[:5])

    def test_a_large_head_in_slices_of_samples(self):
        (self.folder / "text").write_bytes(bytes((i * i + 7 * i) % 251 for i in range(41 * 64 + 1)))
        model = LARGE_HEAD + "[valid_set]\ntype = text\npath = text\n"
        for options in [], ["--set=output.shared_from=table", "--set=output.disable_bias=true"]:
            self.write_model(model)
            schedule = self.run_mote("explain", "net.ini", "--stage=schedule", *options)
            self.assertRegex(
                schedule, r"forward output, to step \d+ in \d+ slices of samples"
            )
            self.assert_same_bits(*options)

    def test_lenet5(self):
        self.write_model(LENET5 + add_set("train_set", 100))
        self.assert_same_bits("--epochs=1")

    def test_recurrent_layers(self):
        self.write_model(RECURRENT + add_set("train_set", 77) + add_set("valid_set", 35, "valid"))
        self.assert_same_bits()
        self.assert_same_bits("--set=second.trainable=false", "--epochs=1")
        self.assert_same_bits("--batch=1", "--epochs=1")

    def test_a_transformer(self):
        self.write_model(TRANSFORMER + add_set("train_set", 77) + add_set("valid_set", 35, "valid"))
        self.assert_same_bits("--epochs=1")
        self.assert_same_bits("--epochs=1", "--set=a_attention.trainable=false",
                              variants=VARIANTS[:8])
        self.assert_same_bits("--epochs=1", "--batch=1", variants=VARIANTS[:5])

    def test_batches_of_one_sample(self):
        self.write_model(MIXED + add_set("train_set", 5))
        self.assert_same_bits("--batch=1")

    def test_a_batch_beyond_one_group_of_samples(self):
        # fully connected layers sum their gradients in groups of 64 samples
        self.write_model(MIXED + add_set("train_set", 150))
        self.assert_same_bits("--batch=140", "--epochs=1")

    def test_frozen_layers(self):
        self.write_model(MIXED + add_set("train_set", 77))
        frozen = ("stem", "stem_norm", "conv_norm")
        self.assert_same_bits(*(f"--set={name}.trainable=false" for name in frozen))

    def test_clipped_gradients(self):
        self.write_model(MIXED + add_set("train_set", 77))
        bits = {self.assert_same_bits(f"--set=Optimizer.{key}", variants=VARIANTS[:8])
                for key in ("clip_norm=0.5", "clip_value=0.01")}
        self.assertEqual(len(bits), 2)

    def test_shared_weights(self):
        shared = SHARED + add_set("train_set", 77) + add_set("valid_set", 35, "valid")
        self.write_model(shared)
        bits = {self.assert_same_bits(*options) for options in ((), SGD)}
        bits.add(self.assert_same_bits("--set=conv2.trainable=false"))
        bits.add(self.assert_same_bits("--set=conv1.trainable=false"))
        bits.add(self.assert_same_bits("--set=Optimizer.clip_norm=0.5", variants=VARIANTS[:8]))
        self.assertEqual(len(bits), 5)

    def test_two_inputs_two_losses_and_an_output_that_is_not_trained(self):
        self.write_model(TWO_ENDS)
        values = [(37 * i % 101 - 50) / 25 for i in range(45 * 13)]
        for i in range(45):  # the classes, as rows
            values[13 * i + 8 : 13 * i + 11] = [float(c == i % 3) for c in range(3)]
        (self.folder / "two.raw").write_bytes(array.array("f", values).tobytes())
        self.assertEqual(self.digest(), TWO_ENDS_BITS)
        self.assert_same_bits()
        self.assert_same_bits("--set=which.loss_weight=0.25")

    def test_a_table_of_tokens(self):
        records = [[(7 * i + 3 * j * j + i * j) % 4000 for j in range(6)] + [i % 10]
                   for i in range(77)]
        (self.folder / "tokens").write_bytes(
            b"".join(struct.pack("<7f", *record) for record in records))
        self.write_model(TOKENS)
        self.assert_same_bits()
        self.assert_same_bits("--set=Optimizer.clip_norm=0.01", variants=VARIANTS[:8])

    def test_moving_averages(self):
        self.write_model(MIXED + add_set("train_set", 77) + add_set("valid_set", 35, "valid"))
        averaged = self.assert_same_bits("--set=Optimizer.moving_average=0.9")
        self.assertNotEqual(averaged, self.digest())

    def test_bench(self):
        self.write_model(MIXED)
        expected = self.run_json("bench", "net.ini", "--steps=3")
        for variant in VARIANTS[:3] + [v for v in VARIANTS if v[0].startswith("--without")]:
            result = self.run_json("bench", "net.ini", "--steps=3", *variant)
            self.assertEqual(result["weights_sha256"], expected["weights_sha256"])
            self.assertEqual(result["loss"], expected["loss"])

    def test_another_seed_gives_other_bits(self):
        self.write_model(MIXED + add_set("train_set", 77))
        digests = {self.digest(f"--seed={seed}") for seed in range(3)}
        self.assertEqual(len(digests), 3)

    def test_what_really_ran_is_reported(self):
        self.write_model(MIXED + add_set("train_set", 40))
        result = self.run_json("train", "net.ini", "--threads=3", "--cpu=scalar")
        self.assertEqual((result["threads"], result["cpu"]), (3, "scalar"))


if __name__ == "__main__":
    unittest.main()
