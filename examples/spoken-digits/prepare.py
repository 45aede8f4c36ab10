#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes folders of spoken digits, one sub-folder a digit: train, test and recorded.

usage: prepare.py [FOLDER]

FOLDER: default generated beside this script. Needs Debian's espeak-ng and python3-numpy, and for the folder recorded
asterisk-core-sounds-en-wav. train and test are spoken by espeak-ng's voices; a voice of the one, or one that
differs from it by a number in its name only, is none of the other. recorded is a woman's voice from a telephone
system. All sounds get 8000 samples a second, and silence at both ends is cut off.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import wave

import numpy

DIGITS = "zero one two three four five six seven eight nine".split()
ACCENTS = ["en-us", "en-gb-scotland"]
RATE = 8000
HELD_OUT = 4  # one of as many families of voices is for the test
SILENCE = 0.02  # of the loudest sample
RECORDINGS = pathlib.Path("/usr/share/asterisk/sounds/en_US_f_Allison/digits")


def list_voices():
    """By family: the name without digits at its end."""
    out = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True)
    names = {line.split("!v/")[1].split("  ")[0].strip() for line in out.stdout.splitlines() if "!v/" in line}
    families = {}
    for name in sorted(name for name in names if re.fullmatch(r"\w+", name)):
        families.setdefault(name.rstrip("0123456789").lower(), []).append(name)
    return families


def read(path):
    with wave.open(str(path)) as sound:
        assert sound.getnchannels() == 1 and sound.getsampwidth() == 2
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        return samples.astype(float), sound.getframerate()


def resample(samples, rate):
    """By cutting off the spectrum above half the new rate; lengths are padded so that both are whole."""
    step = rate // numpy.gcd(rate, RATE)
    padded = numpy.pad(samples, (0, -len(samples) % (2 * step)))
    count = len(padded) * RATE // rate
    return numpy.fft.irfft(numpy.fft.rfft(padded)[: count // 2 + 1], count) * count / len(padded)


def write(path, samples, rate):
    if rate != RATE:
        samples = resample(samples, rate)
    loud = numpy.flatnonzero(numpy.abs(samples) > SILENCE * numpy.abs(samples).max())
    samples = numpy.clip(numpy.rint(samples[loud[0] : loud[-1] + 1]), -32768, 32767)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(samples.astype("<i2").tobytes())


def speak(voice, word, temporary):
    subprocess.run(["espeak-ng", "-v", voice, "-w", temporary, word], check=True)
    return read(temporary)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "generated")
    families = list_voices()
    with tempfile.NamedTemporaryFile(suffix=".wav") as temporary:
        for place, family in enumerate(sorted(families)):
            name = "test" if place % HELD_OUT == HELD_OUT - 1 else "train"
            for variant in families[family]:
                for accent in ACCENTS:
                    for word in DIGITS:
                        samples, rate = speak(f"{accent}+{variant}", word, temporary.name)
                        write(folder / name / word / f"{accent}+{variant}.wav", samples, rate)
    for digit, word in enumerate(DIGITS):
        path = RECORDINGS / f"{digit}.wav"
        if path.exists():
            write(folder / "recorded" / word / "allison.wav", *read(path))


if __name__ == "__main__":
    main()
