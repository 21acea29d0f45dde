"""Given names by their short forms, in English, German, French, Spanish and Italian. Pure.

They never tell that two people are the same: they only let the host be asked.
"""

from typing import Final

__all__ = ["given_names"]

_SHORT: Final = {
    "alexander": "alex sascha sandy xander", "alexandra": "alex sandra sascha",
    "andreas": "andi andy", "andrew": "andy drew", "anna": "anni anne annie",
    "antonio": "toni tony", "benjamin": "ben benni benny", "catherine": "cathy kate katie",
    "charles": "charlie chuck", "charlotte": "lotte lotta charlie", "christian": "chris",
    "christina": "chris tina", "christoph": "chris", "christopher": "chris kit",
    "daniel": "dan danny", "david": "dave", "edward": "ed eddie ted ned",
    "elisabeth": "elli lisa lisbeth sissi lilli ella",
    "elizabeth": "liz lizzie beth eliza betty lisa", "emanuel": "manu", "francisco": "paco pancho",
    "franziska": "franzi", "friedrich": "fritz fred", "gabriele": "gabi", "georg": "schorsch",
    "giuseppe": "beppe peppe", "gregory": "greg", "guillermo": "memo", "heinrich": "heinz heiner",
    "henry": "harry hank", "ignacio": "nacho", "isabella": "bella isa", "jacqueline": "jackie",
    "jakob": "jake", "james": "jim jimmy jamie", "jennifer": "jen jenny", "jessica": "jess jessie",
    "joachim": "jochen achim", "johann": "hans", "johannes": "hannes hans jo",
    "john": "jack johnny", "jonathan": "jon jonny", "jose": "pepe", "josef": "sepp beppo",
    "joseph": "joe joey", "joshua": "josh", "juliane": "juli jule", "karl": "kalle",
    "katharina": "kathi kati kathrin", "katherine": "kate katie kathy", "kenneth": "ken",
    "konstantin": "kosta", "lawrence": "larry", "leonardo": "leo", "leonhard": "leo",
    "ludwig": "lutz", "madeleine": "maddie", "manuel": "manu", "margaret": "maggie meg peggy",
    "margarete": "grete gretel", "maria": "mia mitzi", "matthew": "matt", "matthias": "matze hias",
    "maximilian": "max", "michael": "mike mick michi", "nicholas": "nick nico",
    "nikolaus": "niko klaus", "patricia": "pat patty trish", "patrick": "pat paddy",
    "peter": "pete", "philipp": "phil", "rebecca": "becky", "richard": "dick rick",
    "robert": "bob bobby rob robbie bert", "roberto": "beto", "rudolf": "rudi", "samuel": "sam",
    "samantha": "sam", "sebastian": "basti seb", "stefan": "steff", "stefanie": "steffi",
    "stephen": "steve", "steven": "steve", "susan": "sue susie", "susanne": "susi sanne",
    "theodor": "theo", "theodore": "ted theo", "theresa": "resi terry", "thomas": "tom tommy",
    "timothy": "tim", "tobias": "tobi", "ulrich": "uli", "ulrike": "uli rike",
    "ursula": "uschi ulla", "victoria": "vicky", "walter": "walt", "wilhelm": "willi",
    "william": "will bill billy liam", "wolfgang": "wolf wolfi",
}  # fmt: skip


def _by_short_form() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, forms in _SHORT.items():
        for form in forms.split():
            found[form] = (*found.get(form, ()), name)
    return found


_GIVEN: Final = _by_short_form()


def given_names(first: str) -> tuple[str, ...]:
    """The name itself and those of which it may be a short form, all in the form of `name_forms`.

    Two names that share one may be the same.
    """
    return first, *_GIVEN.get(first, ())
