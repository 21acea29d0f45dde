"""Words beside names that name nobody, in eight languages: titles, families, counts. Data only.

They are compared as `sheet_files.normalised` gives them: lower case, without accents and signs. The
languages are English, German, French, Spanish, Italian, Dutch, Portuguese and Swedish.
"""

from gatherlog.apps.guests.sheet_words import words as _words

__all__ = [
    "ARTICLES",
    "CIRCLES",
    "COUPLES",
    "FAMILIES",
    "JOINING",
    "KIDS",
    "NOBODY",
    "NOT_BEFORE_NAMES",
    "NOT_IN_NAMES",
    "NUMBERS",
    "OF_SOMEBODY",
    "ONE_KID",
    "ONE_MORE",
    "PEOPLE",
    "RELATIVES",
    "SOMEBODYS",
    "SUMS",
    "TICKETS",
    "TITLES",
    "TITLES_WITH_DOT",
    "WHOSE",
    "WITH",
]

TITLES = _words(
    "mr|mrs|ms|miss|mx|sir|rev|dr|prof|professor|herr|herrn|hr|frau|fr|frl|fraulein|fraeulein|"
    "mme|mlle|monsieur|madame|mademoiselle|mm|mmes|mesdames|messieurs|sr|sra|srta|senor|senora|"
    "senorita|sig|sig ra|signor|signora|signorina|dott|dott ssa|dottor|dottoressa|dhr|mevr|mw|"
    "mevrouw|meneer|heer|de heer|messrs|dna|senhor|senhora|"
    "dra|froken|fru|dr med|dr phil|dr jur|dr rer nat|dr h c|"
    "dr ing"
)
"""Words before a name by which people are addressed."""
TITLES_WITH_DOT = _words(
    "mag|ing|ir|drs|avv|dipl ing|dipl|d|da|h c|med|m|capt|col|sgt|maj|lt|cpl|hon|hab"
)
"""Titles that are names as well, unless a full stop follows them and a name stands behind."""

FAMILIES = _words(
    "family|household|haus|fam|familie|familien|families|"
    "famille|familia|famiglia|familjen|familj|hushallet|clan|rodzina|ailesi|perhe|rodina"
)
COUPLES = _words(
    "eheleute|ehepaar|couple|couple de|coppia|echtpaar|casal|matrimonio|paret|sres|senores|srs|"
    "senhores|signori|coniugi|epoux|panstwo|manzelia|manzele"
)
"""Words before the last name of two people."""
ARTICLES = _words("the|die|la|les|los|las|de|il|i|gli|os|as|a|o|le|het|el")

JOINING = "and|AND|And|und|UND|Und|et|ET|och|OCH|y|e|en|i|u\\.|ed|ve|og|oraz|ja|και|și|şi"
"""Words between two names. The short ones are written in capitals in initials only."""
WITH = (
    "with|w/|w|mit|avec|con|met|com|med|plus|Plus|PLUS|più|mais|inkl\\.?|incl\\.?|including"
    "|samt|z|ze|ile|m/"
)
"""Words before somebody who comes along."""
WHOSE = (
    "his|her|their|my|an?|another|eine?[mnrs]?|seine?[mnrs]?|ihre?[mnrs]?|deren|dessen|une?|son|sa|"
    "ses|una?|sus?|il|la|suo|sua|zijn|haar|een|uma?|seu|en|ett|sin|sina|hans|hennes|further|more|"
    "additional|extra|weiteren?|autres?|otros|altri|andere|outros|andra"
)
"""Words between "with" and the person."""

NUMBERS = {
    word: number
    for number, bars in enumerate(
        (
            "one|ein|eins|eine|einer|einem|un|une|uno|una|een|um|uma|ett",
            "two|zwei|deux|dos|due|twee|dois|duas|tva",
            "three|drei|trois|tres|tre|drie",
            "four|vier|quatre|cuatro|quattro|quatro|fyra",
            "five|funf|fuenf|cinq|cinco|cinque|vijf|fem",
            "six|sechs|seis|sei|zes|sex",
        ),
        start=1,
    )
    for word in bars.split("|")
}

