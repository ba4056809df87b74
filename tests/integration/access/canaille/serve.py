"""Serve canaille's SCIM over an empty memory to whoever shows the token: `python serve.py TOKEN`; says its address."""
# mypy: ignore-errors
# It runs in an environment of its own, of which the type checker knows nothing.

import sys
from datetime import UTC, datetime

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Be quiet."""


def main() -> None:
    """Serve until the process is ended."""
    (token,) = sys.argv[1:]
    server = make_server("127.0.0.1", 0, None, threaded=True, request_handler=Quiet)
    quiet = {"version": 1, "disable_existing_loggers": True}
    app = create_app(
        {
            "SECRET_KEY": "only for tests",
            "SERVER_NAME": f"127.0.0.1:{server.server_port}",
            "CANAILLE": {"DATABASE": "memory", "LOGGING": quiet},
            "CANAILLE_OIDC": {},
            "CANAILLE_SCIM": {"ENABLE_SERVER": True},
        }
    )
    with app.app_context():
        client = models.Client(client_id="access", client_name="Access", client_secret="unused")
        Backend.instance.save(client)
        Backend.instance.save(
            models.Token(
                token_id="access",
                access_token=token,
                client=client,
                subject=None,
                type="Bearer",
                scope=["openid"],
                issue_date=datetime.now(UTC),
                lifetime=86_400,
                audience=[client],
            )
        )
    server.app = app
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/scim/v2\n")
    sys.stdout.flush()
    server.serve_forever()


main()
