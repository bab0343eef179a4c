// Tests of the disk cache: what makes an entry, what unmakes it, and that no fault of the disk
// matters.
#include "compiler/driver/cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace tile;
namespace fs = std::filesystem;

namespace {

/// A fresh directory name below a private temporary one; removed at the end.
struct Temporary {
  fs::path root;
  Temporary() {
    std::string pattern = (fs::temp_directory_path() / "tilec_cache_test_XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  ~Temporary() {
    std::error_code ignored;
    fs::permissions(root, fs::perms::owner_all, ignored);
    fs::remove_all(root, ignored);
  }
  std::string directory() const { return (root / "a" / "tilec").string(); }
};

struct Warnings {
  std::vector<std::string> all;
  Cache::Warn warn() {
    return [this](const std::string& message) { all.push_back(message); };
  }
};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::size_t files_in(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(directory)) count += entry.is_regular_file();
  return count;
}

}  // namespace

TEST_CASE("every ingredient of the key makes another entry") {
  const CacheKey base{"text", "znver5", {"-O1", "-x"}, "clang 22.1"};
  std::vector<CacheKey> keys(6, base);
  keys[1].text = "texu";
  keys[2].target = "x86-64-v3";
  keys[3].flags = {"-O2", "-x"};
  keys[4].flags = {"-O1"};
  keys[5].compiler = "clang 22.2";
  const Temporary temporary;
  Warnings warnings;
  Cache cache(temporary.directory(), warnings.warn());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK_FALSE(cache.load(keys[i].describe()));
    cache.store(keys[i].describe(), "payload " + std::to_string(i));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(cache.load(keys[i].describe()) == "payload " + std::to_string(i));
  }
  CHECK(base.describe().find("object format " + std::to_string(cache_format)) == 0);
  CHECK(files_in(temporary.directory()) == keys.size());
  CHECK(warnings.all.empty());
}

TEST_CASE("a damaged entry is a miss with one warning, whatever the damage") {
  const Temporary temporary;
  Warnings warnings;
  const std::string key = "some key";
  const std::string path = Cache(temporary.directory(), warnings.warn()).entry_path(key);
  Cache(temporary.directory(), warnings.warn()).store(key, "the payload");
  const std::string sound = read(path);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string flipped = sound;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    write(path, flipped);
    Warnings here;
    Cache cache(temporary.directory(), here.warn());
    REQUIRE_FALSE(cache.load(key));
    REQUIRE_FALSE(cache.load(key));
    REQUIRE(here.all.size() == 1);
  }
  for (std::size_t length = 0; length < sound.size(); ++length) {
    write(path, sound.substr(0, length));
    REQUIRE_FALSE(Cache(temporary.directory(), warnings.warn()).load(key));
  }
  write(path, sound + "x");
  CHECK_FALSE(Cache(temporary.directory(), warnings.warn()).load(key));
  // Made again, it is sound again.
  Cache cache(temporary.directory(), warnings.warn());
  cache.store(key, "the payload");
  CHECK(cache.load(key) == "the payload");
}

TEST_CASE("an entry of another key under this name is refused") {
  const Temporary temporary;
  Warnings warnings;
  Cache cache(temporary.directory(), warnings.warn());
  cache.store("one", "payload one");
  fs::rename(cache.entry_path("one"), cache.entry_path("two"));
  CHECK_FALSE(cache.load("two"));
  REQUIRE(warnings.all.size() == 1);
  CHECK(warnings.all[0].find("damaged") != std::string::npos);
}

TEST_CASE("the directory must be ours alone") {
  const Temporary temporary;
  SUBCASE("it is made for the owner only") {
    Warnings warnings;
    Cache(temporary.directory(), warnings.warn()).store("k", "p");
    struct stat facts{};
    REQUIRE(stat(temporary.directory().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0700);
    CHECK(warnings.all.empty());
  }
  SUBCASE("a symbolic link") {
    fs::create_directories(temporary.root / "real");
    fs::create_directory_symlink(temporary.root / "real", temporary.root / "link");
    Warnings warnings;
    Cache cache((temporary.root / "link").string(), warnings.warn());
    cache.store("k", "p");
    CHECK_FALSE(cache.load("k"));
    REQUIRE(warnings.all.size() == 1);
    CHECK(warnings.all[0].find("symbolic link") != std::string::npos);
    CHECK(files_in((temporary.root / "real").string()) == 0);
  }
  SUBCASE("writable by others") {
    fs::create_directories(temporary.directory());
    REQUIRE(chmod(temporary.directory().c_str(), 0777) == 0);
    Warnings warnings;
    Cache cache(temporary.directory(), warnings.warn());
    cache.store("k", "p");
    CHECK_FALSE(cache.load("k"));
    CHECK(warnings.all.size() == 1);
  }
  SUBCASE("a file in its place, or somebody else's directory") {
    write((temporary.root / "a").string(), "not a directory");
    Warnings warnings;
    Cache(temporary.directory(), warnings.warn()).store("k", "p");
    CHECK(warnings.all.size() == 1);
    if (geteuid() == 0) {
      fs::create_directories(temporary.root / "theirs");
      REQUIRE(chown((temporary.root / "theirs").c_str(), 12345, 12345) == 0);
      Warnings other;
      Cache((temporary.root / "theirs").string(), other.warn()).store("k", "p");
      REQUIRE(other.all.size() == 1);
      CHECK(other.all[0].find("another user") != std::string::npos);
    }
  }
}

TEST_CASE("an unwritable place costs one warning") {
  Warnings warnings;
  Cache cache("/proc/tilec", warnings.warn());
  for (int i = 0; i < 3; ++i) {
    cache.store("k", "p");
    CHECK_FALSE(cache.load("k"));
  }
  CHECK(warnings.all.size() == 1);
}

TEST_CASE("processes that write one key at once leave one sound entry") {
  const Temporary temporary;
  Warnings warnings;
  const std::string payload(200000, 'p');
  std::vector<pid_t> children;
  for (int child = 0; child < 6; ++child) {
    const pid_t pid = fork();
    if (pid == 0) {
      bool sound = true;
      for (int i = 0; i < 20; ++i) {
        Cache cache(temporary.directory(), [&](const std::string&) { sound = false; });
        cache.store("key", payload);
        sound = sound && cache.load("key") == payload;
      }
      _exit(sound ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK(files_in(temporary.directory()) == 1);
  CHECK(Cache(temporary.directory(), warnings.warn()).load("key") == payload);
}

TEST_CASE("the environment says where entries go") {
  const auto with = [](const char* variable, const char* value) {
    value == nullptr ? unsetenv(variable) : setenv(variable, value, 1);
  };
  const auto saved = [](const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? std::string("\1") : std::string(value);
  };
  const char* names[] = {"TILEC_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
  const std::string before[] = {saved(names[0]), saved(names[1]), saved(names[2])};
  with("TILEC_CACHE_DIR", "/x"), with("XDG_CACHE_HOME", "/y"), with("HOME", "/z");
  CHECK(default_cache_directory() == "/x");
  with("TILEC_CACHE_DIR", nullptr);
  CHECK(default_cache_directory() == "/y/tilec");
  with("XDG_CACHE_HOME", "relative");
  CHECK(default_cache_directory() == "/z/.cache/tilec");
  with("HOME", nullptr);
  CHECK(default_cache_directory().empty());
  for (int i = 0; i < 3; ++i) with(names[i], before[i] == "\1" ? nullptr : before[i].c_str());
}
