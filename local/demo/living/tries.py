"""What a person is told once the demo lives: addresses, a login, and what to try."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from local.children import ROOT
from local.demo.account import Account
from local.demo.orders import Order
from local.demo.processes import GROUP
from local.demo.stage import Stage
from local.demo.state import DIRECTORY, State, write_secret
from local.smtp import Smtp


def write_files(
    state: State, *, account: Account, order: Order, environment: dict[str, str]
) -> None:
    """Write what the printed commands read; only the owner can read it."""
    headers = f"Authorization: Token {account.token}\nContent-Type: application/json\n"
    write_secret(state.headers, headers)
    write_secret(state.order, json.dumps(order.body))
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    write_secret(state.environment, "".join(lines))


def addresses(stage: Stage, *, order: Order) -> list[str]:
    """Where everything is, a line each."""
    state, account = stage.state, stage.account
    address = f"http://127.0.0.1:{stage.port}"
    mails = [each.journal.directory for each in stage.stack.services if isinstance(each, Smtp)]
    traceevent = f". {shown(state.environment)} && {_python()} manage.py traceevent"
    return [
        f"Admin    {address}/admin/  user {account.user}, password {account.password}",
        f"API      {address}/api/v1/  token in {shown(state.headers)}",
        f"Waybill  {traceevent} {order.order_id}",
        *(f"Mails    {shown(directory)}" for directory in mails),
        f"Logs     {shown(state.log('relay').parent)}",
    ]


def tries(state: State, *, port: int) -> list[tuple[str, Sequence[str]]]:
    """What to try, and the exact commands for it."""
    control = f"{_python()} -m local"
    where = "" if state.directory == DIRECTORY else f" --directory {shown(state.directory)}"
    orders = f"http://127.0.0.1:{port}/api/v1/orders"
    sourced = f". {shown(state.environment)}"
    curl = f"curl -sS -w ' %{{http_code}}\\n' -H @{shown(state.headers)} -d @{shown(state.order)}"
    return [
        (
            "Stop the consumer and watch the lag grow, start it again and watch it drain:",
            [f"{control} stop consumer{where}", f"{control} start consumer{where}"],
        ),
        (
            'Post one order twice, or more often: "by hand" has one event and one mail:',
            [f"for i in 1 2; do {curl} {orders}; done"],
        ),
        (
            "kill -9 the relay, or any pid below: it is started again, nothing is lost:",
            [f"{control} kill relay{where}"],
        ),
        (
            "Replay every order: all is done already, and no mail is sent twice:",
            [f"{sourced} && {_python()} manage.py runreplay {GROUP} --reason 'a look'"],
        ),
    ]


def shown(path: Path) -> str:
    """A path as a person in the checkout would type it."""
    return shlex.quote(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def _python() -> str:
    # Not resolved: the environment's interpreter is a link to one that knows nothing of it.
    return shown(Path(sys.executable))
