# SPDX-License-Identifier: Apache-2.0
"""Command info: what it says of files of weights that mote made, that others made, and that are broken."""

import json
import math
import struct
import unittest

from support import CliTest

TENSORS = {  # name: dtype, shape, struct's code, values
    "d": ("F64", [2], "d", [1.5, -2.5]),
    "f": ("F32", [2, 2], "f", [1.0, math.inf, math.nan, -3.0]),
    "h": ("F16", [5], "e", [1.0, -0.5, 6.103515625e-05, 5.960464477539063e-08, 65504.0]),
    "odd": ("F16", [4], "e", [-5.960464477539063e-08, math.inf, -math.inf, math.nan]),
    "b": ("BF16", [2], "H", [0x3F80, 0xC000]),  # 1, -2
    "i": ("I64", [1, 1, 2], "q", [-(2**40), 7]),
    "u": ("U8", [3], "B", [0, 255, 3]),
    "none": ("F32", [0, 4], "f", []),
    "scalar": ("I16", [], "h", [-9]),
}


def write_file(path, tensors, metadata=None):
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, code, values) in tensors.items():
        part = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {
            "dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]
        }
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Info(CliTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "other.safetensors"

    def test_every_dtype_is_read(self):
        write_file(self.path, TENSORS, {"format": "pt", "note": "made by hand"})
        answer = self.run_json("info", "other.safetensors")
        self.assertEqual(answer["metadata"], {"format": "pt", "note": "made by hand"})
        found = {tensor["name"]: tensor for tensor in answer["tensors"]}
        self.assertEqual(set(found), set(TENSORS))
        for name, (dtype, shape, code, values) in TENSORS.items():
            with self.subTest(name):
                numbers = [1.0, -2.0] if name == "b" else values
                finite = [v for v in numbers if math.isfinite(v)]
                self.assertEqual(
                    found[name],
                    {
                        "name": name,
                        "dtype": dtype,
                        "shape": shape,
                        "bytes": struct.calcsize(f"<{len(values)}{code}"),
                        "minimum": min(finite, default=None),
                        "maximum": max(finite, default=None),
                        "mean": sum(finite) / len(finite) if finite else None,
                        "nonfinite_count": len(numbers) - len(finite),
                    },
                )
        self.assertEqual(answer["tensor_count"], len(TENSORS))
        self.assertEqual(answer["nonfinite_count"], 5)
        self.assertEqual(answer["element_count"], sum(len(t[3]) for t in TENSORS.values()))

    def test_a_trained_file_is_listed_and_fits_its_model(self):
        self.train()
        out, talk = self.run_mote("info", "tiny.safetensors", "--model", "tiny.ini")
        self.assertRegex(out, r"(?m)^hidden\.weight +F32 +16:64 +4096 ")
        self.assertRegex(out, r"(?m)^mote\.version +\d")
        self.assertRegex(out, r"(?m)^4 tensors, 1108 elements, 4\.43 kB, 0 not finite$")
        self.assertTrue(out.endswith("\nfits tiny.ini\n"), out)
        self.assertEqual(talk, "")
        self.assertLessEqual(max(map(len, out.splitlines())), 100)

    def test_a_file_that_does_not_fit_is_said_to_and_the_exit_code_is_one(self):
        self.train()
        other = ["info", "tiny.safetensors", "--model=tiny.ini", "--set=hidden.unit=17"]
        out, talk = self.run_mote(*other, code=1)
        self.assertIn("does not fit tiny.ini: ", out)
        self.assertEqual(talk, "")
        answer = self.run_json(*other, code=1)
        self.assertIs(answer["fits"], False)
        self.assertIn("the model needs [17]", answer["misfit"])

    def test_without_a_model_nothing_is_said_of_fitting(self):
        self.train()
        answer = self.run_json("info", "tiny.safetensors")
        self.assertIsNone(answer["fits"])
        self.assertIsNone(answer["misfit"])

    def test_a_bad_model_is_an_error(self):
        self.train()
        line = self.refuse("info", "tiny.safetensors", "--model=absent.ini", code=1)
        self.assertIn("absent.ini", line)

    def test_broken_files_are_refused_with_the_reason(self):
        good = {"a": ("F32", [2], "f", [1, 2])}
        write_file(self.path, {"a": ("F99", [2], "f", [1, 2])})
        self.assertIn("unknown dtype 'F99'", self.refuse("info", self.path, code=1))
        write_file(self.path, {"a": ("F32", [3], "f", [1, 2])})
        self.assertIn("its shape and dtype need 12", self.refuse("info", self.path, code=1))
        write_file(self.path, {"a": ("F32", [2**40, 2**40], "f", [1, 2])})
        self.assertIn("more elements than", self.refuse("info", self.path, code=1))
        write_file(self.path, good)
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[:-1])
        self.assertIn("at bytes 0 to 8", self.refuse("info", self.path, code=1))
        self.path.write_bytes(whole + b"x")
        self.assertIn("1 bytes behind the last", self.refuse("info", self.path, code=1))
        text = json.dumps(
            {
                name: {"dtype": "U8", "shape": [2], "data_offsets": [at, at + 2]}
                for name, at in [("a", 0), ("b", 1)]
            }
        ).encode()
        self.path.write_bytes(struct.pack("<Q", len(text)) + text + b"xyz")
        self.assertIn("(overlap)", self.refuse("info", self.path, code=1))
        self.assertIn("no safetensors file", self.refuse("info", "tiny.ini", code=1))
        self.assertIn("absent", self.refuse("info", "absent", code=1))


if __name__ == "__main__":
    unittest.main()
