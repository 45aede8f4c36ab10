# SPDX-License-Identifier: Apache-2.0
# Each folder bench/X with C files is one program bench_X; benches may use src.

# Yardsticks are other libraries, and only built where these are: on Debian libopenblas-pthread-dev and libdnnl-dev.
if(NOT CMAKE_CROSSCOMPILING)
    pkg_check_modules(openblas QUIET IMPORTED_TARGET openblas)
    find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
    find_library(DNNL_LIBRARY dnnl)
    mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)
endif()
set(bench_libraries_yardsticks PkgConfig::openblas dnnl)
set(bench_shared_yardsticks ${CMAKE_SOURCE_DIR}/bench/kernels/measure.c
                            ${CMAKE_SOURCE_DIR}/bench/kernels/shape.c)

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*/*.c)
if(TARGET PkgConfig::openblas AND DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
    add_library(dnnl UNKNOWN IMPORTED)
    set_target_properties(dnnl PROPERTIES
        IMPORTED_LOCATION ${DNNL_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR})
else()
    list(FILTER bench_sources EXCLUDE REGEX "/bench/yardsticks/")
endif()
set(benches)
foreach(source IN LISTS bench_sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME bench)
    list(APPEND benches ${bench})
    list(APPEND bench_sources_${bench} ${source})
endforeach()
list(REMOVE_DUPLICATES benches)
foreach(bench IN LISTS benches)
    add_executable(bench_${bench} ${bench_sources_${bench}} ${bench_shared_${bench}})
    target_include_directories(bench_${bench} PRIVATE ${CMAKE_SOURCE_DIR}/include
                                                      ${CMAKE_SOURCE_DIR}/src)
    target_compile_definitions(bench_${bench} PRIVATE _GNU_SOURCE)
    target_link_libraries(bench_${bench} PRIVATE ${MOTE_ALL_OBJECTS} ${bench_libraries_${bench}})
endforeach()
