// See cache.h.
#include "compiler/driver/cache.h"

#include <fcntl.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/BLAKE3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace tile {

namespace {

constexpr std::string_view magic = "TILEOBJ\n";
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t entry_limit = std::size_t{1}
                                    << 28;  // no object comes near; stops a lying size

using Hash = llvm::BLAKE3Result<hash_bytes>;

Hash hash_of(std::string_view bytes) {
  llvm::BLAKE3 hasher;
  hasher.update(llvm::StringRef(bytes.data(), bytes.size()));
  return hasher.final<hash_bytes>();
}

/// Closes the file descriptor at the end of its scope.
struct OpenFile {
  explicit OpenFile(int descriptor) : fd(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

void append_number(std::string& bytes, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

/// Layout: magic, format, key length, payload length (8 bytes each), key, payload, BLAKE3 of all
/// before.
std::string encode(std::string_view key, std::string_view payload) {
  std::string entry(magic);
  append_number(entry, cache_format);
  append_number(entry, key.size());
  append_number(entry, payload.size());
  entry += key;
  entry += payload;
  const Hash hash = hash_of(entry);
  entry.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return entry;
}

/// The payload, or nothing. An entry is sound when it is, byte for byte, what encode makes of its
/// payload.
std::optional<std::string> decode(std::string_view entry, std::string_view key) {
  const std::size_t before_payload = magic.size() + 3 * 8 + key.size();
  if (entry.size() < before_payload + hash_bytes) return std::nullopt;
  const std::string_view payload =
      entry.substr(before_payload, entry.size() - before_payload - hash_bytes);
  if (encode(key, payload) != entry) return std::nullopt;
  return std::string(payload);
}

std::optional<std::string> read_all(int fd) {
  struct stat facts{};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  if (facts.st_size < 0 || static_cast<std::size_t>(facts.st_size) > entry_limit)
    return std::nullopt;
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// Makes the directory and its missing parents (0700).
bool make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  const std::size_t slash = path.find_last_of('/');
  if (errno != ENOENT || slash == std::string::npos || slash == 0) return false;
  if (!make_directories(path.substr(0, slash))) return false;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

}  // namespace

std::string content_hash(std::string_view bytes) {
  const Hash hash = hash_of(bytes);
  return llvm::toHex(llvm::ArrayRef<std::uint8_t>(hash.data(), hash.size()), /*LowerCase=*/true);
}

std::string CacheKey::describe() const {
  std::string key = "object format " + std::to_string(cache_format);
  key += "\ntarget " + std::string(target);
  key += "\ncompiler " + std::string(compiler);
  key += "\nflags";
  for (const std::string& flag : flags) key += " " + flag;
  key += "\ntext " + content_hash(text) + "\n";
  return key;
}

std::string default_cache_directory() {
  if (const char* set = std::getenv("TILEC_CACHE_DIR")) return set;
  // The XDG rule: a relative path there is invalid and ignored.
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && xdg[0] == '/') return std::string(xdg) + "/tilec";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/tilec";
  return "";
}

Cache::Cache(std::string directory, Warn warn)
    : directory_(std::move(directory)), warn_(std::move(warn)) {
  while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
}

std::string Cache::entry_path(std::string_view key) const {
  return directory_ + "/" + content_hash(key) + ".o";
}

void Cache::warn_directory(const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (warned_directory_) return;
  warned_directory_ = true;
  warn_("kernel cache: " + message + "; compiled kernels are kept in memory only");
}

/// Code in the cache is executed, so its directory must be ours alone.
void Cache::prepare_directory() {
  if (directory_.empty()) return;
  if (!make_directories(directory_)) {
    return warn_directory("cannot create " + directory_ + " (" + std::strerror(errno) + ")");
  }
  struct stat facts{};
  if (::lstat(directory_.c_str(), &facts) != 0) {
    return warn_directory("cannot use " + directory_ + " (" + std::strerror(errno) + ")");
  }
  if (S_ISLNK(facts.st_mode)) return warn_directory(directory_ + " is a symbolic link");
  if (!S_ISDIR(facts.st_mode)) return warn_directory(directory_ + " is not a directory");
  if (facts.st_uid != ::geteuid()) return warn_directory(directory_ + " belongs to another user");
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return warn_directory("others may write to " + directory_);
  }
  usable_ = true;
}

bool Cache::usable() {
  static std::mutex preparing;  // apart from mutex_, which the warnings take
  const std::lock_guard lock(preparing);
  if (!prepared_) prepare_directory();
  prepared_ = true;
  return usable_;
}

std::optional<std::string> Cache::load(std::string_view key) {
  if (!usable()) return std::nullopt;
  const std::string path = entry_path(key);
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0 && errno == ENOENT) return std::nullopt;
  if (file.fd >= 0) {
    if (auto bytes = read_all(file.fd)) {
      if (auto payload = decode(*bytes, key)) return payload;
    }
  }
  const std::lock_guard lock(mutex_);
  if (!warned_entry_) warn_("kernel cache: entry " + path + " is damaged; it is made again");
  warned_entry_ = true;
  return std::nullopt;
}

void Cache::store(std::string_view key, std::string_view payload) {
  if (!usable()) return;
  static std::atomic<unsigned> serial = 0;
  const std::string path = entry_path(key);
  const std::string temporary =
      path + "." + std::to_string(::getpid()) + "." + std::to_string(serial++) + ".tmp";
  bool written = false;
  {
    const OpenFile file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.fd >= 0) written = write_all(file.fd, encode(key, payload));
  }
  // No fsync: a file torn by a crash fails its checksum and is made again.
  if (written && ::rename(temporary.c_str(), path.c_str()) == 0) return;
  const int reason = errno;
  ::unlink(temporary.c_str());
  warn_directory("cannot write " + path + " (" + std::strerror(reason) + ")");
}

}  // namespace tile
