"""Removes the containers of a stack whose process was killed; run by the guard, with its id."""

from __future__ import annotations

import sys

import docker

from local.containers.engine import STACK_LABEL, remove_containers

if __name__ == "__main__":
    remove_containers(docker.from_env(), f"{STACK_LABEL}={sys.argv[1]}")
