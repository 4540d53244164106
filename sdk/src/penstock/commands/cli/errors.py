"""Exit codes of the command line: one per way to fail, so that scripts need not read messages."""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from penstock.launcher.home import LaunchError

FAILED, USAGE, NOT_FOUND, REFUSED, CONFLICT, UNREACHABLE, TIMEOUT = 1, 2, 3, 4, 5, 6, 7

EXIT_CODES = (
    "Exit status: 0 ok, 1 failed, 2 usage or an invalid value, 3 not found, 4 refused (token), 5 conflict, "
    "6 unreachable or unavailable, 7 timeout, 130 Ctrl-C."
)


class Commands(TyperGroup):
    """The root of the command line: an error becomes one line on stderr and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except LaunchError as error:
            from penstock.contexts import NotRunning  # noqa: PLC0415 - it knows the launcher's errors

            exit_with_error(str(error), UNREACHABLE if isinstance(error, NotRunning) else FAILED)
        except Exception as error:
            from penstock.client import PenstockError  # noqa: PLC0415 - only where something failed

            if not isinstance(error, PenstockError):
                raise
            exit_with_error(_error_text(error) + _hint(error), exit_code_of(error))


def exit_with_error(line: str, code: int) -> NoReturn:
    """End with one line for the user."""
    typer.echo(f"penstock: {line}", err=True)
    raise typer.Exit(code)


def exit_code_of(error: Exception) -> int:
    """The exit status that an error of the client ends with."""
    from penstock import client  # noqa: PLC0415

    codes: tuple[tuple[type[Exception], int], ...] = (
        (client.TimedOut, TIMEOUT),
        (client.Unreachable, UNREACHABLE),
        (client.NotFound, NOT_FOUND),
        (client.Unauthenticated, REFUSED),
        (client.PermissionDenied, REFUSED),
        (client.Conflict, CONFLICT),
        (client.InvalidRequest, USAGE),
    )
    if isinstance(error, client.ApiError) and error.status in (429, 502, 503, 504):
        return TIMEOUT if error.status == 504 else UNREACHABLE
    return next((code for kind, code in codes if isinstance(error, kind)), FAILED)


def _hint(error: Exception) -> str:
    """What helps where nothing answers on this machine."""
    from penstock.client import TimedOut, Unreachable  # noqa: PLC0415

    is_here = any(host in str(error) for host in ("127.0.0.1", "localhost", "[::1]"))
    here = is_here and isinstance(error, Unreachable) and not isinstance(error, TimedOut)
    return "; is it up? `./penstock status` says, `./penstock up --detach` starts it" if here else ""


def _error_text(error: Exception) -> str:
    code, request_id = getattr(error, "error_code", None), getattr(error, "request_id", None)
    if code is None:
        return str(error)
    return f"{error} ({code}{', request ' + request_id if request_id else ''})"
