"""Who runs what and when: durable workflows on DBOS Transact. It knows no ads.

`Engine` runs registered functions in this process and keeps, in its database, what is to be run, what is being run and
by whom. A function gets a JSON body and returns one; it may be run again from its start, anywhere, when its process
dies.
"""

from badapple.engine.engine import VERSION, Engine, Here, State, engine_url, upgrade_engine
from badapple.engine.waiting import Waiter

__all__ = ["VERSION", "Engine", "Here", "State", "Waiter", "engine_url", "upgrade_engine"]
