"""An outcome, read once."""

import gzip
import tracemalloc
import zlib

import pytest

from proxy.diagnosis.reading import ERROR, fields, read_outcome
from proxy.diagnosis.signature import Answer, Form
from proxy.model import Api, Fault, Outcome, Phase
from tests.diagnosis import desk
from tests.diagnosis.desk import outcome


def read(given: Outcome):  # type: ignore[no-untyped-def] # noqa: ANN201 - a Reading
    return read_outcome(given, given.provider)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", Form.EMPTY),
        (b" \r\n\n", Form.EMPTY),
        (b'{"error": {"message": "x"}}', Form.JSON),
        (b'\xef\xbb\xbf\n[{"error": 1}]', Form.JSON),
        (b'{"error": {"mess', Form.BROKEN_JSON),
        (b"<!DOCTYPE html><html>", Form.MARKUP),
        (b"<?xml version='1.0'?><Error><Code>a</Code></Error>", Form.XML),
        (b"Bad Gateway", Form.TEXT),
        (b"\x00\x01\x02", Form.BINARY),
        (b"\xff\xfe", Form.TEXT),
    ],
)
def test_the_form_is_what_the_body_is(body: bytes, form: Form) -> None:
    assert read(outcome(502, body)).form is form


def test_fields_by_lower_case_name() -> None:
    headers = ((b"Retry-After", b" 5 "), (b"retry-after", b"9"), (b"X-\xff", b"\xff"))
    assert fields(headers) == {"retry-after": "5", "x-ÿ": "ÿ"}


def test_codes_in_header_fields_count() -> None:
    headers = desk.fields(x_amzn_errortype="ThrottlingException:http://internal/")
    assert "throttlingexception" in read(outcome(429, b"{}", headers=headers)).words


def test_the_number_of_a_page_or_text_counts() -> None:
    assert "1015" in read(outcome(429, b"error code: 1015")).words
    page = b"<html><h1>Error <span>1020</span></h1></html>"
    assert "1020" in read(outcome(403, page)).words


def test_the_status_to_judge_by() -> None:
    assert read(outcome(503, b'{"error": {"code": 429}}')).status == 503
    relay = b'{"error": {"param": "524", "code": "bad_response_status_code"}}'
    assert read(outcome(500, relay)).status == 524
    assert read(outcome(200, b'{"error": {"code": 429}}')).status == 429
    assert read(outcome(200, b'{"error": {"message": "x"}}')).status == ERROR
    assert read(outcome(200, b'{"choices": []}')).status == 200
    assert read(outcome(fault=Fault.DNS, phase=Phase.RESOLVE)).status == ERROR


def test_an_event_that_failed_is_an_error_whatever_it_looks_like() -> None:
    given = outcome(
        200, stream=True, fault=Fault.FAILED_EVENT, phase=Phase.CONTENT, event=b'{"x": 1}'
    )
    reading = read(given)
    assert (reading.answer, reading.status) == (Answer.ERROR, ERROR)


def test_the_last_event_is_read_as_an_answer() -> None:
    event = b'{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}'
    assert read(outcome(200, stream=True, event=event)).answer is Answer.GOOD


def test_json_of_an_api_of_any_form_is_not_an_error() -> None:
    body = b'{"message": "deleted"}'
    assert read(outcome(200, body, api=Api.JSON)).status == 200
    assert read(outcome(200, body)).status == ERROR


def test_a_body_that_was_cut_under_2xx_is_not_read() -> None:
    reading = read(outcome(200, b'{"error": {"message": "x"}}', fault=Fault.EOF))
    assert (reading.form, reading.text) == (Form.EMPTY, "")


def test_the_detail_of_a_fault_is_the_text() -> None:
    given = outcome(fault=Fault.TLS_VERIFY, phase=Phase.TLS, detail="Certificate has EXPIRED")
    assert read(given).text == "certificate has expired"


@pytest.mark.parametrize(
    "encoded", [gzip.compress(b'{"error": "quota"}'), zlib.compress(b'{"error": "quota"}')]
)
def test_an_encoded_body_is_decoded(encoded: bytes) -> None:
    headers = desk.fields(content_encoding="gzip" if encoded[:2] == b"\x1f\x8b" else "deflate")
    assert read(outcome(429, encoded, headers=headers)).text == "quota"


def test_what_cannot_be_decoded_is_read_as_it_came() -> None:
    headers = desk.fields(content_encoding="br")
    assert read(outcome(500, b"\x00\x01", headers=headers)).form is Form.BINARY


def test_a_bomb_costs_less_than_a_mebibyte() -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    assert 180_000 < len(bomb) < 220_000
    given = outcome(503, bomb, headers=desk.fields(content_encoding="gzip"))
    desk.judged(given)
    tracemalloc.start()
    desk.judged(given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024 * 1024
