# SPDX-License-Identifier: Apache-2.0
# Writes a text file as a C array of its lines: -DINPUT= -DOUTPUT= -DNAME= (of the array).
file(READ ${INPUT} text)
string(REGEX REPLACE "\n$" "" text "${text}")
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\",\n    \"" text "${text}")
cmake_path(GET INPUT FILENAME source)
file(WRITE ${OUTPUT} "// Made of ${source}.
extern const char *const ${NAME}[];

const char *const ${NAME}[] = {
    \"${text}\",
    0,
};
")
