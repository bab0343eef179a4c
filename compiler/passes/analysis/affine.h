// Integer forms: sums of constants times products of atoms, which are the unknowns of index
// arithmetic (sizes, program ids, turns of loops; index_range.h says what they mean). Arithmetic
// that would leave int64, or multiply more than four atoms, gives an invalid form, of which nothing
// can be proven.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace tile::passes {

/// Atoms are numbered from 1 in the order they are found; bounds of an atom use lower numbers only.
using Atom = std::uint16_t;

/// A product of at most four atoms, the highest first, 16 bits each from the top. 0 is the product
/// of none. Comparing two as numbers compares their highest atoms first.
using Monomial = std::uint64_t;

inline Monomial monomial(Atom atom) { return static_cast<Monomial>(atom) << 48; }
inline Atom highest_atom(Monomial m) { return static_cast<Atom>(m >> 48); }
int degree(Monomial m, Atom atom);
/// The product, or nothing above four atoms.
std::optional<Monomial> multiply(Monomial a, Monomial b);
/// m without one factor `atom`, which it must have.
Monomial divide(Monomial m, Atom atom);

struct Term {
  Monomial product = 0;
  std::int64_t factor = 0;
  bool operator==(const Term&) const = default;
};

class Form {
 public:
  Form() = default;  // 0
  explicit Form(std::int64_t constant);
  static Form of(Atom atom);
  static Form of(Term term);
  static Form invalid();

  bool is_valid() const { return is_valid_; }
  /// Highest product first; the constant, if not 0, last.
  const std::vector<Term>& terms() const { return terms_; }
  std::optional<std::int64_t> constant() const;  // when there is nothing else
  std::int64_t constant_part() const;
  Atom highest() const { return terms_.empty() ? 0 : highest_atom(terms_[0].product); }
  /// The atom, when the form is one atom and nothing else; else 0.
  Atom as_atom() const;
  bool mentions(Atom atom) const;

  Form operator+(const Form& other) const;
  Form operator-(const Form& other) const;
  Form operator*(const Form& other) const;
  Form operator*(std::int64_t factor) const;
  Form operator+(std::int64_t constant) const { return *this + Form(constant); }
  Form operator-(std::int64_t constant) const { return *this - Form(constant); }
  bool operator==(const Form&) const = default;

  /// Divided by the factors' common divisor, the constant rounded down: >= 0 for the same integers.
  Form reduced() const;
  /// The sum of the terms with `atom`, divided by it; the form minus those is put in `rest`.
  Form coefficient_of(Atom atom, Form& rest) const;

 private:
  void add(Term term);

  std::vector<Term> terms_;
  bool is_valid_ = true;
};

}  // namespace tile::passes
