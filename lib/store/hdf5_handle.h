// HDF5 identifiers that close themselves, and HDF5's error stack as text.
#pragma once

#include <string>
#include <utility>

#include <hdf5.h>

namespace crease::store {

// Owns one identifier. Movable; negative means none.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      Reset();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }
  ~Handle() { Reset(); }

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  herr_t Reset() { return id_ < 0 ? 0 : Close(std::exchange(id_, -1)); }

 private:
  hid_t id_ = -1;
};

using FileHandle = Handle<H5Fclose>;
using GroupHandle = Handle<H5Gclose>;
using DatasetHandle = Handle<H5Dclose>;
using SpaceHandle = Handle<H5Sclose>;
using TypeHandle = Handle<H5Tclose>;
using PropertiesHandle = Handle<H5Pclose>;
using AttributeHandle = Handle<H5Aclose>;

// HDF5 prints errors by default, thread by thread. Call it before using HDF5 on a thread.
void SilenceHdf5();

// What the innermost function of the current error stack says; clears the stack.
std::string TakeHdf5Error();

}  // namespace crease::store
