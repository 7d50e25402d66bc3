"""Recorded answers in the forms that people have at hand -> Transcript.

A raw HTTP/1 answer (`curl -i`), an entry of a HAR file (the browser's network log), and a case of
the failure corpus. Pure: reads values that were read from files elsewhere, and opens none itself.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping

from proxy.diagnosis.transcript import Transcript
from proxy.model import Headers

INTERIM = range(100, 200)
CONNECTED = b"connection established"
"""The reason of a corporate proxy's own answer to CONNECT, which curl prints too."""


class NotAnAnswerError(ValueError):
    """What was given is no recorded answer; says why."""


def raw_answer(data: bytes, provider: str = "", *, stream: bool = False) -> Transcript:
    """Read a raw HTTP/1 answer; interim answers before it are skipped. Raises NotAnAnswerError."""
    head, _, body = _parted(data)
    lines = head.splitlines()
    words = lines[0].split(None, 2) if lines else []
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004
        raise NotAnAnswerError(
            "it does not begin with a status line, as `HTTP/1.1 502 Bad Gateway`"
        )
    status = int(words[1][:3])
    if status in INTERIM or (CONNECTED in lines[0].lower() and body.startswith(b"HTTP/")):
        return raw_answer(body, provider, stream=stream)
    headers = tuple(
        (name.strip(), value.strip())
        for name, colon, value in (line.partition(b":") for line in lines[1:])
        if colon
    )
    chunked = any(
        name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
        for name, value in headers
    )
    return Transcript(
        status=status,
        headers=headers,
        body=_joined(body) if chunked else body,
        provider=provider,
        stream=stream,
    )


def har_answer(tree: object, provider: str = "") -> Transcript:
    """Read a HAR file or one entry of it: of several, the last that failed.

    Raises NotAnAnswerError.
    """
    entry = _entry(tree)
    response = _tree(entry.get("response"))
    status = response.get("status")
    if not isinstance(status, int):
        raise NotAnAnswerError("it has no `response` with a `status`, as a HAR entry has")
    content = _tree(response.get("content"))
    text = str(content.get("text") or "")
    fields = response.get("headers")
    headers: Headers = tuple(
        (_bytes(field.get("name")), _bytes(field.get("value")))
        for field in (fields if isinstance(fields, list) else [])
        if isinstance(field, dict) and str(field.get("name")).lower() != "content-encoding"
    )
    try:
        body = b64decode(text) if content.get("encoding") == "base64" else text.encode()
    except binascii.Error as error:
        raise NotAnAnswerError("its `content` is no base64") from error
    return Transcript(status=status or None, headers=headers, body=body, provider=provider)


def corpus_answer(case: Mapping[str, object]) -> Transcript | None:
    """Read a case of the failure corpus; None for one that has only prose."""
    status, body = case.get("status"), case.get("body")
    if status is None and body is None:
        return None
    headers = _tree(case.get("headers"))
    return Transcript(
        status=status if isinstance(status, int) else None,
        headers=tuple((_bytes(name), _bytes(value)) for name, value in headers.items()),
        body=_bytes(body),
        provider=str(case.get("provider") or ""),
        stream=case.get("stream") is True,
        phase=str(case.get("phase") or ""),
        wire=str(case.get("wire") or ""),
    )


def _parted(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Part head and body at the first empty line, whichever line ends are used."""
    crlf, lf = data.find(b"\r\n\r\n"), data.find(b"\n\n")
    return data.partition(b"\n\n" if crlf < 0 or 0 <= lf < crlf else b"\r\n\r\n")


def _joined(body: bytes) -> bytes:
    """Join the chunks of a body; one that is not chunked, or cut, gives what can be read."""
    found: list[bytes] = []
    rest = body
    while True:
        size, line, after = rest.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            return b"".join(found) if found else body
        if not line or length <= 0:
            return b"".join(found)
        found.append(after[:length])
        rest = after[length + 2 :]


def _entry(tree: object) -> dict[str, object]:
    entries = _tree(_tree(tree).get("log")).get("entries")
    if not isinstance(entries, list):
        return _tree(tree)
    found = [_tree(entry) for entry in entries]
    failed = [entry for entry in found if not _succeeded(entry)]
    return (failed or found or [{}])[-1]


def _succeeded(entry: dict[str, object]) -> bool:
    status = _tree(entry.get("response")).get("status")
    return isinstance(status, int) and 200 <= status < 300  # noqa: PLR2004 - HTTP's success class


def _tree(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _bytes(value: object) -> bytes:
    return b"" if value is None else str(value).encode("utf-8", "replace")
