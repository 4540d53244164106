"""URLs of PostgreSQL databases that users name: what such a URL may say, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

SSL_MODES = ("disable", "prefer", "require", "verify-full")


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is, and who we are to it."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str = "prefer"


def parse_database_url(url: str) -> DatabaseUrl:
    """`postgresql://user:password@host[:port]/database[?sslmode=…]`. Raises `ValueError`, which shows nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
        options = parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError("is not a URL") from None
    is_plain = url.isprintable() and " " not in url and not parts.fragment
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname or not parts.username or not is_plain:
        raise ValueError("must be postgresql://user:password@host:port/database")
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in database:
        raise ValueError("must name a database: postgresql://user:password@host:port/database")
    mode = dict(options).get("sslmode", "prefer")
    if len(options) > 1 or set(dict(options)) - {"sslmode"} or mode not in SSL_MODES:
        raise ValueError(f"may hold sslmode alone, one of {', '.join(SSL_MODES)}")
    return DatabaseUrl(parts.hostname, port, database, unquote(parts.username), unquote(parts.password or ""), mode)
