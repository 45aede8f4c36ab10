# SPDX-License-Identifier: Apache-2.0
# cmake --install: the libraries, headers, program, and how others find them by pkg-config and CMake.
# Whatever is installed may be moved: it says where things are from where it lies itself.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/mote)
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS mote_shared EXPORT mote_shared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
    NAMELINK_COMPONENT development)
install(TARGETS mote_static EXPORT mote_static
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(TARGETS mote_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY include/mote DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
    FILES_MATCHING PATTERN "*.h")
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program
    PATTERN "*.safetensors" EXCLUDE PATTERN generated EXCLUDE PATTERN __pycache__ EXCLUDE)
foreach(target mote_shared mote_static)
    target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

# CMake: find_package(mote) gives mote::mote and, where the libraries that it needs are found,
# mote::mote_static.
foreach(kind shared static)
    install(EXPORT mote_${kind} NAMESPACE mote:: FILE mote-${kind}.cmake
        DESTINATION ${package_folder} COMPONENT development)
endforeach()
configure_package_config_file(cmake/mote-config.cmake.in ${CMAKE_BINARY_DIR}/mote-config.cmake
    INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/mote-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/mote-config.cmake ${CMAKE_BINARY_DIR}/mote-config-version.cmake
    DESTINATION ${package_folder} COMPONENT development)

# pkg-config: mote is the shared library (with --static and no shared one, the static), mote-static
# the static one also where both are installed.
file(RELATIVE_PATH prefix_from_pkgconfig /${pkgconfig_folder} /)
list(JOIN MOTE_PACKAGES " " packages)
list(JOIN MOTE_PLAIN_LIBRARIES " " plain_libraries)
foreach(name mote mote-static)
    configure_file(cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${name}.pc
        DESTINATION ${pkgconfig_folder} COMPONENT development)
endforeach()
