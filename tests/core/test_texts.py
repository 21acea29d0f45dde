"""Texts in the language in use: read from a compiled catalogue, English where there is none."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from jinja2 import Environment, TemplateSyntaxError

from gatherlog.core.subscriptions.letters import spoken_moment
from gatherlog.core.texts import (
    ENGLISH,
    Translated,
    _,
    in_use,
    language,
    load,
    ngettext,
    pgettext,
    speak,
)
from gatherlog.core.texts import translations as known
from gatherlog.interfaces.web.translating import Translating
from gatherlog.interfaces.web.words import day, local, number, people

GUESTS = ("%(n)s guest", "%(n)s guests")


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    """Catalogues of German, and of Polish with its three forms."""
    german = Catalog(locale="de")
    german.add("Sign in", "Anmelden")
    german.add(("{count} person", "{count} people"), ("{count} Person", "{count} Personen"))
    german.add("{weekday}, {date}", "{weekday}, {date}")
    german.add("{day}\N{NO-BREAK SPACE}{month}", "{day}.\N{NO-BREAK SPACE}{month}")
    german.add("{weekday}, {day} {month} {year}", "{weekday}, {day}. {month} {year}")
    german.add("Saturday", "Samstag")
    german.add("June", "Juni")
    german.add(",", ".", context="between thousands")
    german.add("Remove %(name)s", "%(name)s zu 100%% entfernen")
    polish = Catalog(locale="pl")
    polish.add(GUESTS, ("%(n)s gość", "%(n)s goście", "%(n)s gości"))
    for tag, catalogue in (("de", german), ("pl", polish)):
        folder = tmp_path / tag / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / "gatherlog.mo").open("wb") as file:
            write_mo(file, catalogue)
    return tmp_path


def test_a_text_is_looked_up_in_the_language_in_use(locale: Path) -> None:
    assert _("Sign in") == "Sign in"
    with in_use(load("de", locale)):
        assert _("Sign in") == "Anmelden"
        assert _("Not in the catalogue") == "Not in the catalogue"
        assert _("") == ""
        assert [ngettext("{count} person", "{count} people", n) for n in (1, 2)] == [
            "{count} Person",
            "{count} Personen",
        ]
        assert pgettext("between thousands", ",") == "."
    assert _("Sign in") == "Sign in"


def test_dates_and_numbers_are_those_of_the_language(locale: Path) -> None:
    with in_use(load("de", locale)):
        assert day(local("2026-06-06")) == "Samstag, 6.\N{NO-BREAK SPACE}Juni\N{NO-BREAK SPACE}2026"
        assert spoken_moment("2026-06-06", "Europe/Berlin") == "Samstag, 6. Juni 2026"
        assert number(1234567) == "1.234.567"
        assert people(3) == "3 Personen"
    assert number(1234567) == "1,234,567"


def test_a_process_speaks_the_language_of_its_site(locale: Path) -> None:
    speak(load("de", locale))
    try:
        assert language().tag == "de"
        assert _("Sign in") == "Anmelden"
    finally:
        speak(ENGLISH)


def test_only_languages_that_are_there_are_loaded(locale: Path) -> None:
    assert [*known(locale)] == ["de", "pl"]
    assert load("en", locale) is ENGLISH
    with pytest.raises(KeyError):
        load("tlh", locale)


def in_language(tag: str, locale: Path) -> Environment:
    made = Environment(autoescape=True)
    Translating.into(made, load(tag, locale))
    return made


def test_a_template_is_translated_with_its_values(locale: Path) -> None:
    german = in_language("de", locale)
    source = '{{ _("Sign in") }}: {% trans name=who %}Remove {{ name }}{% endtrans %} {{ lang }}'

    shown = german.from_string(source).render(who="<Ada>")

    assert shown == "Anmelden: &lt;Ada&gt; zu 100% entfernen de"


def test_a_template_has_as_many_forms_as_the_language(locale: Path) -> None:
    source = "{% trans n=all %}{{ n }} guest{% pluralize %}{{ n }} guests{% endtrans %}"
    polish, english = in_language("pl", locale).from_string(source), Environment()
    Translating.into(english, ENGLISH)

    assert [polish.render(all=n) for n in (1, 3, 5, 22, 112)] == [
        "1 gość",
        "3 goście",
        "5 gości",
        "22 goście",
        "112 gości",
    ]
    assert [english.from_string(source).render(all=n) for n in (0, 1, 2)] == [
        "0 guests",
        "1 guest",
        "2 guests",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "{% trans %}{% if a %}b{% endif %}{% endtrans %}",
        "{% trans n %}a{% pluralize %}b{% pluralize %}c{% endtrans %}",
        "{% trans a b %}c{% endtrans %}",
        "{{ _(name) }}",
    ],
)
def test_a_mark_that_cannot_be_translated_is_refused_when_compiled(source: str) -> None:
    made = Environment()
    Translating.into(made, ENGLISH)

    with pytest.raises(TemplateSyntaxError):
        made.from_string(source)


def test_a_table_of_texts_is_read_in_the_language_in_use(locale: Path) -> None:
    days = Translated({"SAT": "Saturday", "SUN": "Sunday"})

    with in_use(load("de", locale)):
        assert dict(days) == {"SAT": "Samstag", "SUN": "Sunday"}
    assert (days["SAT"], days.get("MON"), len(days)) == ("Saturday", None, 2)
