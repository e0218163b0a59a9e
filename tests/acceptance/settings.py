"""The project's settings; `WAYBILL_CHANGES` (JSON) changes Waybill's for one process."""

import json
import os

from config.settings import *  # noqa: F403 - these are the project's settings
from config.settings import WAYBILL

WAYBILL = {
    **WAYBILL,
    "allowed_topic_names": [*WAYBILL["allowed_topic_names"], os.environ["ACCEPTANCE_TOPIC"]],
    **json.loads(os.environ.get("WAYBILL_CHANGES", "{}")),
}
