# SPDX-License-Identifier: Apache-2.0
"""tools/check_tree.py accepts a clean tree and refuses each kind of text that may not be there."""

import unittest

from fixture import SPDX, CheckerTest

SOURCE = "src/plan/sort.c"


class CheckTree(CheckerTest):
    checker = "check_tree.py"

    def test_a_clean_tree_is_accepted(self):
        self.assert_accepted()

    def test_more_than_800_lines_are_refused(self):
        self.write(SOURCE, SPDX + "int a;\n" * 799)
        self.assert_refused("src/plan/sort.c:801: 801 lines, the limit is 800")

    def test_more_than_500_lines_are_a_warning(self):
        self.write(SOURCE, SPDX + "int a;\n" * 500)
        self.assertIn("1 files over 500 lines src/plan/sort.c (502)", self.run_checker().stdout)
        self.assert_accepted()

    def test_a_long_list_is_accepted(self):
        self.write("src/plan/planners.def", SPDX + "ROW(a)\n" * 900)
        self.assert_accepted()

    def test_a_missing_licence_line_is_refused(self):
        self.write(SOURCE, "// Sorts.\n// Fast.\n")
        self.assert_refused("no line 'SPDX-License-Identifier: Apache-2.0' at the top")

    def test_a_missing_top_comment_is_refused(self):
        self.write(SOURCE, SPDX.splitlines()[0] + "\nint a;\n")
        self.assert_refused("src/plan/sort.c:2: no top comment")

    def test_dead_code_is_refused(self):
        self.append(SOURCE, "#if 0\nint a;\n#endif\n")
        self.assert_refused("src/plan/sort.c:5: #if 0: dead code")

    def test_unfinished_work_is_refused(self):
        self.append(SOURCE, "// TO" + "DO: more\n")
        self.assert_refused("TO" + "DO: unfinished")

    def test_conditional_compilation_in_a_function_is_refused(self):
        self.append(SOURCE, "int f(void)\n{\n#ifdef A\n    return 1;\n#endif\n}\n")
        self.assert_refused("src/plan/sort.c:7: conditional compilation inside a function")

    def test_conditional_compilation_around_functions_is_accepted(self):
        function = "int f(void)\n{\n    return (struct a){1}.b;\n}\n"
        self.append(SOURCE, 'extern "C" {\n#ifdef A\n' + function + "#endif\n}\n" + function)
        self.append(SOURCE, "enum a {\n#if B\n    C,\n#endif\n};\n")
        self.assert_accepted()

    def test_output_is_refused(self):
        for call in ('printf("x")', "exit (1)", "abort()", "fputs(a, b)"):
            self.write(SOURCE, SPDX + f"void f(void)\n{{\n    {call};\n}}\n")
            name = call.split("(")[0].strip()
            self.assert_refused(f"{name}: the library does not print")

    def test_output_in_comments_and_strings_is_accepted(self):
        self.append(SOURCE, '// printf("x")\nconst char *mote_text = "exit(1)"; /* abort() */\n')
        self.assert_accepted()

    def test_output_of_the_command_line_is_accepted(self):
        self.append("cli/main.c", 'int main(void)\n{\n    printf("x");\n}\n')
        self.assert_accepted()

    def test_allocation_outside_of_the_allocator_is_refused(self):
        text = "void f(void)\n{\n    free(malloc(1));\n}\n"
        self.append(SOURCE, text)
        self.assert_refused("free: only src/base/allocator.c may allocate")

    def test_allocation_in_the_allocator_is_accepted(self):
        self.write("src/base/allocator.c", SPDX + "void f(void)\n{\n    free(malloc(1));\n}\n")
        self.assert_accepted()

    def test_a_member_called_free_is_accepted(self):
        self.append(SOURCE, "void f(void)\n{\n    a->free(b);\n    mote_free(b);\n}\n")
        self.assert_accepted()

    def test_banned_functions_are_refused(self):
        self.append(SOURCE, "void f(void)\n{\n    strcpy(a, b);\n}\n")
        self.assert_refused("strcpy: banned function")

    def test_platforms_outside_of_os_are_refused(self):
        self.append(SOURCE, "#ifdef __linux__\n#endif\n")
        self.assert_refused("platforms are told apart in src/os and src/kernel only")

    def test_tabs_are_refused(self):
        self.append(SOURCE, "int\ta;\n")
        self.assert_refused("src/plan/sort.c:5: tab")

    def test_space_at_the_end_of_a_line_is_refused(self):
        self.append(SOURCE, "int a; \n")
        self.assert_refused("space at the end of the line")

    def test_a_missing_last_newline_is_refused(self):
        self.append(SOURCE, "int a;")
        self.assert_refused("does not end with exactly one newline")

    def test_paths_of_one_machine_are_refused(self):
        self.write("docs/A.md", "see /" + "home/me/mote\n")
        self.assert_refused("docs/A.md:1: path of one machine")

    def test_scripts_need_a_licence_line_too(self):
        self.write("tools/x.py", "import os\n")
        self.assert_refused("tools/x.py:1: no line 'SPDX")


if __name__ == "__main__":
    unittest.main()
