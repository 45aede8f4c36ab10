# SPDX-License-Identifier: Apache-2.0
# Each folder bench/X with C files is one program bench_X; benches may use src.
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*/*.c)
set(benches)
foreach(source IN LISTS bench_sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME bench)
    list(APPEND benches ${bench})
    list(APPEND bench_sources_${bench} ${source})
endforeach()
list(REMOVE_DUPLICATES benches)
foreach(bench IN LISTS benches)
    add_executable(bench_${bench} ${bench_sources_${bench}})
    target_include_directories(bench_${bench} PRIVATE ${CMAKE_SOURCE_DIR}/include
                                                      ${CMAKE_SOURCE_DIR}/src)
    target_compile_definitions(bench_${bench} PRIVATE _GNU_SOURCE)
    target_link_libraries(bench_${bench} PRIVATE ${MOTE_ALL_OBJECTS})
endforeach()
