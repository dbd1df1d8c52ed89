#!/usr/bin/env python3
# smoke: what systemd does for a service with a file descriptor store: starts it, keeps its descriptors, starts it again.
"""service_manager.py PIDFILE COMMAND...: runs COMMAND, and again whenever it ends, with the descriptors that it gave to be kept
(sd_notify(3): FDSTORE, FDSTOREREMOVE; sd_listen_fds(3)). PIDFILE: of the one that runs. SIGUSR1: what is kept gives way to a
memfd that anybody could shorten. SIGTERM: ends both."""
import array
import os
import signal
import socket
import sys

FIRST_FD = 3
RESTART_S = 0.1


def words_of(message: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)


class Manager:
    def __init__(self, pid_file: str, command: list[str]) -> None:
        self.pid_file, self.command = pid_file, command
        self.kept: list[tuple[str, int]] = []
        self.pid = 0
        self.ended = False
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{pid_file}.notify")
        self.socket.settimeout(RESTART_S)

    def start(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            fds = [os.dup2(fd, 200 + i) for i, (_, fd) in enumerate(self.kept)]
            for i, fd in enumerate(fds):
                os.dup2(fd, FIRST_FD + i)
                os.close(fd)
            os.closerange(FIRST_FD + len(fds), 200)
            environment = dict(os.environ, NOTIFY_SOCKET=f"{self.pid_file}.notify")
            if fds:
                environment |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)),
                                "LISTEN_FDNAMES": ":".join(name for name, _ in self.kept)}
            os.execve(self.command[0], self.command, environment)
        with open(f"{self.pid_file}.new", "w") as out:
            print(self.pid, file=out)
        os.replace(f"{self.pid_file}.new", self.pid_file)
        print(f"started {self.pid} with {len(self.kept)} kept", flush=True)

    def hear(self) -> None:
        message, rights, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
        said = words_of(message)
        fds = array.array("i")
        for _, kind, data in rights:
            if kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        name = said.get("FDNAME", "stored")
        if said.get("FDSTOREREMOVE") == "1":
            for each in [each for each in self.kept if each[0] == name]:
                os.close(each[1])
                self.kept.remove(each)
            print(f"forgot {name}", flush=True)
        for fd in fds:
            if said.get("FDSTORE") == "1":
                self.kept.append((name, fd))
                print(f"keeps {name}", flush=True)
            else:
                os.close(fd)
        if said.get("READY") == "1":
            print("ready", flush=True)

    def replace(self, *_: object) -> None:
        for i, (name, fd) in enumerate(self.kept):
            size = os.fstat(fd).st_size
            os.close(fd)
            other = os.memfd_create("other", os.MFD_CLOEXEC)
            os.ftruncate(other, size)
            self.kept[i] = (name, other)
        print("replaced", flush=True)

    def end(self, *_: object) -> None:
        self.ended = True
        os.kill(self.pid, signal.SIGTERM)

    def run(self) -> None:
        signal.signal(signal.SIGUSR1, self.replace)
        signal.signal(signal.SIGTERM, self.end)
        self.start()
        while True:
            try:
                self.hear()
            except TimeoutError:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid == 0:
                    continue
                print(f"ended {pid}: {os.waitstatus_to_exitcode(status)}", flush=True)
                if self.ended:
                    return
                self.start()


if __name__ == "__main__":
    Manager(sys.argv[1], sys.argv[2:]).run()
