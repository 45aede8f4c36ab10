# SPDX-License-Identifier: Apache-2.0
# The portable kernels are compiled once per level of the CPU ladder, from the same sources; levels
# above scalar add the kernels of their own instruction set. src/kernel/*.c chooses at run time.
function(mote_add_kernel_level level)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;FLAGS")
    file(GLOB portable CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernel/portable/*.c)
    if(NOT portable AND NOT arg_SOURCES)
        return()
    endif()
    mote_add_objects(mote_kernel_${level} kernel ${portable} ${arg_SOURCES})
    target_compile_definitions(mote_kernel_${level} PRIVATE MOTE_LEVEL=${level})
    target_compile_options(mote_kernel_${level} PRIVATE ${arg_FLAGS})
    set(MOTE_OBJECTS_kernel ${MOTE_OBJECTS_kernel} mote_kernel_${level} PARENT_SCOPE)
endfunction()

mote_add_kernel_level(scalar)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    file(GLOB avx2_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernel/x86/*_avx2.c)
    mote_add_kernel_level(avx2 SOURCES ${avx2_sources} FLAGS -mavx2 -mfma)
    file(GLOB avx512_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernel/x86/*_avx512.c)
    mote_add_kernel_level(avx512 SOURCES ${avx512_sources} FLAGS -mavx512f -mavx512bw -mavx512dq
                          -mavx512vl -mavx2 -mfma -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    file(GLOB neon_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernel/arm/*_neon.c)
    mote_add_kernel_level(neon SOURCES ${neon_sources})
endif()
