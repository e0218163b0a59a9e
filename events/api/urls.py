"""The addresses of the events API, and those beside it that need no login."""

from django.urls import URLPattern, URLResolver, path

from events.api.consumption_view import ConsumptionsView, ConsumptionView
from events.api.documents import AsyncApiView, SchemaView, swagger
from events.api.event_view import EventsView, EventView
from events.api.group_view import GroupsView, GroupView
from events.api.health import livez, readyz
from events.api.health_view import HealthView
from events.api.letter_action_view import (
    DiscardFilteredView,
    DiscardView,
    RedriveFilteredView,
    RedriveView,
)
from events.api.letter_view import LetterSummaryView, LettersView, LetterView
from events.api.limits_view import LimitsView
from events.api.pause_view import GroupPausesView, PausesView, ResumeView
from events.api.problem_pages import problem_list, problem_page
from events.api.publish_view import PublishView
from events.api.replay_action_view import PauseReplayView, ResumeReplayView, StopReplayView
from events.api.replay_view import ReplaysView, ReplayView
from events.api.resolve_view import ResolveView
from events.api.seek_view import SeekView
from events.api.topic_view import TopicsView, TopicView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/topics/<str:topic>/events", PublishView.as_view(), name="publish"),
    path("api/v1/topics", TopicsView.as_view(), name="topics"),
    path("api/v1/topics/<str:topic>", TopicView.as_view(), name="topic"),
    path("api/v1/events", EventsView.as_view(), name="events"),
    path("api/v1/events/<uuid:event_id>", EventView.as_view(), name="event"),
    path("api/v1/consumptions", ConsumptionsView.as_view(), name="consumptions"),
    path(
        "api/v1/consumptions/<int:consumption_id>",
        ConsumptionView.as_view(),
        name="consumption",
    ),
    path(
        "api/v1/consumptions/<int:consumption_id>/resolve", ResolveView.as_view(), name="resolve"
    ),
    path("api/v1/groups", GroupsView.as_view(), name="groups"),
    path("api/v1/groups/<str:group>", GroupView.as_view(), name="group"),
    path("api/v1/groups/<str:group>/pauses", GroupPausesView.as_view(), name="pause"),
    path("api/v1/groups/<str:group>/seek", SeekView.as_view(), name="seek"),
    path("api/v1/pauses", PausesView.as_view(), name="pauses"),
    path("api/v1/pauses/<uuid:pause_id>/resume", ResumeView.as_view(), name="resume"),
    path("api/v1/dead-letters", LettersView.as_view(), name="dead-letters"),
    path("api/v1/dead-letters/summary", LetterSummaryView.as_view(), name="dead-letter-summary"),
    path("api/v1/dead-letters/<uuid:letter_id>", LetterView.as_view(), name="dead-letter"),
    path("api/v1/dead-letters/<uuid:letter_id>/redrive", RedriveView.as_view(), name="redrive"),
    path("api/v1/dead-letters/redrive", RedriveFilteredView.as_view(), name="redrive-filtered"),
    path("api/v1/dead-letters/<uuid:letter_id>/discard", DiscardView.as_view(), name="discard"),
    path("api/v1/dead-letters/discard", DiscardFilteredView.as_view(), name="discard-filtered"),
    path("api/v1/replays", ReplaysView.as_view(), name="replays"),
    path("api/v1/replays/<uuid:replay_id>", ReplayView.as_view(), name="replay"),
    path("api/v1/replays/<uuid:replay_id>/pause", PauseReplayView.as_view(), name="pause-replay"),
    path(
        "api/v1/replays/<uuid:replay_id>/resume", ResumeReplayView.as_view(), name="resume-replay"
    ),
    path("api/v1/replays/<uuid:replay_id>/stop", StopReplayView.as_view(), name="stop-replay"),
    path("api/v1/schema/", SchemaView.as_view(), name="schema"),
    path("api/v1/docs/", swagger, name="docs"),
    path("api/v1/asyncapi.json", AsyncApiView.as_view(), name="asyncapi"),
    path("api/v1/limits", LimitsView.as_view(), name="limits"),
    path("api/v1/health", HealthView.as_view(), name="health"),
    path("problems/", problem_list, name="problems"),
    path("problems/<slug:code>", problem_page, name="problem"),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
]
