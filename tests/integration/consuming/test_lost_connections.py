"""A connection that breaks under a unit of work is nobody's fault, however soon it is replaced."""

import os
import socket
import threading

import pytest
from django.db import connection, transaction

from events.consuming.manual_transaction import manual_transaction
from events.consuming.retrying import Retrying

pytestmark = pytest.mark.django_db(transaction=True)

RETRYING = Retrying(stop=threading.Event(), probe_every_s=0.1)


def cut() -> None:
    """Cut the connection, as the death of its server does; PostgreSQL itself goes on."""
    raw = connection.connection
    assert raw is not None
    with socket.socket(fileno=os.dup(raw.fileno())) as other_end:
        other_end.shutdown(socket.SHUT_RDWR)


def test_a_transaction_whose_connection_broke_runs_again() -> None:
    tries: list[int] = []

    def unit() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            tries.append(1)
            if len(tries) == 1:
                cut()
            cursor.execute("SELECT 2")
        return len(tries)

    assert RETRYING.through_outages(unit) == 2


def test_a_manual_transaction_whose_connection_broke_runs_again() -> None:
    tries: list[int] = []

    def unit() -> int:
        with manual_transaction(may_idle_s=60.0), connection.cursor() as cursor:
            tries.append(1)
            if len(tries) == 1:
                cut()
            cursor.execute("SELECT 2")
        return len(tries)

    assert RETRYING.through_outages(unit) == 2


def test_an_error_of_the_unit_itself_is_raised_at_once() -> None:
    tries: list[int] = []

    def unit() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            tries.append(1)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        RETRYING.through_outages(unit)
    assert len(tries) == 1
