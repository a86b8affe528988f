# vesin, the neighbour list in C: Vesin::vesin. Looks below VESIN_ROOT (the folder `vesin` of the
# Python package will do) and CMAKE_PREFIX_PATH.
find_path(VESIN_INCLUDE_DIR vesin.h HINTS ${VESIN_ROOT} PATH_SUFFIXES include)
find_library(VESIN_LIBRARY vesin HINTS ${VESIN_ROOT} PATH_SUFFIXES lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Vesin REQUIRED_VARS VESIN_LIBRARY VESIN_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "set -DVESIN_ROOT to the folder 'vesin' of the Python package")
if(Vesin_FOUND AND NOT TARGET Vesin::vesin)
  add_library(Vesin::vesin UNKNOWN IMPORTED)
  set_target_properties(Vesin::vesin PROPERTIES IMPORTED_LOCATION ${VESIN_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${VESIN_INCLUDE_DIR})
endif()
