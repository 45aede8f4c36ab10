# SPDX-License-Identifier: Apache-2.0
# Run by the build: writes the linker's version script OUTPUT, which exports the functions that HEADERS
# mark MOTE_API, in the version NODE.
set(functions)
foreach(header IN LISTS HEADERS)
    file(READ ${header} text)
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    string(REGEX MATCHALL "MOTE_API[^;(]*[ *]mote_[a-z0-9_]+\\(" declarations "${text}")
    list(TRANSFORM declarations REPLACE ".*[^a-z0-9_](mote_[a-z0-9_]+)\\(" "\\1")
    list(APPEND functions ${declarations})
endforeach()
if(NOT functions)
    message(FATAL_ERROR "no function is marked MOTE_API in: ${HEADERS}")
endif()
list(SORT functions)
list(JOIN functions ";\n        " rows)
file(WRITE ${OUTPUT} "${NODE} {\n    global:\n        ${rows};\n    local:\n        *;\n};\n")
