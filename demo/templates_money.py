"""Templates about prices, wages and savings. The dollar sign is money, as it is in GSM8K."""

from demo.numbers import groups, groups_and_more, groups_taken, leave_twice, pair, part, shared, sum_then_shared
from demo.template import Template

MONEY = (
    Template(
        "two_prices",
        "addition",
        (
            "A {ware} costs ${a} and a ticket for {place} costs ${b}. How much do they cost together?",
            "{name} buys a {ware} for ${a} and a bag of {fruit} for ${b}. How many dollars does {name} pay?",
            "{name} pays ${a} on {day} and ${b} the next day. How many dollars is that in total?",
        ),
        (
            "Together that is $[cost = a + b].",
            "The prices add up to $[cost = a + b].",
        ),
        pair,
    ),
    Template(
        "change",
        "subtraction",
        (
            "{name} pays for a {ware} of ${b} with a ${a} note. How many dollars of change are due?",
            "A {ware} costs ${b}. {name} hands over ${a}. How much money does {name} get back?",
            "From ${a}, {name} spends ${b} at {place}. How many dollars does {name} still have?",
        ),
        (
            "What comes back is $[change = a - b].",
            "Take the price from the money: $[change = a - b].",
        ),
        part,
    ),
    Template(
        "same_price",
        "multiplication",
        (
            "One {ware} costs ${each}. What do {n} {wares} cost?",
            "{name} buys {n} {wares} at ${each} each. How many dollars does {name} spend?",
            "How much must {name} pay for {n} {wares} when each is ${each}?",
        ),
        (
            "{n} times ${each} is $[cost = n * each].",
            "The price is $[cost = n * each].",
        ),
        groups,
    ),
    Template(
        "several_and_one",
        "multiplication and addition",
        (
            "{name} buys {n} {wares} at ${each} each and a book for ${a}. How much does {name} spend?",
            "{n} tickets for {place} cost ${each} each, and the guide costs ${a}. What is the whole price?",
        ),
        (
            "The first part costs $[part = n * each].\nEverything costs $[cost = part + a].",
            "{n} at ${each} make $[part = n * each].\nWith the other ${a} it is $[cost = part + a].",
        ),
        groups_and_more,
    ),
    Template(
        "change_of_several",
        "multiplication and subtraction",
        (
            "{name} has ${a} and buys {n} {wares} for ${each} each. How many dollars are left?",
            "With ${a} in hand, {name} pays for {n} {wares} at ${each} a piece. How much money remains?",
        ),
        (
            "The {wares} cost $[cost = n * each].\nThere remain $[left = a - cost].",
            "{n} times ${each} is $[cost = n * each].\nLeft over: $[left = a - cost].",
        ),
        groups_taken,
    ),
    Template(
        "saving",
        "division",
        (
            "{name} saves ${n} a week for a {goal} that costs ${total}. How many weeks does it take?",
            "A {goal} costs ${total}. {name} can put aside ${n} every week. How many weeks must {name} wait?",
        ),
        (
            "It takes [weeks = total / n] weeks.",
            "${total} at ${n} a week: [weeks = total / n] weeks.",
        ),
        shared,
    ),
    Template(
        "wage",
        "multiplication",
        (
            "{name} earns ${each} an hour. How many dollars does {name} earn in {n} hours?",
            "For {n} hours of work at {place}, {name} is paid ${each} per hour. How much is that?",
        ),
        (
            "{n} hours at ${each} bring $[pay = n * each].",
            "The pay is $[pay = n * each].",
        ),
        groups,
    ),
    Template(
        "two_purchases",
        "subtraction",
        (
            "{name} has ${a}, spends ${b} on lunch and ${c} on a {ware}. How much money is left?",
            "Out of ${a}, {name} gives ${b} to {friend} and ${c} to {third}. How many dollars does {name} keep?",
        ),
        (
            "After the first there are $[rest = a - b].\nAfter the second there are $[left = rest - c].",
            "First $[rest = a - b] stay.\nThen $[left = rest - c] stay.",
        ),
        leave_twice,
    ),
    Template(
        "discount",
        "subtraction",
        (
            "A {ware} used to cost ${a}. On {day} it is ${b} cheaper. What does it cost on {day}?",
            "The price of a {ware} falls from ${a} by ${b}. What is the new price in dollars?",
        ),
        (
            "The new price is $[price = a - b].",
            "${a} less ${b} is $[price = a - b].",
        ),
        part,
    ),
    Template(
        "taxi",
        "multiplication and addition",
        (
            "A taxi costs ${a} plus ${each} per mile. What does {name} pay for {n} miles?",
            "{name} rents a boat: ${a} at once and ${each} for each hour. How many dollars are due after {n} hours?",
        ),
        (
            "The variable part is $[part = n * each].\nWith ${a} on top it is $[cost = part + a].",
            "{n} times ${each} make $[part = n * each].\nIn all that is $[cost = part + a].",
        ),
        groups_and_more,
    ),
    Template(
        "split_bill",
        "addition and division",
        (
            "A {meal} costs ${a} and the drinks ${b}. {n} friends split the bill evenly. How much does each pay?",
            "{name} bought {fruit} for ${a} and {baked} for ${b}; {n} people share the cost. What does one person owe?",
        ),
        (
            "The bill is $[bill = a + b].\nEach pays $[share = bill / n].",
            "Together that is $[bill = a + b].\nDivided by {n}: $[share = bill / n].",
        ),
        sum_then_shared,
    ),
    Template(
        "fund",
        "addition",
        (
            "{name} has saved ${a} for a {goal} and gets ${b} as a present. How many dollars is that?",
            "There were ${a} in the tin before {friend} put in ${b}. How much is in the tin now?",
            "On {day}, {name} earned ${b} on top of ${a}. How many dollars does {name} have in all?",
        ),
        (
            "Now it is $[sum = a + b].",
            "${a} and ${b} make $[sum = a + b].",
        ),
        pair,
    ),
)
