# Flags and helpers shared by every folder of the build.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(URING IMPORTED_TARGET liburing)  # optional: see engine/io

find_program(KV_CCACHE ccache)
if(KV_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${KV_CCACHE})
endif()

# Our warnings and hardening, for our own sources only: never leaks to consumers of the libraries.
add_library(kv_flags INTERFACE)
target_compile_options(kv_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                       $<$<BOOL:${KV_WERROR}>:-Werror>)
if(KV_SANITIZE STREQUAL "address")
    # g++ 12 reports members of std::function as perhaps uninitialised once the code is instrumented.
    target_compile_options(kv_flags INTERFACE -fsanitize=address,undefined
                           -fno-sanitize-recover=all
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(kv_flags INTERFACE -fsanitize=address,undefined)
elseif(KV_SANITIZE STREQUAL "thread")
    target_compile_options(kv_flags INTERFACE -fsanitize=thread)
    target_link_options(kv_flags INTERFACE -fsanitize=thread)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    # Jumps lead only to where the code means them to: x86 has the first flag, arm64 the second.
    include(CheckCXXCompilerFlag)
    set(branch_protection)
    foreach(flag IN ITEMS -fcf-protection -mbranch-protection=standard)
        string(MAKE_C_IDENTIFIER "KV_HAS${flag}" has_flag)
        check_cxx_compiler_flag(${flag} ${has_flag})
        if(${has_flag})
            list(APPEND branch_protection ${flag})
        endif()
    endforeach()
    target_compile_options(kv_flags INTERFACE -fstack-protector-strong ${branch_protection}
                           -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    target_link_options(kv_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# kv_module(NAME SOURCES a.cc ... DEPS base ...): one folder of the engine. Makes the object library
# kv_NAME_objects, from which kv_engine is put together, and the archive kv_NAME, which tests of that
# folder link. Include paths are relative to engine/, so an include line names its folder.
function(kv_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_library(kv_${name}_objects OBJECT ${ARG_SOURCES})
    target_include_directories(kv_${name}_objects PUBLIC ${PROJECT_SOURCE_DIR}/engine
        ${PROJECT_SOURCE_DIR}/engine/include ${PROJECT_SOURCE_DIR}/engine/base/include)
    target_link_libraries(kv_${name}_objects PRIVATE kv_flags PkgConfig::XXHASH)
    add_library(kv_${name} STATIC $<TARGET_OBJECTS:kv_${name}_objects>)
    set_target_properties(kv_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(kv_${name} PUBLIC ${PROJECT_SOURCE_DIR}/engine
        ${PROJECT_SOURCE_DIR}/engine/include ${PROJECT_SOURCE_DIR}/engine/base/include)
    list(TRANSFORM ARG_DEPS PREPEND kv_ OUTPUT_VARIABLE deps)
    target_link_libraries(kv_${name} PUBLIC ${deps} PkgConfig::XXHASH Threads::Threads)
    set_property(GLOBAL APPEND PROPERTY KV_ENGINE_MODULES ${name})
endfunction()

# The tests that also run under the sanitizer of this build: all that its build makes.
add_custom_target(kv_sanitized_tests)

# How tests are compiled: their code runs once and is compiled on every clean machine, so it is the
# compiler's time that counts. The instrumented build of a large Catch2 file takes half as long
# without optimisation and without the checks that AddressSanitizer or the processor make as well.
set(KV_TEST_COMPILE_OPTIONS)
if(KV_SANITIZE STREQUAL "address")
    set(KV_TEST_COMPILE_OPTIONS -O0 -fno-sanitize=vptr,null,alignment)
elseif(KV_SANITIZE STREQUAL "thread")
    set(KV_TEST_COMPILE_OPTIONS -O0)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    set(KV_TEST_COMPILE_OPTIONS -Og)
endif()

# kv_test(NAME SOURCES ... DEPS targets ... LABELS unit ... [TIMEOUT seconds] [THREADS]): one Catch2
# program; every test case becomes a ctest entry with the labels given. Programs labelled unit, model
# or crash run under AddressSanitizer too, unless labelled slow, and those that start threads, which
# say so with THREADS, under ThreadSanitizer.
function(kv_test name)
    cmake_parse_arguments(ARG "THREADS" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE kv_flags kv_test_main ${ARG_DEPS})
    target_compile_options(${name} PRIVATE ${KV_TEST_COMPILE_OPTIONS})
    if("slow" IN_LIST ARG_LABELS OR (KV_SANITIZE STREQUAL "thread" AND NOT ARG_THREADS))
        # neither
    elseif("unit" IN_LIST ARG_LABELS OR "model" IN_LIST ARG_LABELS OR "crash" IN_LIST ARG_LABELS)
        add_dependencies(kv_sanitized_tests ${name})
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
    endif()
    catch_discover_tests(${name} TEST_PREFIX "${name}: " TEST_LIST ${name}_cases)
    # Set apart: Catch2's own script flattens a list of labels.
    set(properties ${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake)
    file(WRITE ${properties} "foreach(case IN LISTS ${name}_cases)
    set_tests_properties(\"\${case}\" PROPERTIES LABELS \"${ARG_LABELS}\" TIMEOUT ${ARG_TIMEOUT})
endforeach()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${properties})
endfunction()