ONE_MORE = _words(
    "guest|plus one|partner|partnerin|partners|begleitung|begleiter|begleiterin|begleitperson|"
    "freund|freundin|frau|mann|gattin|gatte|ehefrau|ehemann|wife|husband|spouse|girlfriend|"
    "boyfriend|fiance|fiancee|date|companion|friend|gast|invite|invitee|conjoint|conjointe|epouse|"
    "epoux|mari|femme|compagne|compagnon|ami|amie|accompagnant|accompagnante|accompagnateur|"
    "acompanante|pareja|esposa|esposo|marido|mujer|novia|novio|invitado|invitada|amigo|amiga|"
    "accompagnatore|accompagnatrice|moglie|marito|compagno|compagna|ospite|invitato|invitata|"
    "amico|amica|introducee|introduce|vriend|vriendin|vrouw|begeleider|acompanhante|convidado|"
    "convidada|parceiro|parceira|namorado|namorada|mulher|sallskap|respektive|sambo|fru|gaest|"
    "pojkvan|flickvan|medfoljande|esi|misafiri|os tow|osoba towarzyszaca|osoba tow|zona|maz|mezem|"
    "partnerka|narzeczona|narzeczony|frue|kone|ledsager|følge|vaimo|puoliso"
)
"""One person who comes along and has no name."""
PEOPLE = _words(
    "guests|people|persons|person|persone|persona|personas|personen|personer|pers|pax|adults|"
    "adultes|adultos|adulti|erwachsene|volwassenen|vuxna|gaste|gaeste|gasten|gaesten|gaster|"
    "invites|invitados|invitati|ospiti|convidados|acompanhantes|acompanantes|accompagnants|"
    "accompagnatori|personnes|personne|pessoas|pessoa|friends|freunde|freunden|amis|amigos|amici|"
    "vrienden|vanner|others|andere|begleitpersonen|seats|places|platze|plaetze|mann|more|weitere|"
    "kisi|osob|osoby|osoba"
)
"""Several people; without a number nobody knows how many."""
KIDS = _words(
    "kids|children|kinder|kindern|enfants|ninos|hijos|bambini|figli|kinderen|filhos|criancas|barn|"
    "babies|sons|daughters|sohne|soehne|tochter|toechter|dzieci|dziecmi|cocuk|cocuklar|børn|lapset"
)
ONE_KID = _words(
    "kid|child|kind|baby|enfant|nino|nina|hijo|hija|bambino|bambina|figlio|figlia|filho|filha|"
    "crianca|son|daughter|sohn|tochter|toddler|saugling"
)
TICKETS = _words(
    "ticket|tickets|karten|karte|billets|billet|entradas|entrada|boletos|biglietti|biglietto|"
    "kaartjes|kaartje|bilhetes|bilhete|ingressos|biljetter|biljett|x"
)
RELATIVES = FAMILIES | _words(
    "parents|eltern|co|company|friends and family|anhang|friends|freunde|the family|his family"
)
"""Further people whose number nobody knows."""
CIRCLES = _words(
    "neighbours|neighbors|nachbarn|colleagues|kollegen|relatives|verwandte|club|verein|team"
)
"""Groups of people of whom nobody is named."""

OF_SOMEBODY = (
    "(?:guest|friend|partner|wife|husband|plus one|date) of|(?:gast|begleitung|freund|freundin|"
    "partner|partnerin|frau|mann) von|(?:invite|invitee|ami|amie|conjoint|conjointe) de|"
    "(?:invitado|invitada|amigo|amiga|acompanante|pareja|ospite|amico|amica|convidado|convidada|"
    "acompanhante) (?:de|di|da|do)|(?:gast|vriend|vriendin|partner) van|(?:gast|van) till"
)
"""The beginning of a cell that says whose guest somebody is, and not who."""
SOMEBODYS = r".+ s (?:1|guest|plus one|friend|partner|wife|husband|date)|(?:plus one|1) (?:of )?.+"
"""The same in other words: "Ada's guest", "+1 of Ada"."""
NOBODY = _words(
    "n n|nn|tbd|tba|tbc|unknown|unbekannt|inconnu|inconnue|desconocido|sconosciuto|onbekend|"
    "desconhecido|okand|noname|no name|to be confirmed|to be announced|name|guest|gast|invite|"
    "invitado|ospite|convidado|partner|plus one|plus 1|begleitung|begleitperson|1|anonymous|"
    "anonym|test|xxx|kind|child|baby|kids|kinder|info requested|nan|null|none|n a|na|"
    "guest list|guestlist|guests|gaste|gaeste|gasteliste|gaesteliste|invites|"
    "liste des invites|invitados|lista de invitados|ospiti|lista degli ospiti|lista ospiti|"
    "invitati|gasten|gastenlijst|convidados|lista de convidados|gaster|gastlista|names|namen|"
    "attendees|teilnehmer|teilnehmerliste|participants"
)
"""Words in place of a name, or above a list of names."""
NOT_IN_NAMES = _words(
    "begleitung|begleiter|begleiterin|begleitperson|partner|partnerin|"
    "plus|guests|gaste|gaeste|kids|"
    "kinder|children|baby|enfants|bambini|ninos|invite|invites|invitado|invitados|ospite|ospiti|"
    "family|familie|famille|familia|famiglia|tante|onkel|uncle|aunt|auntie|tia|tio|zia|zio|oma|opa|"
    "grandma|grandpa|granny|nonna|nonno|abuela|abuelo|mama|papa|mum|mom|dad|gmbh|inc|ltd|llc|ag|kg|"
    "corp|sarl|srl|bv|cancelled|canceled|declined|refunded|abgesagt|storniert|annule|annulee|"
    "cancelado|cancelada|annullato|geannuleerd|avbokad|"
    "waitlist|warteliste|pending|vegan|vegetarian|"
    "vegetarisch|years|jahre|ans|anos|anni|zweit|dritt|viert|aka|alias|dj|tbd|tba|unknown|"
    "residence|parents|eltern|padres|genitori|ouders|rodzice|bride|groom|brautpaar|side|wedding|"
    "hochzeit|mariage|bruiloft|casamento|brollop|birthday|geburtstag|neighbours|neighbors|nachbarn|"
    "colleagues|kollegen|hanım|hanim|bey"
)
"""Words that are hardly ever part of a name, and often stand beside one."""
NOT_BEFORE_NAMES = _words("sayin|sayın|pan|pani|dona|cousin|nephew|niece")
"""Words that stand before a name and are hardly its beginning."""
SUMS = _words(
    "total|totals|sum|summe|gesamt|insgesamt|somme|totale|totaal|suma|soma|summa|grand total|"
    "zwischensumme|subtotal|total general|totalt|anzahl"
)
