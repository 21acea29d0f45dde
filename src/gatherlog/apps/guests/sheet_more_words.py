"""Headers and answers in further languages, beside the eight of `sheet_words`. Data only.

They are compared as `sheet_files.normalised` gives them: Turkish, Polish, Japanese, Danish,
Norwegian, Finnish, Czech, Slovak, Hungarian, Romanian, Russian, Greek, Chinese and Korean.
"""

import unicodedata

__all__ = ["MORE_COMES", "MORE_COMES_NOT", "MORE_HEADERS", "MORE_LAST_NAME_FIRST", "MORE_OPEN"]


def _words(bars: str) -> frozenset[str]:
    """The words without marks, as kana and Hangul have them, too."""
    apart = unicodedata.normalize("NFKD", bars)
    return frozenset("".join(c for c in apart if not unicodedata.combining(c)).split("|"))


MORE_HEADERS = {
    "first_name": _words(
        "ad|adi|adı|imie|imiona|fornavn|etunimi|jmeno|meno|krstne meno|keresztnev|utonev|prenume|"
        "имя|ονομα|名|名前 名|下の名前|이름|名字"
    ),
    "last_name": _words(
        "soyad|soyadi|soyadı|soy ad|nazwisko|efternavn|etternavn|sukunimi|prijmeni|priezvisko|"
        "vezeteknev|csaladnev|nume de familie|фамилия|επωνυμο|επιθετο|姓|名字 姓|성|姓氏"
    ),
    "name": _words(
        "isim|isim soyisim|ad soyad|adi soyadi|adı soyadı|ad soyadi|ad soyadı|misafir|davetli|"
        "imie i nazwisko|gosc|navn|fulde navn|fullt navn|nimi|koko nimi|"
        "jmeno a prijmeni|meno a priezvisko|nume complet|prenume si nume|"
        "имя и фамилия|гость|ονοματεπωνυμο|氏名|名前|お名前|ご芳名|芳名|招待者|ゲスト|성명|姓名"
    ),
    "email": _words(
        "e posta|eposta|e posta adresi|eposta adresi|adres e mail|adres email|adres mailowy|"
        "e mailadresse|sahkoposti|sahkopostiosoite|e mailova adresa|"
        "emailova adresa|e mail cim|email cim|adresa de email|почта|эл почта|электронная почта|"
        "メール|メールアドレス|mailアドレス|이메일|邮箱|电子邮件"
    ),
    "group_id": _words(
        "aile|hane|rodzina|gospodarstwo|husstand|familie|perhe|domacnost|家族|世帯|가족"
    ),
    "status": _words(
        "durum|katilim|katılım|katilacak mi|katılacak mı|yanit|yanıt|odpowiedz|obecnosc|"
        "potwierdzenie|czy przyjdzie|tilsagn|deltager|osallistuminen|odpoved|ucast|valasz|raspuns|"
        "ответ|出欠|ご出欠|出席|回答|참석|참석 여부|出席情况"
    ),
    "child": _words("cocuk|çocuk|dziecko|lapsi|dite|子供|子ども|お子様"),
    "expected_guests": _words(
        "kisi|kisi sayisi|kişi sayısı|kisi sayısı|liczba osob|ilosc osob|osoby|antal personer|"
        "antall|antall personer|henkilomaara|pocet osob|letszam|numar de persoane|"
        "количество гостей|人数|ご人数|名数|인원|인원수|人數"
    ),
    "plus_ones": _words("osoba towarzyszaca|osoby towarzyszace|ledsager|folge|同伴者|동반자"),
    "children": _words(
        "cocuklar|çocuklar|cocuk sayisi|cocuk sayısı|dzieci|liczba dzieci|lapset|子供の人数"
    ),
    "diet": _words(
        "diyet|alerji|alerjiler|dieta|alergie|wymagania dietetyczne|diæt|allergi|allergiat|"
        "ruokavalio|アレルギー|食事制限|食事|알레르기"
    ),
}
"""Headers, by their fields as in `sheet_words.HEADERS`."""
MORE_LAST_NAME_FIRST = _words(
    "nazwisko i imie|soyad ad|soyadı adı|фио|фамилия имя отчество|фамилия имя|фамилия и имя|nev|"
    "teljes nev|nume|nume si prenume|prijmeni a jmeno|priezvisko a meno|επωνυμο ονομα"
)
"""Headers of a full name that begins with the last name."""

MORE_COMES = _words(
    "evet|geliyor|gelecek|katiliyor|katılıyor|katilacak|katılacak|tak|przyjdzie|potwierdzone|"
    "potwierdzony|bedzie|obecny|obecna|kylla|ano|igen|да|ναι|はい|出席|参加|御出席|ご出席|예|네|"
    "참석|是|参加|deltager|kommer"
)
MORE_COMES_NOT = _words(
    "hayir|hayır|gelmiyor|gelmeyecek|katilmiyor|katılmıyor|katilmayacak|katılmayacak|iptal|"
    "nie|nie przyjdzie|nie bedzie|odmowa|odwolane|nieobecny|nieobecna|anulowane|"
    "nei|kommer ikke|deltager ikke|ei|ei tule|neprijde|nem|nem jon|нет|οχι|"
    "いいえ|欠席|不参加|御欠席|ご欠席|아니오|불참|否|不参加"
)
MORE_OPEN = _words(
    "belki|beklemede|davetli|moze|byc moze|oczekuje|lista rezerwowa|maske|kanskje|ehka|"
    "talan|может быть|未定|保留|検討中|返信待ち|미정|待定"
)
