// Whatever has become of a shard, reading it gives what was written or an Error, never anything
// else.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/files.h"
#include "lib/store/reader.h"
#include "lib/store/writer.h"
#include "tests/store/fixture.h"

// HDF5 leaks what it has read of a file that it then cannot open.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crease::store {
namespace {

using testing::MakeDataset;
using testing::MakeRecord;
using testing::SampleOptions;
using testing::TemporaryDirectoryGuard;

const SampleOptions kSample{.steps = 5000};

// All that a shard says, as one string.
std::string Contents(const std::string& path) {
  const ShardReader reader(path);
  std::string all;
  const auto add = [&all](const void* from, std::size_t bytes) {
    all.append(static_cast<const char*>(from), bytes);
  };
  for (const auto& [name, value] : reader.info().attributes) all += name + "=" + value + "\n";
  for (const StoredRun& run : reader.Runs()) {
    all += run.run_id + run.digest + run.config_json + run.outcome + run.no_verdict;
    add(&run.final_loss, sizeof(double));
    for (const detect::Transition& t : run.transitions) add(&t.onset_step, sizeof(double));
  }
  for (const std::string& dataset : reader.Datasets()) {
    all += dataset;
    for (std::size_t length : reader.Shape(dataset.substr(1))) all += std::to_string(length) + ",";
  }
  for (const char* name : {"loss", "accuracy", "grad_norm", "weights/linear0_weight",
                           "weights/linear1_weight", "activations/linear2_output"}) {
    for (std::int64_t run = 0; run < reader.info().runs; ++run) {
      const std::vector<float> row = reader.Row(name, run);
      add(row.data(), row.size() * sizeof(float));
    }
  }
  for (const char* group : {"", "weights", "activations"}) {
    const std::vector<double> steps = reader.Steps(group);
    add(steps.data(), steps.size() * sizeof(double));
  }
  reader.Verify();
  return all;
}

class Damage : public ::testing::Test {
 protected:
  Damage() {
    Writer writer(store_.path(), {});
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      writer.Append(MakeRecord(seed, kSample), {}, MakeDataset());
    }
    writer.Seal();
    path_ = ListShards(store_.path()).at(0);
    bytes_ = ReadFile(path_);
    contents_ = Contents(path_);
    copy_ = store_.path() + "/copy.h5";
  }

  // Whether the damage was noticed. Fails the test unless it was, or does not matter.
  bool Noticed(const std::string& bytes, const std::string& what) {
    AtomicWriteFile(copy_, bytes, store_.path(), false);
    try {
      std::string contents = Contents(copy_);
      EXPECT_EQ(contents == contents_, true) << what << ": wrong values, no error";
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::kDamaged) << what;
      EXPECT_EQ(error.place().compare(0, copy_.size(), copy_), 0) << error.what();
      EXPECT_FALSE(error.remedy().empty()) << error.what();
      return true;
    }
  }

  const TemporaryDirectoryGuard store_;
  std::string path_, copy_, bytes_, contents_;
  std::mt19937_64 random_{20261123};
};

TEST_F(Damage, AFlippedBitIsNoticedOrDoesNotMatter) {
  int noticed = 0;
  for (int i = 0; i < 400; ++i) {
    std::string bytes = bytes_;
    const std::size_t at = random_() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random_() % 8)));
    if (Noticed(bytes, "flip at " + std::to_string(at))) ++noticed;
  }
  EXPECT_GT(noticed, 300);
}

// Most of a shard's bytes are values; this finds the bytes that HDF5 itself goes by.
TEST_F(Damage, DamagedMetadataAreNoticedOrDoNotMatter) {
  std::vector<std::size_t> places;
  for (const char* mark : {"TREE", "OHDR", "GCOL", "OCHK"}) {
    for (std::size_t at = bytes_.find(mark); at != std::string::npos;
         at = bytes_.find(mark, at + 1)) {
      places.push_back(at);
    }
  }
  ASSERT_GT(places.size(), 50U);
  for (int i = 0; i < 600; ++i) {
    std::string bytes = bytes_;
    const std::size_t at =
        std::min(places[random_() % places.size()] + random_() % 160, bytes.size() - 1);
    bytes[at] = static_cast<char>(random_());
    Noticed(bytes, "byte at " + std::to_string(at));
  }
}

// HDF5 1.10 crashes on damaged heaps, so a shard has none.
TEST_F(Damage, AShardHasNoHeapsOfLinksOrAttributes) {
  for (const char* mark : {"FRHP", "FHDB", "FHIB", "BTHD", "SNOD"}) {
    EXPECT_EQ(bytes_.find(mark), std::string::npos) << mark;
  }
}

TEST_F(Damage, ATruncatedFileIsNoticed) {
  for (int i = 0; i < 150; ++i) {
    const std::size_t size = i < 50 ? static_cast<std::size_t>(i) * 40 : random_() % bytes_.size();
    EXPECT_TRUE(Noticed(bytes_.substr(0, size), "cut to " + std::to_string(size)));
  }
}

TEST_F(Damage, ASectorOfZerosIsNoticedOrDoesNotMatter) {
  for (int i = 0; i < 150; ++i) {
    std::string bytes = bytes_;
    const std::size_t at = random_() % (bytes.size() / 512) * 512;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 512, '\0');
    Noticed(bytes, "zeros at " + std::to_string(at));
  }
}

TEST_F(Damage, OtherFilesAreNoShards) {
  EXPECT_TRUE(Noticed("", "empty"));
  EXPECT_TRUE(Noticed("loss,step\n1,2\n", "text"));
  EXPECT_TRUE(Noticed(std::string(100'000, '\0'), "zeros"));
}

}  // namespace
}  // namespace crease::store
