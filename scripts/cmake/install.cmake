# What `cmake --install` puts where: programs, archives, public headers, the CMake package `kvd`
# (kvd::base, kvd::engine, kvd::client) and kvd-engine.pc, kvd-client.pc. Included last by the top
# CMakeLists.txt; parts that are not built are left out.
#
# The package's targets are written out in kvdConfig.cmake.in rather than exported from the tree, so
# our warnings, sanitizers and private include paths cannot reach a consumer. tests/install holds both
# to account. All paths are relative: an installed tree may be moved.
# SPDX-License-Identifier: Apache-2.0
set(kv_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kvd)
set(kv_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Everything an archive of ours needs at link time that is not ours: by CMake's name and pkg-config's.
set(KV_ENGINE_SYSTEM_LIBRARIES xxhash)
set(KV_ENGINE_PC_REQUIRES libxxhash)
foreach(entry IN ITEMS "URING=uring=liburing" "LZ4=lz4=liblz4" "ZSTD=zstd=libzstd")
    string(REPLACE "=" ";" entry ${entry})
    list(GET entry 0 found)
    if(TARGET PkgConfig::${found})
        list(GET entry 1 library)
        list(GET entry 2 module)
        list(APPEND KV_ENGINE_SYSTEM_LIBRARIES ${library})
        string(APPEND KV_ENGINE_PC_REQUIRES " ${module}")
    endif()
endforeach()

set(kv_installed_libraries)
foreach(library IN ITEMS base engine client)
    if(TARGET kv_${library})
        install(TARGETS kv_${library} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
        list(APPEND kv_installed_libraries ${library})
    endif()
endforeach()
foreach(program IN ITEMS kvd kvcli kvtool kvbench)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
foreach(folder IN ITEMS engine/base/include/kv engine/include/kv client/include/kv)
    if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
        install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
                FILES_MATCHING PATTERN "*.h")
    endif()
endforeach()

set(KV_INSTALLED_LIBRARIES "${kv_installed_libraries}")
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kvdConfig.cmake.in
    ${PROJECT_BINARY_DIR}/kvdConfig.cmake INSTALL_DESTINATION ${kv_package_dir}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kvdConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kvdConfig.cmake ${PROJECT_BINARY_DIR}/kvdConfigVersion.cmake
        DESTINATION ${kv_package_dir})

file(RELATIVE_PATH KV_PC_UP /x/${kv_pkgconfig_dir} /x)
foreach(module IN ITEMS engine client)
    if(TARGET kv_${module})
        configure_file(${CMAKE_CURRENT_LIST_DIR}/kvd-${module}.pc.in
                       ${PROJECT_BINARY_DIR}/kvd-${module}.pc @ONLY)
        install(FILES ${PROJECT_BINARY_DIR}/kvd-${module}.pc DESTINATION ${kv_pkgconfig_dir})
    endif()
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(entry IN ITEMS "kvd.service=lib/systemd/system" "kvd.sysusers=lib/sysusers.d"
                       "kvd.tmpfiles=lib/tmpfiles.d" "kvd.toml=${CMAKE_INSTALL_DATADIR}/kvd")
    string(REGEX MATCH "^([^=]+)=(.*)$" _ ${entry})
    set(file ${CMAKE_MATCH_1})
    set(destination ${CMAKE_MATCH_2})
    string(REGEX REPLACE "^kvd\\.(sysusers|tmpfiles)$" "kvd.conf" installed_name ${file})
    if(EXISTS ${PROJECT_SOURCE_DIR}/config/${file})
        install(FILES ${PROJECT_SOURCE_DIR}/config/${file} DESTINATION ${destination}
                RENAME ${installed_name})
    endif()
endforeach()
