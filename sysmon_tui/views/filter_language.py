"""The filter language: one line for the app, `query --filter`, HTTP (`filter=`) and saved filters.

    status=failed dur>5m user~etl !wh=prod text

Terms stand apart by spaces, and all of them must hold.

- `word`: any text of the row, but for its links, contains it.
- `field=value` is the whole value; `*` stands for any run of characters, `a,b` for any of them. `field!=value` is
  any other value. `field~text` contains it, `field!~text` does not.
- `field>value`, `>=`, `<`, `<=` for numbers, shares (`45%`), durations (`250ms`, `5m`, `1h30m`, `2d`; a bare number is
  in the column's own unit), sizes (`10MB` is 1000s, `10MiB` 1024s) and times.
- A time is a day, minute or second as a whole: `end=2026-03-01` is within that day, `end<` before it begins, `end>`
  after it ends. `02:30` is today's, or yesterday's where that still lies ahead; without an offset (`Z`, `+01:00`) it is
  in the zone that the front end shows: the user's in the app, UTC over HTTP and on the command line.
- A duration in the place of a time is an age: `start<2h` is younger than two hours, `start>2h` older.
- `field=-` are the rows that have no value there, `field!=-` those that have one. Without a value no other comparison
  holds, so `user!=a` leaves such rows out; `!user=a` keeps them.
- `!term` turns a term round.
- `"..."` takes spaces, operators, `*`, `,` and `-` as they are, in words and in values; `""` within is one `"`.

Case does not count, in fields and in values. Every other character stands for itself: there are no regular expressions,
and `%`, `_` and `\\` are plain. A status is read as on HTTP: `failed` is the failed group of runs and a failure in the
audit log, where a status may be a code as well; both spellings of CANCEL(L)ED are one.

Imports no polars: a line is read before any row is there. `filters.py` makes expressions of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, NoReturn

from sysmon_tui.errors import RequestError
from sysmon_tui.text import one_line, valid_unicode
from sysmon_tui.views import filter_fields
from sysmon_tui.views.filter_fields import TEXTS, Field, fields
from sysmon_tui.views.filter_values import READERS, Age, ClockTime, When

__all__ = ["Filter", "FilterError", "Pattern", "Term", "fields", "parsed", "quoted"]

# A line comes from strangers, and each term is looked for in every row.
_MAX_CHARS = 4096
_MAX_TERMS = 20
_MAX_VALUES = 100
_SHOWN_CHARS = 40

Operator = Literal["=", "!=", ">", ">=", "<", "<="]

_COMPARISON = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(!=|!~|>=|<=|=|~|>|<)")
_OPERATOR = re.compile(r"!=|!~|>=|<=|=|~|>|<")
_QUOTED = "\0"


class FilterError(RequestError):
    """A line that can't be understood. `column` is where in it, from 0 on to its length."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message, parameter="filter")
        self.column = column


@dataclass(frozen=True)
class Pattern:
    """A text with any run of characters between its parts: `("a", "b")` is `a*b`, `("", "a", "")` contains `a`."""

    parts: tuple[str, ...]


# What a field is compared with; None is no value.
Value = Pattern | float | bool | When | None


@dataclass(frozen=True)
class Term:
    """`field` None is any text of the row. A term holds where any of `values` does, with `!=` where none does."""

    field: Field | None
    operator: Operator
    values: tuple[Value, ...]
    is_turned: bool = False


@dataclass(frozen=True)
class Filter:
    """All `terms` must hold."""

    text: str
    dataset: str
    terms: tuple[Term, ...]

    @property
    def is_empty(self) -> bool:
        return not self.terms

    def narrows(self, other: Filter) -> bool:
        """Whether it keeps no row that `other` does not keep, as far as the words say so; of ages they never do."""
        return self.dataset == other.dataset and all(
            any(_implies(mine, theirs) for mine in self.terms) for theirs in other.terms
        )


def _implies(term: Term, other: Term) -> bool:
    """Whether `other` holds wherever `term` does."""
    if any(isinstance(value, Age | ClockTime) for value in other.values):  # told from now, which moves
        return False
    if term == other:
        return True
    same = (term.field, term.operator, term.is_turned) == (other.field, other.operator, other.is_turned)
    if not same or term.is_turned or term.operator == "!=":
        return False
    return all(any(_is_within(mine, theirs) for theirs in other.values) for mine in term.values)


def _is_within(value: Value, other: Value) -> bool:
    """Whether a text that is like `value` is like `other`. Letters of other alphabets are folded in other ways."""
    if not isinstance(value, Pattern) or not isinstance(other, Pattern):
        return value == other
    match value.parts, other.parts:
        case ("", longer, ""), ("", shorter, ""):
            return shorter in longer and shorter.isascii() == longer.isascii()
    return value == other


@dataclass(frozen=True)
class _Letter:
    char: str
    column: int
    is_quoted: bool = False


_Letters = Sequence[_Letter]


def parsed(text: str, dataset: str) -> Filter:
    """The filter that a line asks for, of workflows, queries, warehouses, audit or alerts. Raises FilterError."""
    text = valid_unicode(text)
    if len(text) > _MAX_CHARS:
        raise FilterError(f"A filter has at most {_MAX_CHARS} characters.", _MAX_CHARS)
    terms: list[Term] = []
    for word in _words(text):
        if len(terms) == _MAX_TERMS:
            raise FilterError(f"A filter has at most {_MAX_TERMS} terms.", word[0].column)
        terms.append(_term(word, dataset, len(text)))
    return Filter(text.strip(), dataset, tuple(terms))


def quoted(text: str) -> str:
    """The text as a word or value that stands for itself."""
    return '"' + text.replace('"', '""') + '"'


