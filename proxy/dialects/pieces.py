"""One event of a stream, as going on with a cut stream sees it: its text, and whether it is plain.

Reads the events of three APIs as far as that needs it. Strict on purpose: an event that holds
anything but plain text of the one answer (a tool call, thinking, a refusal, logprobs, a second
block, an unknown field with a value) is *foreign*. What becomes of a foreign event is decided
elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.dialects.signals import Tree, tree
from proxy.model import Api

_CHAT_DELTA = frozenset({"role", "content"})
_TEXT_DELTA = frozenset({"type", "text"})
_SAYS = "response.output_text.delta"
_BEGINS = frozenset(
    {"response.created", "response.queued", "response.in_progress"}
    | {"response.output_item.added", "response.content_part.added"}
)
_ENDS = frozenset(
    {"response.output_text.done", "response.content_part.done", "response.output_item.done"}
    | {"response.completed", "response.incomplete"}
)
_RESPONSE_EVENT = frozenset(
    {"type", "sequence_number", "item_id", "output_index", "content_index"}
    | {"delta", "text", "part", "item", "response"}
    | {"obfuscation"}  # random letters, so that the size of an event does not tell its text
)
_ITEM = frozenset({"type", "id", "role", "status", "content"})


@dataclass(slots=True)
class Piece:
    """One event, as going on sees it."""

    event: Tree
    text: str = ""
    foreign: bool = False
    ends: bool = False
    """Whether no more of the text comes: a finish reason, the end of its block."""


def read_chat(event: Tree) -> Piece:
    """Read one chunk of Chat Completions."""
    choices = event.get("choices")
    if not choices:
        return Piece(event)  # usage, or what Azure found out about the prompt
    if not isinstance(choices, list) or len(choices) > 1:
        return Piece(event, foreign=True)
    choice = tree(choices[0])
    delta = tree(choice.get("delta"))
    text = delta.get("content") or ""
    others = _has_more(delta, _CHAT_DELTA)
    odd = choice.get("index") or choice.get("logprobs") or choice.get("message")
    if others or odd or not isinstance(text, str):
        return Piece(event, foreign=True)
    return Piece(event, text, ends=bool(choice.get("finish_reason")))


def read_message(event: Tree) -> Piece:
    """Read one event of Messages."""
    kind = event.get("type")
    index = event.get("index")
    if kind == "content_block_delta":
        delta = tree(event.get("delta"))
        text = delta.get("text")
        others = _has_more(delta, _TEXT_DELTA)
        if index == 0 and delta.get("type") == "text_delta" and isinstance(text, str):
            return Piece(event, text, foreign=others)
    elif kind == "content_block_start":
        block = tree(event.get("content_block"))
        empty = not any(value for key, value in block.items() if key != "type")
        return Piece(event, foreign=index != 0 or block.get("type") != "text" or not empty)
    elif kind == "message_start":
        return Piece(event, foreign=bool(tree(event.get("message")).get("content")))
    elif kind == "content_block_stop":
        return Piece(event, ends=True, foreign=index != 0)
    elif kind in {"message_delta", "message_stop"}:
        return Piece(event, ends=True)
    return Piece(event, foreign=kind != "ping")


def read_response(event: Tree) -> Piece:
    """Read one event of Responses: plain is one message of one text."""
    kind = event.get("type")
    if kind == "keepalive":
        return Piece(event)
    if kind == _SAYS:
        text = event.get("delta") if is_first(event) else None
        if not isinstance(text, str):
            return Piece(event, foreign=True)
        return Piece(event, text, foreign=_has_more(event, _RESPONSE_EVENT))
    ends = kind in _ENDS
    plain = (
        (ends or kind in _BEGINS)
        and is_first(event)
        and not _has_more(event, _RESPONSE_EVENT)
        and _is_one_text(event, empty=not ends)
    )
    return Piece(event, foreign=not plain, ends=ends)


READERS: Mapping[Api, Callable[[Tree], Piece]] = {
    Api.CHAT: read_chat,
    Api.MESSAGES: read_message,
    Api.RESPONSES: read_response,
}
"""The APIs whose cut streams can be gone on with."""


def answer_of(event: Tree) -> Tree:
    """Return what an event says of the answer as a whole: its id, its usage."""
    return tree(event.get("response")) or event


def is_first(event: Tree) -> bool:
    """Say whether an event of Responses is about the first text of the first item, or about all."""
    return not event.get("output_index") and not event.get("content_index")


def items_of(event: Tree) -> list[Tree]:
    """Return the items that an event of Responses holds."""
    if "item" in event:
        return [tree(event["item"])]
    return _trees(tree(event.get("response")).get("output"))


def message_of(event: Tree) -> Tree:
    """Return the first message that an event of Responses holds; empty where it holds none."""
    return next((item for item in items_of(event) if item.get("type") == "message"), {})


def parts_of(event: Tree) -> list[Tree]:
    """Return the parts of its first message that an event of Responses holds."""
    if "part" in event:
        return [tree(event["part"])]
    return _trees(message_of(event).get("content"))


def _is_one_text(event: Tree, *, empty: bool) -> bool:
    """Say whether an event holds one message of one text at most."""
    items, parts = items_of(event), parts_of(event)
    return (
        len(items) <= 1
        and all(one.get("type") == "message" and not _has_more(one, _ITEM) for one in items)
        and len(parts) <= 1
        and all(
            one.get("type") == "output_text" and not _has_more(one, _TEXT_DELTA) for one in parts
        )
        and not (empty and any(one.get("text") for one in parts))
    )


def _has_more(said: Tree, known: frozenset[str]) -> bool:
    """Say whether anything but what is known has a value."""
    return any(value for key, value in said.items() if key not in known)


def _trees(value: object) -> list[Tree]:
    """Return the objects of a list; something else that has a value is one of no known kind."""
    return list(map(tree, value if isinstance(value, list) else [value] if value else []))
