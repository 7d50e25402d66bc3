"""The request that asks another model to go on: whether the first one allows it, and its new body.

What was asked for decides: a plain text can be gone on with, JSON by a schema cannot. Which target
takes a prefill is not known here.
"""

import json
from collections.abc import AsyncIterator

from proxy.dialects.encoding import encoding_of
from proxy.dialects.pieces import READERS
from proxy.dialects.render import Rendered, render
from proxy.dialects.resumed import tokens_of
from proxy.dialects.seam import ANCHOR, can_anchor, can_prefill
from proxy.dialects.shown import load
from proxy.dialects.signals import Tree, tree
from proxy.model import Api, Ask, Body, Operation, Rung, Target

_FORMED = frozenset(
    {"format", "grammar", "guided_choice", "guided_grammar", "guided_json", "guided_regex"}
    | {"json_schema", "output_format", "structured_outputs"}
)
"""Keys by which servers are told a form that an answer must have."""
_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_TURNS = {Api.CHAT: "messages", Api.MESSAGES: "messages", Api.RESPONSES: "input"}
"""The key under which a request has the turns so far."""
_LOGPROBS = "message.output_text.logprobs"
_GO_ON = (
    "Your last message was cut off in transmission. Go on with it exactly where it ends, as if it"
    " had never been interrupted: no greeting, no comment, no repetition of anything before. Begin"
    " your reply with its last {count} characters, copied exactly, and go on from there. They are:"
    "\n{anchor}"
)


def may_go_on(ask: Ask) -> bool:
    """Say whether a cut answer to this ask could be gone on with at all, whatever it says."""
    plain = ask.stream and ask.choices == 1 and ask.operation is Operation.GENERATE
    return plain and ask.api in READERS and not encoding_of(ask.headers)


def rungs_for(api: Api, body: Body, shown: str) -> frozenset[Rung]:
    """Return the ways in which an answer to `body` can be gone on with from `shown`."""
    request = _request(body)
    if not shown or request is None or _asks_for_more_than_text(request):
        return frozenset()
    if api is Api.RESPONSES and (request.get("store") or request.get("prompt")):
        return frozenset()  # to be kept by one account, or made of what one account keeps
    rungs = {Rung.ALIGN}
    if _turns(api, request):
        if api is not Api.RESPONSES and can_prefill(shown) and not _thinks(request):
            rungs.add(Rung.PREFILL)
        if can_anchor(shown):
            rungs.add(Rung.ANCHOR)
    return frozenset(rungs)


def render_rung(ask: Ask, body: Body, target: Target, rung: Rung, shown: str) -> Rendered:
    """Return what is sent to `target` for it to go on after `shown`."""
    rendered = render(ask, body, target)
    request = _request(body)
    if rung is Rung.ALIGN or request is None:
        return rendered
    served = target.served_model(ask.model)
    if served is not None:
        request["model"] = served
    turns = _turns(ask.api, request)
    if rung is Rung.PREFILL:
        _add_turn(turns, shown.rstrip())
        spared = tokens_of(shown)
    else:
        anchor = shown[-ANCHOR:]
        _add_turn(turns, shown, joins=ask.api is not Api.RESPONSES)
        question = _GO_ON.format(count=len(anchor), anchor=anchor)
        turns.append({"role": "user", "content": question})
        spared = tokens_of(shown) - 2 * tokens_of(anchor)
    request[_TURNS[ask.api]] = turns
    for key in _LIMITS:
        limit = request.get(key)
        if isinstance(limit, int) and spared > 0:
            request[key] = max(limit - spared, 1)
    return Rendered(target=rendered.target, body=Said(json.dumps(request).encode()))


class Said:
    """A body that was made here."""

    __slots__ = ("data",)

    replayable = True
    refusal = None

    def __init__(self, data: bytes) -> None:
        self.data: bytes | None = data

    @property
    def size(self) -> int | None:
        """Bytes in all."""
        return len(self.data or b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the body from its start."""
        yield self.data or b""


def _request(body: Body) -> Tree | None:
    return None if body.data is None else load(body.data)


def _turns(api: Api, request: Tree) -> list[object]:
    """Return the turns so far; none where they are in no form that is known."""
    turns = request.get(_TURNS[api])
    if api is Api.RESPONSES and isinstance(turns, str):
        return [{"role": "user", "content": turns}]
    return turns if isinstance(turns, list) else []


def _asks_for_more_than_text(request: Tree) -> bool:
    """Say whether an answer must have a form, or is more than one text."""
    forms = (request.get("response_format"), tree(request.get("text")).get("format"))
    formed = any(tree(form).get("type", "text") != "text" for form in forms)
    modalities = request.get("modalities") or ["text"]
    included = request.get("include")
    return (
        formed
        or any(request.get(key) for key in _FORMED)
        or bool(tree(request.get("output_config")).get("format"))
        or any(request.get(key) for key in ("logprobs", "top_logprobs"))
        or (isinstance(included, list) and _LOGPROBS in included)
        or modalities != ["text"]
    )


def _thinks(request: Tree) -> bool:
    """Say whether the model thinks first: then no API lets its turn begin with text."""
    return tree(request.get("thinking")).get("type", "disabled") != "disabled"


def _add_turn(turns: list[object], text: str, *, joins: bool = True) -> None:
    """Add the shown text as the model's turn.

    The app itself may have begun that turn, and where turns take turns the text `joins` it.
    """
    last = tree(turns[-1])
    content = last.get("content")
    own = joins and last.get("role") == "assistant"
    if own and isinstance(content, str):
        last["content"] = content + text
    elif own and isinstance(content, list):
        content.append({"type": "text", "text": text})
    else:
        turns.append({"role": "assistant", "content": text})
