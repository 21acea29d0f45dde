"""The columns of other programs' exports and of our own. Data only, normalised as `sheet_words`."""

__all__ = [
    "ADDRESS",
    "EVENTBRITE",
    "EVENTBRITE_BUYER",
    "EVENTBRITE_MARKS",
    "EXPORT",
    "GOOGLE",
    "GOOGLE_MARKS",
    "GOOGLE_NUMBERED",
    "MEETUP_MARKS",
    "OUTLOOK",
    "OUTLOOK_MARKS",
    "UNNAMED",
    "WORK",
    "Column",
]

Column = tuple[str, int]
"""What a column contains, and its number among its kind: ("email", 2) is the second address."""

EXPORT = (
    "First name",
    "Last name",
    "Email",
    "Household",
    "Child",
    "Seats",
    "Diet",
    "Diet notes",
    "Status",
    "People",
    "Children",
    "Answered",
)
"""The header of our own export. A sheet that has all of these columns is read verbatim."""

ADDRESS = ("street", "street_2", "street_3", "postal_code", "city")
"""The parts of a postal address that tell one home from another."""

GOOGLE: dict[str, Column] = {
    "given name": ("first_name", 0),
    "first name": ("first_name", 0),
    "family name": ("last_name", 0),
    "last name": ("last_name", 0),
    "middle name": ("middle_name", 0),
    "additional name": ("middle_name", 0),
    "name suffix": ("suffix", 0),
    "name": ("name", 0),
}
GOOGLE_NUMBERED = {
    "e mail value": "email",
    "phone value": "phone",
    "phone type": "phone_label",
    "phone label": "phone_label",
    "address type": "address_label",
    "address label": "address_label",
    "address formatted": "address",
    "address street": "street",
    "address extended address": "street_2",
    "address po box": "street_3",
    "address postal code": "postal_code",
    "address city": "city",
}
"""Numbered headers, which may be repeated: `Address 2 - City` is the second "address city"."""
GOOGLE_MARKS = frozenset(
    ["yomi name", "given name yomi", "phonetic first name", "file as", "group membership"]
)
WORK = frozenset(
    [
        "work",
        "business",
        "office",
        "company",
        "arbeit",
        "geschaftlich",
        "buro",
        "firma",
        "travail",
        "bureau",
        "trabajo",
        "oficina",
        "work fax",
        "work mobile",
        "home fax",
        "fax",
    ]
)
"""Labels of addresses and numbers that colleagues share, and of fax numbers."""

