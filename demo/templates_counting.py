"""Templates about things, people and animals that come and go: addition and subtraction."""

from demo.numbers import arrive_and_leave, leave_and_arrive, pair, part
from demo.template import Template

COUNTING = (
    Template(
        "gift",
        "addition",
        (
            "{name} has {a} {thing}. {friend} gives {name} {b} more. How many {thing} does {name} have now?",
            "{friend} gives {name} {b} {thing}. Before that, {name} had {a}. How many {thing} does {name} have now?",
            "There were {a} {thing} in the bag of {name}, and {friend} adds {b}. How many {thing} are in the bag?",
        ),
        (
            "{name} starts with {a} {thing} and gets {b} more: [total = a + b] {thing}.",
            "With the gift of {friend} there are [total = a + b] {thing}.",
        ),
        pair,
    ),
    Template(
        "eaten",
        "subtraction",
        (
            "{name} bakes {a} {baked}. Friends eat {b} of them. How many {baked} are left?",
            "Of the {a} {baked} on the plate, {name} eats {b}. How many {baked} stay on the plate?",
            "{friend} took {b} {baked} from a tray of {a}. How many {baked} remain for {name}?",
        ),
        (
            "From {a} {baked}, {b} are gone: [left = a - b] {baked}.",
            "What is left is [left = a - b] {baked}.",
        ),
        part,
    ),
    Template(
        "two_colours",
        "addition",
        (
            "A box holds {a} red {thing} and {b} blue {thing}. How many {thing} does it hold?",
            "{name} counts {a} red and {b} blue {thing}. How many {thing} is that in all?",
            "In the drawer of {name} lie {b} blue {thing} next to {a} red ones. How many {thing} lie there altogether?",
        ),
        (
            "Red and blue together make [total = a + b] {thing}.",
            "There are {a} red ones and {b} blue ones, so [total = a + b] {thing} in all.",
        ),
        pair,
    ),
    Template(
        "how_many_more",
        "subtraction",
        (
            "{name} has {a} {thing} and {friend} has {b}. How many more {thing} does {name} have than {friend}?",
            "{friend} collected {b} {thing}, while {name} collected {a}. By how many is {name} ahead?",
            "There are {a} {thing} on the table of {name} and {b} on that of {friend}. What is the difference?",
        ),
        (
            "The difference is [more = a - b].",
            "{name} has [more = a - b] more than {friend}.",
        ),
        part,
    ),
    Template(
        "class",
        "subtraction",
        (
            "A club has {a} {people}, and {b} of them are adults. How many are not?",
            "{b} of the {a} children in the class of {name} play football; the others swim. How many children swim?",
            "Out of {a} {people} on a trip to {place}, {b} came by train and the rest by bus. How many came by bus?",
        ),
        (
            "The rest are [rest = a - b].",
            "Take {b} away from {a}: [rest = a - b].",
        ),
        part,
    ),
    Template(
        "pages_left",
        "subtraction",
        (
            "A book has {a} pages. {name} has read {b} of them. How many pages are left to read?",
            "{name} is on page {b} of a book with {a} pages. How many pages follow?",
            "After {b} of {a} pages, {name} falls asleep over a book. How many pages are still unread?",
        ),
        (
            "{a} pages less the {b} that are read: [left = a - b] pages.",
            "Unread pages: [left = a - b].",
        ),
        part,
    ),
    Template(
        "two_rounds",
        "addition",
        (
            "{name} scores {a} points in the first round and {b} in the second. What is the score of {name}?",
            "In a game, {name} gets {b} points after having {a} already. How many points is that?",
            "{a} points in round one, {b} points in round two: what did {name} score in total?",
        ),
        (
            "Both rounds together: [score = a + b] points.",
            "The score is [score = a + b].",
        ),
        pair,
    ),
    Template(
        "birds",
        "addition and subtraction",
        (
            "{a} {bird} sit on a wire. {b} fly away and {c} new ones land. How many {bird} sit there now?",
            "On a roof there are {a} {bird}. First {b} leave, then {c} arrive. How many {bird} are on the roof?",
        ),
        (
            "After {b} leave there are [stay = a - b] {bird}.\nWith {c} new ones there are [now = stay + c] {bird}.",
            "First [stay = a - b] remain.\nThen there are [now = stay + c].",
        ),
        leave_and_arrive,
    ),
    Template(
        "bus",
        "addition and subtraction",
        (
            "A bus carries {a} people. At {place}, {b} get on and {c} get off. How many people does it carry now?",
            "{a} {people} ride a bus. {b} more join them, and later {c} leave. How many {people} are on the bus?",
        ),
        (
            "With those who get on there are [full = a + b] people.\nThen {c} leave: [now = full - c] people.",
            "First the bus fills up to [full = a + b].\nIn the end it carries [now = full - c].",
        ),
        arrive_and_leave,
    ),
    Template(
        "car_park",
        "addition",
        (
            "At noon, {a} cars stand at {place}. By evening {b} more have come. How many cars are there then?",
            "The car park of {place} held {a} cars when {b} others drove in. How many cars does it hold now?",
        ),
        (
            "Now there are [cars = a + b] cars.",
            "{a} cars and {b} cars are [cars = a + b] cars.",
        ),
        pair,
    ),
    Template(
        "balloons",
        "subtraction",
        (
            "{name} blows up {a} balloons, but {b} burst. How many balloons are still whole?",
            "{b} of the {a} balloons that {name} bought fly off on {day}. How many balloons does {name} still have?",
            "At the party of {name} there were {a} balloons until {b} popped. How many balloons survived?",
        ),
        (
            "[whole = a - b] balloons are left.",
            "Without the lost ones: [whole = a - b].",
        ),
        part,
    ),
    Template(
        "older",
        "addition",
        (
            "{name} is {a} years old. How old will {name} be in {b} years?",
            "{friend} is {b} years older than {name}, who is {a}. How old is {friend}?",
            "{name} turned {a} on {day}. What age will {name} reach {b} years later?",
        ),
        (
            "{a} years and {b} years make [age = a + b] years.",
            "The age is [age = a + b].",
        ),
        pair,
    ),
    Template(
        "younger",
        "subtraction",
        (
            "{name} is {a} years old, and {friend} is {b} years younger. How old is {friend}?",
            "{b} years ago {name} moved to {town}. Now {name} is {a}. How old was {name} then?",
        ),
        (
            "Going back {b} years from {a}: [age = a - b].",
            "That is [age = a - b] years.",
        ),
        part,
        {"town": ("Lima", "Oslo", "Accra", "Kyoto", "Porto", "Quito")},
    ),
    Template(
        "album",
        "subtraction",
        (
            "An album has room for {a} stamps. {name} owns {b}. How many stamps are missing?",
            "{name} wants {a} {thing} and already has {b}. How many {thing} does {name} still need?",
            "So far {name} has found {b} of {a} hidden {thing}. How many {thing} are still to be found?",
        ),
        (
            "{b} of {a} are there, so [missing = a - b] are missing.",
            "Still missing: [missing = a - b].",
        ),
        part,
    ),
)
