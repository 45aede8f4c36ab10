# SPDX-License-Identifier: Apache-2.0
"""Commands, options, help, and what is wrong usage."""

import os
import re
import unittest
from pathlib import Path

from support import CliTest

EXPECTED = Path(__file__).parent / "expected"
COMMANDS = ["init", "train", "rollback", "eval", "infer", "check", "plan", "bench", "explain", "info", "layers", "completion", "version"]


class Help(CliTest):
    def check_text(self, name, text):
        path = EXPECTED / f"{name}.txt"
        if os.environ.get("MOTE_UPDATE_EXPECTED"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())

    def test_help_of_the_program_is_as_expected(self):
        out, talk = self.run_mote("--help")
        self.check_text("help", out)
        self.assertEqual(talk, "")
        self.assertEqual(self.run_mote("-h")[0], out)

    def test_help_of_each_command_is_as_expected(self):
        for command in COMMANDS:
            with self.subTest(command):
                out, talk = self.run_mote(command, "--help")
                self.check_text(f"help_{command}", out)
                self.assertEqual(talk, "")

    def test_every_command_is_in_the_help_of_the_program(self):
        out, _ = self.run_mote("--help")
        self.assertEqual(re.findall(r"^  (\w+)  ", out, re.M), COMMANDS)

    def test_no_line_of_help_is_wider_than_100_columns(self):
        texts = [self.run_mote("--help")[0]] + [self.run_mote(c, "--help")[0] for c in COMMANDS]
        self.assertLessEqual(max(len(line) for text in texts for line in text.splitlines()), 100)


class Usage(CliTest):
    def test_no_command_is_wrong_usage(self):
        self.assertEqual(self.refuse(), "a command is missing, see 'mote --help'")

    def test_an_unknown_command_gets_a_suggestion(self):
        self.assertEqual(
            self.refuse("trian"), "unknown command 'trian', did you mean 'train'?"
        )
        self.assertEqual(
            self.refuse("juggle"), "unknown command 'juggle', see 'mote --help'"
        )

    def test_an_option_in_the_place_of_the_command_is_refused(self):
        self.assertIn("unknown command '--json'", self.refuse("--json", "plan", "tiny.ini"))

    def test_an_unknown_option_gets_a_suggestion(self):
        near = {"--jsn": "--json", "--thread=2": "--threads", "--Quiet": "--quiet"}
        for wrong, right in near.items():
            with self.subTest(wrong):
                name = wrong.split("=")[0]
                self.assertEqual(
                    self.refuse("train", wrong, "tiny.ini"),
                    f"train: unknown option '{name}', did you mean '{right}'?",
                )
        self.assertEqual(
            self.refuse("train", "--juggle", "tiny.ini"),
            "train: unknown option '--juggle', see 'mote train --help'",
        )
        for wrong in ["-x", "---json", "-json"]:
            with self.subTest(wrong):
                self.assertIn(f"unknown option '{wrong}'", self.refuse("train", wrong, "tiny.ini"))

    def test_suggestions_are_options_of_that_command(self):
        self.assertIn("did you mean '--csv'", self.refuse("plan", "--csw", "tiny.ini"))
        self.assertNotIn("did you mean", self.refuse("train", "--csw", "tiny.ini"))

    def test_an_option_of_another_command_is_refused(self):
        self.assertEqual(
            self.refuse("train", "--csv", "tiny.ini"),
            "train: takes no option '--csv', see 'mote train --help'",
        )

    def test_a_missing_argument_is_wrong_usage(self):
        self.assertEqual(
            self.refuse("train"),
            "train: an argument is missing, usage: mote train [OPTION]... MODEL",
        )
        self.assertIn("MODEL [FILE]...", self.refuse("infer"))

    def test_one_argument_too_many_is_wrong_usage(self):
        self.assertEqual(self.refuse("plan", "tiny.ini", "b"), "plan: unexpected argument 'b'")
        self.assertEqual(self.refuse("version", "b"), "version: unexpected argument 'b'")
        for alone in ("--man", "--help", "-h"):
            self.assertEqual(self.refuse(alone, "b"), f"{alone}: unexpected argument 'b'")

    def test_an_option_without_its_value_is_wrong_usage(self):
        self.assertEqual(
            self.refuse("train", "tiny.ini", "--threads"),
            "train: option '--threads' needs a value: --threads N",
        )
        self.assertIn("needs a value", self.refuse("train", "--weights", "--json", "tiny.ini"))
        self.assertIn("is empty", self.refuse("train", "--weights=", "tiny.ini"))

    def test_a_flag_with_a_value_is_wrong_usage(self):
        self.assertEqual(
            self.refuse("plan", "--json=yes", "tiny.ini"), "plan: option '--json' takes no value"
        )

    def test_a_value_that_may_be_left_out_stands_behind_an_equals_sign(self):
        out, _ = self.run_mote("bench", "--steps=1", "--profile", "tiny.ini")
        self.assertIn("GFLOP/s", out)
        self.run_mote("bench", "--steps=1", "--profile=trace.json", "tiny.ini")
        self.assertTrue((self.folder / "trace.json").exists())
        self.assertEqual(
            self.refuse("bench", "--profile=", "tiny.ini"), "option --profile: the FILE is empty"
        )

    def test_a_trace_that_cannot_be_written_is_named_before_the_first_step(self):
        for name, reason in (("tiny.ini", "is no trace of mote"), ("no/such", "No such file")):
            line = self.refuse("train", f"--profile={name}", "--quiet", "tiny.ini", code=1)
            self.assertIn(name, line)
            self.assertIn(reason, line)
        self.assertFalse((self.folder / "tiny.safetensors").exists())

    def test_numbers_are_checked(self):
        for value in ["0", "-1", "+1", "x", "1x", " 1", "", "1.0", "99999999999999999999", "0x10"]:
            with self.subTest(value):
                self.assertEqual(
                    self.refuse("train", f"--batch={value}", "tiny.ini"),
                    f"option --batch: '{value}' is not a whole number of 1 to 1048576",
                )
        self.assertEqual(
            self.refuse("bench", "--steps=0", "tiny.ini"),
            "option --steps: '0' is not a whole number of at least 1",
        )
        self.assertEqual(
            self.refuse("train", "--threads", "257", "tiny.ini"),
            "option --threads: '257' is not a whole number of 1 to 256",
        )

    def test_a_setting_must_have_section_key_and_value(self):
        for value in ["batch_size=3", "Model.batch_size", ".key=1", "Model.=1", "=", "Model"]:
            with self.subTest(value):
                self.assertEqual(
                    self.refuse("plan", "--set", value, "tiny.ini"),
                    f"option --set: '{value}' is not section.key=value",
                )

    def test_stages_and_data_sets_are_checked(self):
        self.assertIn("--stage NAME is missing", self.refuse("explain", "tiny.ini"))
        self.assertIn(
            "no stage 'grap', did you mean 'graph'?",
            self.refuse("explain", "--stage=grap", "tiny.ini"),
        )
        self.assertIn("or --why TENSOR", self.refuse("explain", "tiny.ini"))
        self.assertIn(
            "exclude each other", self.refuse("explain", "--stage=plan", "--why=hidden", "tiny.ini")
        )
        self.assertIn("must be description,", self.refuse("explain", "--stage", "x", "tiny.ini"))
        self.assertIn(
            "no data set 'tes_set', did you mean 'test_set'?",
            self.refuse("eval", "--data", "tes_set", "tiny.ini"),
        )

    def test_techniques_are_checked(self):
        for command in ["plan", "bench", "train"]:
            self.assertEqual(
                self.refuse(command, "--without=slices,recompte", "tiny.ini"),
                "option --without: there is no technique 'recompte', did you mean 'recompute'?",
            )
        line = self.refuse("plan", "--without=juggling", "tiny.ini")
        self.assertIn("there is no technique 'juggling', expected one of: recompute, block_recompute,", line)
        for names in ["slices,", ",", "slices,,recompute"]:
            self.assertIn("no technique ''", self.refuse("plan", "--without", names, "tiny.ini"))
        self.assertIn("no option '--without'", self.refuse("eval", "--without=slices", "tiny.ini"))

    def test_json_and_csv_exclude_each_other(self):
        self.assertIn("exclude each other", self.refuse("plan", "--json", "--csv", "tiny.ini"))


