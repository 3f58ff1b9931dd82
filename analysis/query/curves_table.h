// The SQL table `curves`: one row a recorded step of a run, read from the shards as it is asked
// for. Nothing is copied into the catalogue.
//
//   run_id, step, loss, accuracy, test_loss, test_accuracy     (NULL where there is no value)
//
// A condition run_id = '...' reads that run alone; every other question reads all curves.
#pragma once

#include <exception>
#include <string>

struct sqlite3;

namespace crease::query {

struct CurvesSource {
  std::string shards_directory;
  // What reading a shard threw, since no exception may cross SQLite; its message is SQLite's, too.
  std::exception_ptr failure = nullptr;
};

// Makes the table known to the connection. `source` must live as long as statements that use it.
void AddCurvesTable(sqlite3* connection, CurvesSource& source);

}  // namespace crease::query
