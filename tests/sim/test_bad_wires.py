import pytest

from proxy import sim
from proxy.sim.bad_wires import TLS_ALERT
from tests.sim.talk import dial, meet, request, talk


@pytest.mark.parametrize(
    ("behaviour", "data", "reset"),
    [
        (sim.reset_on_connect(), b"", True),
        (sim.reset_before_head(), b"", True),
        (sim.close_before_head(), b"", False),
        (sim.reset_mid_head(), b"HTTP/1.1 200 OK\r\ncontent-type: applica", True),
        (sim.close_mid_head(), b"HTTP/1.1 200 OK\r\ncontent-type: applica", False),
        (sim.garbage(), TLS_ALERT, False),
        (sim.garbage(b"SSH-2.0-sim\r\n"), b"SSH-2.0-sim\r\n", False),
    ],
    ids=str,
)
async def test_the_connection_ends_as_its_name_says(
    behaviour: sim.Behaviour, data: bytes, reset: bool
) -> None:
    heard = await meet(behaviour)
    assert (heard.data, heard.reset) == (data, reset)


@pytest.mark.parametrize(
    ("behaviour", "within"),
    [
        (sim.length_and_chunked(), b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n"),
        (sim.two_lengths(), b"content-length: 2\r\ncontent-length: 4\r\n"),
        (sim.surplus(), b"content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"),
        (sim.body_on_204(), b"HTTP/1.1 204 No Content\r\n"),
    ],
    ids=str,
)
async def test_the_framing_lies(behaviour: sim.Behaviour, within: bytes) -> None:
    assert within in (await meet(behaviour)).data


async def test_interim_answers_flood_or_lead_to_the_good_one() -> None:
    flood = await meet(sim.interim(1000))
    assert flood.data.count(b"HTTP/1.1 103 ") == 1000
    assert b" 200 " not in flood.data
    good = await meet(sim.interim(2, then_answer=True))
    assert good.data.count(b"HTTP/1.1 103 ") == 2
    assert good.data.endswith(b"0\r\n\r\n")


async def test_refuse_shuts_the_port_and_resets_what_was_open() -> None:
    async with sim.Provider("alpha") as alpha:
        line = await dial(alpha)
        await alpha.until(lambda: alpha.live == 1)
        alpha.plan(sim.refuse())
        assert (await line.hear()).reset
        await line.close()
        with pytest.raises(ConnectionRefusedError):
            await talk(alpha, request())
        alpha.plan(sim.ok())
        assert (await talk(alpha, request(payload={}))).data.startswith(b"HTTP/1.1 200 ")


async def test_silence_lasts_until_the_peer_leaves() -> None:
    async with sim.Provider("alpha") as alpha:
        alpha.plan(sim.silent())
        line = await dial(alpha, request())
        await alpha.until(lambda: alpha.in_flight == 1)
        await line.close()
        await alpha.until(lambda: alpha.in_flight == 0)
        (seen,) = alpha.attempts
        assert seen.peer_closed is not None
        assert (seen.sent, seen.answered) == (0, False)
