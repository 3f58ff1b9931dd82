#include "lib/store/hdf5_output.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/types.h>
#include <unistd.h>

namespace crease::store {
namespace {

struct OutputDriver {
  H5FD_t base;  // must come first: HDF5 passes pointers to it
  Hdf5Output* output;
  haddr_t end_of_allocation;
};

// What the file's access properties carry.
struct DriverInfo {
  Hdf5Output* output;
};

OutputDriver& Driver(H5FD_t* file) { return *reinterpret_cast<OutputDriver*>(file); }
const OutputDriver& Driver(const H5FD_t* file) {
  return *reinterpret_cast<const OutputDriver*>(file);
}

H5FD_t* Open(const char*, unsigned, hid_t access, haddr_t) {
  const auto* info = static_cast<const DriverInfo*>(H5Pget_driver_info(access));
  if (info == nullptr) return nullptr;
  auto* driver = new OutputDriver{};
  driver->output = info->output;
  return &driver->base;
}

herr_t Close(H5FD_t* file) {
  delete &Driver(file);
  return 0;
}

herr_t Query(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t EndOfAllocation(const H5FD_t* file, H5FD_mem_t) { return Driver(file).end_of_allocation; }

herr_t SetEndOfAllocation(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  Driver(file).end_of_allocation = address;
  return 0;
}

haddr_t EndOfFile(const H5FD_t* file, H5FD_mem_t) { return Driver(file).output->bytes; }

void ReadUnwritten(const Hdf5Output& output, haddr_t address, std::size_t size,
                   unsigned char* buffer) {
  for (const auto& [start, bytes] : output.unwritten) {
    const std::uint64_t from = std::max<std::uint64_t>(start, address);
    const std::uint64_t to = std::min<std::uint64_t>(start + bytes.size(), address + size);
    if (from < to) std::memcpy(buffer + (from - address), bytes.data() + (from - start), to - from);
  }
}

herr_t Read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  const Hdf5Output& output = *Driver(file).output;
  auto* to = static_cast<unsigned char*>(buffer);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        pread(output.descriptor, to + done, size - done, static_cast<off_t>(address + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  std::memset(to + done, 0, size - done);
  ReadUnwritten(output, address, size, to);
  return 0;
}

bool WriteAll(int descriptor, const unsigned char* from, std::size_t size, haddr_t address) {
  while (size > 0) {
    const ssize_t count = pwrite(descriptor, from, size, static_cast<off_t>(address));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    from += count;
    address += static_cast<haddr_t>(count);
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

herr_t Write(H5FD_t* file, H5FD_mem_t type, hid_t, haddr_t address, std::size_t size,
             const void* buffer) {
  Hdf5Output& output = *Driver(file).output;
  const auto* from = static_cast<const unsigned char*>(buffer);
  if (output.error_number == 0 && !WriteAll(output.descriptor, from, size, address)) {
    output.error_number = errno;
  }
  output.bytes = std::max<std::uint64_t>(output.bytes, address + size);
  if (output.error_number != 0 && type != H5FD_MEM_DRAW) {
    output.unwritten.emplace_back(address, std::vector<unsigned char>(from, from + size));
  }
  return 0;
}

herr_t Truncate(H5FD_t* file, hid_t, hbool_t) {
  Hdf5Output& output = *Driver(file).output;
  const haddr_t size = Driver(file).end_of_allocation;
  if (output.bytes == size) return 0;
  if (output.error_number == 0 && ftruncate(output.descriptor, static_cast<off_t>(size)) != 0) {
    output.error_number = errno;
  }
  output.bytes = size;
  return 0;
}

hid_t RegisterDriver() {
  static H5FD_class_t driver = [] {
    H5FD_class_t made{};
    made.name = "crease_output";
    made.maxaddr = (haddr_t{1} << 62) - 1;
    made.fc_degree = H5F_CLOSE_STRONG;
    made.fapl_size = sizeof(DriverInfo);
    made.open = &Open;
    made.close = &Close;
    made.query = &Query;
    made.get_eoa = &EndOfAllocation;
    made.set_eoa = &SetEndOfAllocation;
    made.get_eof = &EndOfFile;
    made.read = &Read;
    made.write = &Write;
    made.truncate = &Truncate;
    const H5FD_mem_t single[H5FD_MEM_NTYPES] = H5FD_FLMAP_SINGLE;
    std::copy(std::begin(single), std::end(single), std::begin(made.fl_map));
    return made;
  }();
  return H5FDregister(&driver);
}

}  // namespace

void KeepInHeader(const PropertiesHandle& group_creation) {
  constexpr unsigned kMostInHeader = 65'535;
  H5Pset_link_creation_order(group_creation.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_link_phase_change(group_creation.get(), kMostInHeader, 0);
  H5Pset_attr_phase_change(group_creation.get(), kMostInHeader, 0);
}

FileHandle CreateHdf5(Hdf5Output& output) {
  static const hid_t driver_id = RegisterDriver();
  const PropertiesHandle access(H5Pcreate(H5P_FILE_ACCESS));
  const PropertiesHandle creation(H5Pcreate(H5P_FILE_CREATE));
  KeepInHeader(creation);
  const DriverInfo info{&output};
  // Most data sets have one chunk or a few; nodes of 64 chunks, the default, would be empty.
  constexpr unsigned kHalfNodeChunks = 4;
  // Version 1.8 is the oldest whose metadata carry checksums; it can be read everywhere.
  if (H5Pset_driver(access.get(), driver_id, &info) < 0 ||
      H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18) < 0 ||
      H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG) < 0 ||
      H5Pset_istore_k(creation.get(), kHalfNodeChunks) < 0) {
    return {};
  }
  return FileHandle(H5Fcreate("crease", H5F_ACC_TRUNC, creation.get(), access.get()));
}

}  // namespace crease::store
