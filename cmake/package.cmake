# SPDX-License-Identifier: Apache-2.0
# cpack: Debian packages mote (the command line, examples), libmote0 and libmote-dev.
set(library_package libmote${PROJECT_VERSION_MAJOR})
set(packages library development program)
set(package_of_library ${library_package})
set(package_of_development libmote-dev)
set(package_of_program mote)

foreach(component IN LISTS packages)
    install(FILES cmake/debian/copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package_of_${component}}
        COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mote)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_CONTACT "mote developers <mote@localhost>" CACHE STRING "maintainer of the packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL ${packages})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(about "mote trains and personalizes neural networks in memory that is known\nto the byte before the first step.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION
    "${about}\nThis is the library that programs need.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmote-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
list(TRANSFORM MOTE_PACKAGES REPLACE "^(lib)?(.+)$" "lib\\2-dev" OUTPUT_VARIABLE needed)
list(TRANSFORM needed REPLACE "^libzlib-dev$" "zlib1g-dev")
list(JOIN needed ", " needed)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${library_package} (= ${PROJECT_VERSION}), libpthreadpool-dev, ${needed}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
    "${about}\nThis is what programs are built with: headers, the static library,\nand descriptions for pkg-config and CMake.")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME mote)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
    "${about}\nThis is the command line, with examples.")
include(CPack)
