"""All templates of the demo."""

from demo.templates_counting import COUNTING
from demo.templates_groups import GROUPS
from demo.templates_measure import MEASURE
from demo.templates_money import MONEY

TEMPLATES = (*COUNTING, *GROUPS, *MONEY, *MEASURE)
