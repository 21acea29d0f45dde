"""Letters beyond ASCII that names in one language have, by the encodings that have them. Data only.

Letters with which hardly any name is written are left out, as they are more often misread.
"""

__all__ = ["ALPHABETS", "CODE_PAGES", "NOT_BEFORE_VOWELS", "RARE", "VOWELS"]

_WEST = (
    "äöüß",
    "àâæçéèêëîïôœùûüÿ",
    "áéíñóúü",
    "àâãáçéêíóõôú",
    "àèéìòù",
    "éëïèöü",
    "åäöéü",
    "æøåéö",
    "áéíóúýþæöð",
)
_CENTRE = (
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž",
    "áéíóöőúüű",
    "čćđšž",
    "ăâîșțşţ",
    "äöüß",
    "áäčďéíľňóôšťúýž",
)
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя")

ALPHABETS: dict[str, tuple[str, ...]] = {
    "cp1252": _WEST,
    "cp1250": _CENTRE,
    "mac_roman": _WEST,
    "iso8859_15": _WEST,
    "iso8859_2": _CENTRE,
    "cp1254": ("çğıöşüâ", *_WEST[:3]),
    "cp1251": _CYRILLIC,
    "koi8_u": _CYRILLIC,
    "cp1253": ("αάβγδεέζηήθιίϊκλμνξοόπρσςτυύφχψωώ",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "cp850": _WEST,
    "cp852": _CENTRE,
    "mac_latin2": _CENTRE,
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",),
}
"""The alphabets of each encoding with one byte for a letter, by Python's name."""

RARE = frozenset(["cp850", "cp852", "mac_latin2", "koi8_u", "cp1255", "cp1256"])
"""Encodings that few files are in, so that another one that is as likely is meant."""

CODE_PAGES = {
    "utf-8": ("utf-8", "UTF-8"),
    "utf-16": ("utf-16", "UTF-16"),
    "windows-1252": ("cp1252", "Windows-1252"),
    "windows-1250": ("cp1250", "Windows-1250"),
    "mac-roman": ("mac_roman", "Mac Roman"),
    "iso-8859-15": ("iso8859_15", "ISO-8859-15"),
    "iso-8859-2": ("iso8859_2", "ISO-8859-2"),
    "windows-1254": ("cp1254", "Windows-1254"),
    "windows-1251": ("cp1251", "Windows-1251"),
    "windows-1253": ("cp1253", "Windows-1253"),
    "windows-1257": ("cp1257", "Windows-1257"),
    "cp850": ("cp850", "CP 850"),
    "cp852": ("cp852", "CP 852"),
    "mac-latin2": ("mac_latin2", "Mac Central European"),
    "windows-1255": ("cp1255", "Windows-1255"),
    "windows-1256": ("cp1256", "Windows-1256"),
    "koi8-u": ("koi8_u", "KOI8-U"),
    "shift-jis": ("cp932", "Shift JIS"),
    "gb18030": ("gb18030", "GB 18030"),
    "big5": ("big5", "Big5"),
    "euc-kr": ("cp949", "EUC-KR"),
}
"""The encodings of sheets: the name by which one is chosen, Python's name, and how it is shown. The
most usual stand first."""

VOWELS = frozenset("aeiouyàâãáäåæăāąèéêëěēęėìíîïīįòóôõöøőœùúûüůűūųýÿıаеёиіїоуыэюяєαάεέηήιίϊοόυύωώ")
NOT_BEFORE_VOWELS = frozenset("ńśź")
"""Polish writes these otherwise before a vowel."""
