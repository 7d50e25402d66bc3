"""Server-sent events: where one ends, and what it carries.

Knows the framing of https://html.spec.whatwg.org/multipage/server-sent-events.html and the ways
in which servers break it. It never knows what a payload means.
"""

import re

END = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
"""The end of an event: a line's end, and an empty line. Atomic: a CRLF is never taken for two."""
_LINE = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


def parse(frame: bytes) -> tuple[bytes, bytes | None]:
    """Return an event's name (empty: it has none) and its payload.

    The payload is None where there is nothing to read: comments, empty lines, other fields. One
    invention counts as an event of the name `error`: llama.cpp's own field of that name.
    """
    name, data = b"", []
    for line in _LINE.split(frame.removeprefix(_BOM)):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
        elif field == b"error":
            return b"error", value.removeprefix(b" ")
    return name, b"\n".join(data) if data else None


def bare_json(frame: bytes) -> bytes | None:
    """Return the JSON that some servers send in the place of an event, without any field."""
    bare = frame.strip()
    return bare if bare[:1] in {b"{", b"["} else None
