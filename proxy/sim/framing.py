"""HTTP/1.1 in bytes, as small as a simulated provider needs it: heads, chunks, request heads.

Pure functions. This module must never check what it writes: to be wrong on purpose is its use.
"""

from proxy.model import Headers, header

LAST_CHUNK = b"0\r\n\r\n"

REASONS = {
    100: "Continue",
    101: "Switching Protocols",
    103: "Early Hints",
    200: "OK",
    202: "Accepted",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    529: "Site is overloaded",
}


def head(status: int, headers: Headers) -> bytes:
    """Return a status line and fields, the empty line included."""
    line = f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\n".encode()
    return line + b"".join(b"%b: %b\r\n" % field for field in headers) + b"\r\n"


def reply(status: int, headers: Headers, body: bytes) -> bytes:
    """Return a whole answer with a true Content-Length."""
    return head(status, (*headers, (b"content-length", b"%d" % len(body)))) + body


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def parse_head(raw: bytes) -> tuple[str, str, Headers]:
    """Return method, target and fields of a request head that ends with an empty line.

    Raises ValueError where the bytes are not such a head.
    """
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, version = first.decode("latin-1").split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not HTTP/1: {first!r}")
    fields = (line.partition(b":") for line in lines)
    return method, target, tuple((name, value.strip()) for name, _, value in fields)


def body_length(headers: Headers) -> int | None:
    """Return the length of a request's body; None: it is chunked."""
    if (header(headers, b"transfer-encoding") or b"").lower() == b"chunked":
        return None
    return int(header(headers, b"content-length") or b"0")
