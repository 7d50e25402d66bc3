"""The table's own text as the last answer, as the official SDKs read it."""

import pytest
from prometheus_client import generate_latest

from proxy import sim
from proxy.model import Result
from tests.e2e import test_sdks as sdks
from tests.e2e.house import TABLE, House, house

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
TEXT = "We are sorry."
STATIC = TABLE.replace("[[p, s]]", f'[[p, s], {{{{static: {{{{text: "{TEXT}"}}}}}}}}]')


@pytest.mark.parametrize(
    ("provider", "ask"),
    [
        ("openai-compatible", sdks.openai_unary),
        ("openai-compatible", sdks.openai_stream),
        ("openai-compatible", sdks.responses_unary),
        ("openai-compatible", sdks.responses_stream),
        ("anthropic", sdks.anthropic_unary),
        ("anthropic", sdks.anthropic_stream),
        ("gemini", sdks.gemini_unary),
        ("gemini", sdks.gemini_stream),
    ],
)
async def test_every_sdk_reads_the_static_text(provider: str, ask: sdks.Client) -> None:
    async with house(provider, table=STATIC) as here:
        here.p.plan(sim.cdn_502())
        here.s.plan(sim.cdn_502())
        assert await ask(here) == TEXT
        (record,) = here.told.records
        assert (record.result, record.rescued) == (Result.STATIC, False)
        assert degraded(here) == ['faultline_degraded_total{kind="static",route="all"} 1.0']


def degraded(here: House) -> list[str]:
    text = generate_latest(here.faultline._metrics.registry).decode()
    lines = [line for line in text.splitlines() if line.startswith("faultline_degraded_total{")]
    return [line for line in lines if not line.endswith(" 0.0")]
