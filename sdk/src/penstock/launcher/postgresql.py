"""Roles and databases in a PostgreSQL server: one for each service that keeps something, and one for MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.launcher.processes import WITH_DATABASE

if TYPE_CHECKING:
    import psycopg

OWNERS = (*WITH_DATABASE, "mlflow")
SUPERUSER = "postgres"


def role_of(name: str) -> str:
    """`inference-logger` → `inference_logger`: role and database."""
    return name.replace("-", "_")


def database_url(name: str, password: str, server: str = "postgres:5432") -> str:
    """SQLAlchemy URL of a service's database."""
    return f"postgresql+psycopg://{role_of(name)}:{password}@{server}/{role_of(name)}"


def make_databases(connection: psycopg.Connection[Any], passwords: Mapping[str, str]) -> None:
    """A role, with its password, and a database of its own for each of `passwords`, open to its owner alone.

    Safe to repeat. `connection`: of a superuser, each statement its own transaction.
    """
    from psycopg import sql  # noqa: PLC0415 - who only reads the names needs no driver

    for name in passwords:
        role = sql.Identifier(role_of(name))
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role_of(name)]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role_of(name)]).fetchone():
            # Said here: a server made without a locale would make it SQL_ASCII, whose text drivers give as bytes.
            made = "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0"
            connection.execute(sql.SQL(made).format(role, role))
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role))
    set_passwords(connection, passwords)


def set_passwords(connection: psycopg.Connection[Any], passwords: Mapping[str, str]) -> None:
    """Give each role its password."""
    from psycopg import sql  # noqa: PLC0415 - likewise

    for name, password in passwords.items():
        change = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(change.format(sql.Identifier(role_of(name)), sql.Literal(password)))
