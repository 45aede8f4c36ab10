# SPDX-License-Identifier: Apache-2.0
"""Command check: what it finds, how it says so, and that it leaves no trace."""

import json
import os
import unittest

from support import SAMPLES, CliTest

NAMES = [
    "description",
    "network",
    "optimizer",
    "plan",
    "weights",
    "train_set",
    "valid_set",
    "test_set",
    "save_path",
    "save_best_path",
    "checkpoint_path",
    "swap_path",
]


class Check(CliTest):
    def results(self, *arguments, **options):
        answer = self.run_json("check", "tiny.ini", *arguments, **options)
        self.assertEqual(list(answer), ["model", "ok", "checks"])
        self.assertEqual(answer["ok"], all(c["result"] != "failed" for c in answer["checks"]))
        return {check["name"]: check for check in answer["checks"]}

    def test_a_good_model_passes_and_no_file_changes(self):
        before = sorted(os.listdir(self.folder))
        out, talk = self.run_mote("check", "tiny.ini")
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.assertEqual(talk, "")
        rows = [line.split(None, 2) for line in out.splitlines()]
        self.assertEqual([row[1] for row in rows], NAMES)
        self.assertEqual({row[0] for row in rows}, {"ok", "skipped"})
        self.assertIn(f"{SAMPLES['train']} samples of 4 of 4 classes", out)

    def test_json_has_the_same_checks(self):
        results = self.results()
        self.assertEqual(list(results), NAMES)
        self.assertEqual(
            results["weights"],
            {
                "name": "weights",
                "result": "skipped",
                "message": "there is no load_path: training starts from the seed",
            },
        )

    def test_failures_are_told_together_and_the_exit_code_is_one(self):
        (self.folder / "test-labels.idx").unlink()
        out, talk = self.run_mote(
            "check", "tiny.ini", "--set=Optimizer.type=adan", "--set=Model.save_path=a/b", code=1
        )
        self.assertEqual(out.count("failed "), 3)
        for text in ["did you mean 'adam'", "test-labels.idx", "cannot write 'a/b"]:
            self.assertIn(text, out)
        self.assertEqual(talk, "mote: tiny.ini: 3 of 12 checks failed\n")

    def test_where_checkpoints_go_is_checked(self):
        (self.folder / "folder").mkdir()
        before = sorted(os.listdir(self.folder))
        results = self.results("--set=Model.checkpoint_every=5 steps")
        self.assertEqual(results["checkpoint_path"]["message"], "'tiny.checkpoint.<step>' can be written")
        for path, reason in (
            ("points", None),
            ("absent/points", "cannot write 'absent/points.mote-tmp'"),
            ("folder", "checkpoint_path = folder: expected the name of a file, not of a folder"),
            ("folder/", "expected the name of a file, not of a folder"),
            ("tiny.ini", "it is the model file"),
            ("tiny.safetensors", "checkpoint_path and save_path name the same file"),
            ("best", "save_best_path = 'best.000000000007' is the name of a checkpoint at 'best'"),
        ):
            with self.subTest(path):
                best = "--set=Model.save_best_path=best.000000000007"
                results = self.results(f"--set=Model.checkpoint_path={path}", best, code=1 if reason else 0)
                self.assertEqual(results["checkpoint_path"]["result"], "failed" if reason else "ok")
                self.assertIn(reason or "'points.<step>' can be written", results["checkpoint_path"]["message"])
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_where_a_swap_file_goes_is_checked(self):
        (self.folder / "folder").mkdir()
        before = sorted(os.listdir(self.folder))
        wide = "--set=hidden.unit=4096"
        out, _ = self.run_mote("plan", "tiny.ini", wide, "--budget=1", "--json", code=3)
        budget = f"--set=Model.memory_budget={json.loads(out)['smallest_budget_bytes']}"
        self.assertEqual(self.results()["swap_path"]["result"], "skipped")
        for path, code in (("folder", 0), ("absent", 1), ("tiny.ini", 1)):
            for arguments in ((), (wide, budget)):
                with self.subTest((path, arguments)):
                    results = self.results(f"--set=Model.swap_path={path}", *arguments, code=code)
                    self.assertEqual(results["swap_path"]["result"], "failed" if code else "ok")
                    reason = "[Model] swap_path: a swap file of" if code else "can be made in 'folder'"
                    self.assertIn(reason, results["swap_path"]["message"])
        message = self.results(wide, budget)["swap_path"]["message"]
        self.assertRegex(message, "^a swap file of [1-9][0-9]+ bytes can be made$")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_quiet_prints_what_failed(self):
        self.assertEqual(self.run_mote("check", "tiny.ini", "--quiet"), ("", ""))
        out, _ = self.run_mote("check", "tiny.ini", "--quiet", "--set=hidden.unit=x", code=1)
        self.assertTrue(out.startswith("failed   network "), out)
        self.assertEqual(out.count("\n"), 1)

    def test_weights_are_checked_against_the_network(self):
        self.train()
        saved = self.results("--weights", "tiny.safetensors")
        self.assertEqual(saved["weights"]["result"], "ok")
        self.assertIn("4 tensors", saved["weights"]["message"])
        other = self.results("--weights=tiny.safetensors", "--set=hidden.unit=17", code=1)
        self.assertEqual(other["weights"]["result"], "failed")
        self.assertIn("hidden.", other["weights"]["message"])
        self.assertEqual(other["train_set"]["result"], "ok")

    def test_a_truncated_data_file_is_found(self):
        path = self.folder / "valid-images.idx"
        path.write_bytes(path.read_bytes()[:-1])
        results = self.results(code=1)
        self.assertEqual([n for n in NAMES if results[n]["result"] == "failed"], ["valid_set"])
        self.assertIn("valid-images.idx", results["valid_set"]["message"])

    def test_a_missing_model_file_is_one_failed_check(self):
        out, talk = self.run_mote("check", "absent.ini", code=1)
        self.assertIn("absent.ini", out)
        self.assertEqual(talk, "mote: absent.ini: 1 of 1 checks failed\n")


if __name__ == "__main__":
    unittest.main()
