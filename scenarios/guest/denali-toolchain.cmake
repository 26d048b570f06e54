# Makes a CMake project build for Denali machines:
#
#   cmake -B build --toolchain path/to/denali-toolchain.cmake
#
# It belongs beside denali-cc, in a kit or in a build folder of denali. Where `denali` is found,
# tests and try_run boot what was built.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER ${CMAKE_CURRENT_LIST_DIR}/denali-cc)
set(CMAKE_EXECUTABLE_SUFFIX_C .img)
set(UNIX TRUE) # headers and calls are POSIX's

# Libraries and headers are the kit's and the project's own, never this machine's.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libilwaco.a
    OUTPUT_VARIABLE denali_library OUTPUT_STRIP_TRAILING_WHITESPACE)
get_filename_component(denali_kit ${denali_library}/../.. ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${denali_kit})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(DENALI_COMMAND denali HINTS ${CMAKE_CURRENT_LIST_DIR})
if(DENALI_COMMAND)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${DENALI_COMMAND} boot)
endif()
