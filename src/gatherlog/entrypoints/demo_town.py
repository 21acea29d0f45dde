"""The made-up city of the demo, Alderwick: its districts, venues, places and organisers.

Nobody and nothing of it exists. It lies on fields of eastern England, so that distances are real.
"""

from typing import Final

import msgspec

from gatherlog.apps.things.content import Category
from gatherlog.entrypoints.demo_activities import VenueKind

__all__ = [
    "CENTRE",
    "DISTRICTS",
    "NAMES",
    "ORGANISERS",
    "PLACES",
    "TOWN",
    "VENUES",
    "ZONE",
    "District",
    "PlaceKind",
    "Venue",
]

TOWN: Final = "Alderwick"
ZONE: Final = "Europe/London"
CENTRE: Final = (53.62, -0.51)
"""The market square, in degrees of latitude and longitude."""


class District(msgspec.Struct, frozen=True):
    """A part of the city, and where its middle is, in kilometres from the market square."""

    name: str
    north: float
    east: float
    streets: tuple[str, ...]


class Venue(msgspec.Struct, frozen=True):
    """A building or a meadow where things take place; `name` stands after "at" or "in"."""

    name: str
    kind: VenueKind
    district: int
    """Its number in DISTRICTS."""


class PlaceKind(msgspec.Struct, frozen=True):
    """Somewhere to go to at any time; `name` has a gap for one of NAMES."""

    name: str
    category: Category
    oldest: int
    price: float
    opens: int
    closes: int
    text: str


DISTRICTS: Final = (
    District("Old Town", 0.1, 0.1, ("Market Square", "Bell Lane", "Tanner Street", "Cloth Row")),
    District("Harbourside", -1.1, 0.9, ("Quay Street", "Ropewalk", "Anchor Wharf", "Gull Steps")),
    District("Mill Quarter", 0.9, -1.2, ("Weir Road", "Mill Lane", "Spindle Street", "Dyers' Row")),
    District("Castle Hill", 0.8, 0.7, ("Rampart Walk", "Keep Street", "Moat Lane", "Crown Row")),
    District("Northgate", 2.6, 0.2, ("Gate Road", "Larch Row", "Drover's Way", "Toll Street")),
    District("Queen's Meadow", -0.4, -2.3, ("Meadow Road", "Clover Row", "Pear Lane", "The Lea")),
    District("Riverside", -1.9, -0.8, ("Alder Walk", "Ferry Road", "Willow Bank", "Otter Street")),
    District("Eastfield", 0.3, 3.1, ("Station Road", "Signal Street", "Brick Lane", "Depot Road")),
    District("Birchwood", 3.9, -2.1, ("Birch Grove", "Fox Hollow", "Badger Rise", "Fern Way")),
    District("Saltmarsh", -3.6, 2.4, ("Dyke Road", "Heron Lane", "Samphire Street", "Causeway")),
    District("Fairview", 1.8, 4.6, ("Hilltop Road", "Lark Street", "Kite Avenue", "Windmill Lane")),
    District("Thornley", -5.2, -4.4, ("Church Lane", "Pound Street", "Hawthorn Road", "The Green")),
)  # fmt: skip

VENUES: Final = (
    Venue("the Old Tannery", "studio", 0),
    Venue("Studio Nord", "studio", 4),
    Venue("the Glass Loft", "studio", 2),
    Venue("Atelier Zoë", "studio", 5),
    Venue("the Net Store", "studio", 1),
    Venue("Workshop Nine", "studio", 7),
    Venue("the Corn Exchange", "hall", 0),
    Venue("Saint Hilda's Hall", "hall", 3),
    Venue("the Tram Depot", "hall", 7),
    Venue("Birchwood Community Hall", "hall", 8),
    Venue("the Lifeboat House", "hall", 9),
    Venue("Thornley Village Hall", "hall", 11),
    Venue("the Weir Gym", "gym", 2),
    Venue("Eastfield Sports Hall", "gym", 7),
    Venue("the Boiler House", "gym", 6),
    Venue("Fairview School Gym", "gym", 10),
    Venue("Northgate Baths", "pool", 4),
    Venue("the Harbour Pool", "pool", 1),
    Venue("Meadow Leisure Centre", "pool", 5),
    Venue("Queen's Meadow", "park", 5),
    Venue("the Castle Gardens", "park", 3),
    Venue("Alder Island", "park", 6),
    Venue("Birchwood Forest School", "park", 8),
    Venue("the Saltmarsh Hide", "park", 9),
    Venue("Windmill Common", "park", 10),
    Venue("the Maritime Museum", "museum", 1),
    Venue("the City Museum", "museum", 0),
    Venue("the Science Shed", "museum", 7),
    Venue("the Castle Keep", "museum", 3),
    Venue("the Central Library", "library", 0),
    Venue("Mill Lane Library", "library", 2),
    Venue("Fairview Library", "library", 10),
    Venue("the Reading Room", "library", 6),
    Venue("Thornley Book Barn", "library", 11),
    Venue("the Playhouse", "stage", 0),
    Venue("the Lantern Cinema", "stage", 1),
    Venue("the Little Théâtre", "stage", 3),
    Venue("the Bandstand", "stage", 5),
    Venue("the Depot Stage", "stage", 7),
    Venue("the Market Kitchen", "kitchen", 0),
    Venue("the Canteen at the Weir", "kitchen", 2),
    Venue("Harbour Cookery School", "kitchen", 1),
)

