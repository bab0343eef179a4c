// What our programs share on top of CLI11: options that take one of several names or a number, and
// mistakes on the command line answered with the nearest name that exists.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace cli {

/// For an option that holds an enumerator: takes it by name, and shows the names in the help.
template <class Enum>
CLI::Validator one_of(const std::map<std::string, Enum>& names) {
  std::string list;
  for (const auto& [name, value] : names) list += (list.empty() ? "" : ",") + name;
  return CLI::Validator(
      [names, list](std::string& text) -> std::string {
        const auto found = names.find(text);
        if (found == names.end()) return "`" + text + "` is none of " + list;
        // CLI11 reads enumerators as numbers.
        text = std::to_string(static_cast<std::underlying_type_t<Enum>>(found->second));
        return {};
      },
      "{" + list + "}");
}

/// For an option that holds a real number: from `least` to `most`, and not NaN, which CLI::Range
/// lets pass.
CLI::Validator number_in(double least, double most);
/// For an option that holds a whole number: `least` or more. CLI11's own answer to -1 is the
/// largest double with all its digits, or, for unsigned ones, 2^64 - 1.
CLI::Validator count_from(std::uint64_t least);

/// "; did you mean `train`?", or nothing when none of the known words is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

/// Parses the command line. Nothing when the program shall go on, else its exit code: 0 after
/// --help and the like, 2 after a mistake, which is said on stderr.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

}  // namespace cli
