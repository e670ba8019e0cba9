"""Killing writers, and reading a store independently of Penstock: which executions there are, each of them whole."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.metadata import Store
from tests.metadata.killed_writer import OUTPUTS
from tests.postgres import Server

WRITER = Path(__file__).with_name("killed_writer.py")
RUNNING, COMPLETE, FAILED, CACHED = 2, 3, 4, 5
INPUT, OUTPUT = 3, 4

Query = Callable[[str], Iterable[Sequence[Any]]]


@dataclass
class Acknowledged:
    """What writers were told is in the store.

    Attributes:
        begun: The ids of executions with the number that each has and what it reads.
        ended: How each ended: the act, and what it made or reused.
    """

    begun: dict[int, tuple[int, list[int]]] = field(default_factory=dict)
    ended: dict[int, tuple[str, list[int]]] = field(default_factory=dict)

    def note(self, lines: Iterable[bytes]) -> None:
        """Takes the lines of one writer."""
        for line in lines:
            act, execution_id, number, artifacts = json.loads(line)
            if act == "begun":
                self.begun[execution_id] = (number, artifacts)
            else:
                self.ended[execution_id] = (act, artifacts)


def kill_writers(
    url: str, kills: int, seed: int, *, after: int = 24, at_once: int = 4, longest: float = 0.02
) -> Acknowledged:
    """Starts writers, several at once, and kills each with SIGKILL at a random moment.

    Args:
        url: The store.
        kills: How many.
        seed: What the moments follow from.
        after: The most that a writer says, besides that it was imported, before its moment is awaited.
        at_once: How many there are at a time.
        longest: The most seconds that it is then waited.
    """
    random_ = random.Random(seed)
    moments = [(random_.randint(0, after), random_.uniform(0, longest)) for _ in range(kills)]

    def kill_one(number: int) -> list[bytes]:
        said, seconds = moments[number]
        with _writer(url, f"w{seed}.{number}") as writer:
            lines = _hear(writer, said)
            time.sleep(seconds)
            writer.kill()
            out, error = writer.communicate()
            assert (writer.returncode, error) == (-9, b""), error.decode()
        return lines + out.splitlines()

    found = Acknowledged()
    with ThreadPoolExecutor(at_once) as pool:
        for lines in pool.map(kill_one, range(kills)):
            found.note(lines)
    return found


def crash_server(server: Server, url: str, rounds: int, seed: int, *, at_once: int = 4) -> Acknowledged:
    """Crashes a server at random moments while it is written to, and kills the writers when it is back.

    A writer may then have gone on, or have ended with the error that what it was doing was broken off.
    """
    random_ = random.Random(seed)
    found = Acknowledged()
    for number in range(rounds):
        with ExitStack() as stack:
            writers = [stack.enter_context(_writer(url, f"c{seed}.{number}.{at}")) for at in range(at_once)]
            for writer in writers:
                found.note(_hear(writer, 6))
            time.sleep(random_.uniform(0, 0.5))
            server.stop(signal.SIGQUIT)
            server.start()
            time.sleep(random_.uniform(0, 0.5))
            for writer in writers:
                writer.kill()
                out, error = writer.communicate()
                assert writer.returncode == -9 or b"broke the connection off" in error, error.decode()
                found.note(out.splitlines())
    return found


@contextlib.contextmanager
def _writer(url: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A writer that has imported what it needs and is about to open the store."""
    command = [sys.executable, str(WRITER), url, name]
    # Unbuffered, so that what is read line by line and what is read at its end are all there is.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert _hear(process, 1) == [b'["ready"]\n']
        yield process


def _hear(writer: subprocess.Popen[bytes], lines: int) -> list[bytes]:
    """The next lines that a writer says; it is an error that it ends before."""
    assert writer.stdout is not None
    heard = [writer.stdout.readline() for _ in range(lines)]
    assert all(heard), writer.communicate()[1].decode()
    return heard


