"""The words that people write into guest lists, in English, German, French and Spanish. Data only.

They are compared as `sheet_files.normalised` gives them. Words with German umlauts, which are often
written as ae, oe and ue, stand here in both spellings.
"""


def _words(bars: str) -> frozenset[str]:
    return frozenset(bars.split("|"))


BARE_NAME = _words("name|nom|nombre")
"""Headers of a full name; beside a column of first names, of last names, and vice versa."""

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
    "plus_ones": _words(
        "plus ones|plus one|plus 1|1|companions|companion|extra guests|additional guests|"
        "begleitung|begleitungen|begleitperson|begleitpersonen|begleiter|mit begleitung|"
        "anzahl begleitung|anzahl begleitpersonen|accompagnant|accompagnants|accompagnateurs|"
        "nombre d accompagnants|acompanante|acompanantes|numero de acompanantes"
    ),
    "children": _words(
        "children|kids|number of children|number of kids|no of children|kinder|anzahl kinder|"
        "kinderzahl|enfants|nombre d enfants|nb d enfants|ninos|hijos|numero de ninos"
    ),
    "children_included": _words(
        "of which children|of them children|thereof children|including children|davon kinder|"
        "dont enfants|de ellos ninos|de los cuales ninos"
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
    "address": _words(
        "address|home address|postal address|mailing address|full address|adresse|anschrift|"
        "postanschrift|postadresse|adresse postale|direccion|direccion postal|domicilio"
    ),
    "street": _words(
        "street|street address|address line 1|address 1|strasse|strasse und hausnummer|"
        "strasse hausnummer|strasse nr|strasse und nr|rue|calle"
    ),
    "street_2": _words(
        "address line 2|address 2|street 2|apartment|apt|flat|unit|adresszusatz|hausnummer|"
        "house number|complement d adresse|piso"
    ),
    "postal_code": _words(
        "zip|zip code|zipcode|postcode|post code|postal code|plz|postleitzahl|code postal|cp|"
        "codigo postal"
    ),
    "city": _words("city|town|ort|stadt|wohnort|ville|ciudad|poblacion|localidad"),
    "phone": _words(
        "phone|phone number|telephone|telephone number|tel|mobile|mobile phone|cell|cell phone|"
        "telefon|telefonnummer|handy|handynummer|mobil|mobiltelefon|mobilnummer|portable|"
        "numero de telephone|telefono|movil|numero de telefono"
    ),
}

TOGETHER = _words(
    "address|street|street_2|street_3|postal_code|city|address_label|phone|phone_label"
)
"""Fields that only tell who lives together; they are not read if a column names households."""

YES = _words("yes|y|true|t|1|x|ja|j|wahr|oui|o|vrai|si|s|child|kid|kind|enfant|nino|nina")
NO = _words(
    "no|n|false|f|0|nein|falsch|non|faux|adult|grown up|erwachsen|erwachsene|erwachsener|"
    "adulte|adulto|adulta"
)

NONE = _words("none|nobody|keine|keiner|keines|kein|aucun|aucune|ninguno|ninguna")

PARTICLES = _words(
    "van|von|der|den|de|del|della|delle|dello|di|da|das|dos|do|du|des|la|le|los|las|el|al|"
    "zu|und|zum|zur|vom|ten|ter|tot|op|bin|ibn|ben|bint|af|av|st|saint|san|santa|'t|d'|y"
)
"""Words before a last name that belong to it; "y" joins the two parts of one."""

SUFFIXES = _words("jr|sr|junior|senior|ii|iii|iv|phd|ph d|md|m d|esq")

PLUS_ONE = _words(
    "1|one|guest|guests|plus one|partner|partnerin|begleitung|invite|invitee|"
    "accompagnant|accompagnante|acompanante|invitado|invitada"
)
"""What is behind the "&" of a name, for a person whose name is not known."""
