"""A subject of evspec, from spec/protocol.md alone: it uses nothing of evspec, and reads like pseudo-code."""

import errno, fcntl, heapq, json, os, resource, signal, socket, sys, time
from itertools import count


class TinyLoop:
    """The loop under test: tasks, timers, run, stop."""

    def __init__(self):
        self.tasks, self.timers, self.order, self.running = [], [], count(), False

    def soon(self, callback):
        self.tasks.append(callback)

    def after(self, ms, callback):
        timer = [time.monotonic() + ms / 1000, next(self.order), callback]
        heapq.heappush(self.timers, timer)
        return timer

    def cancel(self, timer):
        timer[2] = lambda: None

    def run(self):
        self.running = True
        while self.running:
            tasks, self.tasks = self.tasks, []
            for task in tasks:
                task()
            now = time.monotonic()
            due = []
            while self.timers and self.timers[0][0] <= now:
                due.append(heapq.heappop(self.timers))
            for timer in due:
                timer[2]()
            if self.running and not self.tasks and self.timers:
                time.sleep(max(0, self.timers[0][0] - time.monotonic()))

    def stop(self):
        self.running = False


class Impossible(Exception):
    """The host can't do it. Never a finding about the loop."""


def open_fds():
    return len(os.listdir("/proc/self/fd")) - 1


