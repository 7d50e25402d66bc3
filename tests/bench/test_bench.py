"""The benchmark's own arithmetic: what is counted, compared and called noisy."""

import asyncio
import json
from dataclasses import replace

import pytest

from bench import payloads, upstream
from bench.client import Counts, Stream
from bench.measures import Load
from bench.peers import TABLE
from bench.report import CALM, FLOOD, PACED, SLOW, UNARY, compare, delay, figures, table

LOAD = Load(connections=1, count=100, seconds=2.0, cpu=0.5, others=0.0, rss=2048, p50=1.0, p99=2.0)


class Deaf(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 4096])
async def test_events_are_counted_however_the_bytes_are_split(size: int) -> None:
    counts = Counts()
    stream = Stream(b"", counts)
    stream.connection_made(Deaf())
    answer = upstream.HEAD + b"".join(upstream.writes(10, 3))
    for start in [*range(0, len(answer), size)] * 2:
        stream.data_received(answer[start : start + size])
    assert (counts.count, counts.whole) == (20, 2)


def test_a_streams_writes_are_one_whole_chunked_body() -> None:
    packed = upstream.writes(10, 4)
    assert len(packed) == 3
    assert packed[-1].endswith(b"0\r\n\r\n")
    assert b"".join(packed).count(b"\n\n") == 10
    assert payloads.events(10)[-1] == payloads.DONE


def test_the_request_is_about_a_kilobyte_and_says_what_it_wants() -> None:
    body = payloads.chat(payloads.MODEL_STREAM, stream=True)
    assert 900 < len(body) < 1300
    assert json.loads(body)["stream"] is True
    assert payloads.MODEL_STREAM in TABLE
    assert payloads.MODEL_UNARY in TABLE


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    rounds = [(LOAD, replace(LOAD, count=count)) for count in (10, 90, 30)]
    found = compare(rounds, Load.rate)
    assert (found.nginx, found.proxy, found.ratio) == (200.0, 60.0, 0.3)
    assert (found.low, found.high, found.wide) == (0.1, 0.9, True)


def test_a_delay_is_what_a_proxy_adds() -> None:
    found = delay([(LOAD, replace(LOAD, p50=1.5), replace(LOAD, p50=4.0))], lambda load: load.p50)
    assert (found.direct, found.nginx_adds, found.proxy_adds) == (1.0, 0.5, 3.0)
    assert found.above_nginx == 2.5


def test_other_work_on_the_core_is_said() -> None:
    quiet = {name: [(LOAD, LOAD)] for name in (UNARY, CALM, FLOOD, PACED, SLOW)}
    busy = quiet | {FLOOD: [(LOAD, replace(LOAD, others=0.4))]}
    latency = [(LOAD, LOAD, LOAD)]
    assert "Noisy" not in table(figures(quiet, latency))
    assert "Noisy: streams (40% by others)" in table(figures(busy, latency))
