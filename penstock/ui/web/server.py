"""The server of the pages: takes a port, serves until it is interrupted, and is gone within two seconds."""

from __future__ import annotations

import contextlib
import errno
import socket
import webbrowser
from collections.abc import Callable

from penstock.errors import UsageError
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.security import is_loopback

__all__ = ["address_of", "listen", "serve"]

_GRACE_SECONDS = 1
_PORTS_TRIED = 20
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one.

    Raises:
        UsageError: The port is taken or needs more rights, or the host is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(
            f"{host!r} is no address of this machine ({error.strerror}).", hint="Without --host it is 127.0.0.1."
        ) from error
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise _refused(error, host, port) from error
    return taken


def _refused(error: OSError, host: str, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"Port {port} of {host} is taken by another program.",
            hint=f"Take another one: penstock ui --port {_free_port(host, port + 1)}. Or do these pages run already?",
        )
    if error.errno == errno.EACCES:
        return UsageError(
            f"Port {port} may not be opened by this user.", hint="Take one above 1023, such as --port 8080."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"{host} is no address of this machine.", hint="Without --host it is 127.0.0.1.")
    return UsageError(f"{host}:{port} cannot be opened: {error.strerror}.", hint="Take another --port or --host.")


def _free_port(host: str, first: int) -> int:
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        with contextlib.suppress(OSError), socket.create_server((host, port)):
            return port
    return 0


def address_of(host: str, taken: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    name = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{taken.getsockname()[1]}/"


def serve(
    reader: StoreReader, taken: socket.socket, host: str, *, ready: Callable[[str], None], open_browser: bool = False
) -> None:
    """Serves the pages on a socket until SIGINT or SIGTERM; then open requests have a second to end.

    Args:
        reader: The store.
        taken: What `listen` gave.
        host: What it was asked for: a name there is one that the server answers to.
        ready: Called with the address as soon as pages can be asked for.
        open_browser: Open the address in the user's browser.
    """
    import uvicorn

    from penstock.ui.web.app import create_app

    loopback = is_loopback(host)
    hosts = [host] if loopback else [host, socket.gethostname(), socket.getfqdn()]
    config = uvicorn.Config(
        create_app(reader, hosts=hosts, any_address=not loopback),
        access_log=False,
        lifespan="off",
        log_level="warning",
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    address = address_of(host, taken)
    ready(address)
    if open_browser:
        webbrowser.open(address)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # how one stops it; uvicorn has shut down by then
            uvicorn.Server(config).run(sockets=[taken])
    finally:
        taken.close()
        reader.close()
