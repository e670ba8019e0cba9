"""Push destinations: where a model goes that is good enough. A directory is built in; packages add other schemes."""

from penstock.storage.destinations.destination import PushDestination, Pushed, check_address, destination_of
from penstock.storage.destinations.directory import Directory

__all__ = ["Directory", "PushDestination", "Pushed", "check_address", "destination_of"]
