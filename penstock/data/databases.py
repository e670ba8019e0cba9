"""Databases as a source: their URLs, in which passwords are variables, and connections that only read.

A URL is SQLAlchemy's. ``${NAME}`` stands for a variable of the environment where the rows are read: as user, password,
host, database or the value of an option, or as the whole URL. What a variable holds is never written anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, PenstockError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

__all__ = ["check_url", "connected", "shown"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SECRET = re.compile(r"password|passwd|pwd|secret|token|key$", re.IGNORECASE)
_EXAMPLE = "Expected is a URL of SQLAlchemy's: postgresql://reader:${TRIPS_PASSWORD}@host/database, sqlite:///trips.db."


def check_url(url: str) -> None:
    """Refuses what is no URL, and passwords that stand in one: they would be stored with the run.

    Raises:
        UsageError: It is not usable; no part of it is shown.
    """
    if _VARIABLE.fullmatch(url):
        return
    parsed = _parsed(url)
    written: list[tuple[str, Any]] = [("password", parsed.password)]
    written += [(name, value) for name, value in parsed.query.items() if _SECRET.search(name) and name != "sslkey"]
    for name, value in written:
        if value is not None and not (isinstance(value, str) and re.fullmatch(r"\$\{\w+\}", value)):
            raise UsageError(
                f"The URL of the database holds a {name}, which would be stored with the run.",
                hint="Write a variable of the environment in its place: ${TRIPS_PASSWORD}.",
            )


def shown(url: str) -> str:
    """The URL with its variables replaced, without passwords: what is recorded and what people see."""
    whole = _expanded(url)
    query = {name: value for name, value in whole.query.items() if not _SECRET.search(name)}
    return whole.set(query=query)._replace(password=None).render_as_string()


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that reads, in one transaction; whatever was changed is rolled back.

    In PostgreSQL and SQLite nothing can be changed at all; in PostgreSQL all queries see the same state of the data.

    Raises:
        UsageError: There is no driver for the URL.
        DataError: The database refuses.
    """
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    whole = _expanded(url)
    backend = whole.get_backend_name()
    try:
        engine = sa.create_engine(whole, poolclass=NullPool)
    except sa.exc.NoSuchModuleError:
        raise UsageError(f"SQLAlchemy knows no database {whole.drivername!r}.", hint=_EXAMPLE) from None
    except ModuleNotFoundError as error:
        extra = "pip install 'penstock[postgres]'" if backend == "postgresql" else f"pip install {error.name}"
        raise UsageError(
            f"The driver {error.name!r} for {backend} databases is not installed.", hint=f"Install it: {extra}"
        ) from None
    if backend == "sqlite" and not (whole.database and (":" in whole.database or Path(whole.database).is_file())):
        raise DataError(f"There is no SQLite database at {whole.database!r}.", path=shown(url), hint=_EXAMPLE)
    try:
        with engine.connect() as connection:
            if backend == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            elif backend == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection  # its end rolls back
    except sa.exc.SQLAlchemyError as error:
        raise _refusal(url, error) from None
    finally:
        engine.dispose()


def _refusal(url: str, error: Any) -> PenstockError:
    """What a database said, without passwords; what did not reach it may succeed later."""
    import sqlalchemy as sa

    said = " ".join(str(getattr(error, "orig", None) or error).split())
    for secret in _secrets(url):
        said = said.replace(secret, "***")
    hint = "The query is under data: try it in the database's own shell."
    lost = isinstance(error, sa.exc.OperationalError) and (error.statement is None or error.connection_invalidated)
    if lost:
        hint = "Does the database run, may this machine connect, are user, password and database right?"
    return DataError(f"The database refuses: {said[:500]}", hint=hint, path=shown(url), retryable=lost)


def _parsed(url: str) -> URL:
    import sqlalchemy as sa

    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise UsageError(
            "This is no URL of a database; it is not shown, as it may hold a password.", hint=_EXAMPLE
        ) from None


def _expanded(url: str) -> URL:
    if _VARIABLE.fullmatch(url):
        return _parsed(_filled(url))
    parsed = _parsed(url)
    parts = {
        name: _filled(value)
        for name in ("username", "password", "host", "database")
        if (value := getattr(parsed, name))
    }
    query = {name: _filled(value) if isinstance(value, str) else value for name, value in parsed.query.items()}
    return parsed.set(**parts, query=query)  # type: ignore[arg-type]  # one dict cannot say each part's own type


def _filled(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], match[2])
        if found is None:
            raise UsageError(
                f"The URL of the database needs the environment variable {match[1]}, which is not set.",
                hint=f"Run `export {match[1]}=...` first.",
            )
        return found

    return _VARIABLE.sub(value, text)


def _secrets(url: str) -> list[str]:
    whole = _expanded(url)
    values = [whole.password, *(value for name, value in whole.query.items() if _SECRET.search(name))]
    return [value for value in values if isinstance(value, str) and value]
