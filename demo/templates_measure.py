"""Templates about length, time, weight, temperature and area."""

from demo.numbers import groups, groups_and_more, pair, part, shared
from demo.template import Template

MEASURE = (
    Template(
        "rope",
        "subtraction",
        (
            "{name} cuts {b} metres from a rope of {a} metres. How many metres of rope are left?",
            "A ribbon is {a} centimetres long until {name} snips off {b}. How long is it now, in centimetres?",
        ),
        (
            "The rest is [rest = a - b] long.",
            "{a} less {b} is [rest = a - b].",
        ),
        part,
    ),
    Template(
        "distance",
        "multiplication",
        (
            "{name} cycles {each} miles an hour. How many miles does {name} cover in {n} hours?",
            "A {craft} makes {each} kilometres every hour. How far does it get in {n} hours?",
            "How many miles is a walk of {n} hours when {name} walks {each} miles an hour?",
        ),
        (
            "{n} hours at {each} an hour are [way = n * each].",
            "The distance is [way = n * each].",
        ),
        groups,
    ),
    Template(
        "tank",
        "multiplication and addition",
        (
            "A tank holds {a} litres. {name} pours in {n} buckets of {each} litres. How many litres does it hold now?",
            "There are {a} litres of water in a {vessel}, and {n} cans of {each} litres are added. How much is that?",
        ),
        (
            "Added: [added = n * each] litres.\nNow there are [now = added + a] litres.",
            "{n} times {each} are [added = n * each].\nIn all there are [now = added + a].",
        ),
        groups_and_more,
    ),
    Template(
        "perimeter",
        "geometry",
        (
            "A {ground} is {a} metres long and {b} metres wide. How many metres of fence go around it?",
            "{name} runs once around a yard of {a} by {b} metres. How many metres is that?",
        ),
        (
            "Two sides make [half = a + b] metres.\nAll the way around is [around = 2 * half] metres.",
            "Half of the way is [half = a + b].\nThe whole way is [around = 2 * half].",
        ),
        pair,
    ),
    Template(
        "area",
        "geometry",
        (
            "A {floor} is {a} metres long and {b} metres wide. What is its area in square metres?",
            "{name} lays {a} rows of {b} square tiles. How many tiles does {name} need?",
        ),
        (
            "Length times width is [area = a * b].",
            "{a} rows of {b} make [area = a * b].",
        ),
        pair,
    ),
    Template(
        "warmer",
        "addition",
        (
            "In the morning it is {a} degrees in {town}. By noon it is {b} degrees warmer. How warm is it at noon?",
            "The water in the pot of {name} has {a} degrees and warms up by {b}. How many degrees does it have then?",
        ),
        (
            "It rises to [warm = a + b] degrees.",
            "{a} degrees and {b} more are [warm = a + b].",
        ),
        pair,
        {"town": ("Lima", "Oslo", "Accra", "Kyoto", "Porto", "Quito")},
    ),
    Template(
        "colder",
        "subtraction",
        (
            "It is {a} degrees in {town} at noon and {b} degrees colder at night. How many degrees is it at night?",
            "A cup of {drink} cools down from {a} degrees by {b} degrees. What is its temperature then?",
        ),
        (
            "It falls to [cold = a - b] degrees.",
            "{a} less {b} is [cold = a - b].",
        ),
        part,
        {"town": ("Lima", "Oslo", "Accra", "Kyoto", "Porto", "Quito")},
    ),
    Template(
        "film",
        "subtraction",
        (
            "A {show} lasts {a} minutes, and {b} of them are over. How many minutes are still to come?",
            "{name} has {a} minutes for a test and has used {b}. How many minutes remain?",
            "The bus to {place} needs {a} minutes. {name} has been riding for {b}. How many minutes are left?",
        ),
        (
            "There are [left = a - b] minutes to go.",
            "Take {b} from {a}: [left = a - b] minutes.",
        ),
        part,
    ),
    Template(
        "recipe",
        "multiplication",
        (
            "One batch of {baked} takes {each} cups of flour. How many cups do {n} batches take?",
            "{name} needs {each} eggs for a cake. How many eggs are needed for {n} cakes?",
        ),
        (
            "{n} times {each} is [need = n * each].",
            "In all that takes [need = n * each].",
        ),
        groups,
    ),
    Template(
        "parcels",
        "addition",
        (
            "One {load} weighs {a} kilograms, another {b}. How many kilograms do both weigh?",
            "{name} carries {a} kilograms and {friend} carries {b}. How heavy are their loads together?",
            "A {load} of {a} kilograms is put on a cart that already holds {b}. How many kilograms is that?",
        ),
        (
            "Together they weigh [weight = a + b] kilograms.",
            "{a} and {b} are [weight = a + b].",
        ),
        pair,
    ),
    Template(
        "growth",
        "multiplication and addition",
        (
            "A {sprout} is {a} inches tall and grows {each} inches a week. How tall is it after {n} weeks?",
            "{name} measures a {sprout}: {a} inches. Every week it gains {each}. What is its height {n} weeks later?",
        ),
        (
            "It grows [grown = n * each] inches.\nThen it is [height = grown + a] inches tall.",
            "In {n} weeks it gains [grown = n * each].\nThe height is [height = grown + a].",
        ),
        groups_and_more,
        {"sprout": ("sunflower", "bean", "young palm", "vine", "pea", "lily")},
    ),
    Template(
        "laps",
        "division",
        (
            "One lap at {place} is {n} kilometres. How many laps does {name} run to make {total} kilometres?",
            "{name} takes {total} minutes for laps of {n} minutes each. How many laps is that?",
        ),
        (
            "That is [laps = total / n] laps.",
            "{total} divided by {n} is [laps = total / n].",
        ),
        shared,
    ),
)
