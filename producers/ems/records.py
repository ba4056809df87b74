"""A record of the topic `ems.intake.v1` as a request.

The value is the JSON body of the HTTP route. What is asked for, about which case, and under which idempotency key is
said by the headers `ems-type`, `ems-case-id` and `webhook-id`, or, by clients that set no headers, by an envelope
around the body: `{"type": …, "case_id": …, "id": …, "body": {…}}`. Where nothing says what is asked for, it is a
resignation; where no key is given, the place of the record is its key, in a form that no sender may use.
"""

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from choreography import Record
from producers.ems.bodies import MAX_BODY
from producers.ems.json_text import NamedTwice, NoJson, parsed
from producers.ems.keys import own_key
from producers.ems.problems import misfit
from producers.ems.requests import Envelope, Request, read

_HEADERS: Final = {"id": "webhook-id", "type": "ems-type", "case_id": "ems-case-id"}


class Unreadable(Exception):  # noqa: N818 - reads better without the suffix
    """The record is no JSON object. Send the body of the HTTP route, as one object in UTF-8."""


def name_of(record: Record) -> str:
    """Return what tells a record from every other one, also of a topic that was deleted and made anew."""
    return f"{record.topic}/{record.partition}/{record.offset}@{record.timestamp_ms}"


def request_of(record: Record) -> Request:
    """Return the request that a record is.

    Raises:
        Unreadable: it is no JSON object, or a large one.
        Problem: it is none of the requests.
    """
    said = _object(record.value)
    named = {name: text for name, header in _HEADERS.items() if (text := record.header(header)) is not None}
    by_place = own_key("record", name_of(record))
    envelope = {"id": by_place, **named, **(said if "body" in said else {"body": said})}
    try:
        return read(Envelope.model_validate_json(to_json(envelope, inf_nan_mode="constants"), context=by_place))
    except ValidationError as error:
        raise misfit(error) from None


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Unreadable("The record has no value. Send the body of the HTTP route.")
    if len(value) > MAX_BODY:
        raise Unreadable(f"The record is larger than {MAX_BODY} bytes, which no request needs.")
    try:
        said = parsed(value)
    except NamedTwice as error:
        raise Unreadable(str(error)) from None
    except NoJson:
        raise Unreadable(Unreadable.__doc__) from None
    if not isinstance(said, dict):
        raise Unreadable(Unreadable.__doc__)
    return said
