# SPDX-License-Identifier: Apache-2.0
"""The page of `mote plan --html` in headless Chromium: it is drawn, its script runs without an error and does what it is for."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MOTE = os.environ["MOTE_CLI"]
MODELS = Path(os.environ["MOTE_SOURCE_DIR"]) / "bench/models"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

# In front of the page's script: errors become attributes. Behind it: what a person would do.
WATCH = """<script>
addEventListener("error", (event) => document.documentElement.setAttribute("data-error", event.message));
</script>"""
PROBE = """<script>
(() => {
    const all = (what) => [...document.querySelectorAll(what)];
    const told = document.getElementById("told");
    const blocks = all("svg a");
    const rows = () => all("#blocks tbody tr");
    const seen = { rectangles: all("svg rect").length, rows: rows().length };
    const boxes = blocks.map((block) => block.querySelector("rect").getBoundingClientRect());
    const svg = document.querySelector("svg").getBoundingClientRect();
    seen.inside = boxes.every((box) => box.left >= svg.left - 2 && box.right <= svg.right + 2 &&
        box.top >= svg.top - 2 && box.bottom <= svg.bottom + 2);
    seen.width = document.documentElement.scrollWidth;
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(".plot .at-peak"));
    seen.label = [...range.getClientRects()].every((box) => box.left >= svg.left - 1 && box.right <= svg.right + 1);

    blocks[3].dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    seen.pointed = told.textContent.split("\\n")[0];
    seen.stops = all("svg a[tabindex='0']").length;
    blocks[0].focus();
    seen.focused = told.textContent.split("\\n")[0];
    blocks[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
    seen.above = document.activeElement.id;
    blocks[5].querySelector("rect").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    seen.tapped = all("svg a.chosen, #blocks tr.chosen").map((one) => one.id);

    location.hash = "#b7";
    dispatchEvent(new Event("hashchange"));
    seen.followed = told.textContent.split("\\n")[0];

    const find = document.getElementById("find");
    find.value = "GRADIENT";
    find.dispatchEvent(new Event("input"));
    seen.found = rows().filter((row) => getComputedStyle(row).display !== "none")
        .map((row) => row.cells[0].querySelector("a").textContent);
    const shared = rows().find((row) => row.cells[0].textContent.includes(" = "));
    find.value = shared.cells[0].textContent.split(" = ").pop();
    find.dispatchEvent(new Event("input"));
    seen.other = getComputedStyle(shared).display !== "none" &&
        document.getElementById("matches").textContent !== blocks.length + " of " + blocks.length;
    find.value = "";
    find.dispatchEvent(new Event("input"));
    document.getElementById("show-scratch").click();
    seen.hidden = blocks.filter((block) => getComputedStyle(block).display === "none").length;
    // what is left uses all of the height, and the marks beside it say which addresses that are
    const heights = () => blocks.map((block) => block.querySelector("rect").getBoundingClientRect().height);
    const before = heights();
    document.getElementById("show-weights").click();
    document.getElementById("show-optimizer").click();
    const left = blocks.filter((block) => getComputedStyle(block).display !== "none");
    const fitted = left.map((block) => block.querySelector("rect").getBoundingClientRect());
    const box = document.querySelector("svg").getBoundingClientRect();
    seen.used = [Math.min(...fitted.map((one) => one.top)) - box.top, box.bottom - Math.max(...fitted.map((one) => one.bottom))];
    seen.marks = all(".addresses span").map((mark) => mark.textContent);
    document.getElementById("show-weights").click();
    document.getElementById("show-optimizer").click();
    document.getElementById("show-scratch").click();
    seen.back = heights().every((height, index) => Math.abs(height - before[index]) < 0.5 || before[index] === 0);
    document.getElementById("show-scratch").click();
    document.querySelectorAll("#blocks th button")[3].click();
    seen.sorted = rows().map((row) => +row.cells[3].dataset.value);
    document.getElementById("zoom-5").click();
    seen.zoom = document.querySelector("svg").getBoundingClientRect().width / svg.width;

    const output = document.createElement("pre");
    output.id = "seen";
    output.textContent = JSON.stringify(seen);
    document.body.append(output);
})();
</script>"""


class PlanPage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def look(self, model, width):
        """What the probe saw, and the placements."""
        page = self.folder / "page.html"
        plan = json.loads(self.call(MOTE, "plan", MODELS / model, "--json", f"--html={page}"))
        table = self.call(MOTE, "plan", MODELS / model, "--csv").splitlines()[1:]
        text = page.read_text()
        text = text.replace("<head>", "<head>" + WATCH).replace("</body>", PROBE + "</body>")
        page.write_text(text)
        dom = self.call(
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={self.folder}/profile", f"--window-size={width},900", "--dump-dom",
            page.as_uri(),
        )
        self.assertNotIn("data-error", dom.split("<head>")[0], dom[:400])
        seen = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.S)
        self.assertIsNotNone(seen, "the probe did not run")
        return json.loads(seen[1]), plan, [row.split(",") for row in table]

    def call(self, *command):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check(self, model, width):
        seen, plan, table = self.look(model, width)
        self.assertEqual(seen["rectangles"], plan["placement_count"])
        self.assertEqual(seen["rows"], plan["placement_count"])
        self.assertTrue(seen["inside"])
        self.assertTrue(seen["label"])
        self.assertLessEqual(seen["width"], width)
        self.assertEqual(seen["pointed"].split(" = ")[0], table[3][5])
        self.assertEqual(seen["stops"], 1)
        self.assertEqual(seen["focused"], table[0][5])
        self.assertNotEqual(seen["above"], "b0")
        self.assertEqual(seen["tapped"], ["b5", "r5"])
        self.assertEqual(seen["followed"].split(" = ")[0], table[7][5])
        self.assertEqual(seen["found"], [row[5] for row in table if "gradient" in row[5].lower()])
        self.assertTrue(seen["other"])  # a tensor that its block is not named by is found, too
        self.assertEqual(seen["hidden"], sum(row[6] == "scratch" for row in table))
        for unused in seen["used"]:
            self.assertAlmostEqual(unused, 0, delta=2)
        transient = [row for row in table if row[6] not in ("weights", "optimizer", "scratch")]
        self.assertEqual(seen["marks"][-1], self.rounded(min(int(row[4]) for row in transient)))
        self.assertEqual(
            seen["marks"][0], self.rounded(max(int(row[4]) + int(row[3]) for row in transient))
        )
        self.assertTrue(seen["back"])
        self.assertEqual(seen["sorted"], sorted((int(row[3]) for row in table), reverse=True))
        self.assertAlmostEqual(seen["zoom"], 5, delta=0.1)

    def rounded(self, count):
        """As the page has bytes."""
        if count < 1000:
            return f"{count} B"
        value, units = count / 1000, ["kB", "MB", "GB", "TB"]
        while value >= 999.5 and len(units) > 1:
            value /= 1000
            units.pop(0)
        return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {units[0]}"

    def test_on_a_phone_and_on_a_desk(self):
        for width in (500, 1400):  # a headless window is no narrower than 500
            for model in ("lenet5.ini", "resnet18.ini"):
                with self.subTest(width=width, model=model):
                    self.check(model, width)

    def test_thousands_of_blocks(self):
        self.check("mobilenetv2.ini", 1400)


if __name__ == "__main__":
    if not BROWSER:
        print("skipped: no chromium, which this test needs")
        sys.exit(77)
    unittest.main()
