"""Engine: makes the containers of one stack in the Docker engine of this machine."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from local.children import shared_guard
from local.containers.container import Container
from local.containers.plan import ContainerPlan
from local.errors import GuardGone, NoSuchServices, ServiceFailed
from local.service import Say

STACK_LABEL = "waybill.stack"
DIRECTORY_LABEL = "waybill.directory"

_LOCAL = ("http+docker://", "unix://", "npipe://")


class Engine:
    """Containers publish their port on 127.0.0.1 only. They end with this process, however it
    ends: the guard removes what is left. Methods raise ServiceFailed.

    With `keeps_data` what a service keeps lies in a named volume, and is there the next time.
    Raises NoSuchServices when no engine answers.
    """

    def __init__(self, *, keeps_data: bool) -> None:
        self._client = _connect()
        self._keeps_data = keeps_data
        self._stack = uuid.uuid4().hex
        # The reaper of testcontainers is one more image to be had, and needs the engine's socket
        # inside a container. Our guard does the same from outside.
        testcontainers_config.ryuk_disabled = True
        self._at_end = [sys.executable, "-m", "local.containers.leftovers", self._stack]
        shared_guard().run_at_end(self._at_end)

    def close(self) -> None:
        """To be called when all containers are removed."""
        with suppress(GuardGone):
            shared_guard().forget_at_end(self._at_end)
        self._client.close()

    def clear(self, directory: Path) -> None:
        """Remove the container that an earlier run in this directory left, guard and all killed.

        To be called by whom the directory belongs to.
        """
        remove_containers(self._client, f"{DIRECTORY_LABEL}={directory}")

    def fetch(self, image: str, *, say: Say, abandoned: threading.Event) -> None:
        """See to it that the engine has the image."""
        with suppress(ImageNotFound):
            self._client.images.get(image)
            return
        say(f"Getting the image {image}")
        try:
            for _ in self._client.api.pull(image, stream=True, decode=True):
                if abandoned.is_set():
                    raise ServiceFailed(f"getting the image {image} was abandoned")
            self._client.images.get(image)
        except APIError as error:
            raise ServiceFailed(f"cannot get the image {image}: {error.explanation}") from error

    def create(self, plan: ContainerPlan, *, port: int, directory: Path) -> Container:
        """Make and start a container, published at 127.0.0.1:`port`."""
        container = DockerContainer(plan.image)
        container.with_command(list(plan.command))
        container.with_envs(**plan.environment)
        container.ports[f"{plan.port}/tcp"] = ("127.0.0.1", port)  # type: ignore[assignment]
        if self._keeps_data:
            container.with_volume_mapping(self._volume(directory), plan.data, "rw")
        container.with_kwargs(labels=self._labels(directory))
        try:
            container.start()
        except APIError as error:
            # Made, but not started: nothing else knows of it.
            self.clear(directory)
            raise ServiceFailed(_told(error, port=port)) from error
        return Container(container.get_wrapped_container())

    def begins_anew(self, directory: Path) -> bool:
        """True when nothing is kept for the service of this directory, or not any more."""
        memory = directory / "volume"
        if not self._keeps_data or not memory.exists():
            return True
        try:
            self._client.volumes.get(memory.read_text())
        except NotFound:
            return True
        return False

    def _volume(self, directory: Path) -> str:
        # A name that no other directory has, nor this one after its files were deleted: the
        # passwords of what is kept would be gone.
        memory = directory / "volume"
        if not memory.exists():
            memory.write_text(f"waybill-{uuid.uuid4().hex}")
        name = memory.read_text()
        self._client.volumes.create(name, labels={DIRECTORY_LABEL: str(directory)})
        return name

    def _labels(self, directory: Path) -> dict[str, str]:
        return {STACK_LABEL: self._stack, DIRECTORY_LABEL: str(directory)}


def remove_containers(client: Any, label: str) -> None:
    """Remove every container with this label, running or not, and what it keeps unnamed."""
    for container in client.containers.list(all=True, filters={"label": label}):
        with suppress(NotFound):
            container.remove(force=True, v=True)


def _connect() -> Any:
    try:
        client = DockerClient().client
        client.ping()
    except (DockerException, OSError) as error:
        where = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        raise NoSuchServices(
            f"SERVICES=containers needs a Docker engine, and none answers at {where}. Start one, "
            "or say with DOCKER_HOST where it is; or unset SERVICES: then the services come from "
            f"Python wheels and need no Docker. What was tried: {error}"
        ) from error
    if not client.api.base_url.startswith(_LOCAL):
        raise NoSuchServices(
            f"SERVICES=containers needs a Docker engine on this machine, not {client.api.base_url}"
        )
    return client


def _told(error: APIError, *, port: int) -> str:
    told = str(error.explanation)
    if "already allocated" in told or "already in use" in told:
        return f"port {port} is in use: {told}"
    return f"the engine refuses: {told}"
