# SPDX-License-Identifier: Apache-2.0
# libmote.a and libmote.so of all folders, and the command line, which knows the public headers only
# and has the library inside.
set(MOTE_ALL_OBJECTS)
set(libraries)
foreach(folder IN LISTS MOTE_FOLDERS)
    list(APPEND MOTE_ALL_OBJECTS ${MOTE_OBJECTS_${folder}})
    list(APPEND libraries ${MOTE_LIBRARIES_${folder}})
endforeach()
list(REMOVE_DUPLICATES libraries)
list(TRANSFORM MOTE_ALL_OBJECTS REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)

# The shared library exports the functions that the public headers mark MOTE_API and nothing else.
file(GLOB public_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/include/mote/*.h)
set(version_script ${CMAKE_BINARY_DIR}/libmote.map)
add_custom_command(
    OUTPUT ${version_script}
    COMMAND ${CMAKE_COMMAND} -DNODE=MOTE_${PROJECT_VERSION_MAJOR} -DOUTPUT=${version_script}
            "-DHEADERS=${public_headers}" -P ${CMAKE_SOURCE_DIR}/cmake/version_script.cmake
    DEPENDS ${public_headers} ${CMAKE_SOURCE_DIR}/cmake/version_script.cmake
    COMMENT "Listing the public functions in libmote.map"
    VERBATIM)

add_library(mote_static STATIC ${objects})
add_library(mote_shared SHARED ${objects} ${version_script})
target_link_libraries(mote_static PUBLIC ${libraries})
target_link_libraries(mote_shared PRIVATE ${libraries})
foreach(target mote_static mote_shared)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME mote LINKER_LANGUAGE C)
    target_include_directories(${target} INTERFACE
        $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)
endforeach()
set_target_properties(mote_shared PROPERTIES
    EXPORT_NAME mote # mote::mote; the target mote would be the command line for Ninja
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${version_script})
target_link_options(mote_shared PRIVATE -Wl,--version-script=${version_script} -Wl,--gc-sections
                                       -Wl,--as-needed -Wl,-z,relro -Wl,-z,now ${MOTE_PACK_RELOCATIONS})
if(NOT MOTE_SANITIZE) # a sanitizer's functions are in the program
    target_link_options(mote_shared PRIVATE -Wl,--no-undefined)
endif()

# Whether the build without training would have all that it refers to, seen by the linker in every
# build of the tests: the same library with what stands in for training.
if(MOTE_TESTS AND NOT MOTE_SANITIZE)
    list(JOIN MOTE_TRAINING_SOURCES "|" replaced)
    file(GLOB stand_ins CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/training_none.c)
    list(JOIN objects "$<SEMICOLON>" joined)
    add_library(inference_only SHARED ${stand_ins} ${version_script}
        "$<FILTER:${joined},EXCLUDE,/src/(${replaced})[.]c[.]o$>")
    target_include_directories(inference_only PRIVATE ${CMAKE_SOURCE_DIR}/include
                                                      ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(inference_only PRIVATE ${libraries})
    target_link_options(inference_only PRIVATE -Wl,--gc-sections -Wl,--no-undefined
                        -Wl,--version-script=${version_script})
endif()

file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
set(page ${CMAKE_SOURCE_DIR}/cli/plan_page.html)
set(page_lines ${CMAKE_BINARY_DIR}/plan_page_lines.c)
add_custom_command(
    OUTPUT ${page_lines}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${page} -DOUTPUT=${page_lines} -DNAME=cli_plan_page_lines
            -P ${CMAKE_SOURCE_DIR}/cmake/lines.cmake
    DEPENDS ${page} ${CMAKE_SOURCE_DIR}/cmake/lines.cmake
    COMMENT "Taking in plan_page.html"
    VERBATIM)
add_executable(mote_cli ${cli_sources} ${page_lines})
set_target_properties(mote_cli PROPERTIES OUTPUT_NAME mote)
target_link_libraries(mote_cli PRIVATE mote_static PkgConfig::jansson)
target_compile_definitions(mote_cli PRIVATE _GNU_SOURCE)
target_compile_options(mote_cli PRIVATE -fstack-protector-strong)
target_link_options(mote_cli PRIVATE -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now
                                     ${MOTE_PACK_RELOCATIONS})
if(NOT MOTE_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(mote_cli PRIVATE _FORTIFY_SOURCE=2)
endif()
