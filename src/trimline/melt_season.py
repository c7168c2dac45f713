"""Melt season: the part of the year with the least snow, by latitude."""

from __future__ import annotations

NORTHERN, SOUTHERN, WHOLE_YEAR = ("06-15", "09-30"), ("12-15", "03-31"), ("01-01", "12-31")
"""Melt seasons, by first and last day."""

TROPIC_DEG = 23.4
"""Latitude of the tropics: between them no season has markedly less snow."""


def melt_season_at(latitude: float) -> tuple[str, str]:
    """Return the first and last day of the season with the least snow at a latitude [degrees north]."""
    if abs(latitude) < TROPIC_DEG:
        return WHOLE_YEAR
    return NORTHERN if latitude > 0 else SOUTHERN


def is_in_season(month_day: str, season: tuple[str, str]) -> bool:
    """Whether a day of the year (`08-25`) lies in a season, which may span the New Year."""
    first, last = season
    return first <= month_day <= last if first <= last else month_day >= first or month_day <= last
