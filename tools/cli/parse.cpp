// See parse.h.
#include "tools/cli/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "compiler/source/diagnostics.h"
#include "tools/cli/exit_code.h"

namespace cli {

namespace {

/// A word of the command line that nothing takes, and the names it may have meant.
struct Unknown {
  std::string kind;
  std::string word;
  std::vector<std::string> known;
};

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// Follows the words through the subcommands to the first one that is not known.
std::optional<Unknown> find_unknown(const CLI::App& app, int argc, char** argv) {
  const CLI::App* level = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") return std::nullopt;
    if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = nullptr;
      for (const CLI::App* at = level; at != nullptr && option == nullptr; at = at->get_parent()) {
        option = at->get_option_no_throw(name);
      }
      if (option == nullptr) return Unknown{"option", name, option_names(*level)};
      const bool has_value = word.size() == name.size() && option->get_items_expected_max() > 0;
      if (has_value && option->get_items_expected_max() == 1) ++i;
      continue;
    }
    if (word.starts_with("-")) continue;
    const auto subcommands = level->get_subcommands([](const CLI::App*) { return true; });
    if (subcommands.empty()) continue;
    const auto next = std::ranges::find(subcommands, word, &CLI::App::get_name);
    if (next == subcommands.end()) return Unknown{"command", word, command_names(*level)};
    level = *next;
  }
  return std::nullopt;
}

std::string describe(const CLI::ParseError& error, const CLI::App& app,
                     const std::optional<Unknown>& unknown) {
  if (unknown) {
    return "unknown " + unknown->kind + " `" + unknown->word + "`" +
           did_you_mean(unknown->word, unknown->known);
  }
  const bool lacks_command = error.get_name() == "RequiredError" &&
                             app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
  if (!lacks_command) return error.what();
  std::string names;
  for (const std::string& name : command_names(app)) names += (names.empty() ? "" : ", ") + name;
  return "a command is required: " + names;
}

}  // namespace

CLI::Validator number_in(double least, double most) {
  const std::string range = fmt::format("from {} to {}", least, most);
  return CLI::Validator(
      [=](const std::string& text) -> std::string {
        double value = 0;
        const bool is_number = CLI::detail::lexical_cast(text, value);
        if (is_number && value >= least && value <= most) return {};
        return fmt::format("`{}` is no number {}", text, range);
      },
      range);
}

CLI::Validator count_from(std::uint64_t least) {
  const std::string range = fmt::format("from {}", least);
  return CLI::Validator(
      [=](const std::string& text) -> std::string {
        std::uint64_t value = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, value);
        if (parsed.ec == std::errc() && parsed.ptr == end && value >= least) return {};
        return fmt::format("`{}` is no whole number {}", text, range);
      },
      range);
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string_view near =
      tile::nearest_name(word, std::vector<std::string_view>(known.begin(), known.end()));
  return near.empty() ? "" : "; did you mean `" + std::string(near) + "`?";
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const std::string problem = describe(error, app, find_unknown(app, argc, argv));
    std::fprintf(stderr, "%s: %s\nRun with --help for more information.\n", app.get_name().c_str(),
                 problem.c_str());
    return exit_usage;
  }
}

}  // namespace cli
