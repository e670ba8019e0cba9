"""A config as a run sees it, for people (YAML) and scripts; secrets are not shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penstock.metadata.location import shown

if TYPE_CHECKING:
    from penstock.config import Config

__all__ = ["effective", "print_settings", "redacted", "redacted_override"]

_SECRET_KEY = re.compile(r"passw|secret|token|credential|api_?key|private_?key", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]+@")
_DATABASE = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_HIDDEN = "***"


def effective(config: Config) -> dict[str, Any]:
    """The values of a config, redacted: name, data, the sections, and the chosen profile."""
    profile = {key: value for key, value in asdict(config.profile).items() if value not in (None, {}, "")}
    data = {key: value for key, value in asdict(config.data).items() if value}
    sections = {name: dict(section) for name, section in config.sections.items()}
    return dict(redacted({"name": config.name, "data": data, **sections, "profile": profile}))


def redacted(value: Any) -> Any:
    """The value without secrets: passwords in URLs, and scalars whose key says that they are secret.

    >>> redacted({"metadata": "postgresql://me:pw@host/db", "api_key": "abc"})
    {'metadata': 'postgresql://me:***@host/db', 'api_key': '***'}
    """
    if isinstance(value, Mapping):
        return {
            key: _HIDDEN if _SECRET_KEY.search(str(key)) and isinstance(item, str) else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        return shown(value) if _DATABASE.match(value) else _URL_PASSWORD.sub(rf"\1:{_HIDDEN}@", value)
    return value


def redacted_override(override: str) -> str:
    """A ``key=value`` without secrets.

    >>> redacted_override("profiles.local.metadata=postgresql://me:p/w@host/db?sslmode=require")
    'profiles.local.metadata=postgresql://me:***@host/db?sslmode=require'
    """
    key, equals, value = override.partition("=")
    return f"{key}{equals}{redacted({key.rpartition('.')[2]: value})[key.rpartition('.')[2]]}"


def print_settings(values: Mapping[str, Any]) -> None:
    """Prints the values as YAML."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = 110
    yaml.dump(dict(values), sys.stdout)
