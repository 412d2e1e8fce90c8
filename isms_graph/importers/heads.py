"""What the head of a column in an unknown layout says: a name, an id, or a known word with a remark beside it."""

from __future__ import annotations

import re
from collections.abc import Collection

from isms_graph.sources.mapping import head

_NAMES = {
    "name", "title", "bezeichnung", "titel", "nom", "intitulé", "risk", "risiko", "risque", "risk description", "risikobeschreibung",
    "control title", "asset name", "supplier", "lieferant", "fournisseur", "vendor", "scenario", "risk scenario", "incident", "document",
    "asset", "dienstleister", "szenario", "risikoszenario", "maßnahme", "action", "aktion", "mesure", "vorfall",
}  # fmt: skip
_COMPOUND = re.compile(r"(?:risiko|lieferanten?|asset|werte?|vorfall|maßnahmen?|dokumenten?|rollen|firmen)[ -]?(?:bezeichnung|name|titel)")
_IDS = {
    "id", "ref", "ref.", "ref id", "no", "no.", "nr", "nr.", "n°", "number", "nummer", "key", "risk id", "asset id", "control id", "code",
    "lfd. nr.", "lfd nr", "kennung", "kürzel",
}  # fmt: skip
_NUMBERED = re.compile(r"(?:risiko|lieferanten?|asset|inventar|werte?|vorfall|maßnahmen?|dokumenten?|rollen)s?[ -]?(?:id|nr\.?|nummer)")
# Words beside likelihood, impact or level that say at which time; longer ones first.
_BEFORE = r"brutto|inhärente?s?|initiale?s?|inherent|gross|vor (?:maßnahmen|behandlung)|before (?:treatment|controls)|brute?"
_AFTER = r"residuale?s?|residual|target|ziel|rest|nach (?:maßnahmen|behandlung)|after (?:treatment|controls)|résiduelle?"
_NET = r"netto|nette?|net"  # with the measures that there are: what holds today
_WHEN = {time: re.compile(rf"\b(?:{words})\b") for time, words in {"inherent": _BEFORE, "residual": _AFTER, "current": _NET}.items()}
_IS_NET = re.compile(rf"\b(?:{_NET})(?:\b|risiko|wert)")
_OTHER_TIME = re.compile(r"\b(?:next|nächste[rsn]?|prochaine?|planned|geplante?[rsn]?|prévue?)\b")


def is_name(text: str) -> bool:
    """Whether a head says that the column holds what the elements are called."""
    return text in _NAMES or bool(_COMPOUND.fullmatch(text))


def is_id(text: str) -> bool:
    """Whether a head says that the column holds ids."""
    return text in _IDS or bool(_NUMBERED.fullmatch(text))


def at_another_time(text: str) -> bool:
    """Whether a head speaks of what is to come, so that it cannot look like one about what has been."""
    return bool(_OTHER_TIME.search(text))


def is_net(text: str) -> bool:
    """Whether a head speaks of a risk with the measures that there are."""
    return bool(_IS_NET.search(text))


def plain(text: str) -> str:
    """A head without its brackets: `Impact (gross)` is `impact gross`."""
    return head(re.sub(r"[()\[\],:/-]+", " ", text))


def when(text: str, known: Collection[str]) -> tuple[str, str]:
    """The known word in a head that also says at which time, with inherent, residual or current; two empty texts if it does not.

    `eintrittswahrscheinlichkeit (brutto)` is `eintrittswahrscheinlichkeit`, `inherent`.
    """
    for time, words in _WHEN.items():
        rest = head(words.sub(" ", plain(text)))
        if rest != plain(text):
            return (rest, time) if rest in known else ("", time)
    return "", ""
