from proxy.sim import Wait, ok
from tests.sim.talk import chat, steps, voice


def test_a_good_answer_goes_out_in_one_piece() -> None:
    (data,) = steps(ok())
    assert isinstance(data, bytes)
    assert data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert str(ok()) == "ok"


def test_paced_it_comes_token_by_token_and_is_the_same() -> None:
    (whole,) = steps(ok())
    paced = steps(ok(first=2.0, every=0.5))
    assert b"".join(step for step in paced if isinstance(step, bytes)) == whole
    assert [step.seconds for step in paced if isinstance(step, Wait)] == [2.0] + [0.5] * 6
    assert paced[1] == Wait(2.0)


def test_paced_a_unary_answer_takes_as_long() -> None:
    wait, data = steps(ok(first=2.0, every=0.5), voice(payload=chat(stream=False)))
    assert wait == Wait(5.0)
    assert isinstance(data, bytes)
    assert data.endswith(b"}")
