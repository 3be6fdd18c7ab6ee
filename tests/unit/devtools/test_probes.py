import os
import socket

import pytest

from scripts.devtools.probes import PortInUseError, check_ports_free, http_ok, is_free
from tests.support.ports import free_port


def test_a_port_in_use_is_one_sentence_with_who_and_which_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as error:
            check_ports_free({"users-backend": port, "router": free_port()})
    sentence = str(error.value)
    assert sentence.startswith(f"Port {port} for users-backend is in use by process {os.getpid()} (")
    assert sentence.endswith("): stop that, or set USERS_BACKEND_PORT to another port.")


def test_a_closed_connection_does_not_hold_a_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        server, _ = listener.accept()
        server.close()
        client.close()
    assert is_free(port)


async def test_nobody_there_is_not_ready():
    assert not await http_ok(free_port())
