# SPDX-License-Identifier: Apache-2.0
"""`mote plan --html`: a page that is whole in itself, with the numbers of the plan, in a file that is replaced."""

import csv
import io
import json
import os
import re
import unittest
from html.parser import HTMLParser

from support import CliTest
from test_plan import DEEP

EMPTY = {"meta", "input", "br", "wbr"}


class Page(HTMLParser):
    """All elements with their attributes and texts; elements must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.faults = [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{element[0]}> is open" for element in self.open]

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), [])
        self.elements.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        for element in self.open:
            element[2].append(data)

    def all(self, tag):
        return [element for element in self.elements if element[0] == tag]


def luminance(color):
    """Relative luminance of "#rgb" or "#rrggbb", as WCAG has it."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    brighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


class PlanPage(CliTest):
    def make(self, *arguments, model="tiny.ini"):
        self.run_mote("plan", model, "--html=page.html", *arguments)
        self.text = (self.folder / "page.html").read_text()
        page = Page(self.text)
        self.assertEqual(page.faults, [])
        return page

    def rows(self, model="tiny.ini"):
        out, _ = self.run_mote("plan", model, "--csv")
        return list(csv.DictReader(io.StringIO(out)))

    def test_every_placement_is_a_rectangle_and_a_row(self):
        page = self.make()
        rows = self.rows()
        arena = self.run_json("plan", "tiny.ini")["arena_bytes"]
        rectangles = [attributes for _, attributes, _ in page.all("rect")]
        self.assertEqual(len(rectangles), len(rows))
        for row, rectangle in zip(rows, rectangles):
            self.assertEqual(rectangle["x"], row["lower"])
            self.assertEqual(int(rectangle["width"]), int(row["upper"]) - int(row["lower"]))
            height, y = float(rectangle["height"]), float(rectangle["y"])
            self.assertAlmostEqual(height, 1000 * int(row["size"]) / arena, delta=0.002)
            self.assertAlmostEqual(1000 - y - height, 1000 * int(row["offset"]) / arena, delta=0.002)
        self.assertIn("hidden = hidden/activation", self.text)
        titles = ["".join(text) for _, _, text in page.all("title")][1:]  # the first is the page's
        for row, title in zip(rows, titles):
            names, rest = title.split("\n", 1)
            self.assertEqual(names.split(" = ")[0].split(" (")[0], row["name"].split(" (")[0])
            self.assertTrue(rest.startswith(f"{row['kind']}, "), title)
            self.assertIn(f"{row['size']} bytes", title)
            self.assertIn(f"steps {row['lower']} to {int(row['upper']) - 1}: ", title)

    def test_links_lead_to_what_is_there_and_to_nothing_outside(self):
        page = self.make()
        names = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
        self.assertEqual(len(names), len(set(names)))
        for tag, attributes, _ in page.elements:
            self.assertNotIn("src", attributes)
            self.assertNotEqual(tag, "link")
            if "href" in attributes:
                self.assertEqual(attributes["href"][0], "#")
                self.assertIn(attributes["href"][1:], names)
        self.assertNotRegex(self.text, r"https?:|@import|url\(|<!--=")

    def test_the_numbers_are_those_of_the_plan(self):
        page = self.make()
        plan = self.run_json("plan", "tiny.ini")
        numbers = "".join("".join(text) for tag, _, text in page.elements if tag == "dl")
        for key in ["arena_bytes", "lower_bound_bytes", "unplanned_bytes"]:
            self.assertIn(f"{plan[key]} bytes", numbers)
        self.assertIn(f"step {plan['peak_step']}", numbers)
        self.assertIn(plan["peak_step_name"], numbers)
        for name in plan["techniques"]:
            self.assertIn(name, self.text)
        steps = re.findall(r'<tr( class="at-peak")?><td class="number">(\d+)</td>', self.text)
        self.assertEqual([int(step) for _, step in steps], list(range(plan["step_count"])))
        self.assertEqual([int(s) for mark, s in steps if mark], [plan["peak_step"]])

    def sizes(self, page):
        """What stands above the drawing, by its heading."""
        heads = ["".join(text) for tag, _, text in page.elements if tag == "dt"]
        return dict(zip(heads, ["".join(text) for tag, _, text in page.elements if tag == "dd"]))

    def test_what_the_text_says_of_the_plan_is_above_the_drawing(self):
        (self.folder / "net.ini").write_text(DEEP)
        page = self.make(model="net.ini")
        sizes = self.sizes(page)
        plan = self.run_json("plan", "net.ini")
        self.assertIn("of the next batch's", sizes["Read ahead"])
        self.assertIn(plan["ahead_step_name"], sizes["Read ahead"])
        self.assertIn("rates that are assumed of the device", sizes["Predicted"])
        for name in ["Memory budget", "Swap file", "Kept gradients", "Deadline"]:
            self.assertNotIn(name, sizes)
        self.assertNotIn("not with kept gradients", self.text)
        more = ("--set=Optimizer.clip_norm=1", "--set=Model.operation_deadline_ms=0.001")
        out, _ = self.run_mote("plan", "net.ini", *more, "--budget=1", "--json", code=3)
        more += (f"--budget={json.loads(out)['smallest_budget_bytes']}",)
        sizes = self.sizes(self.make(*more, model="net.ini"))
        plan = self.run_json("plan", "net.ini", *more)
        self.assertIn(f"{plan['memory_budget_bytes']} bytes, kept by ", sizes["Memory budget"])
        self.assertIn(f"{plan['swap_file_bytes']} bytes, a step reads ", sizes["Swap file"])
        self.assertIn(" ms of it waiting for the file", sizes["Predicted"])
        self.assertIn("more", sizes["Kept gradients"])
        self.assertIn("clip_norm", sizes["Kept gradients"])
        self.assertIn(f"{plan['late_operations']} are predicted", sizes["Deadline"])
        self.assertIn("not with kept gradients", self.text)

    def test_the_peak_stands_out_from_what_is_around_it(self):
        page = self.make()
        frames = [(a["class"], a["d"]) for tag, a, _ in page.elements if tag == "path"][-2:]
        self.assertEqual([name for name, _ in frames], ["around-peak", "peak"])
        self.assertEqual(frames[0][1], frames[1][1])
        themes = re.findall(r":root \{(.*?)\n *\}", self.text, re.S)
        self.assertEqual(len(themes), 2)
        for theme in themes:
            colors = dict(re.findall(r"--(\w+): (#\w+);", theme))
            self.assertGreater(contrast(colors["peak"], colors["card"]), 4.5)
        self.assertRegex(self.text, r"\.around-peak \{ stroke: var\(--card\)")

    def test_names_are_escaped(self):
        text = (self.folder / "tiny.ini").read_text().replace("[hidden]", "[<b>&x]")
        name = "'\"<i>.ini"
        (self.folder / name).write_text(text)
        page = self.make(model=name)
        self.assertEqual(page.all("b") + page.all("i"), [])
        self.assertIn(f"Memory plan of {name}", "".join(page.all("h1")[0][2]))
        rows = self.rows(name)
        cells = ["".join(text) for _, _, text in page.all("a")]
        for row in rows:
            self.assertIn(row["name"], cells)
        self.assertIn("<b>&x.weight", cells)

    def test_the_result_is_printed_as_without_a_page(self):
        for form in [(), ("--json",), ("--csv",)]:
            plain = self.run_mote("plan", "tiny.ini", *form)
            self.assertEqual(self.run_mote("plan", "tiny.ini", "--html=a.html", *form), plain)

    def test_an_older_page_is_replaced_and_nothing_else(self):
        self.make("--batch=4")
        old = self.text
        self.make()
        self.assertNotEqual(self.text, old)
        before = (self.folder / "tiny.ini").read_text()
        self.assertEqual(
            self.refuse("plan", "tiny.ini", "--html", "tiny.ini", code=1),
            "option --html: 'tiny.ini' is there and is no page of mote; name another file, or "
            "remove it",
        )
        self.assertEqual((self.folder / "tiny.ini").read_text(), before)
        self.assertEqual([p.name for p in self.folder.glob("*.mote-tmp")], [])

    def test_a_file_that_cannot_be_written_is_named(self):
        for path, reason in [("no/such.html", "No such file"), (".", "Is a directory")]:
            line = self.refuse("plan", "tiny.ini", "--html", path, code=1)
            self.assertIn(f"'{path}", line)
            self.assertIn(reason, line)
        self.assertEqual(sorted(os.listdir(self.folder / ".")).count("no"), 0)


if __name__ == "__main__":
    unittest.main()
