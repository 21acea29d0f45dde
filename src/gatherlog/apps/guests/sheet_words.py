"""The words that people write into guest lists, in eight languages. Data only.

They are compared as `sheet_files.normalised` gives them. Words with German umlauts, which are often
written as ae, oe and ue, stand here in both spellings.
"""

from gatherlog.apps.guests.sheet_more_words import MORE_HEADERS, MORE_LAST_NAME_FIRST


def words(bars: str) -> frozenset[str]:
    return frozenset(bars.split("|"))


LAST_NAME_FIRST = MORE_LAST_NAME_FIRST | words(
    "name vorname|nachname vorname|nachname und vorname|nom et prenom|nom prenom|cognome e nome|"
    "cognome nome|apellidos y nombre|apellido y nombre|apellidos nombre|apelido e nome|"
    "achternaam voornaam|efternamn fornamn|last name first name|surname first name|last first"
)
"""Headers of a full name that begins with the last name."""

BARE_NAME = words("name|names|nom|noms|nombre|nome|naam|namn")
"""Headers of a full name; beside a column of first names, of last names, and vice versa."""
BARE_FIRST = words("nombre|nome")
"""Those of them that mean first names where one of the others stands beside."""

_HEADERS: dict[str, frozenset[str]] = {
    "first_name": words(
        "first name|firstname|first|given name|given names|forename|vorname|vornamen|rufname|"
        "prenom|prenoms|nombre de pila|primer nombre|"
        "nome di battesimo|voornaam|roepnaam|primeiro nome|nome proprio|fornamn|tilltalsnamn|"
        "christian name"
    ),
    "last_name": words(
        "last name|lastname|last|surname|family name|nachname|familienname|zuname|"
        "nom de famille|apellido|apellidos|"
        "cognome|achternaam|familienaam|apelido|sobrenome|ultimo nome|efternamn|"
        "nombre de familia|primer apellido"
    ),
    "name": words(
        "full name|fullname|guest|guest name|name of guest|invitee|person|gast|name des gastes|"
        "vollstandiger name|vollstaendiger name|vor und nachname|vorname nachname|nom complet|"
        "prenom et nom|nom et prenom|prenom nom|nom prenom|invite|invitee|nombre completo|"
        "nombre y apellido|nombre y apellidos|invitado|invitada|invitado a|"
        "guest names|names of guests|attendee|attendee name|participant|participant name|"
        "contact|display name|teilnehmer|teilnehmername|name vorname|gastename|gaestename|"
        "nome completo|nome e cognome|cognome e nome|ospite|invitato|invitata|nome ospite|"
        "partecipante|volledige naam|voor en achternaam|naam gast|deelnemer|convidado|"
        "convidada|nome do convidado|participante|nome e sobrenome|fullstandigt namn|"
        "for och efternamn|gast namn|deltagare|nombre del invitado|nom de l invite|"
        "participante nombre"
    ),
    "middle_name": words(
        "middle name|middle names|weitere vornamen|zweiter vorname|mittelname|deuxieme prenom|"
        "autres prenoms|second prenom|segundo nombre|otros nombres|secondo nome|tweede voornaam|"
        "middelste naam|tussenvoegsel|nome do meio|segundo nome|mellannamn"
    ),
    "suffix": words("suffix|name suffix|suffixe|sufijo|suffisso|achtervoegsel|sufixo"),
    "email": words(
        "email|e mail|mail|email address|e mail address|mail address|emailadresse|mailadresse|"
        "email adresse|e mail adresse|mail adresse|adresse mail|adresse email|adresse e mail|"
        "adresse electronique|courriel|correo|correo electronico|direccion de correo|"
        "direccion de correo electronico|"
        "indirizzo email|indirizzo e mail|indirizzo posta elettronica|"
        "indirizzo di posta elettronica|posta elettronica|email adres|e mailadres|emailadres|"
        "e mail adres|mailadres|endereco de email|endereco de e mail|endereco eletronico|"
        "correio eletronico|e postadress|epost|e post|epostadress|mejl|mejladress|mailadress|"
        "adresse de messagerie|direccion de email|attendee email|email 1|e mail 1|"
        "primary email|buyer email|contact email|guest email|guest e mail|email of guest"
    ),
    "group_id": words(
        "group|group id|group name|household|household id|household name|family|haushalt|familie|"
        "gruppe|famille|groupe|foyer|menage|familia|grupo|hogar|"
        "party name|nucleo familiare|nucleo|gruppo|famiglia|huishouden|gezin|groep|agregado|"
        "agregado familiar|hushall|familj|grupp|invitation group|household group"
    ),
    "status": words(
        "status|rsvp|rsvp status|rsvp response|response|reply|answer|attending|attendance|going|"
        "attendee status|order status|order state|guest status|registration status|approval|"
        "approval status|approved|invitation status|payment status|ticket status|will attend|"
        "coming|is coming|is attending|confirmed|wedding rsvp|event rsvp|"
        "zusage|zusage absage|zu absage|zugesagt|antwort|ruckmeldung|rueckmeldung|teilnahme|"
        "teilnahmestatus|kommt|anmeldestatus|bestellstatus|genehmigung|dabei|nimmt teil|"
        "statut|reponse|presence|participation|participe|present|statut de la commande|vient|"
        "confirmation|estado|estatus|respuesta|asistencia|asiste|asistira|confirmacion|"
        "confirmado|confirmada|estado del pedido|stato|risposta|presenza|partecipazione|"
        "partecipa|conferma|confermato|stato ordine|stato dell ordine|antwoord|aanwezigheid|"
        "aanwezig|reactie|komt|bestelstatus|deelname|resposta|presenca|confirmacao|"
        "comparecimento|participacao|status do pedido|svar|osa|narvaro|kommer|deltagande|"
        "anmalan|orderstatus|situacao|situacion|etat"
    ),
    "cancelled": words(
        "cancelled|canceled|is cancelled|declined|is declined|cancelled at|canceled at|"
        "not attending|not coming|no show|absage|abgesagt|abgesagt am|storniert|kommt nicht|"
        "annule|annulee|decline|absent|cancelado|cancelada|rechazado|no asiste|annullato|"
        "annullata|rifiutato|assente|geannuleerd|afgemeld|afgezegd|komt niet|recusado|ausente|"
        "avbokad|avbojt|kommer inte|tackat nej"
    ),
    "child": words(
        "child|is child|kid|is kid|minor|adult or child|adult child|child adult|kind|ist kind|"
        "erwachsen oder kind|enfant|est enfant|adulte ou enfant|nino|nina|nino a|menor|"
        "es nino|adulto o nino|"
        "bambino|bambina|bambino a|minore|e bambino|crianca|e crianca|is kind|barn|ar barn|"
        "age|alter|edad|age group|eta|leeftijd|idade|alder"
    ),
    "expected_guests": words(
        "expected|expected guests|expectedguests|guests expected|seats|seats reserved|places|"
        "persons|party size|headcount|number of guests|number of people|no of guests|guests|"
        "platze|plaetze|sitzplatze|sitzplaetze|personen|anzahl|anzahl personen|personenzahl|"
        "anzahl gaste|anzahl gaeste|erwartet|personnes|nombre de personnes|nombre de places|"
        "nb de personnes|nb personnes|plazas|personas|asientos|numero de personas|"
        "numero de invitados|"
        "quantity|qty|quantities|ticket quantity|tickets|number of tickets|no of tickets|"
        "ticket count|guest count|total guests|number in party|number attending|pax|people|"
        "total people|no of people|party|seat|spots|anzahl tickets|anzahl karten|"
        "anzahl platze|anzahl plaetze|karten|tickets anzahl|menge|gastezahl|gaestezahl|"
        "personenanzahl|teilnehmerzahl|pers|quantite|nombre de billets|billets|"
        "nombre d invites|nb|nb invites|cantidad|entradas|boletos|numero de entradas|"
        "cantidad de personas|lugares|quantita|numero di persone|numero persone|persone|posti|"
        "numero posti|biglietti|numero biglietti|numero ospiti|coperti|aantal|aantal personen|"
        "aantal gasten|plaatsen|zitplaatsen|kaartjes|aantal kaartjes|quantidade|qtd|"
        "numero de pessoas|n de pessoas|pessoas|ingressos|bilhetes|quantidade de pessoas|"
        "numero de convidados|antal|antal personer|personer|platser|antal platser|biljetter|"
        "antal biljetter|antal gaster"
    ),
    "plus_ones": words(
        "plus ones|plus one|plus 1|1|companions|companion|extra guests|additional guests|"
        "begleitung|begleitungen|begleitperson|begleitpersonen|begleiter|mit begleitung|"
        "anzahl begleitung|anzahl begleitpersonen|accompagnant|accompagnants|accompagnateurs|"
        "nombre d accompagnants|acompanante|acompanantes|numero de acompanantes|"
        "1s|plus 1s|plus ones count|additional people|number of plus ones|guests of guest|"
        "extra people|weitere personen|zusatzliche gaste|zusaetzliche gaeste|"
        "personnes supplementaires|personas adicionales|invitados adicionales|accompagnatore|"
        "accompagnatori|numero accompagnatori|persone aggiuntive|ospiti aggiuntivi|"
        "introducees|extra gasten|aantal introducees|extra personen|acompanhante|"
        "acompanhantes|numero de acompanhantes|pessoas adicionais|medfoljande|sallskap|"
        "extra gaster|antal medfoljande"
    ),
    "children": words(
        "children|kids|number of children|number of kids|no of children|kinder|anzahl kinder|"
        "kinderzahl|enfants|nombre d enfants|nb d enfants|ninos|hijos|numero de ninos|"
        "bambini|numero bambini|numero di bambini|figli|kinderen|aantal kinderen|criancas|"
        "numero de criancas|filhos|antal barn"
    ),
    "adults": words(
        "adults|adult guests|number of adults|erwachsene|anzahl erwachsene|adultes|"
        "nombre d adultes|adultos|numero de adultos|adulti|numero adulti|numero di adulti|"
        "volwassenen|aantal volwassenen|vuxna|antal vuxna"
    ),
    "children_included": words(
        "of which children|of them children|thereof children|including children|davon kinder|"
        "dont enfants|de ellos ninos|de los cuales ninos|"
        "di cui bambini|waarvan kinderen|das quais criancas|varav barn"
    ),
    "diet": words(
        "diet|dietary|dietary tags|dietary requirements|dietary requirement|dietary needs|"
        "dietary restrictions|special diet|allergies|allergy|food|meal|meal choice|"
        "ernahrung|ernaehrung|diat|diaet|essen|essenswunsch|unvertraglichkeiten|"
        "unvertraeglichkeiten|allergien|regime|regime alimentaire|alimentation|repas|"
        "dieta|alergias|comida|restricciones alimentarias|"
        "dietary preferences|dietary preference|dietary requirements allergies|food allergies|"
        "food preferences|meal preference|entree|menu|allergie|esigenze alimentari|"
        "intolleranze|preferenze alimentari|cibo|pasto|dieetwensen|allergieen|dieet|maaltijd|"
        "eten|restricoes alimentares|comida|refeicao|kost|allergier|specialkost|"
        "matpreferenser|mat|preferencias alimentarias|restrictions alimentaires"
    ),
    "diet_notes": words(
        "diet notes|dietary notes|dietary text|food notes|notizen zum essen|"
        "ernahrung notizen|notes alimentaires|notas de dieta|"
        "note sulla dieta|dieet notities|notas de dieta pt|kostanteckningar"
    ),
    "address": words(
        "address|home address|postal address|mailing address|full address|adresse|anschrift|"
        "postanschrift|postadresse|adresse postale|direccion|direccion postal|domicilio|"
        "indirizzo|indirizzo postale|adres|postadres|endereco|morada|postadress|adress|"
        "hemadress"
    ),
    "street": words(
        "street|street address|address line 1|address 1|strasse|strasse und hausnummer|"
        "strasse hausnummer|strasse nr|strasse und nr|rue|calle|"
        "via|straat|rua|gata|gatuadress"
    ),
    "street_2": words(
        "address line 2|address 2|street 2|apartment|apt|flat|unit|adresszusatz|hausnummer|"
        "house number|complement d adresse|piso|"
        "apt floor|interno|huisnummer|complemento|lagenhet"
    ),
    "postal_code": words(
        "zip|zip code|zipcode|postcode|post code|postal code|plz|postleitzahl|code postal|cp|"
        "codigo postal|"
        "zip postal code|cap|codice postale|codigo postal pt|cep|postnummer"
    ),
    "city": words("city|town|ort|stadt|wohnort|ville|ciudad|poblacion|localidad"),
    "phone": words(
        "phone|phone number|telephone|telephone number|tel|mobile|mobile phone|cell|cell phone|"
        "telefon|telefonnummer|handy|handynummer|mobil|mobiltelefon|mobilnummer|portable|"
        "numero de telephone|telefono|movil|numero de telefono|"
        "citta|comune|stad|woonplaats|plaats|cidade|localidade|stad ort|postort|"
        "cellulare|numero di telefono|telefoon|telefoonnummer|mobiel|gsm|telefone|telemovel|"
        "celular|numero de telefone|telefonnummer|mobilnummer|whatsapp"
    ),
}

