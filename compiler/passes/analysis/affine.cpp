// See affine.h.
#include "compiler/passes/analysis/affine.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <span>

#include "compiler/base/check.h"

namespace tile::passes {

namespace {

using Atoms = std::array<Atom, 4>;

Atoms unpack(Monomial m) {
  return {static_cast<Atom>(m >> 48), static_cast<Atom>(m >> 32), static_cast<Atom>(m >> 16),
          static_cast<Atom>(m)};
}

Monomial pack(std::span<const Atom> atoms) {
  Monomial m = 0;
  int shift = 48;
  for (Atom atom : atoms) {
    m |= static_cast<Monomial>(atom) << shift;
    shift -= 16;
  }
  return m;
}

}  // namespace

int degree(Monomial m, Atom atom) {
  const Atoms atoms = unpack(m);
  return static_cast<int>(std::count(atoms.begin(), atoms.end(), atom));
}

std::optional<Monomial> multiply(Monomial a, Monomial b) {
  if (a == 0) return b;
  if (b == 0) return a;
  std::array<Atom, 8> all;
  const Atoms first = unpack(a), second = unpack(b);
  std::merge(first.begin(), first.end(), second.begin(), second.end(), all.begin(),
             std::greater<>());
  if (all[4] != 0) return std::nullopt;
  return pack(std::span(all).first(4));
}

Monomial divide(Monomial m, Atom atom) {
  Atoms atoms = unpack(m);
  const auto found = std::find(atoms.begin(), atoms.end(), atom);
  TILE_CHECK(found != atoms.end(), "divides by a factor");
  std::copy(found + 1, atoms.end(), found);
  atoms[3] = 0;
  return pack(atoms);
}

Form::Form(std::int64_t constant) {
  if (constant != 0) terms_.push_back({0, constant});
}

Form Form::of(Atom atom) { return of(Term{monomial(atom), 1}); }

Form Form::of(Term term) {
  Form form;
  form.add(term);
  return form;
}

Form Form::invalid() {
  Form form;
  form.is_valid_ = false;
  return form;
}

void Form::add(Term term) {
  if (term.factor == 0 || !is_valid_) return;
  const auto at =
      std::lower_bound(terms_.begin(), terms_.end(), term,
                       [](const Term& a, const Term& b) { return a.product > b.product; });
  if (at == terms_.end() || at->product != term.product) {
    terms_.insert(at, term);
    return;
  }
  if (__builtin_add_overflow(at->factor, term.factor, &at->factor)) {
    *this = invalid();
  } else if (at->factor == 0) {
    terms_.erase(at);
  }
}

std::optional<std::int64_t> Form::constant() const {
  if (!is_valid_ || highest() != 0) return std::nullopt;
  return constant_part();
}

std::int64_t Form::constant_part() const {
  return terms_.empty() || terms_.back().product != 0 ? 0 : terms_.back().factor;
}

Atom Form::as_atom() const {
  const bool is_one = is_valid_ && terms_.size() == 1 && terms_[0].factor == 1;
  const Atom atom = highest();
  return is_one && terms_[0].product == monomial(atom) ? atom : Atom{0};
}

bool Form::mentions(Atom atom) const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return degree(term.product, atom) > 0; });
}

Form Form::operator+(const Form& other) const {
  if (!other.is_valid_) return invalid();
  Form sum = *this;
  for (const Term& term : other.terms_) sum.add(term);
  return sum;
}

Form Form::operator-(const Form& other) const { return *this + other * -1; }

Form Form::operator*(std::int64_t factor) const {
  Form product = *this;
  if (factor == 0) product.terms_.clear();
  for (Term& term : product.terms_) {
    if (__builtin_mul_overflow(term.factor, factor, &term.factor)) return invalid();
  }
  return product;
}

Form Form::operator*(const Form& other) const {
  if (const auto factor = other.constant()) return *this * *factor;
  if (!is_valid_ || !other.is_valid_) return invalid();
  Form product;
  for (const Term& a : terms_) {
    for (const Term& b : other.terms_) {
      const std::optional<Monomial> atoms = multiply(a.product, b.product);
      Term term;
      if (!atoms || __builtin_mul_overflow(a.factor, b.factor, &term.factor)) return invalid();
      term.product = *atoms;
      product.add(term);
    }
  }
  return product;
}

Form Form::reduced() const {
  std::int64_t divisor = 0;
  for (const Term& term : terms_) {
    if (term.product != 0) divisor = std::gcd(divisor, term.factor);
  }
  if (divisor <= 1) return *this;
  Form result;
  for (const Term& term : terms_) {
    const std::int64_t remainder = ((term.factor % divisor) + divisor) % divisor;
    result.add({term.product, (term.factor - remainder) / divisor});
  }
  return result;
}

Form Form::coefficient_of(Atom atom, Form& rest) const {
  Form coefficient;
  rest = *this;
  if (!is_valid_) return invalid();
  std::erase_if(rest.terms_, [&](const Term& term) { return degree(term.product, atom) > 0; });
  for (const Term& term : terms_) {
    if (degree(term.product, atom) > 0) {
      coefficient.add({divide(term.product, atom), term.factor});
    }
  }
  return coefficient;
}

}  // namespace tile::passes
