"""Compares the console's sources with the bundle that is committed: `--check`; without it, prints the sources' hash.

`npm run build` in `console/` writes the hash of its sources into `dist/manifest.json`. The same is made here, without
Node, so that a stale bundle is noticed in a second; the tests rebuild it and compare every byte.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "console"
MANIFEST = CONSOLE / "dist" / "manifest.json"
SOURCES = ("build", "index.html", "package-lock.json", "package.json", "src", "tsconfig.json", "vite.config.ts")
"""As in `console/build/sources.ts`."""

_NOT_IN_THE_BUNDLE = re.compile(r"\.test\.tsx?$|^src/test/")


def source_files(console: Path) -> list[str]:
    """What a bundle is made from, by path below `console`, sorted by code point."""
    found = [path.relative_to(console).as_posix() for path in _below(console)]
    return sorted(path for path in found if not _NOT_IN_THE_BUNDLE.search(path))


def _below(console: Path) -> Iterator[Path]:
    for name in SOURCES:
        if (console / name).is_file():
            yield console / name
        else:
            yield from (path for path in (console / name).rglob("*") if path.is_file())


def sources_hash(console: Path) -> str:
    """SHA-256 over the sources' paths and contents."""
    whole = hashlib.sha256()
    for path in source_files(console):
        content = hashlib.sha256((console / path).read_bytes()).hexdigest()
        whole.update(f"{path}\n{content}\n".encode())
    return whole.hexdigest()


def is_committed() -> bool:
    """Whether there is a bundle to compare: what somebody built for themselves is nobody's business."""
    command = ("git", "ls-files", "--error-unmatch", str(MANIFEST))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0 and MANIFEST.is_file()


def check() -> int:
    """0 where the committed bundle is made from these sources, or where none is committed."""
    if not is_committed() or json.loads(MANIFEST.read_text())["sources"] == sources_hash(CONSOLE):
        return 0
    print("console/dist is not made from these sources; run `npm run build` in console/ and commit it", file=sys.stderr)
    return 1


def main(arguments: list[str]) -> int:
    """`--check`, or the hash on stdout."""
    if "--check" in arguments:
        return check()
    print(sources_hash(CONSOLE))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