class Run:
    """One scenario."""

    def __init__(self, request, send):
        self.scenario, self.loop, self.timers = request["run"], TinyLoop(), {}
        self.flush = request.get("flush") and send
        self.rendezvous = request.get("rendezvous") and send
        self.records, self.tokens, self.runs = [], 0, {}
        self.numbers, self.open, self.limit = {}, set(), resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = self.scenario.get("maxRecords", 5000)

    def trace(self):
        before = open_fds()
        try:
            for name, spec in self.scenario["fds"].items():
                for member in [f"{name}{i}" for i in range(spec["count"])] if "count" in spec else [name]:
                    self.make(member, spec)
            fds = dict(self.numbers)
            if self.flush:
                self.flush({"records": [], "fds": fds})
            self.pause("before")
            self.t0, self.c0 = time.monotonic_ns(), time.thread_time_ns()
            self.perform(self.scenario["main"])
            self.pause("after")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, self.limit)
            for number in self.open:
                os.close(number)
        return {"fds": fds, "records": self.records, "openFds": {"before": before, "after": open_fds()}}

    def pause(self, moment):
        if self.rendezvous:
            self.rendezvous({"stopping": moment})
            signal.raise_signal(signal.SIGSTOP)

    def make(self, name, spec):
        if spec["kind"] == "pair":
            near, far = (end.detach() for end in socket.socketpair())
        elif spec["kind"] == "pipe":
            near, far = os.pipe() if spec.get("near") != "write" else reversed(os.pipe())
        else:
            raise Impossible(f"fds of kind {spec['kind']} can't be made yet")
        self.adopt(name, near)
        self.adopt(name + ".peer", far)

    def adopt(self, name, number):
        os.set_blocking(number, False)
        self.numbers[name] = number
        self.open.add(number)
        return {"result": number}

    def record(self, k, **fields):
        if len(self.records) > self.most:
            return
        if len(self.records) == self.most:
            k, fields = "cut", {}
            self.loop.stop()
        t, c = time.monotonic_ns() - self.t0, time.thread_time_ns() - self.c0
        self.records.append({"k": k, "t": t // 1000, "c": c // 1000, **fields})
        if self.flush:
            self.flush({"records": self.records[-1:]})

    def callback(self, name, kind, token):
        def entered():
            if len(self.records) > self.most:
                return self.loop.stop()
            nth = self.runs[name] = self.runs.get(name, 0) + 1
            self.record("enter", run=name, nth=nth, **{"as": kind}, token=token)
            spec = self.scenario["callbacks"][name]
            self.perform(spec["runs"][nth - 1] if nth <= len(spec["runs"]) else spec.get("rest", []))
            self.record("exit")

        return entered

    def perform(self, actions):
        for action in actions:
            op, fields = action["op"], {}
            if op in ("schedule", "timeout", "barrier"):
                self.tokens += 1
                fields["token"] = self.tokens
            do = getattr(self, "do_" + op, None)
            if do is None:
                raise Impossible(f"the operation '{op}' can't be done yet")
            fd = action.get("fd", "")
            group, star, end = fd.partition("*")
            members = [f"{group}{i}{end}" for i in range(self.scenario["fds"][group]["count"])] if star else [fd]
            for member in members:
                try:
                    fields.update(do(action, self.numbers.get(member, -1)) or {})
                except OSError as error:
                    fields["errno"] = errno.errorcode[error.errno]
                self.record("did", op=op, **({"fd": member} if star else {}), **fields)

    # Operations of the loop: each is one call of it.

    def do_schedule(self, action, fd):
        self.loop.soon(self.callback(action["run"], "task", self.tokens))

    def do_timeout(self, action, fd):
        timer = self.loop.after(action["delay"], self.callback(action["run"], "timer", self.tokens))
        if "id" in action:
            self.timers[action["id"]] = timer

    def do_cancel(self, action, fd):
        if action["id"] in self.timers:  # it may not be set yet
            self.loop.cancel(self.timers[action["id"]])

    def do_barrier(self, action, fd):
        entered, left = self.callback(action["run"], "barrier", self.tokens), action.get("rounds", 3)

        def one_round(left):
            self.loop.soon(entered if left == 0 else lambda: one_round(left - 1))

        one_round(left)

    def do_start(self, action, fd):
        self.record("starting")
        self.loop.run()

    def do_stop(self, action, fd):
        self.loop.stop()

    do_done = do_stop

    # Operations on fds and on the process: system calls.

    def do_burn(self, action, fd):
        end = time.monotonic() + action["ms"] / 1000
        while time.monotonic() < end:
            pass

    def do_write(self, action, fd):
        data = action.get("data")
        return {"result": os.write(fd, b"x" * action.get("size", 1) if data is None else data.encode())}

    def do_read(self, action, fd):
        data = os.read(fd, action.get("size", 65536))
        return {"result": len(data), "data": data[:64].decode("latin-1"), **({} if data else {"eof": True})}

    def do_fill(self, action, fd):
        return self.repeat(lambda: os.write(fd, b"x" * 65536))

    def do_drain(self, action, fd):
        first = b""

        def read():
            nonlocal first
            data = os.read(fd, 65536)
            first = (first + data)[:64]
            return len(data)

        total = self.repeat(read)
        return {**total, "data": first.decode("latin-1")}

    def repeat(self, step):
        total = 0
        try:
            while True:
                moved = step()
                if moved == 0:
                    return {"result": total, "eof": True}
                total += moved
        except BlockingIOError:
            return {"result": total}

    def do_close(self, action, fd):
        os.close(fd)
        self.open.discard(fd)

    def do_shutdown(self, action, fd):
        with socket.socket(fileno=os.dup(fd)) as copy:
            copy.shutdown({"read": 0, "write": 1, "both": 2}[action["how"]])

    def do_dup(self, action, fd):
        return self.adopt(action["as"], os.dup(fd))

    def do_dup2(self, action, fd):
        return self.adopt(action["as"], os.dup2(fd, self.numbers[action["onto"]], inheritable=False))

    def do_isOpen(self, action, fd):
        return {"result": int(os.path.exists(f"/proc/self/fd/{fd}"))}

    def do_countFds(self, action, fd):
        return {"result": open_fds()}

    def do_limitFds(self, action, fd):
        taken, free, limit = {int(name) for name in os.listdir("/proc/self/fd")}, action["spare"], 0
        while limit in taken or free > 0:
            free -= limit not in taken
            limit += 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, self.limit[1]))
        return {"result": action["spare"]}


HELLO = {
    "protocol": 1,
    "name": "tiny loop",
    "version": "1.0",
    "language": "Python " + sys.version.split()[0],
    "pid": os.getpid(),
    "facets": ["tasks", "timers", "run"],
    "unclaimed": {
        **{word: "no such call" for word in ("unschedule", "timeoutAt", "periodic", "closeLoop", "nested")},
        **{word: "an exception ends the run" for word in ("exceptions", "errnoErrors", "fatal", "log")},
        **{word: "the host can't do it yet" for word in ("manyLoops", "thread", "tcp", "files", "highFds")},
    },
    "rounds": "tasks",
}


def answer(request, send):
    if "hello" in request:
        return {"hello": HELLO}
    if "bye" in request:
        return {"bye": {}}
    try:
        return {"trace": Run(request, send).trace()}
    except Impossible as error:
        return {"error": str(error)}


def main():
    # The channel moves up, out of the way of the fds under test; a stray print goes to stderr.
    requests = os.fdopen(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 900), "r")
    replies = os.fdopen(fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 900), "w", buffering=1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    for line in requests:
        request = json.loads(line)

        def send(reply):
            replies.write(json.dumps({"id": request["id"], **reply}) + "\n")

        send(answer(request, send))
        if "bye" in request:
            break


main()
