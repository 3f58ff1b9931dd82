// What can go wrong for a user, as exceptions that carry the place and the remedy.
//
// Faults come in three kinds, handled in three ways:
//   * a programmer's fault is an assertion;
//   * the user's, a file's or the system's fault is an Error, mapped to an exit code in apps/;
//   * a run that diverges is an outcome, a datum, and no error at all.
#pragma once

#include <stdexcept>
#include <string>

namespace crease {

enum class Fault {
  kInput,    // the user's input is wrong; exit code 2
  kDamaged,  // a store or a file is damaged or does not match; exit code 3
  kSystem,   // the system refused: disk full, permission, memory; exit code 4
};

class Error : public std::runtime_error {
 public:
  // `place`: file, file:line:column, dataset or argument ("" if there is none).
  // `what`: what is wrong. `remedy`: what to do about it ("" if nothing is known).
  Error(Fault fault, std::string place, std::string what, std::string remedy);

  Fault fault() const { return fault_; }
  const std::string& place() const { return place_; }
  const std::string& problem() const { return problem_; }
  const std::string& remedy() const { return remedy_; }

 private:
  Fault fault_;
  std::string place_, problem_, remedy_;
};

Error InputError(std::string place, std::string what, std::string remedy = "");
Error DamagedError(std::string place, std::string what, std::string remedy = "");
Error SystemError(std::string place, std::string what, std::string remedy = "");

// SystemError with the text of `error_number` (errno) and a remedy that fits it.
Error SystemErrorFromErrno(const std::string& place, const std::string& what, int error_number);

}  // namespace crease
