#!/usr/bin/env python3
"""Ask a process of badapple in this container whether it lives: healthcheck.py PORT; exit code 0 says yes.

Only what is quick to load: it runs every few seconds.
"""

import http.client
import sys

_SECONDS = 2.5


def answers(port: int) -> bool:
    """Say whether /healthz answers 200 in time."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        door.request("GET", "/healthz")
        return door.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        door.close()


if __name__ == "__main__":
    sys.exit(not answers(int(sys.argv[1])))
