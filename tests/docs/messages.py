# SPDX-License-Identifier: Apache-2.0
"""The messages of the library, as its source raises them."""

import re

RAISE = re.compile(r'MOTE_RAISE\(\s*(\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
CONVERSION = re.compile(r"%[-+ #0]*[\d*]*(?:\.(?:\d+|\*))?(?:ll|z|l|h)?[a-zA-Z]")


def read_messages(folder):
    """(status, message) of every MOTE_RAISE with a text of its own; conversions are `<>`."""
    for path in sorted(folder.rglob("*.c")):
        for status, literals in RAISE.findall(path.read_text()):
            text = "".join(LITERAL.findall(literals)).replace('\\"', '"')
            yield status, CONVERSION.sub("<>", text)
