"""Who sent it: the Standard Webhooks signature (standardwebhooks.com) over id, time and the bytes of the body."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from standardwebhooks import Webhook, WebhookVerificationError

_ID_LENGTH = 256


class Unsigned(Exception):  # noqa: N818 - reads better without the suffix
    """No secret of ours signed this request within the last five minutes."""


class Signed(NamedTuple):
    """Who sent a request, by the number of the secret that signed it, and under which idempotency key."""

    webhook_id: str
    sender: int


class Signatures:
    """The secrets that requests may be signed with; several at once while they are being exchanged.

    Args:
        secrets: each `whsec_` and base64.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def verify(self, headers: Mapping[str, str], body: bytes) -> Signed:
        """Return who signed a request.

        Raises:
            Unsigned: it is not, or too long ago, or by somebody else.
        """
        webhook_id = headers.get("webhook-id", "")
        if len(webhook_id) <= _ID_LENGTH:
            for sender, webhook in enumerate(self._webhooks):
                if _signed(webhook, headers, body):
                    return Signed(webhook_id, sender)
        raise Unsigned


def _signed(webhook: Webhook, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # malformed headers and bodies raise a bare ValueError
        return False
    return True
