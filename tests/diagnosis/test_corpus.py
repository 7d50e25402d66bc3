"""Every case of the failure corpus has its verdict: 171 of 171."""

from collections.abc import Mapping
from typing import Any

import pytest

from proxy.diagnosis.recorded import corpus_answer
from proxy.diagnosis.transcript import outcome_of
from proxy.model import Fault, Outcome, Phase
from tests.diagnosis.desk import broken, corpus, judged, recorded, short, wanted

RECORDED = [case for case in corpus() if corpus_answer(case) is not None]
PROSE = {case["id"]: case for case in corpus() if corpus_answer(case) is None}
OUTCOMES: dict[str, Outcome] = {
    "net-dns-temporary": broken(Fault.DNS_TEMPORARY, Phase.RESOLVE),
    "net-tcp-refused": broken(Fault.REFUSED, Phase.CONNECT),
    "net-tcp-unreachable": broken(Fault.UNREACHABLE, Phase.CONNECT),
    "net-stale-keepalive-reset": broken(Fault.RESET, Phase.HEAD, reused=True),
    "net-disconnect-no-response": broken(Fault.EOF, Phase.HEAD),
    "net-tls-mitm-untrusted-ca": broken(
        Fault.TLS_VERIFY, Phase.TLS, detail="self-signed certificate in certificate chain"
    ),
    "net-tls-cert-expired-or-name": broken(
        Fault.TLS_VERIFY, Phase.TLS, detail="certificate has expired"
    ),
    "net-h2-rst-internal-error": broken(Fault.PROTOCOL),
    "net-headers-timeout": broken(Fault.SILENCE),
}
"""What physically happened in the cases that have only prose."""


def test_there_are_171() -> None:
    assert len(RECORDED) + len(PROSE) == 171
    assert OUTCOMES.keys() == PROSE.keys()


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_a_recorded_answer(case: Mapping[str, Any]) -> None:
    assert short(judged(outcome_of(recorded(case)))) == wanted(case)


@pytest.mark.parametrize("name", OUTCOMES)
def test_prose(name: str) -> None:
    assert short(judged(OUTCOMES[name])) == wanted(PROSE[name])