OUTLOOK: dict[str, Column] = {
    "first name": ("first_name", 0),
    "last name": ("last_name", 0),
    "middle name": ("middle_name", 0),
    "suffix": ("suffix", 0),
    "e mail address": ("email", 1),
    "e mail 2 address": ("email", 2),
    "e mail 3 address": ("email", 3),
    "home street": ("street", 0),
    "home street 2": ("street_2", 0),
    "home street 3": ("street_3", 0),
    "home postal code": ("postal_code", 0),
    "home city": ("city", 0),
    "home phone": ("phone", 1),
    "home phone 2": ("phone", 2),
    "mobile phone": ("phone", 3),
    "vorname": ("first_name", 0),
    "weitere vornamen": ("middle_name", 0),
    "nachname": ("last_name", 0),
    "e mail adresse": ("email", 1),
    "e mail 2 adresse": ("email", 2),
    "e mail 3 adresse": ("email", 3),
    "strasse privat": ("street", 0),
    "strasse privat 2": ("street_2", 0),
    "strasse privat 3": ("street_3", 0),
    "postleitzahl privat": ("postal_code", 0),
    "ort privat": ("city", 0),
    "telefon privat": ("phone", 1),
    "telefon privat 2": ("phone", 2),
    "mobiltelefon": ("phone", 3),
    "prenom": ("first_name", 0),
    "deuxieme prenom": ("middle_name", 0),
    "nom": ("last_name", 0),
    "nom de famille": ("last_name", 0),
    "suffixe": ("suffix", 0),
    "adresse de messagerie": ("email", 1),
    "adresse de messagerie 2": ("email", 2),
    "adresse de messagerie 3": ("email", 3),
    "adresse e mail": ("email", 1),
    "adresse e mail 2": ("email", 2),
    "adresse e mail 3": ("email", 3),
    "rue domicile": ("street", 0),
    "rue domicile 2": ("street_2", 0),
    "rue domicile 3": ("street_3", 0),
    "code postal domicile": ("postal_code", 0),
    "ville domicile": ("city", 0),
    "telephone domicile": ("phone", 1),
    "telephone 2 domicile": ("phone", 2),
    "telephone personnel": ("phone", 1),
    "tel mobile": ("phone", 3),
    "telephone mobile": ("phone", 3),
    "telephone portable": ("phone", 3),
    "nome": ("first_name", 0),
    "secondo nome": ("middle_name", 0),
    "cognome": ("last_name", 0),
    "indirizzo posta elettronica": ("email", 1),
    "indirizzo posta elettronica 2": ("email", 2),
    "nombre": ("first_name", 0),
    "segundo nombre": ("middle_name", 0),
    "apellidos": ("last_name", 0),
    "direccion de correo electronico": ("email", 1),
    "direccion de correo electronico 2": ("email", 2),
    "voornaam": ("first_name", 0),
    "middelste naam": ("middle_name", 0),
    "achternaam": ("last_name", 0),
    "e mailadres": ("email", 1),
    "e mailadres 2": ("email", 2),
    "primeiro nome": ("first_name", 0),
    "nome proprio": ("first_name", 0),
    "segundo nome": ("middle_name", 0),
    "apelido": ("last_name", 0),
    "sobrenome": ("last_name", 0),
    "endereco de email": ("email", 1),
    "endereco de email 2": ("email", 2),
    "fornamn": ("first_name", 0),
    "mellannamn": ("middle_name", 0),
    "efternamn": ("last_name", 0),
    "e postadress": ("email", 1),
    "e postadress 2": ("email", 2),
}
OUTLOOK_MARKS = frozenset(
    [
        "home street",
        "business street",
        "home postal code",
        "e mail 2 address",
        "e mail display name",
        "strasse privat",
        "strasse geschaftlich",
        "postleitzahl privat",
        "e mail 2 adresse",
        "e mail angezeigter name",
        "rue domicile",
        "rue bureau",
        "code postal domicile",
        "adresse de messagerie",
        "indirizzo posta elettronica",
        "titolo straniero",
        "direccion de correo electronico 2",
        "calle del domicilio particular",
        "e mailadres 2",
        "adres thuis straat",
        "endereco de email 2",
        "rua da residencia",
        "e postadress 2",
        "gata hem",
    ]
)

EVENTBRITE: dict[str, Column] = {
    "order": ("order", 0),
    "order no": ("order", 0),
    "order number": ("order", 0),
    "order id": ("order", 0),
    "first name": ("first_name", 0),
    "attendee first name": ("first_name", 0),
    "last name": ("last_name", 0),
    "attendee last name": ("last_name", 0),
    "attendee name": ("name", 0),
    "email": ("email", 1),
    "e mail": ("email", 1),
    "attendee email": ("email", 1),
    "buyer email": ("email", 2),
    "quantity": ("expected_guests", 0),
    "ticket quantity": ("expected_guests", 0),
    "tickets": ("expected_guests", 0),
    "number of tickets": ("expected_guests", 0),
    "attendee status": ("status", 0),
    "status": ("status", 0),
    "order status": ("status", 1),
}
EVENTBRITE_BUYER: dict[str, Column] = {
    "buyer first name": ("first_name", 0),
    "buyer last name": ("last_name", 0),
    "buyer name": ("name", 0),
}
"""Columns that name the guests if there are none for attendees."""
EVENTBRITE_MARKS = frozenset(
    [
        "attendee",
        "attendee status",
        "ticket type",
        "order type",
        "order status",
        "order date",
        "promo code",
        "affiliate",
        "event name",
        "buyer first name",
        "buyer name",
    ]
)
"""Headers that, together with a column of orders, show that Eventbrite made the sheet."""
MEETUP_MARKS = frozenset(
    ["rsvped on", "joined group on", "url of member profile", "event host", "member id"]
)
"""Headers that, beside RSVP, show that Meetup made the sheet; two of them are needed."""
UNNAMED = frozenset(["info requested", "information requested"])
"""What is in the place of a name that was never given."""
