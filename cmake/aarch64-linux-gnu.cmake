# SPDX-License-Identifier: Apache-2.0
# Toolchain for 64-bit ARM with Debian's cross compiler, over the packages that
# tools/make_sysroot.sh arm64 unpacks into MOTE_SYSROOT. Tests run under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MOTE_SYSROOT)
cmake_path(SET default_sysroot NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-arm64)
set(MOTE_SYSROOT ${default_sysroot} CACHE PATH "made by tools/make_sysroot.sh arm64")
if(NOT EXISTS ${MOTE_SYSROOT}/usr/include)
    message(FATAL_ERROR "no ${MOTE_SYSROOT}: run tools/make_sysroot.sh arm64 ${MOTE_SYSROOT}")
endif()
set(CMAKE_SYSROOT ${MOTE_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# pkg-config shall see the sysroot and nothing else.
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

find_program(QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
mark_as_advanced(QEMU_AARCH64)
if(QEMU_AARCH64)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${QEMU_AARCH64} -L ${CMAKE_SYSROOT})
endif()
