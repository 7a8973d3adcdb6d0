"""How many calls go to a vendor at once, and how fast: one limit for all processes that share a database."""

from badapple.limits.limiter import Limiter
from badapple.limits.rules import ALLOWANCES, Allowance

__all__ = ["ALLOWANCES", "Allowance", "Limiter"]
