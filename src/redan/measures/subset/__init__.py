"""Sets drawn from a community: whether the draw was random, and what it costs an attacker to get in."""

from redan.measures.subset.draw import Draw, drawn_at_random
from redan.measures.subset.order import Order, order_test
from redan.measures.subset.work import Work, attackers_work

__all__ = ["Draw", "Order", "Work", "attackers_work", "drawn_at_random", "order_test"]
