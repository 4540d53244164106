"""Which services' log lines go where all together take too much room: those that print most lose their oldest."""

from __future__ import annotations

from collections.abc import Mapping


def excess(sizes: Mapping[str, int], limit: int) -> dict[str, int]:
    """What each service has to give up, so that all together take `limit` at most; those with none are left out.

    Every service keeps up to one level, the highest with which that holds: who prints little loses nothing.
    """
    left, level = limit, 0
    for place, size in enumerate(sorted(sizes.values())):
        level = left // (len(sizes) - place)
        if size > level:
            break
        left -= size
    else:
        return {}
    return {service: size - level for service, size in sizes.items() if size > level}
