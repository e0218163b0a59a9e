"""The project's settings; `WAYBILL_CHANGES` (JSON) changes Waybill's for one process."""

import json
import os

from config.settings import *  # noqa: F403 - these are the project's settings
from config.settings import DATABASES, WAYBILL

WAYBILL = {
    **WAYBILL,
    "allowed_topic_names": [
        *WAYBILL["allowed_topic_names"],
        os.environ["ACCEPTANCE_TOPIC"],
        f"{os.environ['ACCEPTANCE_TOPIC']}_missing",
    ],
    **json.loads(os.environ.get("WAYBILL_CHANGES", "{}")),
}

if most := os.environ.get("ACCEPTANCE_POOL_SIZE"):
    DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = int(most)

if seconds := os.environ.get("ACCEPTANCE_EMAIL_TIMEOUT_S"):
    EMAIL_TIMEOUT = int(seconds)
