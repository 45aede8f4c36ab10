#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws A to Z with the fonts of Debian's packages, into generated/{train,valid,test}/LETTER/*.png.

No family of fonts is in two parts. Images are grey, 28x28, black on white; the letter lies within two pixels of the
middle, where the SHA-256 of the file's name puts it.
"""

import argparse
import hashlib
import string
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts")
SIDE = 28
POINTS = (16, 20, 24)
REACH = 2  # pixels from the middle

# Folders of fonts and Debian's packages that bring them.
PARTS = {
    "train": {
        "truetype/dejavu": "fonts-dejavu-core fonts-dejavu-extra",
        "truetype/liberation": "fonts-liberation",
        "truetype/freefont": "fonts-freefont-ttf",
        "truetype/lato": "fonts-lato",
        "truetype/open-sans": "fonts-open-sans",
        "opentype/linux-libertine": "fonts-linuxlibertine",
        "opentype/cabin": "fonts-cabin",
        "truetype/comfortaa": "fonts-comfortaa",
    },
    "valid": {
        "truetype/quicksand": "fonts-quicksand",
        "opentype/ebgaramond": "fonts-ebgaramond",
        "truetype/crosextra": "fonts-crosextra-caladea",
    },
    "test": {
        "truetype/roboto": "fonts-roboto-unhinted",
        "opentype/cantarell": "fonts-cantarell",
        "truetype/vollkorn": "fonts-vollkorn",
        "truetype/inconsolata": "fonts-inconsolata",
    },
}
# Keys of a keyboard, initials with ornaments, and a family that was made from Lato.
NOT_USED = ("LinBiolinum_K", "LinLibertine_I.", "Carlito")


def check_packages():
    folders = [item for part in PARTS.values() for item in part.items()]
    missing = [packages for folder, packages in folders if not (FONTS / folder).exists()]
    if missing:
        raise SystemExit("fonts are missing: apt-get install " + " ".join(missing))


def find_fonts(part):
    """The files in the order of their names; one that a package has twice counts once."""
    paths = [path for folder in PARTS[part] for path in sorted((FONTS / folder).rglob("*.[ot]tf"))]
    files = {path.name: path for path in paths}
    return [path for name, path in sorted(files.items()) if not name.startswith(NOT_USED)]


def draw(letter, font, name):
    image = Image.new("L", (SIDE, SIDE), 255)
    left, top, right, bottom = font.getbbox(letter)
    dice = hashlib.sha256(name.encode()).digest()
    x, y = (die % (2 * REACH + 1) - REACH for die in dice[:2])
    corner = ((SIDE - left - right) // 2 + x, (SIDE - top - bottom) // 2 + y)
    ImageDraw.Draw(image).text(corner, letter, fill=0, font=font)
    return image


def draw_part(part, fonts, output):
    count = 0
    for path in fonts:
        for points in POINTS:
            font = ImageFont.truetype(str(path), points, layout_engine=ImageFont.Layout.BASIC)
            for letter in string.ascii_uppercase:
                name = f"{letter}/{path.stem}-{points}.png"
                target = output / part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                draw(letter, font, name).save(target)
                count += 1
    print(f"{output / part}: {count} images of {len(fonts)} fonts")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "generated")
    parser.add_argument("--fonts", type=int, help="draw with the first N fonts of each part only")
    arguments = parser.parse_args()
    check_packages()
    for part in PARTS:
        draw_part(part, find_fonts(part)[: arguments.fonts], arguments.output)


if __name__ == "__main__":
    main()
