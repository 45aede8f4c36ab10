# SPDX-License-Identifier: Apache-2.0
# Language, warnings and optimization of every target. The bits of a result depend on none of them.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

# Addresses that are relocated as the program starts, packed: in 24 bytes each they are pages of every process. glibc reads
# them from 2.36 on.
include(CheckCSourceCompiles)
set(MOTE_PACK_RELOCATIONS -Wl,-z,pack-relative-relocs)
set(CMAKE_REQUIRED_LINK_OPTIONS ${MOTE_PACK_RELOCATIONS})
check_c_source_compiles("
#include <features.h>
#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 36)
#error without packed relocations
#endif
int main(void) { return 0; }
" MOTE_HAS_PACKED_RELOCATIONS FAIL_REGEX "ignored") # by a linker that cannot, with a warning
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(NOT MOTE_HAS_PACKED_RELOCATIONS)
    set(MOTE_PACK_RELOCATIONS)
endif()

# RelWithDebInfo is the build of the tests: optimized, asserts on.
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -DNDEBUG -fno-asynchronous-unwind-tables")

add_compile_definitions(MOTE_TRAINING=$<BOOL:${MOTE_TRAINING}>)

add_compile_options(
    -ffp-contract=off
    -fno-math-errno
    -fno-common
    -ffunction-sections
    -fdata-sections
    -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=
    -Wall
    -Wextra
    -Wpedantic
    -Wshadow
    -Wundef
    -Wvla
    -Wwrite-strings
    -Wcast-qual
    -Wcast-align
    -Wpointer-arith
    -Wstrict-prototypes
    -Wmissing-prototypes
    -Wold-style-definition
    -Wredundant-decls
    -Wformat=2
    -Wdouble-promotion
    -Wconversion
    -Wno-sign-conversion
    -Wswitch-enum
    -Wimplicit-fallthrough
    -Wunused-macros
    -Wnull-dereference)

if(MOTE_WERROR)
    add_compile_options(-Werror)
endif()

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
    add_compile_options(-Wmissing-variable-declarations -Wcomma -Wassign-enum
                        -Wunreachable-code-break)
else()
    message(FATAL_ERROR "compiler '${CMAKE_C_COMPILER_ID}' is not supported: use gcc or clang")
endif()

if(MOTE_SANITIZE STREQUAL "address")
    set(sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(MOTE_SANITIZE STREQUAL "thread")
    set(sanitize_flags -fsanitize=thread)
elseif(MOTE_SANITIZE)
    message(FATAL_ERROR "MOTE_SANITIZE is '${MOTE_SANITIZE}': accepted are address and thread")
endif()
if(MOTE_SANITIZE)
    add_compile_options(${sanitize_flags} -fno-omit-frame-pointer)
    if(CMAKE_C_COMPILER_ID MATCHES "Clang")
        add_compile_options(-Wno-pass-failed) # instrumented loops do not become vector code
    endif()
    add_link_options(${sanitize_flags})
endif()
if(MOTE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
