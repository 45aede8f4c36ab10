# SPDX-License-Identifier: Apache-2.0
"""tools/check_includes.py accepts a clean tree and refuses each kind of wrong include."""

import unittest

from fixture import COMPILER, SPDX, CheckerTest


class CheckIncludes(CheckerTest):
    checker = "check_includes.py"

    def assert_refused(self, message):
        super().assert_refused(message, "--compiler", COMPILER)

    def test_a_clean_tree_is_accepted(self):
        self.assert_accepted("--compiler", COMPILER)

    def test_a_folder_above_is_refused(self):
        self.append("src/plan/sort.c", '#include "graph/graph.h"\n')
        self.write("src/graph/graph.h", SPDX)
        self.assert_refused("src/plan/sort.c:5: plan may not use graph: 'graph/graph.h'")

    def test_a_private_header_of_another_folder_is_refused(self):
        self.append("src/graph/graph.c", '#include "plan/sort.h"\n')
        self.assert_refused("'plan/sort.h' is private to plan: use plan/plan.h")

    def test_a_list_of_another_folder_is_accepted(self):
        self.append("src/graph/graph.c", '#include "plan/planners.def"\n')
        self.write("src/plan/planners.def", SPDX)
        self.assert_accepted("--compiler", COMPILER)

    def test_a_header_in_a_folder_of_a_folder_is_private(self):
        self.write("src/base/deep/x.h", SPDX)
        self.append("src/plan/sort.c", '#include "base/deep/x.h"\n')
        self.assert_refused("'base/deep/x.h' is private to base")

    def test_a_relative_path_is_refused(self):
        self.append("src/plan/sort.c", '#include "sort.h"\n')
        self.assert_refused("'sort.h' is not a path from src/ or include/")

    def test_a_source_file_is_refused(self):
        self.append("src/graph/graph.c", '#include "graph/graph.c"\n')
        self.assert_refused("'graph/graph.c' is neither a header nor a list (.def)")

    def test_a_folder_that_is_not_in_the_table_is_refused(self):
        self.write("src/misc/a.c", SPDX)
        self.assert_refused("folder 'misc' is not in cmake/folders.txt")

    def test_a_system_header_outside_of_os_is_refused(self):
        self.append("src/plan/sort.c", "#include <unistd.h>\n")
        self.assert_refused("<unistd.h> may not be included by src/plan")

    def test_a_system_header_in_os_is_accepted(self):
        self.write("src/os/file.c", SPDX + "#include <unistd.h>\n")
        self.assert_accepted("--compiler", COMPILER)

    def test_a_library_of_another_folder_is_refused(self):
        self.append("src/plan/sort.c", "#include <zlib.h>\n")
        self.assert_refused("<zlib.h> may not be included by src/plan")

    def test_the_command_line_may_not_include_src(self):
        self.append("cli/main.c", '#include "plan/plan.h"\n')
        self.assert_refused("cli/main.c:6: 'plan/plan.h' is neither public nor beside this file")

    def test_the_command_line_may_not_leave_its_folder(self):
        self.append("cli/main.c", '#include "../src/plan/plan.h"\n')
        self.assert_refused("'../src/plan/plan.h' leaves its folder")

    def test_a_public_header_may_not_include_src(self):
        self.append("include/mote/mote.h", '#include "base/base.h"\n')
        self.assert_refused("a public header may not include 'base/base.h'")

    def test_a_missing_public_header_is_refused(self):
        self.append("cli/main.c", "#include <mote/nothing.h>\n")
        self.assert_refused("'mote/nothing.h' is not in include/")

    def test_a_cycle_of_headers_is_refused(self):
        self.append("src/base/base.h", '#include "base/size.h"\n')
        self.assert_refused("include cycle base/base.h -> base/size.h -> base/base.h")

    def test_a_header_that_needs_another_is_refused(self):
        self.append("src/plan/sort.h", "size_t sort_count(void);\n")
        self.assert_refused("src/plan/sort.h: does not compile alone")

    def test_a_unit_test_may_not_use_what_its_folder_may_not(self):
        self.write("src/graph/graph.h", SPDX)
        self.write("tests/unit/plan/test_x.c", SPDX + '#include "graph/graph.h"\n')
        self.assert_refused("plan may not use graph")

    def test_a_table_whose_rows_go_up_is_refused(self):
        self.write("cmake/folders.txt", "base: plan\nplan: base\n")
        result = self.run_checker()
        self.assertIn("'base' uses ['plan'], not above it", result.stderr)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    unittest.main()
