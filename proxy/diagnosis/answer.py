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
)
"""Reasons with which a good answer ends, without style."""
CONTENT_DUE = frozenset({"stop", "endturn", "complete", "completed"})
"""Reasons that promise content; `length` and the like explain why there is none."""
HOLDERS = names(
    "choices candidates response promptFeedback message delta incomplete_details output"
)
"""Where an error or a reason may stand below the root."""


@dataclass(slots=True)
class Reply:
    """What an answer holds."""

    answer: Answer
    finish: set[str] = field(default_factory=set)
    error: object = None
    """The part of the tree that tells an error."""


def read_reply(tree: object) -> Reply:
    """Look for an answer in a tree."""
    roots = [
        node for node in (tree if isinstance(tree, list) else [tree]) if isinstance(node, dict)
    ]
    nodes = [node for root in roots for node in _nodes(root, 3)]
    reasons = [reason for node in nodes for reason in _reasons(node)]
    reply = Reply(answer=Answer.GOOD, finish={word(reason) for reason in reasons})
    reply.error = next((found for node in nodes if (found := _error(node)) is not None), None)
    if reply.error is not None:
        reply.answer = Answer.ERROR
    elif reply.finish - WHOLE:
        reply.error = _smuggled(nodes)
        broken = reply.error is not None or any(map(is_failure, reasons))
        reply.answer = Answer.STRANGE if broken or not _says(roots) else Answer.NEW
    elif not any(_holds_result(root) for root in roots):
        reply.answer, reply.error = Answer.NO_RESULT, tree
    elif reply.finish <= CONTENT_DUE and not _says(roots):
        reply.answer = Answer.EMPTY
    elif _unfinished(nodes):
        reply.answer = Answer.UNFINISHED
    return reply


def _holds_result(root: dict[str, object]) -> bool:
    """Tell whether a field of a result is there; a message that is a string is no result."""
    found = RESULTS & root.keys()
    return bool(found - {"message"}) or isinstance(root.get("message"), dict)


def _nodes(node: dict[str, object], depth: int) -> Iterator[dict[str, object]]:
    """Yield an object and those below it that may hold an error or a reason."""
    yield node
    if depth == 0:
        return
    for key in HOLDERS & node.keys():
        child = node[key]
        for item in child if isinstance(child, list) else [child]:
            if isinstance(item, dict):
                yield from _nodes(item, depth - 1)


def _error(node: dict[str, object]) -> object | None:
    """Return what tells an error in this object, or None."""
    told = node.get("error") or node.get("errors")
    if told:
        return node
    if "error" in {node.get("type"), node.get("event_type"), node.get("object")}:
        return node
    if node.get("status") == "failed" or node.get("success") is False:
        return node
    if node.get("error_code") or node.get("errorCode"):
        return node
    base = node.get("base_resp")
    return base if isinstance(base, dict) and base.get("status_code") else None


def _reasons(node: dict[str, object]) -> Iterator[str]:
    for key in ENDS & node.keys():
        reason = node[key]
        if isinstance(reason, str) and reason:
            yield reason
    if node.get("object") == "response":
        status = node.get("status")
        if isinstance(status, str):
            yield status
    if node.keys() <= {"reason"} and isinstance(node.get("reason"), str):
        yield str(node["reason"])


def _unfinished(nodes: list[dict[str, object]]) -> bool:
    """Tell whether a choice says that it has not ended."""
    return any("finish_reason" in node and node["finish_reason"] is None for node in nodes)


def _smuggled(nodes: list[dict[str, object]]) -> object | None:
    """Return an error that a relay has put where the answer's text belongs."""
    for node in nodes:
        text = node.get("content") or node.get("text")
        if isinstance(text, str) and text.lstrip().startswith("{"):
            return text
    return None


def _says(value: object) -> bool:
    """Tell whether there is anything in a value that a client shows or acts on."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list):
        return any(_says(item) for item in value)
    if isinstance(value, dict):
        return any(_says(value[key]) for key in CONTENT & value.keys())
    return value is not None and not isinstance(value, bool)
