// The published real data: digits, mnist, fashion_mnist, iris, wine, breast_cancer.
//
// The files are looked for in this order and checked by digest, so that the same bytes come to
// training wherever they lie:
//   $CREASE_DATA_DIR/TASK, ${XDG_DATA_HOME:-~/.local/share}/crease/TASK,
//   /usr/local/share/crease/TASK, and where Debian's package puts them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace crease::data {

// One file of a published data set.
struct PublishedFile {
  const char* name;    // without ".gz"; the file may lie there compressed or not
  const char* digest;  // core::HexDigestOf its bytes, decompressed
};

// Where a task's files may lie, best first.
std::vector<std::string> PublishedDirectories(const std::string& task);

// The file's bytes, decompressed, from the first of `directories` that has it. Throws
// Error(kInput) with `install` as the remedy if none has, and Error(kDamaged) if its digest is
// another.
std::string ReadPublished(const PublishedFile& file, const std::vector<std::string>& directories,
                          const std::string& install);

// The training points of an image task: 1437 or 60000.
std::size_t PublishedTrainingPoints(const std::string& image_task);
std::size_t PublishedInputs(const std::string& image_task);  // 64 or 784

// Requires IsImageTask(task): inputs in [0, 1], train and test as published (digits: the first
// 1437 and the last 360).
Dataset LoadImages(const std::string& task);

// Requires IsTableTask(task): inputs standardised, no test split.
Dataset LoadTable(const std::string& task);

}  // namespace crease::data
