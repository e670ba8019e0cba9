"""The taxi example's data: made up, taken from a file, or fetched from the portal."""

from __future__ import annotations

import csv
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from click.testing import CliRunner, Result

from penstock.dsl.user_code import load_module

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "chicago_taxi"
TRIPS = 25


@pytest.fixture(scope="module")
def data() -> ModuleType:
    """The example's data.py."""
    return load_module(EXAMPLE / "data.py")


@pytest.fixture
def command(data: ModuleType, tmp_path: Path) -> Any:
    """Runs data.py with arguments, writing to a directory of the test's."""

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(data.main, [*arguments, "--output", str(tmp_path / "data" / "trips.csv")])

    return command


@pytest.fixture(scope="module")
def synthetic(data: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The synthetic trips as the pipeline reads them."""
    path = tmp_path_factory.mktemp("synthetic") / "trips.csv"
    assert CliRunner().invoke(data.main, ["--output", str(path)]).exit_code == 0
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))


def test_the_synthetic_sample_is_the_same_each_time(command: Any, tmp_path: Path) -> None:
    """The bytes depend on rows and seed alone, and it says that they are made up."""
    path = tmp_path / "data" / "trips.csv"
    result = command("--rows", "500")
    assert "500 SYNTHETIC trips" in result.output
    first = path.read_bytes()
    command("--rows", "500", "--force")
    assert path.read_bytes() == first
    command("--rows", "500", "--force", "--seed", "1")
    assert path.read_bytes() != first


def test_a_file_that_is_there_is_kept(command: Any, tmp_path: Path) -> None:
    """Only --force writes anew."""
    path = tmp_path / "data" / "trips.csv"
    path.parent.mkdir()
    path.write_text("mine")
    assert "kept" in command().output
    assert path.read_text() == "mine"


def test_synthetic_trips_agree_with_themselves(synthetic: pa.Table) -> None:
    """Month, weekday and hour are those of the timestamp; cash trips record no tips; places fit their areas."""
    start = pc.cast(synthetic["trip_start_timestamp"], pa.timestamp("s"))
    assert synthetic["trip_start_hour"].equals(pc.hour(start))
    assert synthetic["trip_start_month"].equals(pc.month(start))
    assert synthetic["trip_start_day"].equals(pc.day_of_week(start, count_from_zero=False, week_start=7))
    cash = synthetic.filter(pc.equal(synthetic["payment_type"], "Cash"))
    assert pc.sum(cash["tips"]).as_py() == 0
    names = ("pickup_community_area", "pickup_latitude", "pickup_longitude")
    places = set(zip(*(synthetic[name].to_pylist() for name in names), strict=True))
    assert len({place[1:] for place in places}) == len(places), "no point lies in two areas"


def test_synthetic_trips_are_like_the_published_ones(synthetic: pa.Table, taxi_csv: Path) -> None:
    """Columns and types, gaps, shares of values, and quantiles stay close to those of the real trips."""
    real = pyarrow.csv.read_csv(taxi_csv, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    assert synthetic.schema == real.schema
    assert synthetic.num_rows == real.num_rows
    for name in real.column_names:
        gaps = [table[name].null_count / table.num_rows for table in (real, synthetic)]
        assert gaps[1] == pytest.approx(gaps[0], abs=0.01), name
    for name in ("payment_type", "company", "trip_start_hour", "trip_start_month", "trip_start_day"):
        assert distance(shares(real[name]), shares(synthetic[name])) < 0.05, name
    for name in ("pickup_community_area", "dropoff_community_area"):
        assert distance(shares(real[name]), shares(synthetic[name])) < 0.15, name
    points = [0.05, 0.25, 0.5, 0.75, 0.95]
    for name, slack in (
        ("fare", 2.5),
        ("trip_seconds", 200),
        ("trip_miles", 1.8),
        ("tips", 0.5),
        ("pickup_latitude", 0.02),
    ):
        quantiles = [pc.quantile(table[name], points).to_numpy() for table in (real, synthetic)]
        np.testing.assert_allclose(quantiles[1], quantiles[0], atol=slack, err_msg=name)
    assert positives(synthetic) == pytest.approx(positives(real), abs=0.02)


def shares(column: pa.ChunkedArray) -> dict[Any, float]:
    """The share of each value."""
    return {pair["values"]: pair["counts"] / len(column) for pair in pc.value_counts(column).to_pylist()}


def distance(one: dict[Any, float], other: dict[Any, float]) -> float:
    """The greatest difference between two distributions (L-infinity)."""
    return max(abs(one.get(value, 0) - other.get(value, 0)) for value in {**one, **other})


def positives(trips: pa.Table) -> float:
    """The share of trips that were tipped well."""
    return float(pc.mean(pc.greater(trips["tips"], pc.multiply(trips["fare"], 0.2))).as_py())


def test_a_file_of_yours_is_copied(command: Any, synthetic: pa.Table, tmp_path: Path) -> None:
    """With --path the file is used as it is."""
    mine = tmp_path / "mine.csv"
    pyarrow.csv.write_csv(synthetic.slice(0, 10), mine)
    assert command("--path", str(mine)).exit_code == 0
    assert (tmp_path / "data" / "trips.csv").read_bytes() == mine.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "There is no file"), ("fare,tips\n1,2\n", "trips.csv:1: the header lacks pickup_community_area")],
)
def test_a_file_without_the_columns_is_refused(command: Any, tmp_path: Path, content: str | None, message: str) -> None:
    """The error names the file, its line and the columns."""
    mine = tmp_path / "trips.csv"
    if content:
        mine.write_text(content)
    result = command("--path", str(mine))
    assert result.exit_code == 1
    assert message in result.output


def test_help_teaches(command: Any) -> None:
    """The three ways are in the help, with what each does."""
    text = command("--help").output
    assert all(
        word in text for word in ("synthetic sample", "--path trips.csv", "--download", "goes on where it stopped")
    )


@dataclass
class Portal:
    """A data portal in this process: trips, and the answers it gives instead of the next pages."""

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    troubles: list[tuple[int, bytes]] = field(default_factory=list)
    fails_at: str = ""


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, data: ModuleType) -> Iterator[Portal]:
    """A local server that answers as the City of Chicago's does, with 25 trips."""
    state = Portal()
    trips = [
        {
            "trip_start_timestamp": f"2016-02-{number + 1:02}T13:45:00.000",
            "trip_seconds": str(60 * number),
            "trip_miles": "1.5",
            "pickup_census_tract": "17031320100",
            "pickup_community_area": "32",
            "fare": f"{number}.25",
            "tips": "2",
            "payment_type": "Credit Card",
            "company": 'Cab, "The" Company',
            "pickup_centroid_latitude": "41.88",
            "pickup_centroid_longitude": "-87.62",
        }
        for number in range(TRIPS)
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(address.query))
            state.asked.append({"path": address.path, **query})
            first, count = int(query["$offset"]), int(query["$limit"])
            status, body = 200, json.dumps(trips[first : first + count]).encode()
            if state.troubles:
                status, body = state.troubles.pop(0)
            if query["$offset"] == state.fails_at:
                status, body = 400, b'{"message": "no such column"}'
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    portal_module = data.download.__globals__
    monkeypatch.setitem(portal_module, "PAGE_ROWS", 10)
    monkeypatch.setitem(portal_module, "FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.delenv("SODA_APP_TOKEN", raising=False)
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_trips_come_page_by_page_in_our_columns(command: Any, portal: Portal, tmp_path: Path) -> None:
    """Columns are renamed, times taken apart, what the portal leaves out stays empty, and pages ordered."""
    result = command("--download", "--rows", "23", "--base-url", portal.url, "--where", "fare > 1")
    assert "Wrote 23 trips" in result.output
    trips = rows(tmp_path / "data" / "trips.csv")
    assert len(trips) == 23
    assert trips[6] == {
        "pickup_community_area": "32",
        "fare": "6.25",
        "trip_start_month": "2",
        "trip_start_hour": "13",
        "trip_start_day": "1",  # 7 February 2016 was a Sunday
        "trip_start_timestamp": "1454852700",
        "pickup_latitude": "41.88",
        "pickup_longitude": "-87.62",
        "dropoff_latitude": "",
        "dropoff_longitude": "",
        "trip_miles": "1.5",
        "pickup_census_tract": "17031320100",
        "dropoff_census_tract": "",
        "payment_type": "Credit Card",
        "company": 'Cab, "The" Company',
        "trip_seconds": "360",
        "dropoff_community_area": "",
        "tips": "2",
    }
    assert [(page["path"], page["$limit"], page["$offset"]) for page in portal.asked] == [
        ("/resource/wrvz-psew.json", "10", "0"),
        ("/resource/wrvz-psew.json", "10", "10"),
        ("/resource/wrvz-psew.json", "3", "20"),
    ]
    assert {(page["$order"], page["$where"]) for page in portal.asked} == {(":id", "fare > 1")}


def test_fewer_trips_than_asked_are_fine(command: Any, portal: Portal, tmp_path: Path) -> None:
    """The portal's last page ends the download."""
    assert "Wrote 25 trips" in command("--download", "--rows", "100", "--base-url", portal.url).output
    assert len(rows(tmp_path / "data" / "trips.csv")) == TRIPS


def test_a_page_is_tried_again(command: Any, portal: Portal) -> None:
    """A portal that is busy for a moment does not end the download."""
    portal.troubles = [(429, b"slow down"), (503, b""), (200, b"<html>")]
    assert "Wrote 20 trips" in command("--download", "--rows", "20", "--base-url", portal.url).output
    assert [page["$offset"] for page in portal.asked] == ["0", "0", "0", "0", "10"]


def test_an_interrupted_download_goes_on(command: Any, portal: Portal, tmp_path: Path) -> None:
    """What was fetched is kept, half a line is not, and the rest alone is asked for; the file is whole in the end."""
    arguments = ("--download", "--rows", "25", "--base-url", portal.url)
    assert command(*arguments).exit_code == 0
    whole = (tmp_path / "data" / "trips.csv").read_bytes()
    (tmp_path / "data" / "trips.csv").unlink()
    portal.asked.clear()

    portal.fails_at = "10"
    failed = command(*arguments)
    assert failed.exit_code == 1
    assert "answered 400" in failed.output
    assert "no such column" in failed.output
    assert "10 trips are safe; the same command goes on from there" in failed.output
    part = tmp_path / "data" / "trips.csv.part"
    with part.open("a") as file:
        file.write("32,7.2")
    portal.asked.clear()
    portal.fails_at = ""
    assert command(*arguments).exit_code == 0
    assert [page["$offset"] for page in portal.asked] == ["10", "20"]
    assert (tmp_path / "data" / "trips.csv").read_bytes() == whole
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["trips.csv"]


def test_another_request_starts_anew(command: Any, portal: Portal) -> None:
    """What an interrupted download left is only used for the same question."""
    portal.fails_at = "10"
    assert command("--download", "--rows", "25", "--base-url", portal.url).exit_code == 1
    portal.asked.clear()
    command("--download", "--rows", "25", "--base-url", portal.url, "--where", "fare > 3")
    assert portal.asked[0]["$offset"] == "0"


def test_a_portal_that_is_not_there_says_so(command: Any, data: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the address and what is safe."""
    monkeypatch.setitem(data.download.__globals__, "FIRST_WAIT_SECONDS", 0.0)
    result = command("--download", "--base-url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "http://127.0.0.1:9/resource/wrvz-psew.json cannot be reached" in result.output
