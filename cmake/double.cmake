# SPDX-License-Identifier: Apache-2.0
# A second build of the folders layers stand on, over double instead of float, as object libraries
# mote_X_double: its only purpose is to check derivatives by finite differences.
set(MOTE_DOUBLE_OBJECTS)
foreach(folder base os tensor kernel layer optim)
    set(patterns ${CMAKE_SOURCE_DIR}/src/${folder}/*.c)
    if(folder STREQUAL "kernel")
        list(APPEND patterns ${CMAKE_SOURCE_DIR}/src/kernel/portable/*.c)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    mote_drop_switched(sources)
    list(FILTER sources EXCLUDE REGEX "/custom[a-z_]*\\.c$") # programs' own, in float
    if(MOTE_TESTS AND sources)
        mote_add_objects(mote_${folder}_double ${folder} ${sources})
        target_compile_definitions(mote_${folder}_double PUBLIC MOTE_REAL_DOUBLE)
        if(folder STREQUAL "kernel")
            target_compile_definitions(mote_kernel_double PRIVATE MOTE_LEVEL=scalar)
        endif()
        list(APPEND MOTE_DOUBLE_OBJECTS mote_${folder}_double)
    endif()
endforeach()
