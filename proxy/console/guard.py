"""What stands on every answer of the console, and who gets one at all.

Knows the door and the fields that browsers obey; nothing of what is shown.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from proxy.console.door import Door

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "faultline",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer (control S21)."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def doorkeeper(door: Callable[[], Door]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that asks the door of the moment."""

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        fields = {name.lower(): value for name, value in request.raw_headers}
        refusal = door().refusal(request.method, request.path, fields)
        if refusal is None:
            return await handler(request)
        answer = web.Response(text=refusal.message + "\n", status=refusal.status)
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = 'Basic realm="faultline", charset="UTF-8"'
        if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = "GET, HEAD"
        return answer

    return keep


async def guard(_: web.Request, response: web.StreamResponse) -> None:
    """Put the guards on an answer that is about to go."""
    response.headers.update(GUARDS)
