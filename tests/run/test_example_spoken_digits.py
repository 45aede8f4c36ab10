# SPDX-License-Identifier: Apache-2.0
"""examples/spoken-digits on tones that are made here: lstm.ini learns them, in mote and in PyTorch."""

import math
import random
import struct
import unittest
import wave

from examples import ExampleTest, has_modules

WORDS = "zero one two three four five six seven eight nine".split()
RATE = 8000


def write_tone(path, tone, dice):
    path.parent.mkdir(parents=True, exist_ok=True)
    count = dice.randrange(2000, 5000)
    values = (
        round(8000 * math.sin(2 * math.pi * tone * i / RATE) + dice.gauss(0, 300))
        for i in range(count)
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", value) for value in values))


class SpokenDigits(ExampleTest):
    example = "spoken-digits"

    def write_sounds(self):
        dice = random.Random(3)
        for name, count in ("train", 12), ("test", 4):
            for label, word in enumerate(WORDS):
                for i in range(count):
                    tone = 250 * 1.3**label * dice.uniform(0.97, 1.03)
                    path = self.folder / "generated" / name / word / f"{i}.wav"
                    write_tone(path, tone, dice)

    def test_tones_are_learned_as_in_pytorch(self):
        self.write_sounds()
        if not has_modules("torch", "PIL", "numpy"):
            self.skipTest("no python3-torch, python3-pil or python3-numpy")
        mote, torch = self.compare("lstm.ini")
        self.assertGreater(mote, 85)
        self.assertGreater(torch, 85)


if __name__ == "__main__":
    unittest.main()
