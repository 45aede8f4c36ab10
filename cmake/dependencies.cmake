# SPDX-License-Identifier: Apache-2.0
# The libraries mote stands on, each used by one folder; installed on Debian by
# tools/install_dependencies.sh.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(inih REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(libmd REQUIRED IMPORTED_TARGET libmd)
if(MOTE_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()

# Debian's pthreadpool comes without a description for pkg-config.
find_path(PTHREADPOOL_INCLUDE_DIR pthreadpool.h REQUIRED)
find_library(PTHREADPOOL_LIBRARY pthreadpool REQUIRED)
mark_as_advanced(PTHREADPOOL_INCLUDE_DIR PTHREADPOOL_LIBRARY)
add_library(pthreadpool UNKNOWN IMPORTED)
set_target_properties(pthreadpool PROPERTIES
    IMPORTED_LOCATION ${PTHREADPOOL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PTHREADPOOL_INCLUDE_DIR})

# What the code of a folder is linked with.
set(MOTE_LIBRARIES_base PkgConfig::libmd m)
set(MOTE_LIBRARIES_os pthreadpool Threads::Threads)
set(MOTE_LIBRARIES_model PkgConfig::inih)
set(MOTE_LIBRARIES_weights PkgConfig::jansson)

# What a program needs beside libmote.a: described for pkg-config, and not.
set(MOTE_PACKAGES inih jansson libmd)
set(MOTE_PLAIN_LIBRARIES -lpthreadpool -pthread -lm)

if(MOTE_ZLIB)
    pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
    list(APPEND MOTE_LIBRARIES_data PkgConfig::zlib)
    list(APPEND MOTE_PACKAGES zlib)
endif()
if(MOTE_PNG)
    pkg_check_modules(libpng REQUIRED IMPORTED_TARGET libpng)
    list(APPEND MOTE_LIBRARIES_data PkgConfig::libpng)
    list(APPEND MOTE_PACKAGES libpng)
endif()
if(MOTE_JPEG)
    pkg_check_modules(libjpeg REQUIRED IMPORTED_TARGET libjpeg)
    list(APPEND MOTE_LIBRARIES_data PkgConfig::libjpeg)
    list(APPEND MOTE_PACKAGES libjpeg)
endif()
