# SPDX-License-Identifier: Apache-2.0
# Checks that read the sources or the library instead of running it; label: static.
set(tools ${CMAKE_SOURCE_DIR}/tools)

function(mote_add_static name)
    add_test(NAME static/${name} COMMAND ${ARGN})
    set_tests_properties(static/${name} PROPERTIES LABELS static TIMEOUT 600)
endfunction()

mote_add_static(includes Python3::Interpreter -B ${tools}/check_includes.py
                --compiler ${CMAKE_C_COMPILER})
mote_add_static(tree Python3::Interpreter -B ${tools}/check_tree.py)

find_program(CLANG_FORMAT clang-format)
if(CLANG_FORMAT)
    mote_add_static(format Python3::Interpreter -B ${tools}/check_format.py
                    --clang-format ${CLANG_FORMAT})
endif()

# The symbols of the library as it is shipped: a release build of its own.
if(NOT MOTE_SANITIZE)
    find_program(CXX_COMPILER NAMES c++ g++ clang++)
    set(release ${CMAKE_BINARY_DIR}/release)
    mote_add_static(release_configure ${CMAKE_COMMAND} -S ${CMAKE_SOURCE_DIR} -B ${release}
                    -G ${CMAKE_GENERATOR} -DCMAKE_BUILD_TYPE=Release -DMOTE_TESTS=OFF
                    -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DMOTE_ZLIB=${MOTE_ZLIB}
                    -DMOTE_PNG=${MOTE_PNG} -DMOTE_JPEG=${MOTE_JPEG})
    mote_add_static(release_build ${CMAKE_COMMAND} --build ${release} --target mote_shared mote_static --parallel 2)
    mote_add_static(symbols Python3::Interpreter -B ${tools}/check_symbols.py
                    --library ${release}/libmote.a --shared ${release}/libmote.so
                    --compiler ${CMAKE_C_COMPILER} --cxx ${CXX_COMPILER})
    set_tests_properties(static/release_configure PROPERTIES FIXTURES_SETUP release)
    set_tests_properties(static/release_build PROPERTIES
        FIXTURES_SETUP release DEPENDS static/release_configure)
    set_tests_properties(static/symbols PROPERTIES FIXTURES_REQUIRED release)
endif()
