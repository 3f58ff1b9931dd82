// Files of a test's own, and the expectation that something fails with place and remedy.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include "lib/core/error.h"
#include "lib/data/dataset.h"

namespace crease::data {

class DataTest : public ::testing::Test {
 protected:
  DataTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "crease-data-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = pattern;
  }
  ~DataTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  std::string Write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
    return Path(name);
  }

 private:
  std::filesystem::path directory_;
};

inline std::string Gzip(const std::string& bytes) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_gzip_compress_bound(compressor, bytes.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

struct Expected {
  Fault fault = Fault::kInput;
  std::string place;    // all of it
  std::string problem;  // a part of it
  std::string remedy;   // a part of it
};

inline void ExpectError(const std::function<void()>& action, const Expected& expected) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown; expected: " << expected.problem;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), expected.fault) << error.what();
    EXPECT_EQ(error.place(), expected.place) << error.what();
    EXPECT_THAT(error.problem(), ::testing::HasSubstr(expected.problem));
    EXPECT_THAT(error.remedy(), ::testing::HasSubstr(expected.remedy));
    EXPECT_FALSE(expected.remedy.empty()) << "every fault has a remedy";
  }
}

inline void ExpectLoadError(const Options& options, const Expected& expected) {
  ExpectError([&] { Load(options); }, expected);
}

}  // namespace crease::data
