#include "lib/core/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace crease {
namespace {

std::string Message(const std::string& place, const std::string& what, const std::string& remedy) {
  std::string message = place.empty() ? what : place + ": " + what;
  if (!remedy.empty()) message += "\n  remedy: " + remedy;
  return message;
}

std::string RemedyFor(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free some space, or name a directory on another disk";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions, or name a directory that you may write to";
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ELOOP:
      return "check the path";
    case ENAMETOOLONG:
      return "shorten the path";
    case EFBIG:
      return "raise the limit of file sizes (ulimit -f), or name a directory on another disk";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EIO:
    case ENXIO:
    case EREMOTEIO:
      return "the disk or the connection to it is failing: look at the system's log, and run the "
             "same command again, on another disk if need be";
    case ESTALE:
    case EINTR:
    case EAGAIN:
    case ETIMEDOUT:
      return "run the same command again";
    case ENOMEM:
      return "lower --threads, or record less";
    default:
      return "";
  }
}

}  // namespace

Error::Error(Fault fault, std::string place, std::string what, std::string remedy)
    : std::runtime_error(Message(place, what, remedy)),
      fault_(fault),
      place_(std::move(place)),
      problem_(std::move(what)),
      remedy_(std::move(remedy)) {}

Error InputError(std::string place, std::string what, std::string remedy) {
  return {Fault::kInput, std::move(place), std::move(what), std::move(remedy)};
}

Error DamagedError(std::string place, std::string what, std::string remedy) {
  return {Fault::kDamaged, std::move(place), std::move(what), std::move(remedy)};
}

Error SystemError(std::string place, std::string what, std::string remedy) {
  return {Fault::kSystem, std::move(place), std::move(what), std::move(remedy)};
}

Error SystemErrorFromErrno(const std::string& place, const std::string& what, int error_number) {
  return SystemError(place, what + ": " + std::strerror(error_number), RemedyFor(error_number));
}

}  // namespace crease