class Options(CliTest):
    def test_a_value_may_stand_apart_or_behind_an_equals_sign(self):
        apart = self.run_json("plan", "tiny.ini", "--batch", "4")
        joined = self.run_json("plan", "--batch=4", "tiny.ini")
        self.assertEqual(apart, joined)
        self.assertEqual(apart["batch_size"], 4)

    def test_the_last_of_several_values_counts(self):
        option, setting = "--batch=4", "--set=Model.batch_size=6"
        for first, last, size in [(option, setting, 6), (setting, option, 4)]:
            self.assertEqual(self.run_json("plan", first, last, "tiny.ini")["batch_size"], size)

    def test_options_end_at_two_dashes(self):
        (self.folder / "--json").write_text((self.folder / "tiny.ini").read_text())
        out, _ = self.run_mote("plan", "--csv", "--", "--json")
        self.assertTrue(out.startswith("id,lower"), out)

    def test_settings_reach_layers(self):
        plain = self.run_json("plan", "tiny.ini")
        wide = self.run_json("plan", "tiny.ini", "--set", "hidden.unit=32")
        self.assertEqual(plain["parameter_count"], 64 * 16 + 16 + 16 * 4 + 4)
        self.assertEqual(wide["parameter_count"], 64 * 32 + 32 + 32 * 4 + 4)

    def test_a_wrong_setting_is_an_error_of_the_model(self):
        line = self.refuse("plan", "tiny.ini", "--set", "hidden.units=3", code=1)
        self.assertIn("units", line)
        self.assertIn("did you mean 'unit'", line)
        self.assertIn("hiden", self.refuse("plan", "tiny.ini", "--set", "hiden.unit=3", code=1))

    def test_the_cpu_level_comes_from_the_option_or_the_environment(self):
        self.environment["MOTE_CPU"] = "scalar"
        self.assertEqual(self.run_json("version")["cpu"], "scalar")
        self.environment["MOTE_CPU"] = "abacus"
        self.assertIn("abacus", self.refuse("version", code=1))
        self.assertEqual(self.run_json("version", "--cpu", "scalar")["cpu"], "scalar")
        self.environment["MOTE_CPU"] = ""
        self.run_json("version")
        self.assertIn("abacus", self.refuse("plan", "--cpu=abacus", "tiny.ini", code=1))

    def test_an_unknown_planner_is_an_error(self):
        for name in ["bestfit", "Exact", "best_fit exact", "best"]:
            self.assertEqual(
                self.refuse("plan", "--planner", name, "tiny.ini"),
                f"option --planner: '{name}' is none of: best_fit exact naive",
            )

    def test_numbers_that_are_too_large_are_refused_by_the_option(self):
        self.assertEqual(
            self.refuse("plan", "--batch=100000000", "tiny.ini"),
            "option --batch: '100000000' is not a whole number of 1 to 1048576",
        )
        self.assertEqual(
            self.refuse("train", "--epochs=1000000001", "tiny.ini"),
            "option --epochs: '1000000001' is not a whole number of 1 to 1000000000",
        )

    def test_version_tells_version_build_cpu_and_threads(self):
        out, talk = self.run_mote("version")
        self.assertRegex(out, r"^mote \d+\.\d+\.\d+\nbuild    .+\ncpu      \w+\nthreads  \d+\n$")
        self.assertEqual(talk, "")
        answer = self.run_json("version")
        self.assertEqual(list(answer), ["version", "build", "cpu", "threads"])
        self.assertEqual(answer["threads"], len(os.sched_getaffinity(0)))

    def test_a_missing_model_file_is_named(self):
        for command in ["train", "plan", "eval", "bench"]:
            with self.subTest(command):
                self.assertIn("absent.ini", self.refuse(command, "absent.ini", code=1))