HEADERS = {field: known | MORE_HEADERS.get(field, frozenset()) for field, known in _HEADERS.items()}
HEADERS["name"] |= LAST_NAME_FIRST
"""The headers of each field, in all languages."""

TOGETHER = words(
    "address|street|street_2|street_3|postal_code|city|address_label|phone|phone_label"
)
"""Fields that only tell who lives together; they are not read if a column names households."""

YES = words(
    "yes|y|true|t|1|x|ja|j|wahr|oui|o|vrai|si|s|child|kid|kind|enfant|nino|nina|sim|sant|vero|"
    "verdadeiro|waar|verdadero|bambino|bambina|crianca|barn"
)
NO = words(
    "no|n|false|f|0|nein|falsch|non|faux|adult|grown up|erwachsen|erwachsene|erwachsener|"
    "adulte|adulto|adulta|nee|nao|nej|falso|falskt|onwaar|volwassene|vuxen"
)

NONE = words(
    "none|nobody|keine|keiner|keines|kein|aucun|aucune|ninguno|ninguna|nessuno|nessuna|geen|nenhum|"
    "nenhuma|ingen|inga"
)

PARTICLES = words(
    "van|von|der|den|de|del|della|delle|dello|di|da|das|dos|do|du|des|la|le|los|las|el|al|"
    "zu|und|zum|zur|vom|ten|ter|tot|op|bin|ibn|ben|bint|af|av|st|saint|san|santa|'t|d'|y"
)
"""Words before a last name that belong to it; "y" joins the two parts of one."""
SMALL_IN_NAMES = PARTICLES | words(
    "e|i|dei|degli|dal|dalla|lo|a|ap|ab|ní|ni|nic|mac|mc|ua|ui|in|het|aan|auf|im|am|te|toe|voor|"
    "over|onder|uit|bij|abu|abd|ul|ur|ud|née|nee|né|geb|geborene|geboren|born|nata|född|of|the|bar|"
    "bat|o|thi|thị|văn|jr|sr|jun|sen|fils|père|filho|neto|hijo"
)
"""Words that names have in small letters."""
ALSO_FIRST_NAMES = words("ben|al|bin|do|la|van|san")
"""Particles with which, in capitals, a full name may begin as well: "Ben Roth", "Van Morrison"."""

SUFFIXES = words(
    "jr|sr|jun|sen|junior|senior|ii|iii|iv|phd|ph d|md|m d|esq|mba|msc|bsc|llm|dds|cpa|fils|pere|"
    "filho|neto|hijo"
)
"""Words behind a last name that belong to it."""
