// Processes that say what they train, and what of it others believe.
#include "lib/store/claims.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "lib/store/layout.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::FilesIn;
using testing::TemporaryDirectoryGuard;
using Ids = std::vector<std::string>;

class ClaimsTest : public ::testing::Test {
 protected:
  ClaimsTest() { CreateStore(store_.path()); }
  std::vector<Claim> Read() const { return ClaimsLock(store_.path()).ReadClaims(); }
  std::unique_ptr<TemporaryFile> Take(Ids ids) const {
    return ClaimsLock(store_.path()).Take(std::move(ids));
  }
  std::string temporaries() const { return TemporaryDirectory(store_.path()); }

  const TemporaryDirectoryGuard store_;
};

TEST_F(ClaimsTest, LiveAsLongAsTheirOwner) {
  EXPECT_TRUE(Read().empty());
  auto claim = Take({"b", "a"});
  const std::vector<Claim> claims = Read();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].host, HostName());
  EXPECT_EQ(claims[0].process, getpid());
  EXPECT_EQ(claims[0].run_ids, (Ids{"a", "b"}));
  claim.reset();
  EXPECT_TRUE(Read().empty());
  EXPECT_TRUE(FilesIn(temporaries()).empty());
}

TEST_F(ClaimsTest, OfADeadProcessCountForNothingAndAreSweptAway) {
  const pid_t child = fork();
  if (child == 0) {
    const auto claim = Take({"a"});
    raise(SIGKILL);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(FilesIn(temporaries()).size(), 1U);
  EXPECT_TRUE(Read().empty());
  RemoveStaleTemporaries(temporaries());
  EXPECT_TRUE(FilesIn(temporaries()).empty());
}

TEST_F(ClaimsTest, ThatAreDamagedCountForNothing) {
  const auto claim = Take({"a", "b"});
  for (const char* text : {"", "a", "a\nb\n", "a\nb\n0123456789abcdef0123456789abcdef\n"}) {
    std::ofstream(claim->path()) << text;
    EXPECT_TRUE(Read().empty()) << text;
  }
}

TEST_F(ClaimsTest, FilesOfOtherNamesAreNone) {
  for (const char* name :
       {"/nobody.claims", "/host-x-1.claims", "/host-12.claims", "/host-1-1.tmp"})
    std::ofstream(temporaries() + name) << "a\n";
  EXPECT_TRUE(Read().empty());
}

// A lock left by a killed process, and many that want it at once: one at a time has it.
TEST_F(ClaimsTest, OneAtATimeHasTheLock) {
  std::ofstream(temporaries() + "/claims.lock") << "";
  std::atomic<int> holders{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const ClaimsLock lock(store_.path());
        most = std::max(most.load(), ++holders);
        std::this_thread::yield();
        --holders;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_TRUE(FilesIn(temporaries()).empty());
}

// Every worker claims what nobody has, again and again, as processes that come and go do.
TEST_F(ClaimsTest, NothingIsClaimedTwice) {
  constexpr int kRuns = 40;
  std::vector<std::atomic<int>> owners(kRuns);
  std::atomic<bool> twice{false};
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      for (int round = 0; round < 50; ++round) {
        Ids wanted;
        std::unique_ptr<TemporaryFile> claim;
        {
          const ClaimsLock lock(store_.path());
          const std::vector<Claim> claims = lock.ReadClaims();
          for (int run = (w + round) % 3; run < kRuns; run += 3) {
            const std::string id = std::to_string(run);
            const bool taken = std::any_of(claims.begin(), claims.end(), [&](const Claim& other) {
              return std::binary_search(other.run_ids.begin(), other.run_ids.end(), id);
            });
            if (!taken) wanted.push_back(id);
          }
          claim = lock.Take(wanted);
        }
        for (const std::string& id : wanted) {
          if (++owners[std::stoul(id)] != 1) twice = true;
        }
        std::this_thread::yield();
        for (const std::string& id : wanted) --owners[std::stoul(id)];
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(twice);
}

}  // namespace
}  // namespace crease::store
