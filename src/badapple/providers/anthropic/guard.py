"""The judge of what the model added: facts come from the user and the picture, and from nowhere else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from badapple.media.writing import is_emoji, script_of
from badapple.models import forbidden_in
from badapple.providers.anthropic import claims
from badapple.providers.anthropic.tongues import scripts_of
from badapple.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Kind", "Vouched", "cleaned", "is_an_order", "offences", "sentences"]

#: What a text is for: heard, read on the screen, sent to a video model, or seen in the picture.
Kind = Literal["voice", "shown", "film", "seen"]

_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")  # noqa: RUF001 - they end sentences in Chinese and Japanese
_JOINERS = "\u200c\u200d"
_IT = "it"  #: stands for the user's own words while the others are judged
_SHORTEST_MASK = 3
_MOST_SHOWN_EMOJI = 1
_DEGREE = "°"  #: a sign to Unicode, a measure to people
_MARKS = frozenset("™®©")  #: go with a name that the user writes with them
_TELLING = {"voice": 6, "shown": 6, "seen": 6, "film": 9}  #: words in a row that are a prompt's and no coincidence
_MIXING = {"Hani", "Hira", "Kana", "Hang", "Bopo"}  #: scripts that share their words with others
_PILED = re.compile(r"[\u0300-\u036f]{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What may be said.

    Attributes:
        verbatim: the user's own texts, right wherever they stand word for word.
        own: what these vouch for in other words; nothing that sounds like an order to a model.
        seen: what the product's label says; it vouches for numbers and properties, never for prices or promises.
        language: BCP 47 code of the words.
        prompts: the texts that the model must not repeat.
        forbidden: words that the brand never uses, whoever says them.
    """

    verbatim: tuple[str, ...] = ()
    own: str = ""
    seen: str = ""
    language: str = "en"
    prompts: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        texts: Iterable[str],
        *,
        seen: Iterable[str] = (),
        language: str = "en",
        prompts: Iterable[str] = (),
        forbidden: Iterable[str] = (),
    ) -> Vouched:
        """Sort the user's texts into those that vouch for more and those that only stand for themselves."""
        verbatim = tuple(sorted({" ".join(text.split()) for text in texts if text.strip()}, key=len, reverse=True))
        own = " \n ".join(_plain(text) for text in verbatim if not is_an_order(text))
        return cls(
            verbatim=verbatim, own=own, seen=" \n ".join(map(_plain, seen)), language=language,
            prompts=tuple(prompts), forbidden=tuple(forbidden),
        )  # fmt: skip


def is_an_order(text: str) -> bool:
    """Say whether a text talks to a model instead of naming a thing."""
    return claims.ORDERS.search(_plain(text)) is not None


def sentences(text: str) -> list[str]:
    """Split a text after its sentences."""
    return [part for part in _ENDS.split(text) if part.strip()]


def offences(text: str, vouched: Vouched, kind: Kind) -> tuple[str, ...]:
    """Return what is wrong with a text, each in words that a model understands; empty where it may stand."""
    if not text.strip():
        return ()
    rest = _without(text, vouched.verbatim)
    if kind == "film":
        rest = rest.replace("{product}", _IT)
    plain = _plain(rest)
    found = [said for judge in _JUDGES[kind] if (said := judge(plain, vouched))]
    found += [said for judge in _OTHERS if (said := judge(rest, vouched, kind))]
    if kind in {"voice", "shown"} and (word := forbidden_in(text, vouched.forbidden)):
        found.append(f"says {word!r}, which the brand never does; say it without that word")
    return tuple(found)


def cleaned(text: str, vouched: Vouched, kind: Kind) -> str:
    """Return the text without its offending sentences; empty where nothing is left that may stand."""
    kept = " ".join(part for part in sentences(text) if not offences(part, vouched, kind))
    return "" if offences(kept, vouched, kind) else kept


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").split())


def _without(text: str, verbatim: tuple[str, ...]) -> str:
    """Return the text with every word-for-word quotation of the user's replaced by a pronoun."""
    text = " ".join(text.split())
    for own in verbatim:
        if len(own) >= _SHORTEST_MASK:
            text = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", _IT, text, flags=re.IGNORECASE)
    return text


def _unvouched(pattern: re.Pattern[str], plain: str, by: str) -> str:
    """Return the first match that does not stand in the vouching text as well, spaces apart."""
    found = (match[0].strip() for match in pattern.finditer(plain))
    return next((match for match in found if match and not _stands_in(match, by)), "")


def _stands_in(match: str, text: str) -> bool:
    """Say whether a text has a match as whole words: $14 does not stand in $149."""
    body = r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", match)))
    first, last = match[0], match[-1]
    before = r"(?<![\w.,])" if first.isascii() and first.isalnum() else ""
    after = r"(?![.,]?\d)" if last.isdigit() else r"(?!\w)" if last.isascii() and last.isalnum() else ""
    return re.search(before + body + after, text) is not None


def _numbers(text: str) -> set[str]:
    return {match.rstrip(".,:/") for match in claims.NUMBER.findall(text)}


def _contact(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.CONTACTS, plain, vouched.own)
    return f"names an address, account or phone number: {found!r}" if found else ""


def _price(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.PRICES, plain, vouched.own)
    return f"speaks of a price: {found!r}" if found else ""


