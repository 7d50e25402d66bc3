"""Read a whole answer that came with a good status: 2xx is not success yet."""

from dataclasses import dataclass

import msgspec

from proxy.model import Api, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a whole answer says of itself."""

    content: bool
    """Whether it holds what the client asked for."""
    reason: str | None = None
    """Why it ended: the finish, stop or block reason, where one is said."""
    failed: bytes | None = None
    """What says that it failed all the same: an error's JSON, or a reason that means one."""
    usage: Usage | None = None


def read_whole(api: Api, body: bytes) -> Whole | None:
    """Return what a whole answer says; None where it is not JSON."""
    try:
        read = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return Whole(content=bool(read))
