"""Connections to places that a stranger named: to public addresses only.

A name is judged by what it resolves to at the moment it is dialled, and what was judged is what is dialled: a name that
was harmless when its document was read may lead inside by the time of a call (DNS rebinding).
"""

import asyncio
from collections.abc import Iterable, Sequence

import httpcore

from bridge.egress.address import Address, check_address
from bridge.egress.dial import Resolver, system_resolver


class Public(httpcore.AsyncNetworkBackend):
    def __init__(
        self,
        resolver: Resolver = system_resolver,
        network: httpcore.AsyncNetworkBackend | None = None,
        *,
        allow_private: bool = False,
    ) -> None:
        """`allow_private` opens private networks too; what stays closed even then: `address`."""
        self._allow_private = allow_private
        self._resolver = resolver
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                return await self._first(await self._checked(host, port), port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        """Every address must be fit to be called: one bad one among good ones is how rebinding begins."""
        try:
            addresses = await asyncio.to_thread(self._resolver, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} does not resolve") from error
        for address in addresses:
            if reason := check_address(address, allow_private=self._allow_private):
                raise httpcore.ConnectError(f"{host} is {reason}")
        return addresses

    async def _first(
        self,
        addresses: Sequence[Address],
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        """The first that can be had, in their order. One that is silent leaves time for the next."""
        failure: Exception = httpcore.ConnectError("there is no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, _EACH, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


_EACH = 2.0
