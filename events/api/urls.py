"""The addresses of the events API, and those beside it that need no login."""

from django.urls import URLPattern, URLResolver, path

from events.api.event_view import EventView
from events.api.health import livez, readyz
from events.api.problem_pages import problem_list, problem_page
from events.api.publish_view import PublishView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/topics/<str:topic>/events", PublishView.as_view(), name="publish"),
    path("api/v1/events/<uuid:event_id>", EventView.as_view(), name="event"),
    path("problems/", problem_list, name="problems"),
    path("problems/<slug:code>", problem_page, name="problem"),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
]
