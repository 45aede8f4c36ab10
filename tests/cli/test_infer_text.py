# SPDX-License-Identifier: Apache-2.0
"""Command infer on text: networks that take bytes, with an answer for each byte or one for all."""

import unittest

from support import CliTest

HEAD = """\
[Model]
loss = cross
batch_size = 8
epochs = 30
seed = 1
save_path = text.safetensors

[Optimizer]
type = adam
learning_rate = 0.02

[train_set]
type = text
path = train.txt
stride = {stride}

[tokens]
type = input
input_shape = 1:1:{window}
dtype = int32

[table]
type = embedding
in_dim = {values}
out_dim = 16
flatten = {flatten}

{middle}
[output]
type = fully_connected
unit = {values}
activation = softmax
"""
LSTM = "[memory]\ntype = lstm\nunit = 24\nreturn_sequences = true\n"
BOTH_WAYS = "[look]\ntype = multi_head_attention\nnum_heads = 2\n"
TEXT = "abcd. "  # again and again: what comes next is sure


class InferText(CliTest):
    def setUp(self):
        super().setUp()
        (self.folder / "train.txt").write_text(TEXT * 60)

    def train_text(self, middle=LSTM, *arguments, window=8, values=256, flatten="false"):
        model = HEAD.format(
            window=window, values=values, middle=middle, flatten=flatten, stride=5
        )
        (self.folder / "text.ini").write_text(model)
        self.run_mote("train", "text.ini", "--quiet", *arguments)

    def infer(self, *arguments, code=0):
        return self.run_mote("infer", "text.ini", *arguments, code=code)

    def test_the_likeliest_bytes_are_told(self):
        self.train_text()
        out, talk = self.infer("--text", "d. ab")
        self.assertRegex(out, r"^--text: 'c' \(\d+\.\d %\)( \S+ \(\d+\.\d %\)){4}\n$")
        self.assertEqual(talk, "")

    def test_a_text_is_continued_for_longer_than_the_window(self):
        self.train_text()
        out, _ = self.infer("--text", "ab", "--generate", "22")
        self.assertEqual(out, (TEXT * 4) + "\n")

    def test_only_the_last_bytes_of_a_long_text_count(self):
        self.train_text()
        long, short = (
            self.run_json("infer", "text.ini", "--text", text)["texts"][0]
            for text in ("zzzzzzzz" + "cd. abcd", "cd. abcd")
        )
        self.assertEqual(long["probabilities"], short["probabilities"])
        self.assertEqual(long["class"], ord("."))

    def test_json_has_text_class_and_what_was_generated(self):
        self.train_text()
        arguments = ["infer", "text.ini", "--text", "abc", "--generate", "3"]
        result = self.run_json(*arguments)
        self.assertEqual(list(result), ["model", "weights", "threads", "cpu", "texts"])
        (item,) = result["texts"]
        self.assertEqual((item["text"], item["class"]), ("abc", ord("d")))
        self.assertEqual(len(item["probabilities"]), 256)
        self.assertEqual(item["generated"], "d. ")
        self.assertEqual(item["generated_bytes"], list(b"d. "))

    def test_files_are_texts_and_one_that_cannot_be_read_is_named(self):
        self.train_text()
        (self.folder / "a.txt").write_text("bcd")
        (self.folder / "empty.txt").write_text("")
        arguments = ["--text", "ab", "a.txt", "no.txt", "empty.txt", "a.png", "a.txt"]
        out, talk = self.infer(*arguments, code=1)
        lines = out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[0].startswith("--text: 'c' ("), lines[0])
        self.assertTrue(lines[1].startswith("a.txt: '.' ("), lines[1])
        self.assertEqual(lines[1], lines[2])
        self.assertEqual(lines[1:2], self.infer("a.txt")[0].splitlines())
        self.assertEqual(
            talk.splitlines(),
            [
                "mote: 'no.txt': No such file or directory",
                "mote: empty.txt: the text is empty",
                "mote: 'a.png': 'text.ini' reads text: files that end in .txt",
            ],
        )
        self.assertEqual(self.infer("a.txt", "--generate", "6")[0], ". abcd\n")

    def test_drawn_bytes_are_those_of_the_seed(self):
        self.train_text(LSTM, "--epochs=1")

        def generate(*arguments):
            arguments = ["--text", "ab", "--generate", "40", *arguments]
            return self.run_json("infer", "text.ini", *arguments)["texts"][0]

        drawn = [generate("--sample", seed)["generated_bytes"] for seed in ("1", "1", "2")]
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotIn(drawn[0], (drawn[2], generate()["generated_bytes"]))
        # hardly trained, it draws any bytes: no UTF-8
        self.assertGreater(max(drawn[0]), 127)
        self.assertIsNone(generate("--sample", "1")["generated"])

    def test_threads_and_batch_change_nothing(self):
        self.train_text()
        arguments = ["infer", "text.ini", "--text", "abc", "--generate", "9", "--threads"]
        one = self.run_json(*arguments, "1")["texts"]
        self.assertEqual(one, self.run_json(*arguments, "2", "--batch", "5")["texts"])

    def test_a_short_text_is_refused_where_later_bytes_would_matter(self):
        self.train_text(BOTH_WAYS, "--epochs=1")
        self.assertEqual(
            self.refuse("infer", "text.ini", "--text", "abc", code=1),
            "--text: 3 bytes; 'text.ini' takes 8, and its answer depends on all of them",
        )
        self.infer("--text", "abcd. ab")

    def test_one_answer_for_all_bytes(self):
        self.train_text("", window=4, flatten="true")
        self.assertEqual(self.infer("--text", "abcd", "--generate", "8")[0], (TEXT * 2) + "\n")
        self.assertIn(
            "3 bytes; 'text.ini' takes 4",
            self.refuse("infer", "text.ini", "--text", "abc", code=1),
        )

    def test_bytes_that_the_network_does_not_know_are_refused(self):
        self.train_text(LSTM, values=128)
        self.assertRegex(self.infer("--text", "abc")[0], r"^--text: 100 \(\d+\.\d %\)\n$")
        line = self.refuse("infer", "text.ini", "--text", "ab\u00e4", code=1)
        self.assertRegex(line, "tokens.*195.*0 to 127")
        self.assertEqual(
            self.refuse("infer", "text.ini", "--text", "abc", "--generate", "2", code=1),
            "text.ini: --generate takes a network that gives probabilities of 256 bytes",
        )

    def test_options_that_do_not_fit_are_refused(self):
        self.assertEqual(
            self.refuse("infer", "text.ini", "--text", "a", "--sample", "3"),
            "infer: option '--sample' needs '--generate'",
        )
        self.assertEqual(
            self.refuse("infer", "text.ini"),
            "infer: a FILE or --text TEXT is missing, see 'mote infer --help'",
        )
        self.assertIn("TEXT is empty", self.refuse("infer", "text.ini", "--text="))
        self.train()
        for option in (["--text", "a"], ["--generate", "3", "train-images.idx"]):
            self.assertEqual(
                self.refuse("infer", "tiny.ini", *option, code=1),
                f"tiny.ini: {option[0]} is for networks with one input, of integers",
            )


if __name__ == "__main__":
    unittest.main()
