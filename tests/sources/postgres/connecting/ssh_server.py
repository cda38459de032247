"""An SSH server that passes connections on, as a process of its own: `ssh_server.py PORT HOST_KEY_FILE AUTHORIZED_PUBLIC_KEY`."""

from __future__ import annotations

import socket
import sys
import threading

import paramiko


class Gate(paramiko.ServerInterface):
    """Lets one user in by one key, and passes connections on to where they ask."""

    def __init__(self, authorized: str) -> None:
        self.authorized, self.targets = authorized, {}

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == "me" and key.get_base64() == self.authorized
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_channel_direct_tcpip_request(self, chanid: int, origin, destination) -> int:  # noqa: ARG002
        try:
            self.targets[chanid] = socket.create_connection(destination, 5)
        except OSError:
            return paramiko.OPEN_FAILED_CONNECT_FAILED
        return paramiko.OPEN_SUCCEEDED


def pump(receive, send, end) -> None:
    try:
        while piece := receive(65536):
            send(piece)
    except (OSError, EOFError):
        pass
    end()


def serve(client: socket.socket, host_key: paramiko.PKey, authorized: str) -> None:
    gate, transport = Gate(authorized), paramiko.Transport(client)
    transport.add_server_key(host_key)
    try:
        transport.start_server(server=gate)
        while transport.is_active():
            channel = transport.accept(1)
            if channel is None:
                continue
            target = gate.targets.pop(channel.get_id())
            for ways in ((channel.recv, target.sendall, target.close), (target.recv, channel.sendall, channel.close)):
                threading.Thread(target=pump, args=ways, daemon=True).start()
    except (paramiko.SSHException, EOFError, OSError):
        transport.close()


def main() -> None:
    port, key_file, public = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    host_key = paramiko.ECDSAKey(filename=key_file)
    door = socket.create_server(("127.0.0.1", port))
    while True:
        client, _ = door.accept()
        threading.Thread(target=serve, args=(client, host_key, public), daemon=True).start()


if __name__ == "__main__":
    main()
