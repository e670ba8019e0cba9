"""Made-up taxi trips in the likeness of the published ones: the same columns, gaps and skews, the same each time.

The numbers below are rounded shares and averages of the City of Chicago's trips of 2013 to 2016. Who tips well
follows from how people tip: by card, either a round number of dollars or a percentage that the terminal proposes;
tips in cash are not recorded. So a short trip with two dollars on top counts as a big tip and a longer one does not,
which is there for a model to find.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

__all__ = ["ROWS", "make_trips"]

ROWS = 15_002
"""As many as the published sample has."""

Array = np.ndarray[Any, Any]

_YEARS = {2013: 0.29, 2014: 0.34, 2015: 0.31, 2016: 0.06}
_MONTHS = [0.07, 0.08, 0.085, 0.085, 0.09, 0.09, 0.08, 0.09, 0.08, 0.09, 0.08, 0.08]
_WEEKDAYS = [0.13, 0.13, 0.13, 0.135, 0.145, 0.17, 0.16]  # from Sunday
_HOURS = [40, 36, 28, 19, 13, 9.5, 13, 20, 35, 44, 46, 41, 50, 46, 49, 48, 51, 55, 63, 67, 64, 56, 56, 48]

# Community area: share of pickups, share of dropoffs, latitude and longitude of its middle, number of points in it.
_AREAS: dict[int, tuple[float, float, float, float, int]] = {
    8: (0.327, 0.297, 41.896, -87.628, 20),
    32: (0.220, 0.189, 41.881, -87.627, 6),
    28: (0.086, 0.100, 41.880, -87.650, 10),
    6: (0.079, 0.076, 41.944, -87.654, 34),
    76: (0.060, 0.036, 41.979, -87.906, 3),
    7: (0.060, 0.071, 41.922, -87.646, 21),
    24: (0.040, 0.052, 41.901, -87.671, 21),
    33: (0.021, 0.028, 41.857, -87.619, 4),
    3: (0.018, 0.021, 41.965, -87.656, 10),
    56: (0.017, 0.012, 41.788, -87.757, 2),
    77: (0.012, 0.013, 41.986, -87.664, 8),
    22: (0.012, 0.020, 41.922, -87.695, 12),
    5: (0.0075, 0.011, 41.948, -87.683, 11),
    41: (0.0047, 0.006, 41.793, -87.591, 4),
    1: (0.0047, 0.007, 42.009, -87.670, 4),
    4: (0.0038, 0.008, 41.975, -87.687, 4),
    2: (0.0038, 0.005, 42.002, -87.695, 2),
    16: (0.0037, 0.006, 41.954, -87.724, 3),
    21: (0.0034, 0.005, 41.939, -87.712, 4),
    14: (0.0033, 0.004, 41.968, -87.722, 2),
    39: (0.0015, 0.0016, 41.809, -87.595, 2),
    35: (0.0014, 0.0024, 41.836, -87.619, 3),
    34: (0.0013, 0.0033, 41.843, -87.634, 3),
    31: (0.0011, 0.0036, 41.851, -87.667, 2),
}
_AIRPORTS = (76, 56)

_COMPANIES = {
    "Taxi Affiliation Services": 0.345,
    "": 0.3426,
    "Dispatch Taxi Affiliation": 0.109,
    "Blue Ribbon Taxi Association Inc.": 0.0727,
    "Choice Taxi Association": 0.058,
    "Northwest Management LLC": 0.0367,
    "KOAM Taxi Association": 0.0164,
    "Top Cab Affiliation": 0.0088,
    "Chicago Elite Cab Corp. (Chicago Carriag": 0.0017,
    "Chicago Medallion Leasing INC": 0.0015,
    "Chicago Medallion Management": 0.0011,
}
_SMALL_COMPANIES = 50

_DAY = 86_400
_QUARTER = 900


def make_trips(rows: int = ROWS, seed: int = 0) -> dict[str, list[str]]:
    """Columns of trips as the text of a CSV file's fields; a missing value is an empty string.

    Args:
        rows: How many.
        seed: The same seed and number of rows always give the same trips.
    """
    random = np.random.default_rng(seed)
    timestamp, month, day, hour = _times(rows, random)
    pickup, dropoff = _areas(rows, random)
    pickup_point, dropoff_point = _points(pickup, random), _points(dropoff, random)
    miles, seconds, fare = _journeys(pickup_point, dropoff_point, random)
    company = _companies(rows, random)
    payment = _payments(fare, timestamp, hour, random)
    tips = _tips(fare, payment, hour, pickup, random)
    metered = _metered_miles(miles, company, random)

    # Whoever leaves the city is set down at no known place.
    away = random.random(rows) < 0.032
    tract_known = ~away & (random.random(rows) < 0.741)
    tract = 17_031_000_000 + dropoff * 10_000 + dropoff_point[2] * 100
    pickup_tract = np.full(rows, "", dtype=object)
    pickup_tract[random.integers(rows)] = "17031081500"
    return {
        "pickup_community_area": _text(pickup, random.random(rows) >= 0.0001),
        "fare": _text(np.round(fare, 2)),
        "trip_start_month": _text(month),
        "trip_start_hour": _text(hour),
        "trip_start_day": _text(day),
        "trip_start_timestamp": _text(timestamp),
        "pickup_latitude": _text(pickup_point[0]),
        "pickup_longitude": _text(pickup_point[1]),
        "dropoff_latitude": _text(dropoff_point[0], ~away),
        "dropoff_longitude": _text(dropoff_point[1], ~away),
        "trip_miles": _text(np.where(random.random(rows) < 0.8, np.round(metered, 1), np.round(metered, 2))),
        "pickup_census_tract": pickup_tract.tolist(),
        "dropoff_census_tract": _text(tract, tract_known),
        "payment_type": payment.tolist(),
        "company": company.tolist(),
        "trip_seconds": _text(seconds, random.random(rows) >= 0.0004),
        "dropoff_community_area": _text(dropoff, ~away & (random.random(rows) >= 0.0016)),
        "tips": _text(np.round(tips, 2)),
    }


def _times(rows: int, random: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Start as seconds since 1970 (a quarter of an hour), month from 1, weekday from 1 (Sunday), hour from 0."""
    first = int(datetime(min(_YEARS), 1, 1, tzinfo=UTC).timestamp()) // _DAY
    last = int(datetime(max(_YEARS) + 1, 1, 1, tzinfo=UTC).timestamp()) // _DAY
    days = np.arange(first, last)
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    months = dates.astype("datetime64[M]").astype(int) % 12
    weekdays = (days + 4) % 7  # the first of January 1970 was a Thursday
    weights = np.array([_YEARS[year] for year in years]) * np.take(_MONTHS, months) * np.take(_WEEKDAYS, weekdays)
    chosen = random.choice(len(days), rows, p=weights / weights.sum())
    hour = random.choice(24, rows, p=np.array(_HOURS) / np.sum(_HOURS))
    timestamp = days[chosen] * _DAY + hour * 3600 + random.integers(0, 4, rows) * _QUARTER
    return timestamp, months[chosen] + 1, weekdays[chosen] + 1, hour