def executions(query: Query) -> dict[int, dict[str, Any]]:
    """Every execution of writers in a store with what belongs to it; fails where one, or an artifact, is not whole."""
    properties: dict[int, dict[str, Any]] = defaultdict(dict)
    for execution_id, name, number, text in query(
        "SELECT execution_id, name, int_value, string_value FROM ExecutionProperty"
    ):
        properties[execution_id][name] = number if text is None else text
    events = _events(query)
    artifacts = _artifacts(query)
    contexts = _counts(query, "SELECT execution_id, count(*) FROM Association GROUP BY execution_id")
    leases = {row[0] for row in query("SELECT execution_id FROM penstock_lease")}
    own = {row[0]: row[1:] for row in query("SELECT execution_id, run_id, cache_key FROM penstock_execution")}
    metrics = {row[0]: row[1:] for row in query("SELECT execution_id, name, step, value FROM penstock_metric")}
    keys = {row[0]: row[1] for row in query("SELECT key, execution_id FROM penstock_cache")}
    found = {}
    for execution_id, state in query("SELECT id, last_known_state FROM Execution"):
        has = properties[execution_id]
        number, writer = has.pop("number"), has.pop("writer")
        key = f"{writer}.{number}"
        assert contexts[execution_id] == 3
        assert own[execution_id] == (writer, key)
        made = events[execution_id, OUTPUT]
        assert (execution_id in leases) == (state == RUNNING)
        if state in {RUNNING, FAILED}:
            assert made == {}
            assert set(has) == (set() if state == RUNNING else {"penstock.error"})
        else:
            assert state in {COMPLETE, CACHED}
            assert has == {}
            assert list(made) == [("out", at) for at in range(OUTPUTS)]
            for (_, at), artifact_id in made.items():
                assert artifacts[artifact_id] == (writer, number, at)
            maker = keys[key]
            assert made == events[maker, OUTPUT]
            assert metrics[maker] == ("loss", number, number / 7)
        found[execution_id] = {
            "state": state,
            "number": number,
            "inputs": list(events[execution_id, INPUT].values()),
            "outputs": list(made.values()),
        }
    complete = [one for one in found.values() if one["state"] == COMPLETE]
    assert len(artifacts) == OUTPUTS * len(complete)
    assert len(keys) == len(metrics) == len(complete)
    return found


def _events(query: Query) -> dict[tuple[int, int], dict[tuple[Any, ...], int]]:
    """The artifacts by the path of their event, by execution and type of event; every event has a path of two."""
    paths: dict[int, dict[bool, Any]] = defaultdict(dict)
    for event_id, is_index, index, key in query("SELECT event_id, is_index_step, step_index, step_key FROM EventPath"):
        paths[event_id][bool(is_index)] = index if is_index else key
    found: dict[tuple[int, int], dict[tuple[Any, ...], int]] = defaultdict(dict)
    for event_id, artifact_id, execution_id, kind in query(
        "SELECT id, artifact_id, execution_id, type FROM Event ORDER BY id"
    ):
        path = paths.pop(event_id)
        found[execution_id, kind][path[False], path[True]] = artifact_id
    assert not paths
    return found


def _artifacts(query: Query) -> dict[int, tuple[Any, ...]]:
    """The writer, number and place of every artifact, as its properties, its uri and its digest all say."""
    properties: dict[int, dict[str, Any]] = defaultdict(dict)
    for artifact_id, name, *values in query(
        "SELECT artifact_id, name, int_value, double_value, string_value FROM ArtifactProperty"
    ):
        (properties[artifact_id][name],) = (value for value in values if value is not None)
    content = {row[0]: row[1:] for row in query("SELECT artifact_id, digest, size FROM penstock_content")}
    contexts = _counts(query, "SELECT artifact_id, count(*) FROM Attribution GROUP BY artifact_id")
    found = {}
    for artifact_id, uri, state in query("SELECT id, uri, state FROM Artifact"):
        has = properties.pop(artifact_id)
        writer, number, at = has["writer"], has["number"], has["at"]
        assert has == {"writer": writer, "number": number, "at": at, "share": number / 3}
        assert (uri, state) == (f"/kills/{writer}/{number}/{at}", 2)
        assert content.pop(artifact_id) == (f"{writer}.{number}.{at}", at)
        assert contexts[artifact_id] >= 3
        found[artifact_id] = (writer, number, at)
    assert not properties
    assert not content
    return found


def _counts(query: Query, sql: str) -> dict[int, int]:
    return {row[0]: row[1] for row in query(sql)}


def check_acknowledged(acknowledged: Acknowledged, found: dict[int, dict[str, Any]], kills: int) -> None:
    """Everything acknowledged is there, and no more besides than what each writer was doing when it died."""
    states = {"published": COMPLETE, "failed": FAILED, "reused": CACHED}
    for execution_id, (number, read) in acknowledged.begun.items():
        one = found[execution_id]
        assert (one["number"], one["inputs"]) == (number, read)
    for execution_id, (act, made) in acknowledged.ended.items():
        one = found[execution_id]
        assert (one["state"], one["outputs"]) == (states[act], made)
    unknown = found.keys() - acknowledged.begun.keys() - acknowledged.ended.keys()
    running = {execution_id for execution_id, one in found.items() if one["state"] == RUNNING}
    unended = acknowledged.begun.keys() - acknowledged.ended.keys()
    assert len(unknown) <= kills
    assert running - unknown <= unended
    assert len(unended) + len(unknown) <= kills


def check_goes_on(store: Store, found: dict[int, dict[str, Any]]) -> None:
    """Penstock reads the same, and takes what the dead left running for failed."""
    newest = sorted(found)[-200:]
    for execution_id in newest:
        one = store.execution(execution_id)
        assert one.outputs.get("out", []) == found[execution_id]["outputs"]
        assert one.inputs.get("in", []) == found[execution_id]["inputs"]
    running = {execution_id for execution_id, one in found.items() if one["state"] == RUNNING}
    assert set(store.recover().executions) == running
    with store.database.read() as transaction:
        assert transaction.row("SELECT count(*) FROM penstock_lease")[0] == 0
