# The peers that benchmarks compare with, each only where it is installed; benchmarks/install-peers.sh
# installs them. Sets CREASE_TORCH_FOUND and CREASE_DNNL_FOUND, and the targets to link.
# Their own CMake packages ask for more than their libraries need.
find_path(CREASE_TORCH_INCLUDE torch/csrc/api/include/torch/torch.h)
find_library(CREASE_TORCH_CPU torch_cpu)
find_library(CREASE_C10 c10)
if(CREASE_TORCH_INCLUDE AND CREASE_TORCH_CPU AND CREASE_C10)
  set(CREASE_TORCH_FOUND ON)
  add_library(crease_torch INTERFACE)
  target_include_directories(crease_torch SYSTEM INTERFACE
                             ${CREASE_TORCH_INCLUDE}/torch/csrc/api/include)
  target_link_libraries(crease_torch INTERFACE ${CREASE_TORCH_CPU} ${CREASE_C10})
endif()

find_path(CREASE_DNNL_INCLUDE dnnl.hpp)
find_library(CREASE_DNNL dnnl)
if(CREASE_DNNL_INCLUDE AND CREASE_DNNL)
  set(CREASE_DNNL_FOUND ON)
  add_library(crease_dnnl INTERFACE)
  target_link_libraries(crease_dnnl INTERFACE ${CREASE_DNNL})
endif()
