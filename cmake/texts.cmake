# SPDX-License-Identifier: Apache-2.0
# Manual page and completion scripts, printed by the program itself from the tables of its help.
# A cross build needs CMAKE_CROSSCOMPILING_EMULATOR for them, else it goes without.
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    return()
endif()

set(texts)
function(mote_add_text file destination)
    cmake_path(GET file PARENT_PATH folder)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/${folder})
    add_custom_command(
        OUTPUT ${CMAKE_BINARY_DIR}/${file}
        COMMAND mote_cli ${ARGN} > ${CMAKE_BINARY_DIR}/${file}
        DEPENDS mote_cli
        COMMENT "Printing ${file}"
        VERBATIM)
    install(FILES ${CMAKE_BINARY_DIR}/${file} DESTINATION ${destination} COMPONENT program)
    set(texts ${texts} ${CMAKE_BINARY_DIR}/${file} PARENT_SCOPE)
endfunction()

mote_add_text(man/mote.1 ${CMAKE_INSTALL_MANDIR}/man1 --man)
mote_add_text(completions/mote ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    completion bash)
mote_add_text(completions/_mote ${CMAKE_INSTALL_DATADIR}/zsh/site-functions completion zsh)
mote_add_text(completions/mote.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    completion fish)
add_custom_target(texts ALL DEPENDS ${texts})
