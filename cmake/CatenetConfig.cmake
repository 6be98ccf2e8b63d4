# SPDX-License-Identifier: MIT
# find_package(Catenet) gives Catenet::catenet (shared) and, without loop/ and
# lib/ and anything that touches the operating system, Catenet::engine.
get_filename_component(_catenet_lib "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
find_path(CATENET_INCLUDE_DIR catenet/catenet.h
  HINTS "${_catenet_lib}/../include" "${_catenet_lib}/../../include"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_library(CATENET_LIBRARY catenet HINTS "${_catenet_lib}"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_library(CATENET_ENGINE_LIBRARY catenet-engine HINTS "${_catenet_lib}"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Catenet
  REQUIRED_VARS CATENET_LIBRARY CATENET_ENGINE_LIBRARY CATENET_INCLUDE_DIR)
if(Catenet_FOUND AND NOT TARGET Catenet::catenet)
  add_library(Catenet::catenet UNKNOWN IMPORTED)
  set_target_properties(Catenet::catenet PROPERTIES
    IMPORTED_LOCATION "${CATENET_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CATENET_INCLUDE_DIR}")
  add_library(Catenet::engine UNKNOWN IMPORTED)
  set_target_properties(Catenet::engine PROPERTIES
    IMPORTED_LOCATION "${CATENET_ENGINE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CATENET_INCLUDE_DIR}")
endif()
