"""The words that people write into guest lists, in English, German, French and Spanish. Data only.

All are compared folded: lower case, no accents, every other character a space. Where German umlauts
are often written out (ae, oe, ue), both spellings stand here.
"""


def _words(bars: str) -> frozenset[str]:
    return frozenset(bars.split("|"))


BARE_NAME = _words("name|nom|nombre")
"""A full name when alone; beside a first name the last name, beside a last name the first."""

HEADERS: dict[str, frozenset[str]] = {
    "first_name": _words(
        "first name|firstname|first|given name|given names|forename|vorname|vornamen|rufname|"
        "prenom|prenoms|nombre de pila|primer nombre"
    ),
    "last_name": _words(
        "last name|lastname|last|surname|family name|nachname|familienname|zuname|"
        "nom de famille|apellido|apellidos"
    ),
    "name": _words(
        "full name|fullname|guest|guest name|name of guest|invitee|person|gast|name des gastes|"
        "vollstandiger name|vollstaendiger name|vor und nachname|vorname nachname|nom complet|"
        "prenom et nom|nom et prenom|prenom nom|nom prenom|invite|invitee|nombre completo|"
        "nombre y apellido|nombre y apellidos|invitado|invitada|invitado a"
    ),
    "email": _words(
        "email|e mail|mail|email address|e mail address|mail address|emailadresse|mailadresse|"
        "email adresse|e mail adresse|mail adresse|adresse mail|adresse email|adresse e mail|"
        "adresse electronique|courriel|correo|correo electronico|direccion de correo|"
        "direccion de correo electronico"
    ),
    "group_id": _words(
        "group|group id|group name|household|household id|household name|family|haushalt|familie|"
        "gruppe|famille|groupe|foyer|menage|familia|grupo|hogar"
    ),
    "child": _words(
        "child|is child|kid|is kid|minor|adult or child|adult child|child adult|kind|ist kind|"
        "erwachsen oder kind|enfant|est enfant|adulte ou enfant|nino|nina|nino a|menor|"
        "es nino|adulto o nino"
    ),
    "expected_guests": _words(
        "expected|expected guests|expectedguests|guests expected|seats|seats reserved|places|"
        "persons|party size|headcount|number of guests|number of people|no of guests|guests|"
        "platze|plaetze|sitzplatze|sitzplaetze|personen|anzahl|anzahl personen|personenzahl|"
        "anzahl gaste|anzahl gaeste|erwartet|personnes|nombre de personnes|nombre de places|"
        "nb de personnes|nb personnes|plazas|personas|asientos|numero de personas|"
        "numero de invitados"
    ),
    "diet": _words(
        "diet|dietary|dietary tags|dietary requirements|dietary requirement|dietary needs|"
        "dietary restrictions|special diet|allergies|allergy|food|meal|meal choice|"
        "ernahrung|ernaehrung|diat|diaet|essen|essenswunsch|unvertraglichkeiten|"
        "unvertraeglichkeiten|allergien|regime|regime alimentaire|alimentation|repas|"
        "dieta|alergias|comida|restricciones alimentarias"
    ),
    "diet_notes": _words(
        "diet notes|dietary notes|dietary text|food notes|notizen zum essen|"
        "ernahrung notizen|notes alimentaires|notas de dieta"
    ),
}

YES = _words("yes|y|true|t|1|x|ja|j|wahr|oui|o|vrai|si|s|child|kid|kind|enfant|nino|nina")
NO = _words(
    "no|n|false|f|0|nein|falsch|non|faux|adult|grown up|erwachsen|erwachsene|erwachsener|"
    "adulte|adulto|adulta"
)

NO_DIET = _words(
    "no|none|nothing|n a|na|all|anything|everything|normal|standard|regular|omnivore|nein|keine|"
    "keines|nichts|alles|non|aucun|aucune|rien|tout|ninguna|ninguno|nada|todo"
)

DIETS: dict[str, frozenset[str]] = {
    "vegetarian": _words(
        "vegetarian|veggie|vegetarisch|vegetarier|vegetarierin|vegetarien|vegetarienne|"
        "vegetariano|vegetariana"
    ),
    "vegan": _words("vegan|vegane|veganer|veganerin|vegano|vegana|vegetalien"),
    "gluten_free": _words(
        "gluten free|gluten|no gluten|celiac|coeliac|celiac disease|coeliac disease|glutenfrei|"
        "zoliakie|zoeliakie|sans gluten|coeliaque|celiaque|sin gluten|celiaco|celiaca"
    ),
    "lactose_free": _words(
        "lactose free|lactose|no lactose|lactose intolerant|lactose intolerance|laktosefrei|"
        "laktose|laktoseintolerant|laktoseintoleranz|sans lactose|intolerant au lactose|"
        "sin lactosa|lactosa|intolerante a la lactosa"
    ),
    "halal": _words("halal"),
    "kosher": _words("kosher|koscher|casher|cacher|kasher"),
    "nut_allergy": _words(
        "nut allergy|nuts|nut|no nuts|nut free|allergic to nuts|nussallergie|nusse|nuesse|"
        "keine nusse|keine nuesse|allergie aux noix|noix|sans noix|alergia a los frutos secos|"
        "frutos secos|sin frutos secos|nueces"
    ),
    "other": _words("other|andere|anderes|sonstiges|autre|otro|otra|otros"),
}

PARTICLES = _words(
    "van|von|der|den|de|del|della|delle|dello|di|da|das|dos|do|du|des|la|le|los|las|el|al|"
    "zu|zum|zur|vom|ten|ter|tot|op|bin|ibn|ben|bint|af|av|st|saint|san|santa|'t|d'"
)
"""Words that begin a last name when they stand before it."""

SUFFIXES = _words("jr|sr|ii|iii|iv")
