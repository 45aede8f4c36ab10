# SPDX-License-Identifier: Apache-2.0
# Each folder src/X is the object library mote_X; the table folders.txt says what it stands on.

# Sets MOTE_FOLDERS and, for each folder X, MOTE_USES_X: X and all folders under it, transitively.
function(mote_read_folders table)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
    file(STRINGS ${table} rows REGEX "^[a-z]+:")
    set(folders)
    foreach(row IN LISTS rows)
        string(REGEX MATCH "^([a-z]+): *(.*)$" row "${row}")
        set(folder ${CMAKE_MATCH_1})
        string(REPLACE "*" "${folders}" uses "${CMAKE_MATCH_2}")
        string(REGEX REPLACE " +" ";" uses "${uses}")
        set(closure ${folder})
        foreach(used IN LISTS uses)
            if(NOT used IN_LIST folders)
                message(FATAL_ERROR "${table}: '${folder}' uses '${used}', which is not above it")
            endif()
            list(APPEND closure ${MOTE_USES_${used}})
        endforeach()
        list(REMOVE_DUPLICATES closure)
        list(APPEND folders ${folder})
        set(MOTE_USES_${folder} ${closure})
        set(MOTE_USES_${folder} ${closure} PARENT_SCOPE)
    endforeach()
    set(MOTE_FOLDERS ${folders} PARENT_SCOPE)
endfunction()

# Which of two sources stands in for an optional part: X.c with it, X_none.c without.
set(MOTE_SWITCHES gzip png jpeg training)
set(MOTE_SWITCH_gzip ${MOTE_ZLIB})
set(MOTE_SWITCH_png ${MOTE_PNG})
set(MOTE_SWITCH_jpeg ${MOTE_JPEG})
set(MOTE_SWITCH_training ${MOTE_TRAINING})

# What training_none.c of the same folder stands in for. What else only training uses drops out of
# programs and of the shared library when they are linked, since nothing refers to it.
set(MOTE_TRAINING_SOURCES api/check api/inspection api/samples compile/ahead compile/hash compile/settings
    data/dataset data/dataset_keys exec/ahead optim/custom optim/optim train/bench train/best train/check train/checkpoint
    train/identity train/loop train/opening train/position train/replan train/resume train/rollback train/saving train/step
    train/step_checkpoint train/train)

# What the code of a folder is compiled with besides the flags of all.
set(MOTE_DEFINITIONS_os _GNU_SOURCE)
set(MOTE_DEFINITIONS_train MOTE_VERSION="${PROJECT_VERSION}")
set(MOTE_DEFINITIONS_compile MOTE_VERSION="${PROJECT_VERSION}")
set(MOTE_DEFINITIONS_api
    MOTE_VERSION="${PROJECT_VERSION}"
    MOTE_WITH_ZLIB=$<BOOL:${MOTE_ZLIB}>
    MOTE_WITH_PNG=$<BOOL:${MOTE_PNG}>
    MOTE_WITH_JPEG=$<BOOL:${MOTE_JPEG}>)
set(MOTE_OPTIONS_plan $<$<CONFIG:Release,RelWithDebInfo>:-O3>)
set(MOTE_OPTIONS_kernel $<$<CONFIG:Release,RelWithDebInfo>:-O3> -fno-trapping-math)

# Takes the files [test_]X.c or [test_]X_none.c that this build does without from the list.
function(mote_drop_switched files)
    foreach(switch IN LISTS MOTE_SWITCHES)
        if(MOTE_SWITCH_${switch})
            list(FILTER ${files} EXCLUDE REGEX "/(test_)?${switch}_none\\.c$")
        else()
            list(FILTER ${files} EXCLUDE REGEX "/(test_)?${switch}\\.c$")
        endif()
    endforeach()
    if(NOT MOTE_TRAINING)
        foreach(name IN LISTS MOTE_TRAINING_SOURCES)
            list(FILTER ${files} EXCLUDE REGEX "/src/${name}\\.c$")
        endforeach()
    endif()
    set(${files} ${${files}} PARENT_SCOPE)
endfunction()

# An object library of some files of folder X with what all code of X is compiled with.
function(mote_add_objects target folder)
    add_library(${target} OBJECT ${ARGN})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${MOTE_LIBRARIES_${folder}})
    target_compile_definitions(${target} PRIVATE ${MOTE_DEFINITIONS_${folder}})
    target_compile_options(${target} PRIVATE ${MOTE_OPTIONS_${folder}})
endfunction()

# The object library mote_X of src/X/*.c; sets MOTE_OBJECTS_X to all object libraries of X.
function(mote_add_folder folder)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.c)
    mote_drop_switched(sources)
    if(sources)
        mote_add_objects(mote_${folder} ${folder} ${sources})
        list(APPEND MOTE_OBJECTS_${folder} mote_${folder})
    endif()
    set(MOTE_OBJECTS_${folder} ${MOTE_OBJECTS_${folder}} PARENT_SCOPE)
    if(sources AND folder STREQUAL "kernel")
        foreach(level avx2 avx512 neon)
            if(TARGET mote_kernel_${level})
                string(TOUPPER ${level} name)
                target_compile_definitions(mote_kernel PRIVATE MOTE_HAVE_${name}=1)
            endif()
        endforeach()
    endif()
endfunction()

# Sets `objects` to the object libraries of a folder and of all that it uses.
function(mote_get_objects folder objects)
    set(all)
    foreach(used IN LISTS MOTE_USES_${folder})
        list(APPEND all ${MOTE_OBJECTS_${used}})
    endforeach()
    set(${objects} ${all} PARENT_SCOPE)
endfunction()
