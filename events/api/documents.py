"""Documents for machines and people: OpenAPI, AsyncAPI and the page to try the API out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.asyncapi import asyncapi_document
from events.api.openapi.assembly import openapi_document
from events.api.openapi.documents import ASYNCAPI, SCHEMA
from events.consuming.subscriptions import subscriptions
from events.grants import Right, grants_of
from events.topics import declared_topics


class SchemaView(ApiView):
    """GET /api/v1/schema/"""

    authentication_classes = ()
    permission_classes = ()

    @SCHEMA
    def get(self, request: Request) -> Response:
        """Return the OpenAPI document; it needs no login, and names no topic."""
        return Response(openapi_document())


class AsyncApiView(ApiView):
    """GET /api/v1/asyncapi.json"""

    @ASYNCAPI
    def get(self, request: Request) -> Response:
        """Return the AsyncAPI document of the topics that the caller may publish to or read."""
        grants = grants_of(request.user)
        topics = [
            topic
            for topic in declared_topics()
            if any(grants.allows(right, topic.name) for right in (Right.PUBLISH, Right.READ))
        ]
        return Response(asyncapi_document(topics, subscriptions=subscriptions()))


@require_safe
@ensure_csrf_cookie
def swagger(request: HttpRequest) -> HttpResponse:
    """Show the API to people; every asset comes from here."""
    return render(request, "events/swagger.html")
