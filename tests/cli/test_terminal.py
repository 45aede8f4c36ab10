# SPDX-License-Identifier: Apache-2.0
"""The live line on a terminal, and colours."""

import re
import unittest

from support import CliTest, Terminal

ESCAPE = re.compile(r"\033\[[0-9;]*m")


def render(text):
    """The lines that stand on the screen in the end, without blanks at their ends."""
    lines = []
    for line in ESCAPE.sub("", text).split("\n"):
        screen = []
        for piece in line.split("\r"):
            screen[: len(piece)] = piece
        lines.append("".join(screen).rstrip())
    return lines


class Live(CliTest):
    def show(self, *arguments, **options):
        """What a terminal got from a run that succeeds."""
        terminal = Terminal(self, *arguments, **options)
        text = terminal.read_rest()
        self.assertEqual(terminal.process.returncode, 0, text)
        return text

    def show_training(self, **options):
        # ended by the test, not before the live line was drawn, however fast the machine is
        terminal = Terminal(self, "train", "tiny.ini", "--epochs=1000000", **options)
        terminal.read_until(" left")
        terminal.process.terminate()
        return terminal.read_rest()

    def test_the_live_line_tells_epoch_batch_loss_accuracy_speed_and_time_left(self):
        text = ESCAPE.sub("", self.show_training(width=120))
        self.assertRegex(
            text,
            r"\repoch \d+/1000000  batch \d+/10  loss [\d.]+  acc [\d.]+ %  \d+ samples/s"
            r"  [\d:]+ left",
        )

    def test_an_epoch_stays_on_the_screen(self):
        text = ESCAPE.sub("", self.show("train", "tiny.ini", width=100))
        self.assertEqual(
            re.findall(r"\repoch (\d)/3  loss [^\r\n]*  validation loss [^\r\n]* s *\r\n", text),
            ["1", "2", "3"],
        )

    def test_the_live_line_is_cut_to_the_width_of_the_terminal(self):
        terminal = Terminal(self, "bench", "tiny.ini", "--steps=100000000", width=20)
        terminal.read_until("step ")
        terminal.process.terminate()
        lines = ESCAPE.sub("", terminal.read_rest()).split("\r")
        self.assertTrue(any(line.startswith("step ") for line in lines))
        self.assertLessEqual(max(map(len, lines)), 19)

    def test_nothing_is_left_of_a_longer_line_below_a_shorter_one(self):
        lines = render(self.show_training(width=200))
        epochs = [line for line in lines if re.match(r"epoch \d+/1000000  loss", line)]
        self.assertGreater(len(epochs), 0)
        for line in epochs:
            self.assertRegex(line, r"  validation loss [\d.]+  accuracy [\d.]+ %  [\d.]+ s$")

    def test_the_result_starts_on_a_new_line(self):
        text = self.show("bench", "tiny.ini", "--steps=30000", both=True)
        self.assertRegex(text, r"(^|\n)step +[\d.]+ ms")

    def test_colours_are_used_and_can_be_switched_off(self):
        self.assertRegex(self.show("train", "tiny.ini"), ESCAPE)
        for value, coloured in [("1", False), ("0", False), ("", True)]:
            text = self.show("train", "tiny.ini", environment={"NO_COLOR": value})
            self.assertEqual(bool(ESCAPE.search(text)), coloured, value)

    def test_errors_are_coloured_on_a_terminal_only(self):
        message = " unknown command 'juggle', see 'mote --help'\r\n"
        text = Terminal(self, "juggle").read_rest()
        self.assertEqual(text, "\033[1;31mmote:\033[0m" + message)
        text = Terminal(self, "juggle", environment={"NO_COLOR": "1"}).read_rest()
        self.assertEqual(text, "mote:" + message)

    def test_a_dumb_terminal_gets_plain_lines(self):
        text = self.show("train", "tiny.ini", environment={"TERM": "dumb"})
        self.assertNotIn("\033", text)
        self.assertNotIn("\r", text.replace("\r\n", "\n"))
        self.assertEqual(len(re.findall(r"(?m)^epoch \d/3  loss", text)), 3)

    def test_quiet_shows_nothing(self):
        self.assertEqual(self.show("train", "tiny.ini", "--quiet"), "")
        self.assertEqual(self.show("bench", "tiny.ini", "--quiet"), "")


if __name__ == "__main__":
    unittest.main()
