"""The peer's addresses."""

import json

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path


def insert(request: HttpRequest) -> JsonResponse:
    """Store what was sent, unchecked and for anybody: one row, no transaction around it."""
    document = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain_event (key, value) VALUES (%s, %s) RETURNING id",
            [document["key"], json.dumps(document["data"])],
        )
        row = cursor.fetchone()
    return JsonResponse({"id": row[0]}, status=202)


def insert_many(request: HttpRequest) -> JsonResponse:
    """Store an array: its rows by one statement."""
    rows = [(each["key"], json.dumps(each["data"])) for each in json.loads(request.body)]
    places = ", ".join(["(%s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO plain_event (key, value) VALUES {places} RETURNING id",  # noqa: S608 - no text of a caller's
            [part for row in rows for part in row],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return JsonResponse({"ids": ids}, status=202)


urlpatterns = [path("events", insert), path("batches", insert_many)]
