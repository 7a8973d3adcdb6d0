"""Asks a studio that was just started for its front page and its scripts:  tools/visit_studio.py PORT."""

import re
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 120.0  #: seconds until a server has to answer


def fetch(port: str, path: str) -> str:
    """Return what a server on this machine answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def main() -> None:
    """Ask, and end with an error where there are none."""
    port = sys.argv[1]
    until = time.monotonic() + PATIENCE
    while True:
        try:
            page = fetch(port, "/")
            break
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
    scripts = re.findall(r'<script type="module" src="(/studio/[^"]+)"', page)
    if not scripts:
        sys.exit("error: the front page has no script")
    for path in scripts:
        print(f"The studio answers, and its script has {len(fetch(port, path))} letters")


if __name__ == "__main__":
    main()
