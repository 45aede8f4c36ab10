#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints tests/unit/data/sound_values.h: features of a sound as numpy computes them.

usage: numpy_sound.py > tests/unit/data/sound_values.h (then clang-format)

Needs Debian's python3-numpy. The formulas are those of src/data/sound_features.c, written another way: numpy's
FFT, the mel scale as 2595 log10(1 + f / 700), triangles as the lower one of two ramps, the transform as a matrix.
"""
import numpy

# name, kind, samples a second, frame length, frame step (both in samples), bands, coefficients, lowest and
# highest frequency, samples
CASES = [
    ("log_mel", "LOG_MEL", 8000, 200, 80, 20, 0, 20.0, 4000.0, 440),
    ("mfcc", "MFCC", 16000, 512, 256, 40, 13, 100.0, 7000.0, 1100),
    ("short_mfcc", "MFCC", 8000, 200, 80, 24, 13, 0.0, 4000.0, 100),
]


def make_sound(count):
    """Integers only, so that the test makes the same one; its last quarter is silence."""
    n = numpy.arange(count)
    values = ((7 * n * n + 13 * n) % 2001 - 1000) / 1024
    return numpy.where(4 * n < 3 * count, values, 0.0)


def find_energies(sound, rate, length, step, bands, low, high):
    size = 1 << (length - 1).bit_length()
    if len(sound) < length:
        sound = numpy.pad(sound, (0, length - len(sound)))
    starts = range(0, len(sound) - length + 1, step)
    window = numpy.hanning(length + 1)[:-1]
    frames = numpy.stack([sound[start : start + length] * window for start in starts])
    power = numpy.abs(numpy.fft.rfft(frames, n=size)) ** 2
    mels = numpy.linspace(2595 * numpy.log10(1 + low / 700), 2595 * numpy.log10(1 + high / 700), bands + 2)
    corners = 700 * (10 ** (mels / 2595) - 1)
    bins = numpy.fft.rfftfreq(size, 1 / rate)
    rising = (bins - corners[:-2, None]) / numpy.diff(corners)[:-1, None]
    falling = (corners[2:, None] - bins) / numpy.diff(corners)[1:, None]
    triangles = numpy.maximum(0, numpy.minimum(rising, falling))
    return numpy.log(numpy.maximum(power @ triangles.T, 1e-10))


def make_cosines(bands, coefficients):
    angles = numpy.pi / bands * numpy.outer(numpy.arange(bands) + 0.5, numpy.arange(coefficients))
    matrix = numpy.cos(angles) * numpy.sqrt(2 / bands)
    matrix[:, 0] /= numpy.sqrt(2)
    return matrix


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Features of a sound, made by tools/numpy_sound.py with numpy; rows are frames.")
    print("#ifndef MOTE_TESTS_UNIT_DATA_SOUND_VALUES_H\n#define MOTE_TESTS_UNIT_DATA_SOUND_VALUES_H\n")
    print('#include "data/sound.h"\n')
    cases = []
    for name, kind, rate, length, step, bands, coefficients, low, high, count in CASES:
        rows = find_energies(make_sound(count), rate, length, step, bands, low, high)
        if kind == "MFCC":
            rows = rows @ make_cosines(bands, coefficients)
        numbers = ", ".join(f"{value:.9f}F" for value in rows.ravel())
        print(f"static const float {name}_values[] = {{{numbers}}};\n")
        limit = 0.0 if 2 * high == rate else high
        cases.append(
            f"{{{{.sample_rate = {rate}, .features = MOTE_SOUND_{kind}, .frame_length = {1000 * length / rate}, "
            f".frame_step = {1000 * step / rate}, .mel_count = {bands}, .coefficient_count = {coefficients}, "
            f".low_frequency = {low}, .high_frequency = {limit}}}, {count}, {len(rows)}, {name}_values}},"
        )
    print("static const struct {\nmote_sound_settings settings;\nsize_t sample_count, frame_count;")
    print("const float *values;\n} sound_cases[] = {")
    print("\n".join(cases))
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
