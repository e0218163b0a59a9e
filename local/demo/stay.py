"""The demo stays up: what a person can look at, until Ctrl-C."""

from __future__ import annotations

import json
import shlex
import threading
from pathlib import Path

from local.children import ROOT
from local.demo.failure import DemoFailed
from local.demo.orders import new_orders
from local.demo.screen import Screen
from local.demo.stage import Stage
from local.demo.state import write_secret
from local.smtp import Smtp

_LOOK_EVERY_S = 1.0


def stay(stage: Stage, *, screen: Screen) -> None:
    """Tell where everything is, then watch the services. Raises DemoFailed when one ends."""
    _write_files(stage)
    _tell(stage, screen=screen)
    tick = threading.Event()
    while not tick.wait(_LOOK_EVERY_S):
        for service in stage.stack.services:
            if not service.running:
                raise DemoFailed(f"{service.name} has ended", log=service.log)


def _write_files(stage: Stage) -> None:
    write_secret(stage.state.authorization, f"Authorization: Token {stage.account.token}\n")
    wanted = {**stage.stack.environment, "SECRET_KEY": stage.environment["SECRET_KEY"]}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in wanted.items()]
    write_secret(stage.state.environment, "".join(lines))


def _tell(stage: Stage, *, screen: Screen) -> None:
    order = new_orders()[0]
    address = f"http://127.0.0.1:{stage.port}"
    header, environment = _shown(stage.state.authorization), _shown(stage.state.environment)
    screen.line()
    screen.line(f"Admin:  {address}/admin/")
    screen.line(f"        user {stage.account.user}, password {stage.account.password}")
    screen.line(f"API:    {address}/api/v1/   Send another order:")
    screen.line(
        f"        curl -i -H @{header} -H 'Content-Type: application/json'"
        f" {address}/api/v1/orders -d {shlex.quote(json.dumps(order.body))}"
    )
    screen.line("Waybill of any order, as text, in another shell:")
    screen.line(
        f"        . {environment} && .venv/bin/python manage.py traceevent {order.order_id}"
    )
    for service in stage.stack.services:
        if isinstance(service, Smtp):
            screen.line(f"Mails:  {_shown(service.journal.directory)}")
    screen.line(f"Logs:   {_shown(stage.state.log('relay').parent)}")
    screen.line()
    screen.line("Ctrl-C ends it; the data stays for the next time.", style="bold")


def _shown(path: Path) -> str:
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return shlex.quote(str(shown))
