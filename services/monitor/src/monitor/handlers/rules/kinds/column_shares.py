"""A column of a window beside its baseline, as the API shows it. Loads NumPy: imported by the thread that needs it."""

from __future__ import annotations

from itertools import pairwise

from monitor.domain.reports.markup import shortened
from monitor.domain.reports.shares import BinShares, Floats, ValueShares, compared_shares
from monitor.domain.rules.verdicts import finite, slice_text
from monitor.domain.statistics.profiles import reading
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.handlers.rules.kinds.table_rules import ColumnProfiles
from shared.contracts.quality.distributions import ColumnDistribution, DistributionBin, SideFigures, ValueShare
from shared.contracts.rpc.quality import DistributionQuery
from shared.errors import NotFound

LONGEST_VALUE = 200


def distribution_of(query: DistributionQuery, found: ColumnProfiles) -> ColumnDistribution:
    """Raises `NotFound` where the window has no such slice."""
    by_slice = {slice_text(part): profile for part, profile in found.profiles.items()}
    if query.slice not in by_slice:
        raise NotFound(f"The window has no rows of the slice {query.slice!r}")
    window = by_slice[query.slice].columns[found.name]
    baseline = found.baseline.baseline.column(found.name) if found.baseline is not None else None
    shares = compared_shares(window, baseline)
    return ColumnDistribution(
        column=found.name,
        slice=query.slice,
        kind=window.kind.value,
        source=found.baseline.source if found.baseline is not None else None,
        bins=_bins(shares) if isinstance(shares, BinShares) else (),
        values=_values(shares, window, baseline) if isinstance(shares, ValueShares) else (),
        window=_figures(window),
        baseline=None if baseline is None else _figures(baseline),
    )


def _bins(shares: BinShares) -> tuple[DistributionBin, ...]:
    def at(part: Floats | None, place: int) -> float | None:
        return None if part is None else float(part[place])

    edges = shares.edges.tolist()
    return tuple(
        DistributionBin(start=start, end=end, window=at(shares.window, place), baseline=at(shares.baseline, place))
        for place, (start, end) in enumerate(pairwise(edges))
    )


def _values(shares: ValueShares, window: ColumnProfile, baseline: ColumnProfile | None) -> tuple[ValueShare, ...]:
    return tuple(
        ValueShare(
            value=None if value is None else shortened(value, LONGEST_VALUE),
            window=now if window.values else None,
            baseline=before if baseline is not None else None,
        )
        for value, before, now in shares.rows
    )


def _figures(profile: ColumnProfile) -> SideFigures:
    median = next(iter(reading.quantiles(profile, [0.5])), None)
    return SideFigures(
        rows=profile.count,
        nulls=reading.share(profile.nulls, profile),
        mean=finite(reading.mean(profile)),
        median=finite(median),
    )
