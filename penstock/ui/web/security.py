"""What every request must pass, and what every answer carries: no foreign hosts, no foreign content.

A page of somebody else's in the user's browser can reach a server on this machine by having its own name resolve to
127.0.0.1 (DNS rebinding). Its requests then carry that name as their Host, so only known names are answered. An
address written in digits cannot be rebound.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PAGE_POLICY", "PREVIEW_POLICY", "Guard", "host_name", "is_loopback", "policy_with"]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For our own pages: no inline script or style, nothing from elsewhere."""

PREVIEW_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; media-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""For what a component wrote: it may run, in an origin of its own, and can neither read nor reach anything."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": PAGE_POLICY,
}


def policy_with(styles: str, scripts: str) -> str:
    """The policy of a page of ours that holds one inline style and one inline script, each named by its hash."""
    return PAGE_POLICY.replace("style-src 'self'", f"style-src 'self' {styles}").replace(
        "script-src 'self'", f"script-src 'self' {scripts}"
    )


def host_name(header: str) -> str:
    """The name in a Host header, without its port and in lower case; empty if it is none.

    >>> host_name("Localhost:8080"), host_name("[::1]:80"), host_name("a b")
    ('localhost', '::1', '')
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?", header.strip())
    return (found[1] or found[2]).lower() if found else ""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class Guard:
    """Answers only requests for known hosts, and adds the headers of a safe page to each answer.

    Args:
        app: What answers.
        hosts: Names under which it may be asked, besides ``localhost`` and the addresses of this machine's loopback.
        any_address: Answer to every address written in digits: for servers that listen to the network.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), *, any_address: bool = False) -> None:
        self.app = app
        self.hosts = {"localhost", *(host.lower() for host in hosts)}
        self.any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        given = Headers(scope=scope).getlist("host")
        if len(given) == 1 and self._knows(host_name(given[0])):
            await self.app(scope, receive, with_headers)
            return
        refusal = PlainTextResponse(
            "This server does not answer under that name.\n"
            "Open the address that `penstock ui` printed, or give it the name: penstock ui --host NAME\n",
            status_code=421,
        )
        await refusal(scope, receive, with_headers)

    def _knows(self, name: str) -> bool:
        address = _address(name)
        return name in self.hosts or (address is not None and (self.any_address or address.is_loopback))