NAMES: Final = (
    *("Kestrel", "Marmalade", "Lantern", "Pelican", "Juniper", "Copper Kettle", "Moonrise"),
    *("Paper Boat", "Hedgehog", "Bluebell", "Cartwheel", "Pebble", "Thimble", "Otter", "Saffron"),
    *("Wren", "Tin Whistle", "Mulberry", "Sundial", "Acorn", "Compass", "Dandelion", "Périgord"),
    *("Walnut", "Grasshopper", "Barnacle", "Plum Tree", "Fiddler", "Snowdrop", "Weathercock"),
)

PLACES: Final = (
    PlaceKind("Café {name}", "CAFE", 99, 4, 8, 18,
        "Cake, soup and a corner with blocks. Prams fit through the door and between the tables."),
    PlaceKind("The {name} Tea Room", "CAFE", 99, 5, 10, 17,
        "Scones, board games and a garden where children may be heard."),
    PlaceKind("{name} Pizzeria", "RESTAURANT", 99, 9, 12, 22,
        "Children roll their own dough while the oven gets hot. Small plates cost half."),
    PlaceKind("The {name} Kitchen", "RESTAURANT", 99, 11, 12, 21,
        "Plain food from the market opposite; there are high chairs, crayons and patience."),
    PlaceKind("{name} Play Barn", "PLAYROOM", 10, 7, 9, 18,
        "Slides, nets and a ball pit on two floors, with an area for those who cannot walk yet."),
    PlaceKind("{name} Toy Library", "PLAYROOM", 8, 0, 10, 16,
        "Play here or borrow for three weeks. A puzzle with all its pieces is a promise."),
    PlaceKind("{name} Adventure Playground", "OUTDOOR", 14, 0, 9, 20,
        "Huts, ropes, mud and a fire place, with staff who know every child by name."),
    PlaceKind("{name} City Farm", "OUTDOOR", 99, 2, 9, 17,
        "Goats, hens and one very old donkey. Feeding is at eleven and at three."),
    PlaceKind("{name} Splash Park", "OUTDOOR", 12, 0, 10, 19,
        "Fountains and shallow water under big trees. Towels dry on the warm stones."),
    PlaceKind("The {name} Gallery", "CULTURE", 99, 3, 10, 17,
        "Pictures hung low enough for children, and a drawer of things to touch in each room."),
    PlaceKind("{name} Climbing Wall", "SPORT", 99, 10, 10, 22,
        "From the first grip to the roof. Children under twelve climb with a grown-up."),
    PlaceKind("{name} Mini Golf", "ENTERTAINMENT", 99, 6, 11, 20,
        "Eighteen holes past a windmill, a whale and a lighthouse that blinks."),
    PlaceKind("{name} Story House", "EDUCATION", 9, 0, 10, 18,
        "A house full of books, cushions and corners where nobody looks for you."),
    PlaceKind("{name} Makers' Yard", "CRAFTS", 99, 5, 13, 19,
        "Benches, scrap wood and a wall of tools. Somebody is always there to help."),
)  # fmt: skip

ORGANISERS: Final[dict[str, tuple[Category, ...]]] = {
    "Alder Arts": ("ARTS", "CRAFTS", "CULTURE", "OTHER"),
    "Alderwick Music School": ("MUSIC",),
    "Riverside Singers": ("MUSIC", "PARTY"),
    "Tanzhaus Alderwick": ("DANCE",),
    "Studio Loïe": ("DANCE", "PERSONAL_DEVELOPMENT"),
    "Hands & Clay": ("CRAFTS", "ARTS"),
    "Alderwick Swim Club": ("SPORT",),
    "Northgate Athletics": ("SPORT", "PERSONAL_DEVELOPMENT"),
    "Fox Hollow Forest School": ("OUTDOOR",),
    "Friends of Queen's Meadow": ("OUTDOOR", "PARTY"),
    "Lantern Cinema Club": ("CINEMA", "ENTERTAINMENT"),
    "The Playhouse": ("THEATER", "ENTERTAINMENT"),
    "Alderwick Museums": ("CULTURE", "EDUCATION"),
    "Alderwick Libraries": ("EDUCATION", "ENTERTAINMENT", "CULTURE"),
    "The Market Kitchen": ("OTHER", "CAFE", "RESTAURANT"),
    "Little Harbour Family Centre": ("PLAYROOM", "CAFE", "PERSONAL_DEVELOPMENT", "OTHER"),
    "Neighbours of the Mill Quarter": ("RESTAURANT", "PLAYROOM", "PARTY", "CRAFTS"),
}
"""By the organiser's name, what it offers. Each category has one at least."""
