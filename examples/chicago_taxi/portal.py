"""Trips from the City of Chicago's data portal, page by page, through its SODA interface.

The dataset is *Taxi Trips (2013-2023)*, ``wrvz-psew``. An interrupted download leaves ``trips.csv.part`` and a note of
what was asked beside it; asked the same again, it goes on there. ``SODA_APP_TOKEN`` in the environment is sent along
if set: the portal slows down strangers.
"""

from __future__ import annotations

import csv
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from trips import COLUMNS

__all__ = ["PORTAL", "DownloadError", "download"]

PORTAL = "https://data.cityofchicago.org"
RESOURCE = "resource/wrvz-psew.json"
PAGE_ROWS = 5_000
TIMEOUT_SECONDS = 120
FIRST_WAIT_SECONDS = 2.0
ATTEMPTS = 4

# Our column: the portal's. The four that are made from the start time come from `_row`.
_PORTAL_COLUMNS = {
    "pickup_community_area": "pickup_community_area",
    "fare": "fare",
    "trip_start_timestamp": "trip_start_timestamp",
    "pickup_latitude": "pickup_centroid_latitude",
    "pickup_longitude": "pickup_centroid_longitude",
    "dropoff_latitude": "dropoff_centroid_latitude",
    "dropoff_longitude": "dropoff_centroid_longitude",
    "trip_miles": "trip_miles",
    "pickup_census_tract": "pickup_census_tract",
    "dropoff_census_tract": "dropoff_census_tract",
    "payment_type": "payment_type",
    "company": "company",
    "trip_seconds": "trip_seconds",
    "dropoff_community_area": "dropoff_community_area",
    "tips": "tips",
}


class DownloadError(Exception):
    """The portal did not give what was asked; says what it answered and how to go on."""


def download(output: Path, rows: int, *, base_url: str = PORTAL, where: str | None = None) -> int:
    """Fetches up to ``rows`` trips to a CSV file and returns how many there were.

    Args:
        output: The file; it appears when all rows are there.
        rows: How many to fetch.
        base_url: The portal's address.
        where: A SoQL filter.

    Raises:
        DownloadError: The portal cannot be reached, refuses, or answers something else than trips.
    """
    part, note = output.with_name(output.name + ".part"), output.with_name(output.name + ".part.json")
    asked = {"url": f"{base_url.rstrip('/')}/{RESOURCE}", "where": where}
    done, size = _resume(part, note, asked, rows)
    with _progress() as progress, part.open("r+" if size else "w", newline="", encoding="utf-8") as file:
        task = progress.add_task("Fetching trips", total=rows, completed=done)
        file.seek(size)
        file.truncate()
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not size:
            writer.writeheader()
        while done < rows:
            wanted = min(PAGE_ROWS, rows - done)
            page = _page(asked, wanted, done)
            writer.writerows(_row(trip) for trip in page)
            file.flush()
            done += len(page)
            note.write_text(json.dumps({**asked, "rows": done, "bytes": file.tell()}))
            progress.update(task, completed=done)
            if len(page) < wanted:
                break
    if not done:
        raise DownloadError(f"The portal has no trips {'where ' + where if where else 'at ' + asked['url']}.")
    part.replace(output)
    note.unlink()
    return done


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


def _resume(part: Path, note: Path, asked: dict[str, str | None], rows: int) -> tuple[int, int]:
    """Rows and bytes that an earlier download of the same left behind; what follows them is a page cut short."""
    try:
        before = json.loads(note.read_text())
        fits = part.stat().st_size >= before["bytes"] and before["rows"] <= rows
    except (OSError, ValueError, KeyError):
        return 0, 0
    if not fits or {name: before.get(name) for name in asked} != asked:
        return 0, 0
    return int(before["rows"]), int(before["bytes"])


def _page(asked: dict[str, str | None], limit: int, offset: int) -> list[dict[str, str]]:
    query = {
        "$select": ",".join(_PORTAL_COLUMNS.values()),
        "$order": ":id",  # without an order, pages may overlap
        "$limit": str(limit),
        "$offset": str(offset),
    }
    if asked["where"]:
        query["$where"] = asked["where"]
    url = f"{asked['url']}?{urllib.parse.urlencode(query)}"
    token = os.environ.get("SODA_APP_TOKEN")
    # The address is the portal's, or what the user put in its place.
    request = urllib.request.Request(url, headers={"X-App-Token": token} if token else {})  # noqa: S310
    resume = f"{offset:,} trips are safe; the same command goes on from there."
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                page = json.load(response)
        except urllib.error.HTTPError as error:
            problem = f"answered {error.code} {error.reason}{_said(error)}"
            if error.code != 429 and error.code < 500:
                break
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            problem = f"cannot be reached: {getattr(error, 'reason', error)}"
        except ValueError as error:
            problem = f"answered something that is not JSON: {error}"
        else:
            if isinstance(page, list):
                return page
            problem = f"answered no list of trips: {str(page)[:200]}"
    raise DownloadError(f"{asked['url']} {problem}.\n{resume}")


def _said(error: urllib.error.HTTPError) -> str:
    """What the portal says of an error, in its JSON's ``message``."""
    try:
        return f" ({str(json.load(error)['message'])[:200]})"
    except (ValueError, KeyError, TypeError, OSError):
        return ""


def _row(trip: dict[str, str]) -> dict[str, str]:
    """A trip in our columns. The portal's times are local and without a zone; the sample counts them as if in UTC."""
    row = {ours: trip.get(theirs, "") for ours, theirs in _PORTAL_COLUMNS.items()}
    start = datetime.fromisoformat(row["trip_start_timestamp"]).replace(tzinfo=UTC)
    row["trip_start_timestamp"] = str(int(start.timestamp()))
    row["trip_start_month"] = str(start.month)
    row["trip_start_hour"] = str(start.hour)
    row["trip_start_day"] = str(start.isoweekday() % 7 + 1)
    return row
