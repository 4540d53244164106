"""What at least two services use: events, state contracts, bus, database, errors, HTTP servers, telemetry, clock."""

import sys

# httpx brings its command line, with click, rich and pygments, wherever these are installed: a twentieth of a
# service's start, and nobody here uses it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as Python marks what is not to be imported
