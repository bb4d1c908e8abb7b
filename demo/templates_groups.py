"""Templates about equal groups: multiplication and division."""

from demo.numbers import even, groups, groups_and_more, part_then_shared, shared, single
from demo.template import Template

GROUPS = (
    Template(
        "boxes",
        "multiplication",
        (
            "{name} fills {n} {box} with {each} {fruit} each. How many {fruit} are there?",
            "There are {each} {fruit} in each of {n} {box}. How many {fruit} is that in all?",
            "{n} {box} stand in the shop of {name}, and each holds {each} {fruit}. How many {fruit} do they hold?",
        ),
        (
            "{n} {box} of {each} hold [total = n * each] {fruit}.",
            "That makes [total = n * each] {fruit}.",
        ),
        groups,
    ),
    Template(
        "rows",
        "multiplication",
        (
            "{name} plants {n} rows of {each} {plant}. How many {plant} does {name} plant?",
            "A garden has {n} rows with {each} {plant} in every row. How many {plant} grow there?",
        ),
        (
            "{n} rows of {each} are [total = n * each] {plant}.",
            "Rows times {plant} per row: [total = n * each].",
        ),
        groups,
    ),
    Template(
        "wheels",
        "multiplication",
        (
            "A {vehicle} has {each} wheels. How many wheels do {n} of them have?",
            "{name} repairs {n} machines at the workshop; each has {each} wheels. How many wheels is that?",
        ),
        (
            "[wheels = n * each] wheels.",
            "{n} times {each} wheels are [wheels = n * each] wheels.",
        ),
        groups,
        {"vehicle": ("toy cart", "wagon", "machine", "robot", "trailer", "tractor", "crane", "drone")},
    ),
    Template(
        "reading_days",
        "multiplication",
        (
            "{name} reads {each} pages a day. How many pages does {name} read in {n} days?",
            "For {n} days in a row {name} reads {each} pages. How many pages is that altogether?",
            "From {day} on, {name} learns {each} words a day. How many words are learnt after {n} days?",
        ),
        (
            "{each} a day for {n} days is [total = n * each].",
            "In {n} days that comes to [total = n * each].",
        ),
        groups,
    ),
    Template(
        "share",
        "division",
        (
            "{name} shares {total} {thing} equally among {n} children. How many {thing} does each child get?",
            "{n} friends split {total} {fruit} evenly. How many {fruit} does each of them receive?",
            "There are {total} {baked} for {n} guests, the same number for everyone. How many does each guest get?",
        ),
        (
            "Each gets [part = total / n].",
            "{total} shared by {n} gives [part = total / n] for each.",
        ),
        shared,
    ),
    Template(
        "bags_needed",
        "division",
        (
            "{name} packs {total} {fruit} into bags of {n}. How many bags does {name} fill?",
            "A bag holds {n} {thing}. How many bags are needed for {total} {thing}?",
            "{total} {baked} go into boxes that take {n} {baked} each. How many boxes become full?",
        ),
        (
            "The number is [bags = total / n].",
            "{total} put into groups of {n}: [bags = total / n].",
        ),
        shared,
    ),
    Template(
        "teams",
        "division",
        (
            "{total} {people} form teams of {n}. How many teams are there?",
            "At {place}, a group of {total} {people} is divided into tours of {n} {people}. How many tours is that?",
        ),
        (
            "[teams = total / n] groups can be formed.",
            "Groups of {n} out of {total} people: [teams = total / n].",
        ),
        shared,
    ),
    Template(
        "twice",
        "multiplication",
        (
            "{name} has {a} {thing}. {friend} has twice as many. How many {thing} does {friend} have?",
            "On {day} {name} sold {a} {baked}, and the day after twice that number. How many were sold the day after?",
        ),
        (
            "Twice {a} is [double = 2 * a].",
            "That is [double = 2 * a].",
        ),
        single,
    ),
    Template(
        "half",
        "division",
        (
            "{name} has {a} {thing} and gives half of them to {friend}. How many {thing} does {friend} get?",
            "Half of the {a} seats at {place} are taken. How many seats are taken?",
        ),
        (
            "Half of {a} is [half = a / 2].",
            "Divide by two: [half = a / 2].",
        ),
        even,
    ),
    Template(
        "boxes_and_loose",
        "multiplication and addition",
        (
            "{name} has {n} {box} of {each} {thing} and {a} loose ones. How many {thing} does {name} have?",
            "There are {n} {box} with {each} {fruit} each, and {a} more {fruit} beside them. How many {fruit} is that?",
        ),
        (
            "Packed: [packed = n * each].\nWith the loose ones: [total = packed + a].",
            "The {box} hold [packed = n * each].\nIn all there are [total = packed + a].",
        ),
        groups_and_more,
    ),
    Template(
        "share_what_is_left",
        "subtraction and division",
        (
            "{name} had {a} {fruit}, ate {b}, and shared the rest among {n} friends. How many did each friend get?",
            "Of {a} {thing}, {b} were broken. {n} children divide the others equally. How many does each child have?",
        ),
        (
            "There are [rest = a - b] to share.\nEach gets [part = rest / n].",
            "Without the {b}, [rest = a - b] remain.\nDivided by {n} that is [part = rest / n].",
        ),
        part_then_shared,
    ),
    Template(
        "legs",
        "multiplication",
        (
            "A {animal} has {each} legs. How many legs do {n} of them have together?",
            "{name} draws {n} strange beasts with {each} legs each. How many legs does {name} draw?",
        ),
        (
            "[legs = n * each] legs.",
            "{n} times {each} legs: [legs = n * each].",
        ),
        groups,
        {"animal": ("paper dragon", "robot dog", "clay monster", "puppet", "kite spider", "toy beetle")},
    ),
)
