"""What every request and answer passes: pure ASGI middlewares, put together by `badapple.api.guard`."""

from badapple.api.guards.bodies import Bodies
from badapple.api.guards.callers import Callers, Names
from badapple.api.guards.noting import Noting
from badapple.api.guards.rates import Rated, Rates
from badapple.api.guards.shell import Shell

__all__ = ["Bodies", "Callers", "Names", "Noting", "Rated", "Rates", "Shell"]
