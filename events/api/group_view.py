"""Consumer groups over HTTP: all of them at a glance, and one with where it stands."""

from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.group_record import glance_record, standing_record
from events.api.openapi.groups import GROUP, GROUPS
from events.api.operating.group_topics import readable_groups, readable_topics_of
from events.api.parameters import Parameters
from events.auditing.group_list import group_glances
from events.auditing.group_standing import group_standing
from events.grants import grants_of

KAFKA_WAIT_S = 3.0  # a page that tells the rest is better than one that waits


class GroupsView(ApiView):
    """GET /api/v1/groups"""

    @GROUPS
    def get(self, request: Request) -> Response:
        """List the groups of which the caller may read at least one topic, by name."""
        Parameters(request).refuse()
        names = readable_groups(user=request.user)
        records = [
            glance_record(each, readable=readable_topics_of(each.group, user=request.user))
            for each in group_glances(names)
        ]
        return Response({"groups": records})


class GroupView(ApiView):
    """GET /api/v1/groups/{group}"""

    @GROUP
    def get(self, request: Request, group: str) -> Response:
        """Return where the group stands in the topics that the caller may read.

        200 also while Kafka is away: what is known without it is told.
        """
        Parameters(request).refuse()
        readable = readable_topics_of(group, user=request.user)
        standing = group_standing(group, within=readable, timeout_s=KAFKA_WAIT_S)
        return Response(standing_record(standing, grants=grants_of(request.user)))
