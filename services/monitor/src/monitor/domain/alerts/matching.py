"""Matchers on labels, as Alertmanager has them: equality or a whole match of an RE2 expression, each may be negated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.contracts.alerting.alerts import Matcher
from shared.errors import InvalidInput
from shared.logs.patterns import compile_matcher


def matches_all(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    """Whether every matcher holds; none at all holds for everything."""
    return all(_matches(labels.get(matcher.name, ""), matcher) for matcher in matchers)


def _matches(value: str, matcher: Matcher) -> bool:
    if not matcher.is_regex:
        return (value == matcher.value) == matcher.is_equal
    try:
        return compile_matcher(matcher.value)(value) == matcher.is_equal
    except InvalidInput:  # the controller accepts none such; a later release might
        return False