class Descriptions(CliTest):
    def test_every_stage_can_be_printed(self):
        for stage in ["description", "graph", "schedule", "plan", "program"]:
            with self.subTest(stage):
                out, talk = self.run_mote("explain", f"--stage={stage}", "tiny.ini")
                self.assertIn("hidden", out)
                self.assertEqual(talk, "")

    def test_layers_prints_all_keys_or_those_of_one(self):
        everything, _ = self.run_mote("layers")
        one, _ = self.run_mote("layers", "conv2d")
        self.assertIn("conv2d", everything)
        self.assertIn("adam", everything)
        self.assertIn("filters", one)
        self.assertNotIn("adam", one)

    def test_layers_knows_components_of_every_kind(self):
        for name, kind in [
            ("huber", "loss"),
            ("adam", "optimizer"),
            ("cosine", "schedule"),
            ("idx", "reader"),
            ("Model", "section"),
            ("CONV2D", "layer"),
        ]:
            with self.subTest(name):
                out, _ = self.run_mote("layers", name)
                self.assertIn(f" ({kind}): ", out.splitlines()[0])
                self.assertLessEqual(max(map(len, out.splitlines()[1:])), 80)

    def test_layers_as_json_are_the_components_with_their_properties(self):
        components = self.run_json("layers")
        self.assertEqual(
            {component["kind"] for component in components},
            {"section", "layer", "loss", "optimizer", "schedule", "reader"},
        )
        markdown, _ = self.run_mote("layers")
        for component in components:
            for row in component["properties"]:
                default = "required" if row["required"] else row["default"]
                line = f"| `{row['name']}` | {row['accepts']} | {default} | {row['help']} |"
                self.assertIn(line, markdown.replace("\\|", "|"))
        self.assertEqual(len(components), len({(c["kind"], c["name"]) for c in components}))

    def test_limits_choices_and_lengths_are_values_in_json(self):
        rows = {row["name"]: row for row in self.run_json("layers", "conv2d")[0]["properties"]}
        self.assertEqual(
            {**rows["kernel_size"], "help": ""},
            {
                "name": "kernel_size",
                "kind": "integers",
                "required": True,
                "default": None,
                "minimum": 1,
                "maximum": 65536,
                "count_minimum": 1,
                "count_maximum": 2,
                "choices": None,
                "accepts": "1 to 2 whole numbers from 1 to 65536",
                "help": "",
            },
        )
        self.assertIn("xavier_uniform", rows["weight_initializer"]["choices"])
        self.assertEqual(self.run_json("layers", "adam")[0]["learning_rate"], 0.001)

    def test_an_unknown_component_is_an_error(self):
        for more in [[], ["--json"]]:
            line = self.refuse("layers", "conv3d", *more, code=1)
            self.assertIn("'conv3d', did you mean 'conv2d'?", line)
        self.assertIn("expected one of: Model, layer,", self.refuse("layers", "juggler", code=1))


if __name__ == "__main__":
    unittest.main()
