"""What an outcome means."""

import re

from proxy.model import GOOD, PROXY_STATUS, Cause, Verdict


def test_only_no_cause_is_good() -> None:
    assert GOOD.good
    assert not any(Verdict(cause=cause).good for cause in Cause if cause is not Cause.NONE)


def test_every_cause_has_a_proxy_status_error_type() -> None:
    assert set(PROXY_STATUS) == set(Cause)
    bad = {c: t for c, t in PROXY_STATUS.items() if c is not Cause.NONE}
    assert all(re.fullmatch(r"[a-z][a-z_]+", kind) for kind in bad.values())