def _percent(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.PERCENTS, plain, f"{vouched.own} {vouched.seen}")
    return f"gives a percentage that is not in the brief: {found!r}" if found else ""


def _promise(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.PROMISES, plain, vouched.own)
    return f"makes a claim that is not in the brief: {found!r}" if found else ""


def _property(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.PROPERTIES, plain, f"{vouched.own} {vouched.seen}")
    return f"claims a property that neither the brief nor the picture gives: {found!r}" if found else ""


def _number(plain: str, vouched: Vouched) -> str:
    known = _numbers(f"{vouched.own} {vouched.seen}")
    for number in claims.NUMBER.findall(plain):
        if number.rstrip(".,:/") not in known:
            return f"gives a number that is not in the brief: {number!r}"
    for match in claims.COUNTS.finditer(plain):
        if claims.value_of(match[0]) not in known and match[0] not in vouched.own:
            return f"gives a number that is not in the brief: {match[0]!r}"
    return ""


def _measure(plain: str, vouched: Vouched) -> str:
    """Judge the numbers of a film's description; lenses, angles, speeds and formats are no claims."""
    return _number(claims.CAMERA.sub("", plain), vouched)


def _markup(plain: str, vouched: Vouched) -> str:
    found = _unvouched(claims.MARKUP, plain, vouched.own)
    return f"has markup in it: {found!r}" if found else ""


def _leak(plain: str, vouched: Vouched) -> str:
    if claims.SECRETS.search(plain) or claims.CODES.search(plain):  # nobody vouches for these
        return "looks like a key or a code"
    found = _unvouched(claims.AS_A_MODEL, plain, vouched.own)
    return f"speaks of instructions or of itself: {found!r}" if found else ""


def _order(plain: str, vouched: Vouched) -> str:  # noqa: ARG001 - every judge is asked in the same way
    return "talks to a model" if claims.ORDERS.search(plain) else ""


def _quoted(plain: str, vouched: Vouched) -> str:
    """Find words in quotation marks: a video model would write them into the picture."""
    for quoted in re.findall(r"[\"“«]([^\"”»]+)[\"”»]|(?<!\w)'([^']+)'(?!\w)", plain):
        words = "".join(quoted).strip()
        if words != _IT and words not in f"{vouched.own} {vouched.seen}":
            return f"asks for lettering in the picture: {words!r}"
    return ""


_ALWAYS = (_contact, _price, _markup, _leak)
_JUDGES: dict[Kind, tuple[Callable[[str, Vouched], str], ...]] = {
    "voice": (*_ALWAYS, _percent, _promise, _property, _number),
    "shown": (*_ALWAYS, _percent, _promise, _property, _number),
    "film": (*_ALWAYS, _percent, _promise, _property, _measure, _quoted),
    "seen": (*_ALWAYS, _promise, _order),
}


def _characters(text: str, vouched: Vouched, kind: Kind) -> str:
    for at, char in enumerate(text):
        what = unicodedata.category(char)
        if what in {"Cc", "Cs", "Co", "Cn"}:
            return "has control characters in it"
        if what == "Cf" and not _joins(text, at, vouched):
            return "has invisible characters in it"
    return "piles up accents" if kind != "seen" and _PILED.search(unicodedata.normalize("NFD", text)) else ""


def _joins(text: str, at: int, vouched: Vouched) -> bool:
    """Say whether an invisible character belongs there: a joiner in an emoji or in a script that needs it."""
    if text[at] not in _JOINERS or at == 0:
        return False
    before = text[at - 1]
    return is_emoji(before) or before == "\ufe0f" or "Latn" not in (scripts_of(vouched.language) or {script_of(before)})


def _pictures(text: str, vouched: Vouched, kind: Kind) -> str:
    known = {_DEGREE} | (_MARKS & set("".join(vouched.verbatim)))
    count = sum(unicodedata.category(char) == "So" and char not in known for char in text)
    return "has emoji or signs in it" if count > (_MOST_SHOWN_EMOJI if kind == "shown" else 0) else ""


def _secret(text: str, vouched: Vouched, kind: Kind) -> str:  # noqa: ARG001 - every judge is asked in the same way
    return "holds a secret" if scrub(text) != text else ""


def _letters(text: str, vouched: Vouched, kind: Kind) -> str:
    if kind == "seen":
        return ""
    wanted = {"Latn"} if kind == "film" else scripts_of(vouched.language)
    known = (wanted or set()) | {
        script_of(char) for char in f"{vouched.own} {vouched.seen} {''.join(vouched.verbatim)}"
    }
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {script_of(char) for char in word} - {"Zyyy", "Latn"}
        latin = any(script_of(char) == "Latn" for char in word)
        if (latin and scripts - _MIXING) or (wanted and scripts - known):
            return f"has letters of another script in it: {word!r}"
    return ""


def _repeated(text: str, vouched: Vouched, kind: Kind) -> str:
    words, length = _words(text), _TELLING[kind]
    runs = {words[at : at + length] for at in range(len(words) - length + 1)}
    if any(runs & _runs(prompt, length) for prompt in vouched.prompts):
        return "repeats the instructions"
    return ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", _plain(text)))


@lru_cache(maxsize=16)
def _runs(text: str, length: int) -> frozenset[tuple[str, ...]]:
    words = _words(text)
    return frozenset(words[at : at + length] for at in range(len(words) - length + 1))


_OTHERS = (_characters, _pictures, _secret, _letters, _repeated)
