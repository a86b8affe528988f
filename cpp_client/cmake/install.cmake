# What `cmake --install` lays down, for find_package(sezm) of other projects.
include(CMakePackageConfigHelpers)

install(TARGETS sezm EXPORT sezm LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ${sezm_engines} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(SEZM_ONNXRUNTIME)
  install(TARGETS sezm_kernels LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(FILES ${VESIN_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/sezm/sezm.hpp include/sezm/sezm.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sezm)
if(SEZM_CLIENTS)
  install(TARGETS sezm_run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(sezm_config ${CMAKE_INSTALL_LIBDIR}/cmake/sezm)
install(EXPORT sezm FILE sezmConfig.cmake NAMESPACE sezm:: DESTINATION ${sezm_config})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sezmConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sezmConfigVersion.cmake DESTINATION ${sezm_config})
