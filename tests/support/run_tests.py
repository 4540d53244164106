"""`./penstock test`: the whole run, or (`guard LABEL COMMAND…`) one guarded process of it."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["guard"]:
        from test_run.guard import guard  # noqa: PLC0415 - starts for every test process: nothing else is imported

        return guard(arguments[1], arguments[2:])
    from test_run.command import run  # noqa: PLC0415

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
