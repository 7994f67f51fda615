# Compiler options of the whole project; each preset in CMakePresets.json sets the options below.
option(POSTERN_TESTS "Build the tests" ON)
option(POSTERN_BENCH "Build the micro benchmarks" OFF)
set(POSTERN_SANITIZE "" CACHE STRING "Sanitizers for our own code, e.g. address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(POSTERN_CCACHE ccache)
if(POSTERN_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${POSTERN_CCACHE})
endif()
find_program(POSTERN_MOLD mold)
if(POSTERN_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-fpch-preprocess -fno-plt -pthread)
add_compile_definitions(ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED)

# Interface targets: what our code is compiled with, and what generated code is compiled with.
add_library(postern_own INTERFACE)
target_include_directories(postern_own INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(postern_own INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Werror
  # GCC 12 reports these falsely in inlined standard library code.
  -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=stringop-overflow
  -Wno-error=array-bounds -Wno-error=stringop-overread -Wno-error=free-nonheap-object
  -Wno-missing-field-initializers)
if(POSTERN_SANITIZE)
  target_compile_options(postern_own INTERFACE -fsanitize=${POSTERN_SANITIZE} -fno-omit-frame-pointer)
  # They double the time to compile, and a null or dangling pointer ends the test without them.
  target_compile_options(postern_own INTERFACE -fno-sanitize=null,alignment,vptr,object-size)
  target_link_options(postern_own INTERFACE -fsanitize=${POSTERN_SANITIZE})
  add_link_options(-fsanitize=${POSTERN_SANITIZE})
endif()
