// Quotients of forms, for index_range.h. Dividing a single atom, such as a program id by a size,
// splits it into quotient and remainder for good, so that p / n and p % n become independent
// unknowns.
#include "compiler/passes/analysis/index_range.h"

namespace tile::passes {

namespace {

/// a / b when that is a product of atoms with a whole factor.
std::optional<Term> divide_exactly(const Term& a, const Term& b) {
  if (b.factor == 0 || a.factor % b.factor != 0) return std::nullopt;
  Term result{a.product, a.factor / b.factor};
  for (Monomial m = b.product; m != 0; m = divide(m, highest_atom(m))) {
    if (degree(result.product, highest_atom(m)) == 0) return std::nullopt;
    result.product = divide(result.product, highest_atom(m));
  }
  return result;
}

/// form = divisor * whole + rest, term by term; a constant leaves a rest in [0, divisor).
void divide_terms(const Form& form, const Term& divisor, Form& whole, Form& rest) {
  for (const Term& term : form.terms()) {
    if (const std::optional<Term> exact = divide_exactly(term, divisor)) {
      whole = whole + Form::of(*exact);
    } else if (term.product == 0 && divisor.product == 0) {
      const std::int64_t remainder =
          ((term.factor % divisor.factor) + divisor.factor) % divisor.factor;
      whole = whole + (term.factor - remainder) / divisor.factor;
      rest = rest + remainder;
    } else {
      rest = rest + Form::of(term);
    }
  }
}

}  // namespace

/// Replaces `id` by divisor * quotient + remainder (no remainder when the division is exact). All
/// programs must have the same divisor: only then do quotient and remainder stand for the whole.
bool IndexFacts::split(Atom id, const Form& divisor, bool is_exact) {
  int budget = 20;
  const bool counts = atom_is_never_negative(id, budget);
  if (atom(id).kind == Kind::Quotient || (!is_exact && !counts)) return false;
  if (is_varying(divisor) || depends_on(divisor, id)) return false;
  AtomInfo part;
  part.kind = Kind::Part;
  part.varies = atom(id).varies;
  const Atom quotient = add_atom(part);
  if (counts) bound_below(quotient, Form(0));
  for (const Bound& upper : std::vector<Bound>(atom(id).upper)) {
    if (!upper.is_scoped) bound(quotient, true, upper.scale * divisor, upper.form);
  }
  const Form largest = divisor - 1;
  for (const Bound& lower : std::vector<Bound>(atom(id).lower)) {
    const Form lost = is_exact ? Form(0) : lower.scale * largest;
    if (!lower.is_scoped) bound(quotient, false, lower.scale * divisor, lower.form - lost);
  }
  Form sum = divisor * Form::of(quotient);
  atom(id).quotient = quotient;
  if (!is_exact) {
    const Atom remainder = add_atom(part);
    bound_below(remainder, Form(0));
    bound_above(remainder, largest);
    sum = sum + Form::of(remainder);
    atom(id).remainder = remainder;
  }
  atom(id).replaced_by = sum;
  has_splits_ = true;
  return true;
}

Form IndexFacts::quotient_atom(const Form& dividend, const Form& divisor) {
  for (std::size_t index = 0; index < atoms_.size(); ++index) {
    const AtomInfo& info = atoms_[index];
    if (info.kind == Kind::Quotient && info.first == dividend && info.second == divisor) {
      return Form::of(static_cast<Atom>(index + 1));
    }
  }
  AtomInfo info;
  info.kind = Kind::Quotient;
  info.first = dividend;
  info.second = divisor;
  info.varies = is_varying(dividend) || is_varying(divisor);
  const bool counts = is_never_negative(dividend);
  const Atom id = add_atom(std::move(info));
  bound(id, false, divisor, dividend - divisor + 1);
  if (counts) bound_below(id, Form(0));
  bound(id, true, divisor, dividend);
  return Form::of(id);
}

/// (t q + r) / (t d) is q / d when 0 <= r < t: digits of a mixed radix.
std::optional<Form> IndexFacts::split_by_radix(const Form& rest, const Form& divisor) {
  const Term whole = divisor.terms()[0];
  for (const Term& term : rest.terms()) {
    const bool has_radix = term.factor > 1 || (term.factor == 1 && degree(term.product, 0) < 3);
    if (!has_radix) continue;
    // The radix is the term without one of its atoms: t in t * q.
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      const Term radix{divide(term.product, highest_atom(m)), term.factor};
      const std::optional<Term> outer = divide_exactly(whole, radix);
      if (!outer) continue;
      Form digits, low;
      divide_terms(rest, radix, digits, low);
      if (is_inside(low, Form::of(radix))) return quotient(digits, Form::of(*outer));
    }
  }
  return std::nullopt;
}

std::optional<Form> IndexFacts::quotient(const Form& unresolved, const Form& unresolved_divisor) {
  const Form dividend = resolved(unresolved), divisor = resolved(unresolved_divisor);
  if (!dividend.is_valid() || !divisor.is_valid() || divisor.terms().size() != 1)
    return std::nullopt;
  if (divisor == Form(1)) return dividend;
  if (!is_never_negative(divisor - 1)) return std::nullopt;
  Form whole, rest;
  divide_terms(dividend, divisor.terms()[0], whole, rest);
  if (rest == Form(0)) return whole;
  if (!is_never_negative(dividend))
    return std::nullopt;  // division truncates, forms take the floor
  if (is_inside(rest, divisor)) return whole;
  if (is_inside(rest + divisor, divisor)) return whole - 1;
  if (const Atom single = rest.as_atom(); single != 0 && split(single, divisor, false)) {
    return quotient(dividend, divisor);
  }
  if (const std::optional<Form> digits = split_by_radix(rest, divisor)) return whole + *digits;
  return whole + quotient_atom(rest, divisor);
}

}  // namespace tile::passes
