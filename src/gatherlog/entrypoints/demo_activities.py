"""What people do in the made-up city of the demo: courses, performances and outings."""

from typing import Final, Literal

import msgspec

from gatherlog.apps.things.content import Category

__all__ = ["ACTIVITIES", "COURSES", "Activity", "VenueKind"]

VenueKind = Literal[
    "studio", "hall", "gym", "pool", "park", "museum", "library", "stage", "kitchen"
]  # fmt: skip


class Activity(msgspec.Struct, frozen=True):
    """Something to do, whoever offers it and wherever."""

    name: str
    category: Category
    venue: VenueKind
    youngest: int
    oldest: int
    price: float
    minutes: int
    places: int
    """For how many people there is room, roughly."""
    once: float
    """How often it is a single event and not a series, from 0 to 1."""
    text: str
    hour: int | None = None
    """When it begins, where that cannot be just any time of the day."""


COURSES: Final = (
    *("", "", "", " for beginners", " for the advanced", ": taster session", ": holiday course"),
    *(": Saturday club", ": open group"),
)
"""What is added to a name; the empty ones leave it as it is."""

ACTIVITIES: Final = (
    Activity("Children's choir", "MUSIC", "hall", 6, 12, 4, 60, 40, 0.1,
        "We sing rounds, sea shanties and songs of our own, and give a small concert each term."),
    Activity("Ukulele in a circle", "MUSIC", "studio", 7, 14, 9, 60, 12, 0.2,
        "Four strings, three chords, and a first song after half an hour. We lend instruments."),
    Activity("Drumming on everything", "MUSIC", "hall", 5, 11, 7, 60, 16, 0.3,
        "Djembes, buckets and pans: we find the rhythm in each of them, and then in ourselves."),
    Activity("Babies' music morning", "MUSIC", "hall", 0, 2, 6, 45, 14, 0,
        "Lullabies, bells and shakers for the smallest, with time for tea afterwards.", 10),
    Activity("Brass band open rehearsal", "MUSIC", "stage", 6, 99, 0, 90, 80, 0.6,
        "Sit between trumpets and tubas, ask everything, and try an instrument at the end.", 18),
    Activity("Family concert", "MUSIC", "stage", 4, 99, 12, 60, 120, 1,
        "An hour of chamber music, told as a story, on cushions in the first rows.", 11),
    Activity("Ballet", "DANCE", "studio", 4, 10, 11, 60, 14, 0.1,
        "First positions, little jumps and a lot of imagination, with music from a real piano."),
    Activity("Hip-hop crew", "DANCE", "studio", 9, 16, 9, 75, 18, 0.1,
        "We learn moves, put them together, and show them at the summer festival."),
    Activity("Folk dances for all", "DANCE", "hall", 6, 99, 3, 90, 50, 0.5,
        "Circle and line dances that need no practice. The band plays until everybody is tired."),
    Activity("Parents and toddlers dance", "DANCE", "studio", 1, 4, 7, 45, 12, 0,
        "Swaying, crawling and spinning together, at a pace that suits short legs."),
    Activity("Watercolours", "ARTS", "studio", 7, 14, 12, 90, 12, 0.3,
        "How does a colour run, and how does it stop? We paint the river and the sky."),
    Activity("Drawing from plaster and life", "ARTS", "museum", 10, 17, 8, 120, 14, 0.3,
        "With charcoal and pencil in front of the statues. Paper and boards are there."),
    Activity("Finger paint atelier", "ARTS", "studio", 2, 5, 8, 60, 10, 0.2,
        "Big paper, washable colours, and nobody minds the floor. Bring old clothes."),
    Activity("Comics and manga", "ARTS", "library", 9, 16, 5, 90, 14, 0.3,
        "From a stick figure to a page with panels: everybody takes a comic of their own home."),
    Activity("Pottery for small hands", "CRAFTS", "studio", 5, 10, 14, 90, 10, 0.2,
        "We pinch, roll and press clay into bowls and beasts, fired and ready in a week."),
    Activity("Woodwork with real tools", "CRAFTS", "studio", 8, 14, 16, 120, 8, 0.3,
        "Saw, rasp and drill: we build a bird box or a boat, and learn how to hold a hammer."),
    Activity("Sewing a bag", "CRAFTS", "studio", 9, 16, 15, 150, 8, 0.6,
        "From choosing the cloth to the last seam on the machine. No experience needed."),
    Activity("Lantern making", "CRAFTS", "library", 4, 10, 4, 90, 20, 1,
        "Paper, glue and a little wire become a lantern for the parade along the river."),
    Activity("Repair café for toys", "CRAFTS", "hall", 6, 99, 0, 180, 30, 0.5,
        "Bring what is broken. We unscrew, solder and glue it together with you.", 14),
    Activity("Learn to swim", "SPORT", "pool", 5, 9, 13, 45, 8, 0,
        "In small groups from blowing bubbles to the first badge, with patient teachers."),
    Activity("Water babies", "SPORT", "pool", 0, 3, 12, 30, 10, 0,
        "Warm water, songs and splashing, with one grown-up for each child."),
    Activity("Climbing", "SPORT", "gym", 6, 15, 11, 90, 12, 0.2,
        "Knots, belaying and the trust to let go. Shoes and harness are included."),
    Activity("Judo", "SPORT", "gym", 6, 14, 7, 60, 20, 0.1,
        "We learn to fall before we learn to throw, and bow to each other before both."),
    Activity("Football on the small pitch", "SPORT", "park", 5, 12, 3, 75, 24, 0.1,
        "Girls and boys play together. Everybody gets the ball, and nobody counts the goals."),
    Activity("Table tennis", "SPORT", "gym", 7, 17, 4, 90, 16, 0.2,
        "Six tables, one robot that serves, and a small tournament on the last Friday."),
    Activity("Parkour", "SPORT", "gym", 8, 16, 10, 75, 14, 0.2,
        "Over, under and along: we learn to land softly and to know what we can do."),
    Activity("Family yoga", "SPORT", "studio", 4, 99, 9, 60, 14, 0.3,
        "Cats, cobras and trees in pairs. Mats are there, warm socks are a good idea."),
    Activity("Roller skating", "SPORT", "hall", 6, 15, 6, 90, 30, 0.4,
        "Falling is shown first. Skates from size 28 can be borrowed."),
    Activity("Forest morning", "OUTDOOR", "park", 3, 8, 5, 150, 16, 0.4,
        "We build dens, follow tracks and cook something over the fire, in every weather.", 9),
    Activity("Bat walk at dusk", "OUTDOOR", "park", 6, 99, 4, 90, 25, 1,
        "With detectors we hear what nobody can hear, and see who hunts above the water.", 20),
    Activity("Birds before breakfast", "OUTDOOR", "park", 8, 99, 3, 120, 15, 0.8,
        "Quiet steps, binoculars for everybody, and a list of all that sang.", 6),
    Activity("Canoeing on the Alder", "OUTDOOR", "park", 8, 16, 18, 180, 12, 0.5,
        "Down the slow bend of the river. Who comes can swim; life jackets are there."),
    Activity("Community garden afternoon", "OUTDOOR", "park", 3, 99, 0, 120, 30, 0.3,
        "Sowing, watering and harvesting. What is ripe goes into the soup or home with you.", 14),
    Activity("Stargazing", "OUTDOOR", "park", 7, 99, 6, 120, 30, 1,
        "Through two telescopes we look for Saturn's rings, and tell stories of the stars.", 21),
    Activity("Children's film club", "CINEMA", "stage", 6, 12, 5, 110, 90, 0.4,
        "A film that is worth it, and a talk about it with everybody who wants to say something."),
    Activity("Short films for the youngest", "CINEMA", "stage", 3, 6, 4, 45, 60, 1,
        "Five gentle films, the lights not quite off, the sound not quite loud."),
    Activity("Puppet theatre", "THEATER", "stage", 3, 8, 8, 50, 70, 1,
        "A fox, a suitcase and a very small king. Afterwards the puppets come off the stage."),
    Activity("Drama workshop", "THEATER", "stage", 8, 14, 8, 90, 16, 0.2,
        "Games, voices and characters; by the end of term there is a play that we made up."),
    Activity("Improvised theatre for families", "THEATER", "stage", 6, 99, 10, 75, 90, 1,
        "You shout what happens, we play it. No evening has been like another.", 18),
    Activity("Circus skills", "ENTERTAINMENT", "gym", 6, 13, 10, 90, 20, 0.4,
        "Juggling, balancing and a low trapeze. Everybody finds something that works at once."),
    Activity("Magic for beginners", "ENTERTAINMENT", "library", 8, 13, 7, 75, 14, 0.5,
        "Three tricks with things from a kitchen drawer, and how to keep a secret."),
    Activity("Board game afternoon", "ENTERTAINMENT", "library", 5, 99, 0, 180, 40, 0.4,
        "Three hundred games and people who explain them, so nobody reads rules.", 14),
    Activity("Children's disco", "PARTY", "hall", 5, 11, 4, 120, 100, 1,
        "Loud, but not too loud; dark, but not too dark. Lemonade is included.", 17),
    Activity("Neighbourhood fête", "PARTY", "park", 0, 99, 0, 300, 400, 1,
        "Stalls, a tombola, face painting, and a long table for whatever you bring.", 13),
    Activity("Mindful afternoons", "PERSONAL_DEVELOPMENT", "studio", 7, 14, 8, 60, 12, 0.2,
        "Breathing, listening and what to do when everything is too much.", 16),
    Activity("Self-defence for girls", "PERSONAL_DEVELOPMENT", "gym", 9, 16, 9, 90, 16, 0.3,
        "Saying no with voice and body. Run by two trainers who have done it for years."),
    Activity("First aid for parents", "PERSONAL_DEVELOPMENT", "hall", 16, 99, 20, 180, 18, 1,
        "What to do when a child chokes, burns or falls, practised until the hands know it.", 10),
    Activity("Museum detectives", "CULTURE", "museum", 6, 11, 6, 75, 18, 0.4,
        "Something was moved last night. With torches and a map we find out what, and why."),
    Activity("Shipbuilders' tour", "CULTURE", "museum", 7, 99, 7, 90, 20, 0.6,
        "Through the old slipway with somebody who worked there, down to the ropes and rivets."),
    Activity("Storytellers' evening", "CULTURE", "library", 5, 99, 3, 60, 50, 0.7,
        "Tales from four languages, told without a book. The last one is always a quiet one.", 18),
    Activity("Story time", "EDUCATION", "library", 3, 6, 0, 40, 25, 0,
        "Picture books read aloud on the green carpet; who wants to choose the next one may."),
    Activity("Coding club", "EDUCATION", "library", 8, 14, 5, 90, 14, 0.2,
        "We make games and small robots do what we mean, which is not what we said at first."),
    Activity("Chemistry that bubbles", "EDUCATION", "museum", 7, 12, 9, 75, 16, 0.4,
        "Red cabbage, vinegar and dry ice. Goggles are there; stains come out, mostly."),
    Activity("Chess", "EDUCATION", "library", 6, 17, 2, 90, 24, 0.1,
        "For all who know how the pieces move, and for those who learn it today."),
    Activity("German for playgroups", "EDUCATION", "library", 2, 6, 6, 45, 12, 0,
        "Songs, finger games and a bear who understands no other language."),
    Activity("Bake your own bread", "OTHER", "kitchen", 7, 99, 12, 180, 10, 0.7,
        "Kneading, waiting and smelling. Everybody takes a loaf and some sourdough home."),
    Activity("Cooking for young people", "OTHER", "kitchen", 9, 16, 14, 150, 10, 0.3,
        "Three courses in two hours, cooked, laid and eaten together. Then we wash up."),
    Activity("Babysitters' training", "OTHER", "hall", 13, 18, 25, 300, 14, 1,
        "Games, nappies and emergencies, with a certificate that parents ask for.", 10),
)  # fmt: skip
