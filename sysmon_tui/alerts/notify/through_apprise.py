"""Whatever else Apprise knows, by its address (the extra `notify`).

Apprise opens its connections itself, writes addresses to its log and reads answers of any length. So it works in a
process of its own, which gets the address on its standard input, has an end, and says nothing but what came of it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import AppriseChannel

ATTEMPT_TIMEOUT_S = 20.0
_MAX_MEMORY_BYTES = 256 * 1024 * 1024


def send(notice: Notice, channel: AppriseChannel, _clock: Clock, _receipt: str | None) -> Sent:
    """One message in plain text. Raises DeliveryError."""
    if importlib.util.find_spec("apprise") is None:
        raise DeliveryError("Apprise is not installed: pip install 'sysmon-tui[notify]'.", retry="later")
    url = read_secret("Apprise address", channel.url_env, channel.url_file)
    outcome = _in_own_process({"url": url, "title": _inert(notice.headline), "body": _body(notice)})
    if outcome.get("outcome") == "sent":
        return Sent()
    if outcome.get("outcome") == "unreadable":
        raise DeliveryError("Apprise can't read the address.", retry="later")
    status = outcome.get("status")
    said = f" It was answered {status}." if isinstance(status, str) else ""
    raise DeliveryError(f"Apprise could not deliver it.{said}", retry="later")


def _body(notice: Notice) -> str:
    facts = [f"{label}: {value}" for label, value in notice.facts]
    return _inert("\n".join([notice.message, "", *facts]))


def _inert(text: str) -> str:
    """Without what a service might read as a mention: @everyone, <!channel>, <@U1>. A mail address stays."""
    # In the middle of a word it calls nobody, but for what calls everybody.
    mention = r"(?<!\w)@(?=[\w!&])|@(?=(?:everyone|here|channel)\b)"
    return re.sub(r"<(?=[!@#&/\w])", "< ", re.sub(mention, "@ ", text, flags=re.IGNORECASE))


def _in_own_process(errand: dict[str, str]) -> dict[str, Any]:
    # The same modules must be found there; `-P` keeps this folder's email.py from being taken for Python's.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    }
    errand_json = json.dumps(errand | {"seconds": str(ATTEMPT_TIMEOUT_S)})
    try:
        ended = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-P", "-m", __name__],
            input=errand_json.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the addresses that Apprise and requests write there
            env=environment,
            timeout=ATTEMPT_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        waited = f"{ATTEMPT_TIMEOUT_S:g} s"
        raise DeliveryError(f"Apprise was not done within {waited}.", retry="later") from None
    except OSError as error:
        reason = type(error).__name__
        raise DeliveryError(f"Apprise's process can't be started ({reason}).", retry="later") from None
    try:
        outcome = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        outcome = None
    return outcome if isinstance(outcome, dict) else {}


class _Statuses(logging.Handler):
    """The number that a service refused with: of Apprise's words the only ones sure to hold no secret."""

    last: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"\berror=(\d{3})\b", record.getMessage())
        self.last = found[1] if found else self.last


def _limit(seconds: float) -> None:
    # Whoever started this process may be gone, and then nobody ends it.
    watchdog = threading.Timer(seconds, os._exit, [1])
    watchdog.daemon = True
    watchdog.start()
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has none
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_DATA, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))


def _deliver(errand: dict[str, str]) -> dict[str, Any]:
    import apprise  # noqa: PLC0415 (an extra, and only in the process made for it)

    statuses = _Statuses()
    logger = logging.getLogger("apprise")
    logger.addHandler(statuses)
    logger.propagate = False
    asset = apprise.AppriseAsset(storage_mode="memory", http_redirects=False)  # on the disk it keeps nothing
    sender = apprise.Apprise(asset=asset)
    if not sender.add(errand["url"]):
        return {"outcome": "unreadable"}
    if sender.notify(title=errand["title"], body=errand["body"], body_format=apprise.NotifyFormat.TEXT):
        return {"outcome": "sent"}
    return {"outcome": "failed", "status": statuses.last}


def _main() -> None:
    errand = json.load(sys.stdin)
    _limit(float(errand["seconds"]))
    outcome = _deliver(errand)
    print(json.dumps(outcome))


if __name__ == "__main__":
    _main()