def _areas(rows: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Community areas of pickup and dropoff: mostly downtown, and often the same twice."""
    known = np.array(list(_AREAS))
    others = np.setdiff1d(np.arange(1, 78), known)
    areas = np.concatenate([known, others])
    shares = np.array(list(_AREAS.values()))[:, :2]
    rest = np.tile((1 - shares.sum(axis=0)) / len(others), (len(others), 1))
    weights = np.vstack([shares, rest])
    weights /= weights.sum(axis=0)
    pickup = random.choice(areas, rows, p=weights[:, 0])
    dropoff = random.choice(areas, rows, p=weights[:, 1])
    stays = (random.random(rows) < 0.22) & ~np.isin(pickup, _AIRPORTS)
    return pickup, np.where(stays, pickup, dropoff)


def _points(areas: Array, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Latitude and longitude of one of the few points that stand for places in each area, and the point's number."""
    latitude, longitude, count = np.empty(78), np.empty(78), np.ones(78, dtype=int)
    for area in range(78):
        if area in _AREAS:
            _, _, latitude[area], longitude[area], count[area] = _AREAS[area]
        else:  # the quiet quarters, laid out over the west and south of the city
            latitude[area] = 41.70 + (area * 37 % 78) / 78 * 0.27
            longitude[area] = -87.80 + (area * 53 % 78) / 78 * 0.22
    point = np.minimum(random.geometric(0.18, len(areas)) - 1, count[areas] - 1)
    angle = (areas * 7 + point * 2.4) % (2 * np.pi)
    reach = 0.0035 * np.sqrt(point)
    return (
        np.round(latitude[areas] + reach * np.sin(angle), 9),
        np.round(longitude[areas] + reach * np.cos(angle), 9),
        point + 1,
    )


def _journeys(start: tuple[Array, ...], end: tuple[Array, ...], random: np.random.Generator) -> tuple[Array, ...]:
    """Miles, seconds (full minutes) and dollars of fare (ending in 5 cents, as the meter does)."""
    rows = len(start[0])
    north, east = (end[0] - start[0]) * 69.0, (end[1] - start[1]) * 51.4
    miles = np.hypot(north, east) * 1.22 * random.lognormal(0, 0.12, rows) + random.exponential(0.35, rows)
    minutes = (2.0 + 3.6 * miles**0.80) * random.lognormal(0, 0.28, rows)
    seconds = np.maximum(np.round(minutes), 1) * 60
    fare = 3.25 + 1.8 * miles + 0.08 * minutes
    fare = np.round(fare * 5) / 5 + 0.05
    # Trips that were never driven, and a few that the meter got badly wrong.
    empty = random.random(rows) < 0.032
    fare = np.where(empty, np.where(random.random(rows) < 0.93, 3.25, 0.0), fare)
    seconds = np.where(empty, 0, seconds)
    miles = np.where(empty, 0, miles)
    wrong = random.choice(rows, max(1, rows // 5000), replace=False)
    fare[wrong[:1]] = 700.07
    miles[wrong] *= 100
    seconds[wrong] *= 20
    return miles, seconds.astype(int), fare


def _metered_miles(miles: Array, company: Array, random: np.random.Generator) -> Array:
    """The miles as reported: some companies' meters say zero for two trips in five."""
    silent = np.where(company == "", 0.03, 0.38)
    return np.where(random.random(len(miles)) < silent, 0.0, miles)


def _companies(rows: int, random: np.random.Generator) -> Array:
    names = [
        *_COMPANIES,
        *(f"{1000 + 97 * number} - {20000 + 1013 * number} Cab Co" for number in range(_SMALL_COMPANIES)),
    ]
    weights = np.array([*_COMPANIES.values(), *([0.0] * _SMALL_COMPANIES)])
    weights[len(_COMPANIES) :] = (1 - weights.sum()) / _SMALL_COMPANIES
    return np.array(names, dtype=object)[random.choice(len(names), rows, p=weights)]


def _payments(fare: Array, timestamp: Array, hour: Array, random: np.random.Generator) -> Array:
    """Cards for dearer trips, and more of them each year."""
    years = (timestamp - timestamp.min()) / (365 * _DAY)
    odds = -1.75 + 0.30 * years + 0.042 * np.minimum(fare, 40) - 1.5 * (fare < 4) + 0.15 * np.isin(hour, (8, 9, 16, 18))
    card = random.random(len(fare)) < 1 / (1 + np.exp(-odds))
    payment = np.where(card, "Credit Card", "Cash").astype(object)
    rare = random.random(len(fare))
    for name, upto in (
        ("Prcard", 0.00007),
        ("Pcard", 0.00027),
        ("Dispute", 0.00054),
        ("Unknown", 0.0025),
        ("No Charge", 0.0079),
    ):
        payment[(rare < upto) & (payment != "Prcard") & np.isin(payment, ("Cash", "Credit Card"))] = name
    return payment


def _tips(fare: Array, payment: Array, hour: Array, pickup: Array, random: np.random.Generator) -> Array:
    """Dollars of tip: nothing in cash, a round sum or a share of the fare by card."""
    rows = len(fare)
    share = random.choice([0.10, 0.15, 0.2051, 0.25, 0.30, 0.40], rows, p=[0.06, 0.08, 0.38, 0.28, 0.15, 0.05])
    dollars = np.where(fare < 6, random.choice([1.0, 2.0], rows, p=[0.17, 0.83]), 2.0)
    dollars = np.where(fare > 11, random.choice([2.0, 3.0], rows, p=[0.6, 0.4]), dollars)
    dollars = np.where(fare > 20, random.choice([4.0, 5.0, 10.0], rows, p=[0.3, 0.4, 0.3]), dollars)
    round_sum = random.random(rows) < np.where(fare > 20, 0.25, 0.62)
    tip = np.where(round_sum, dollars, np.round(share * fare, 2))
    # Early risers and travellers to and from the west and south give less often.
    stingy = 0.04 + 0.06 * np.isin(hour, (4, 5, 7, 8)) + 0.10 * ~np.isin(pickup, (8, 32, 6, 7, 76, 56, 28, 24))
    tip = np.where(random.random(rows) < stingy, 0.0, tip)
    records = (payment == "Credit Card") | ((payment == "Unknown") & (random.random(rows) < 0.28))
    return np.where(records & (fare > 0), np.minimum(tip, 50.0), 0.0)


def _text(values: Array, present: Array | None = None) -> list[str]:
    shown = values.astype(str).astype(object)
    if present is not None:
        shown[~present] = ""
    return list(shown.tolist())
