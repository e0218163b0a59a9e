"""The peer's one address."""

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


urlpatterns = [path("events", insert)]
