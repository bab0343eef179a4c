// Options by name; mistakes get the nearest name and exit code 2.
#include "tools/cli/parse.h"

#include <doctest/doctest.h>

#include <vector>

namespace {

enum class Size { Small, Large };

struct Program {
  CLI::App app{"A program.", "program"};
  Size size = Size::Small;
  int count = 0;
  bool is_quick = false;
  std::vector<std::string> files;

  Program() {
    app.require_subcommand(1);
    app.add_option("--size", size)
        ->transform(cli::one_of<Size>({{"small", Size::Small}, {"large", Size::Large}}));
    CLI::App* train = app.add_subcommand("train", "Trains.");
    train->add_option("--count", count);
    train->add_flag("--quick", is_quick);
    train->add_option("files", files);
    app.add_subcommand("generate", "Generates.");
    train->fallthrough();
  }

  /// The exit code, or -1 when the program would go on.
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "program");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return cli::parse(app, static_cast<int>(argv.size()), argv.data()).value_or(-1);
  }
};

/// What the program prints to stderr in a child stream.
std::string said(const std::vector<std::string>& words) {
  std::fflush(stderr);
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* kept = stderr;
  stderr = ::open_memstream(&text, &size);
  const int code = Program().run(words);
  std::fclose(stderr);
  stderr = kept;
  std::string result(text, size);
  std::free(text);
  CHECK(code == 2);
  return result.substr(0, result.find('\n'));
}

/// The exit code for `--number=TEXT`, or -1 when the program would go on.
template <class Number>
int code_of_value(const std::string& text, const CLI::Validator& validator) {
  CLI::App app("A program.", "program");
  Number number = 0;
  app.add_option("--number", number)->check(validator);
  std::vector<std::string> words = {"program", "--number=" + text};
  std::vector<char*> argv = {words[0].data(), words[1].data()};
  return cli::parse(app, 2, argv.data()).value_or(-1);
}

}  // namespace

TEST_CASE("enumerators by name") {
  Program program;
  CHECK(program.run({"train", "--size", "large", "--count", "3", "a", "b"}) == -1);
  CHECK(program.size == Size::Large);
  CHECK(program.files.size() == 2);
  CHECK(Program().app.help().find("{large,small}") != std::string::npos);
  for (const char* wrong : {"huge", "0", "1", ""}) {
    Program other;
    CHECK(other.run({"train", "--size", wrong}) == 2);
  }
}

TEST_CASE("unknown words are answered with the nearest known one") {
  CHECK(said({"tran"}) == "program: unknown command `tran`; did you mean `train`?");
  CHECK(said({"--size", "small", "genrate"}) ==
        "program: unknown command `genrate`; did you mean `generate`?");
  CHECK(said({"train", "--conut", "3"}) ==
        "program: unknown option `--conut`; did you mean `--count`?");
  CHECK(said({"train", "--sise=small"}) ==
        "program: unknown option `--sise`; did you mean `--size`?");
  CHECK(said({"xyzzy"}) == "program: unknown command `xyzzy`");
  CHECK(said({"trian"}) == "program: unknown command `trian`; did you mean `train`?");
  CHECK(said({}) == "program: a command is required: train, generate");
  CHECK(said({"train", "--count", "x"}).starts_with("program: "));
}

TEST_CASE("real numbers in a range, NaN in none") {
  const auto code_of = [](const std::string& text) {
    return code_of_value<double>(text, cli::number_in(0, 1e9));
  };
  for (const char* good : {"0", "1e9", "0.5", "3e-4"}) CHECK(code_of(good) == -1);
  for (const char* bad : {"nan", "-nan", "inf", "-1", "1.1e9", "x", ""}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == 2);
  }
}

TEST_CASE("whole numbers from a least one") {
  const auto code_of = [](const std::string& text) {
    return code_of_value<std::uint64_t>(text, cli::count_from(1));
  };
  for (const char* good : {"1", "18446744073709551615"}) CHECK(code_of(good) == -1);
  for (const char* bad : {"0", "-1", "1.5", "1e3", "18446744073709551616", "nan", "x", ""}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == 2);
  }
}

TEST_CASE("help ends the program without a mistake") {
  CHECK(Program().run({"--help"}) == 0);
  CHECK(Program().run({"train", "--help"}) == 0);
}