def _words(text: str) -> Iterator[_Letters]:
    """The line's words with their quotes taken off; `""` alone is none."""
    word: list[_Letter] = []
    column = 0
    while column < len(text):
        if text[column] == '"':
            inside, column = _inside_quotes(text, column)
            word += inside
            continue
        if not text[column].isspace():
            word.append(_Letter(text[column], column))
        elif word:
            yield word
            word = []
        column += 1
    if word:
        yield word


def _inside_quotes(text: str, opening: int) -> tuple[list[_Letter], int]:
    """What stands between the quotes, and the column behind the closing one."""
    letters: list[_Letter] = []
    column = opening + 1
    while column < len(text):
        if text[column] == '"':
            if not text.startswith('""', column):
                return letters, column + 1
            column += 1
        letters.append(_Letter(text[column], column, is_quoted=True))
        column += 1
    raise FilterError('This `"` is not closed.', opening)


def _plain(letters: _Letters) -> str:
    """The word with what is quoted hidden: no operator is looked for in it."""
    return "".join(_QUOTED if letter.is_quoted else letter.char for letter in letters)


def _text(letters: _Letters) -> str:
    return "".join(letter.char for letter in letters)


def _term(word: _Letters, dataset: str, end: int) -> Term:
    turns = len(list(takewhile(lambda letter: letter.char == "!" and not letter.is_quoted, word)))
    if turns == len(word):
        raise FilterError("Nothing stands after `!`: it turns the term behind it round.", word[-1].column)
    letters, is_turned = word[turns:], turns % 2 == 1
    if not (compared := _COMPARISON.match(_plain(letters))):
        if _OPERATOR.match(_plain(letters)):
            raise FilterError(
                f"No field stands before {_shown(letters)}: write dur>5m without spaces, or quote what is to be found.",
                letters[0].column,
            )
        return Term(None, "=", (_containing(letters),), is_turned)
    name, operator = compared.groups()
    field = filter_fields.field(dataset, name)
    if field is None:
        near = filter_fields.nearest(dataset, name)
        known = f"nearest: {near}" if near else f"there are {', '.join(fields(dataset))}"
        raise FilterError(
            f"No field {_shown(letters[: len(name)])} in {dataset}; {known}.", letters[0].column
        )
    value = letters[compared.end() :]
    if not value:
        raise FilterError(
            f"Nothing stands after `{operator}`; {name}=- finds rows without a value.",
            min(letters[-1].column + 1, end),
        )
    return _comparison(field, operator, value, dataset, is_turned)


def _comparison(field: Field, operator: str, value: _Letters, dataset: str, is_turned: bool) -> Term:
    is_text = field.kind in TEXTS
    if operator in ("~", "!~"):
        if not is_text:
            _refuse(f"`~` looks into texts, and {field.name} is none: compare with = != < or >.", value)
        return Term(field, "!=" if operator == "!~" else "=", (_containing(value),), is_turned)
    if operator in ("=", "!="):
        values = [one for part in _alternatives(value) for one in _values(field, part, dataset)]
        return Term(field, "!=" if operator == "!=" else "=", tuple(values), is_turned)
    if is_text or field.kind == "flag":
        _refuse(
            f"{field.name} is neither more nor less: compare with =" + (" or ~." if is_text else "."), value
        )
    if _is_no_value(value):
        _refuse(f"`-` is no value: compare with {field.name}=- or {field.name}!=-.", value)
    order: Operator = (
        ">" if operator == ">" else ">=" if operator == ">=" else "<" if operator == "<" else "<="
    )
    return Term(field, order, (_read(field, value),), is_turned)


def _alternatives(value: _Letters) -> Iterator[_Letters]:
    """The parts between commas, none of them empty."""
    parts: list[list[_Letter]] = [[]]
    for letter in value:
        if letter.char == "," and not letter.is_quoted:
            if not parts[-1]:
                raise FilterError("Nothing stands before this `,`.", letter.column)
            parts.append([])
        else:
            parts[-1].append(letter)
    if not parts[-1]:
        raise FilterError("Nothing stands after this `,`.", value[-1].column)
    if len(parts) > _MAX_VALUES:
        raise FilterError(
            f"A field is compared with at most {_MAX_VALUES} values.", parts[_MAX_VALUES][0].column
        )
    return iter(parts)


def _values(field: Field, part: _Letters, dataset: str) -> tuple[Value, ...]:
    if _is_no_value(part):
        return (None,)
    if field.kind not in TEXTS:
        found = _read(field, part)
        if isinstance(found, Age):
            _refuse(f"An age is compared with < or >: {field.name}<{_text(part)} is younger.", part)
        return (found,)
    words = filter_fields.STATUS_WORDS.get(dataset, {}) if field.kind == "status" else {}
    if meant := words.get(_text(part).lower()):
        return tuple(Pattern((word,)) for word in meant)
    parts = [""]
    for letter in part:
        if letter.char == "*" and not letter.is_quoted:
            parts.append("")
        else:
            parts[-1] += letter.char
    return (Pattern(tuple(parts)),)


def _is_no_value(value: _Letters) -> bool:
    return _plain(value) == "-"


def _containing(letters: _Letters) -> Pattern:
    return Pattern(("", _text(letters), ""))


def _read(field: Field, value: _Letters) -> Value:
    reader, example = READERS[field.kind]
    found = reader(_text(value))
    if found is None:
        _refuse(f"{_shown(value)} is no value of {field.name}: it takes {example}.", value)
    return found


def _refuse(message: str, at: _Letters) -> NoReturn:
    raise FilterError(message, at[0].column)


def _shown(letters: _Letters) -> str:
    return f"`{one_line(_text(letters), _SHOWN_CHARS)}`"
