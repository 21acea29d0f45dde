"""Headers that are questions or name further people, as forms and planners write them. Pure."""

import re
from functools import lru_cache

from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_party_words import ONE_KID, ONE_MORE
from gatherlog.apps.guests.sheet_words import BARE_NAME, HEADERS, words

__all__ = ["asked", "is_question", "person_in"]

_HOW_MANY = (
    r"(?:how many|number of|wie ?viele?|anzahl|combien|nombre d|cuant[oa]s|numero d|quant[iaeo]s?|"
    r"hoe ?veel|aantal|hur manga|antal)"
)
_QUESTIONS = tuple(
    (re.compile(pattern), field)
    for pattern, field in (
        (r".*\b(?:e ?mail\w*|correo|courriel|mejl\w*|e ?post\w*)\b.*", "email"),
        (
            r".*(?:diet|allerg|alerg|vegetari|vegan|food|essen\b|ernahr|unvertrag|aliment|comida|"
            r"intoler|\beten\b|\bmaten?\b|\bmeal|regime|repas|\bmenu|pasto).*",
            "diet",
        ),
        (
            rf"{_HOW_MANY}.*(?:child|\bkids|kinder|enfant|nino|bambin|crianca|\bbarn\b).*",
            "children",
        ),
        (
            rf"{_HOW_MANY}.*(?:with you|bring|additional|extra|plus|besides|mit dir|mit euch|"
            r"mitbring|begleit|weitere|accompagn|acompan|con te\b|con lei|port[ai]|meebreng|"
            r"neem je mee|acompanh|traz|trar|med dig|tar du med|avec vous|contigo).*",
            "plus_ones",
        ),
        (
            rf"{_HOW_MANY}.*(?:people|guest|person|adult|ticket|seat|attend|com(?:e|ing)|gast|gaste|"
            r"teilnehm|kommen|kommt|invit|billet|asist|entrada|ospit|partecip|bigliett|pesso|"
            r"convidad|bilhete|komt|komen|gasten|kommer|biljett).*",
            "expected_guests",
        ),
        (
            r".*(?:(?:will|are|can|do|would) (?:you|we|i)\b.*(?:attend|com(?:e|ing)|join|make it|"
            r"be there|going)|(?:kommst|kommt|nimmst|nehmt|kannst|konnt|bist|seid|werden) "
            r"(?:du|ihr|sie)\b|viens|viendr|venez|serez|participer|assister|vienes|asistir|podras|"
            r"vendr|parteciper|vieni|verrai|sarai|kom je|komt u|ben je erbij|kun je komen|"
            r"voce vem|\bvira\b|comparecer|participara|kommer du|kan du komma|deltar du|"
            r"czy (?:bedzie|przyjd|wezm)|katilacak m|gelecek m|geliyor mu|"
            r"tuletko|osallistutko|出席).*",
            "status",
        ),
        (
            r".*(?:\b(?:names?|nom|nombre|nome|naam|namn|navn|vor und nachname)\b|wie heiss?t|"
            r"t appelles|vous appelez|te llamas|se llama|ti chiami|si chiama|hoe heet|te chamas|"
            r"se chama|vad heter|adiniz|adınız).*",
            "name",
        ),
    )
)
"""What a header of several words asks for; the first one counts."""

_SEPARATORS = re.compile(r"[;\t|]")
_WITH_ME = re.compile(
    r"includ|inkl|einschliess|y compris|inclu|compres|meegerekend|inraknat|total|insgesamt"
)
"""Words that say that a number of people includes whoever answers."""

_RELATIONS = "|".join(
    sorted(
        ONE_MORE
        | ONE_KID
        | {"person", "plus 1", "1", "second guest", "additional guest", "children"},
        key=lambda word: -len(word),
    )
)
_BEFORE = re.compile(rf"(?P<who>{_RELATIONS})(?: s)?(?: (?P<n>\d))? (?P<what>.+)")
_BEHIND = re.compile(
    rf"(?P<what>.+?)(?: (?:of|der|des|du|de la|de l|del|della|de|da|do|van|till))?"
    rf"(?: (?:the|your|ihrer|deiner|votre|tu|su))? (?P<who>{_RELATIONS})(?: (?P<n>\d))?"
)
_ALONE = words(
    "partner|partnerin|spouse|ehepartner|ehepartnerin|husband|wife|conjoint|conjointe|pareja|"
    "esposo|esposa|coniuge|echtgenoot|conjuge|make|maka"
)
"""Headers of the name of whoever comes along."""
_NAMES = {
    word: field
    for field in ("first_name", "last_name", "name")
    for word in HEADERS[field] | (BARE_NAME if field == "name" else frozenset())
} | dict.fromkeys(HEADERS["email"], "their_email")


def is_question(header: str) -> bool:
    """Whether a header is a sentence, and not several headers at another separator."""
    if _SEPARATORS.search(header):
        return False
    return "?" in header or (len(header.split()) > 3 and "," not in header)


@lru_cache(1024)
def asked(word: str) -> tuple[Column, bool] | None:
    """What a question asks for, and whether it is unsure if a number includes whoever answers."""
    for pattern, field in _QUESTIONS:
        if pattern.fullmatch(word):
            unsure = field == "expected_guests" and not _WITH_ME.search(word)
            return (field, 0), unsure
    return None


@lru_cache(1024)
def person_in(word: str) -> tuple[str, str] | None:
    """The field of somebody who comes along, and who that is: of "Guest 2 first name", `first_name`
    and "guest 2"; of "Partner email", `their_email` and "partner"."""
    if word in _ALONE:
        return "name", word
    for pattern in (_BEFORE, _BEHIND):
        found = pattern.fullmatch(word)
        if found is not None and (field := _NAMES.get(found["what"].removesuffix(" of"))):
            return field, f"{found['who']} {found['n'] or ''}".strip()
    return None
