"""Which process this is, as the audit names it."""

import os
import socket

HOST = socket.gethostname()[:255]
PID = os.getpid()
