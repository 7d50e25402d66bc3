"""2xx is not success: look for an answer in the answer.

Reads the tree of a whole answer, or of one event of a stream, by shape and not by provider: the
chat, completion, responses, messages, Gemini, Bedrock, Cohere, Ollama and embedding forms are told
apart by their own fields. Never learns what a finish reason means for routing: it only knows which
ones end a good answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.diagnosis.pattern import names, word
from proxy.diagnosis.signature import Answer
from proxy.dialects.signals import is_failure

RESULTS = names(
    "choices candidates promptFeedback content output outputs data embedding embeddings completion"
    " generated_text results message response text predictions usageMetadata"
)
"""Fields that hold what was asked for, or stand beside it; an answer has at least one."""
CONTENT = names(
    "content text parts message delta tool_calls tool_call function_call functionCall tool_use"
    " toolUse toolCalls refusal audio images image thinking reasoning reasoning_content arguments"
    " name data values embedding embeddings b64_json url inlineData executableCode output result"
    " codeExecutionResult partial_json encrypted_content summary choices candidates completion"
    " outputs generated_text results response predictions reasoningContent action toolResult"
    " server_tool_use code fileData"
)
"""Fields that a client shows or acts on."""
ENDS = names("finish_reason finishReason stop_reason stopReason blockReason done_reason")
"""Fields that say why an answer ended."""
WHOLE = names(
    "stop length toolcalls toolcall functioncall endturn maxtokens stopsequence tooluse pauseturn"
    " modelcontextwindowexceeded complete completed eos eostoken maxoutputtokens incomplete"
    " stopcriteriamet finishreasonunspecified done compaction toolerror load unload"
    " responsequeued responseinprogress responsecancelled"
)
"""Reasons with which a good answer ends, without style."""
CONTENT_DUE = frozenset({"stop", "endturn", "complete", "completed"})
"""Reasons that promise content; `length` and the like explain why there is none."""
HOLDERS = names(
    "choices candidates response promptFeedback message delta incomplete_details output"
)
"""Where an error or a reason may stand below the root."""


LEVELS = 3
"""Levels below the root at which an error or a reason may stand."""
DEEPEST = 16
"""Levels that are looked at for content; what is nested deeper counts as content."""


Node = dict[str, object]


@dataclass(slots=True)
class Reply:
    """What an answer holds."""

    answer: Answer
    finish: set[str] = field(default_factory=set)
    error: object = None
    """The part of the tree that tells an error."""


def read_reply(tree: object, *, event: bool = False) -> Reply:
    """Look for an answer in a tree; one event of a stream need not hold a result."""
    roots = [
        node for node in (tree if isinstance(tree, list) else [tree]) if isinstance(node, dict)
    ]
    nodes = [node for root in roots for node in _nodes(root, LEVELS)]
    reasons = [reason for node in nodes for reason in _reasons(node)]
    reply = Reply(answer=Answer.GOOD, finish={word(reason) for reason in reasons})
    reply.error = next((found for node in nodes if (found := _error(node)) is not None), None)
    if reply.error is not None:
        reply.answer = Answer.ERROR
    elif reply.finish - WHOLE:
        reply.error = _smuggled(nodes)
        broken = reply.error is not None or any(map(is_failure, reasons))
        says = event or _says(roots)
        reply.answer = Answer.STRANGE if broken or not says else Answer.NEW
    elif not event:
        _look_for_content(reply, roots, nodes)
        if reply.answer is Answer.NO_RESULT:
            reply.error = tree
    return reply


def _look_for_content(reply: Reply, roots: list[Node], nodes: list[Node]) -> None:
    """Judge a whole answer that ended well, or does not say how."""
    if not reply.finish and not any(map(_holds_result, roots)):
        reply.answer = Answer.NO_RESULT
    elif reply.finish <= CONTENT_DUE and not _says(roots):
        reply.answer = Answer.EMPTY
    elif _unfinished(nodes):
        reply.answer = Answer.UNFINISHED


def _holds_result(root: Node) -> bool:
    """Tell whether a field of a result is there; a message that is a string is no result."""
    found = RESULTS & root.keys()
    return bool(found - {"message"}) or isinstance(root.get("message"), dict)


def _nodes(node: Node, depth: int) -> Iterator[Node]:
    """Yield an object and those below it that may hold an error or a reason."""
    yield node
    if depth == 0:
        return
    for key in HOLDERS & node.keys():
        child = node[key]
        for item in child if isinstance(child, list) else [child]:
            if isinstance(item, dict):
                yield from _nodes(item, depth - 1)


def _error(node: Node) -> object | None:
    """Return what tells an error in this object, or None."""
    told = node.get("error") or node.get("errors")
    if told:
        return node
    if any(node.get(key) == "error" for key in ("type", "event_type", "object")):
        return node
    if node.get("status") == "failed" or node.get("success") is False:
        return node
    if node.get("error_code") or node.get("errorCode"):
        return node
    base = node.get("base_resp")
    return base if isinstance(base, dict) and base.get("status_code") else None


def _reasons(node: Node) -> Iterator[str]:
    for key in ENDS & node.keys():
        reason = node[key]
        if isinstance(reason, str) and reason:
            yield reason
    if node.get("object") == "response":
        status = node.get("status")
        if isinstance(status, str):
            yield status if status in {"completed", "incomplete"} else f"response_{status}"
    if node.keys() <= {"reason"} and isinstance(node.get("reason"), str):
        yield str(node["reason"])


def _unfinished(nodes: list[Node]) -> bool:
    """Tell whether a choice says that it has not ended."""
    return any("finish_reason" in node and node["finish_reason"] is None for node in nodes)


def _smuggled(nodes: list[Node]) -> object | None:
    """Return an error that a relay has put where the answer's text belongs."""
    for node in nodes:
        text = node.get("content") or node.get("text")
        if isinstance(text, str) and text.lstrip().startswith("{"):
            return text
    return None


def _says(value: object, depth: int = DEEPEST) -> bool:
    """Tell whether there is anything in a value that a client shows or acts on."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list | dict):
        inner = value if isinstance(value, list) else [value[key] for key in CONTENT & value.keys()]
        return bool(inner) and (depth == 0 or any(_says(item, depth - 1) for item in inner))
    return value is not None and not isinstance(value, bool)
