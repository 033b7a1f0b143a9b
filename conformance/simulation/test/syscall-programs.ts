/**
 * Programs of system calls, as data, and what each call answers: to be run on two kernels and compared.
 *
 * A program knows fds by the order in which it got them, since two kernels number them differently. What it has closed
 * is -1 from then on: the number itself may be somebody else's in a process that has more to do than this.
 */
import fc from 'fast-check';
import {
  AF_INET,
  AF_UNIX,
  EINPROGRESS,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  EpollEvents,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETPIPE_SZ,
  FdSet,
  MSG_PEEK,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDWR,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  PollSet,
  SO_ACCEPTCONN,
  SO_ERROR,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketAddress,
  errnoName,
  type Address,
  type Posix,
} from '../../../posix/index.js';

/** Small numbers stand for fds: modulo how many there are. */
export type Call =
  | { readonly call: 'pair' | 'pipe' | 'eventfd' | 'epoll' | 'file' | 'null' }
  | { readonly call: 'socket'; readonly family: 'unix' | 'ipv4' }
  | { readonly call: 'listener'; readonly family: 'unix' | 'ipv4'; readonly backlog: number }
  | { readonly call: 'connect'; readonly to: number }
  | {
      readonly call: 'accept' | 'close' | 'reset' | 'dup' | 'available' | 'error' | 'options' | 'names';
      readonly fd: number;
    }
  | { readonly call: 'write' | 'read' | 'peek' | 'resize'; readonly fd: number; readonly size: number }
  | { readonly call: 'fill' | 'drain'; readonly fd: number; readonly size: number }
  | { readonly call: 'shutdown'; readonly fd: number; readonly how: number }
  | { readonly call: 'dup2'; readonly fd: number; readonly onto: number }
  | {
      readonly call: 'control';
      readonly epoll: number;
      readonly fd: number;
      readonly operation: number;
      readonly events: number;
    }
  | { readonly call: 'wait'; readonly epoll: number; readonly most: number }
  | { readonly call: 'poll' | 'select'; readonly fds: readonly number[]; readonly events: number };

const fd = fc.nat({ max: 7 });
const few = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(1, 100, 4095, 4096, 4097, 10_000));
const family = fc.constantFrom('unix' as const, 'ipv4' as const);
const call = <C extends Call['call'], F extends object>(
  name: C,
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
) => fc.record({ call: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Call>;
const interest = fc.constantFrom(
  EPOLLIN,
  EPOLLOUT,
  EPOLLIN | EPOLLOUT,
  EPOLLIN | EPOLLRDHUP,
  0,
  EPOLLIN | EPOLLONESHOT,
  EPOLLIN | EPOLLET,
);
const kinds = fc.constantFrom('pair', 'pipe', 'eventfd', 'epoll', 'file', 'null');

/** @param edges Whether fds may be watched edge-triggered: then every single notice of the kernel shows. */
export const programs = (edges: boolean): fc.Arbitrary<Call[]> =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ call: kinds }) },
      { weight: 1, arbitrary: call('socket', { family }) },
      { weight: 2, arbitrary: call('listener', { family, backlog: fc.constantFrom(0, 1, 8) }) },
      { weight: 4, arbitrary: call('connect', { to: fd }) },
      { weight: 3, arbitrary: call('accept', { fd }) },
      { weight: 5, arbitrary: call('close', { fd }) },
      { weight: 2, arbitrary: call('reset', { fd }) },
      { weight: 2, arbitrary: call('dup', { fd }) },
      { weight: 1, arbitrary: call('dup2', { fd, onto: fd }) },
      { weight: 12, arbitrary: call('write', { fd, size: few }) },
      { weight: 8, arbitrary: call('read', { fd, size: few }) },
      { weight: 1, arbitrary: call('peek', { fd, size: few }) },
      { weight: 2, arbitrary: call('fill', { fd, size: fc.constantFrom(1, 100, 4096, 5000, 65_536) }) },
      { weight: 3, arbitrary: call('drain', { fd, size: fc.constantFrom(100, 4096, 65_536) }) },
      { weight: 1, arbitrary: call('resize', { fd, size: fc.constantFrom(1, 4096, 10_000, 65_536) }) },
      { weight: 3, arbitrary: call('shutdown', { fd, how: fc.nat({ max: 3 }) }) },
      { weight: 2, arbitrary: call('available', { fd }) },
      { weight: 2, arbitrary: call('error', { fd }) },
      { weight: 1, arbitrary: call('options', { fd }) },
      { weight: 1, arbitrary: call('names', { fd }) },
      {
        weight: 6,
        arbitrary: call('control', {
          epoll: fd,
          fd,
          operation: fc.constantFrom(
            EPOLL_CTL_ADD,
            EPOLL_CTL_ADD,
            EPOLL_CTL_ADD,
            EPOLL_CTL_MOD,
            EPOLL_CTL_DEL,
          ),
          events: edges ? interest : interest.filter((events) => (events & EPOLLET) === 0),
        }),
      },
      { weight: 6, arbitrary: call('wait', { epoll: fd, most: fc.constantFrom(1, 2, 16) }) },
      {
        weight: 5,
        arbitrary: call('poll', {
          fds: fc.array(fd, { maxLength: 4 }),
          events: fc.constantFrom(POLLIN, POLLOUT, POLLIN | POLLOUT | POLLRDHUP, 0),
        }),
      },
      {
        weight: 3,
        arbitrary: call('select', {
          fds: fc.array(fd, { maxLength: 4 }),
          events: fc.constantFrom(POLLIN, POLLOUT),
        }),
      },
    ),
    { minLength: 1, maxLength: 40 },
  );

const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
const DOMAINS = { unix: AF_UNIX, ipv4: AF_INET } as const;
const bytes = Buffer.alloc(65_536);
const MOST_WRITES = 400;

/** One kernel, and the fds that a program has of it. */
export class Side {
  private readonly fds: number[] = [];
  /** fds that are TCP sockets, by number. How much these hold is nobody's promise. */
  private readonly tcp = new Set<number>();
  private readonly events = new EpollEvents(16);
  private readonly set = new PollSet();
  private readonly sets = [new FdSet(), new FdSet()] as const;
  private readonly pair = new Int32Array(2);
  private readonly address = new SocketAddress();
  private registrations = 0;
  private written = 0;

  /** @param path A prefix of paths that nobody uses. */
  constructor(
    private readonly posix: Posix,
    private readonly path: string,
  ) {}

  /** Makes a call. @returns What it answered. */
  run(call: Call): unknown {
    const { posix, pair } = this;
    switch (call.call) {
      case 'pair':
        return this.two(posix.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, pair));
      case 'pipe':
        return this.two(posix.pipe2(pair, O_NONBLOCK | O_CLOEXEC));
      case 'eventfd':
        return this.opened(posix.eventfd(0, O_NONBLOCK | O_CLOEXEC));
      case 'epoll':
        return this.opened(posix.epoll_create1(O_CLOEXEC));
      case 'file': {
        const path = `${this.path}-${this.fds.length}`;
        const result = posix.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK);
        posix.unlink(path);
        return this.opened(result);
      }
      case 'null':
        return this.opened(posix.open('/dev/null', O_RDWR | O_CLOEXEC));
      case 'socket':
        return this.opened(
          posix.socket(DOMAINS[call.family], SOCK_STREAM | FLAGS, 0),
          call.family === 'ipv4',
        );
      case 'listener':
        return this.listener(call.family, call.backlog);
      case 'connect':
        return this.connect(this.fd(call.to));
      case 'accept':
        return this.opened(posix.accept4(this.fd(call.fd), FLAGS), this.tcp.has(this.fd(call.fd)));
      case 'close':
        return this.close(call.fd);
      case 'reset':
        return [answerOf(posix.setLinger(this.fd(call.fd), 0)), this.close(call.fd)];
      case 'dup':
        return this.opened(posix.dup(this.fd(call.fd)), this.tcp.has(this.fd(call.fd)));
      case 'dup2': {
        const [from, onto] = [this.fd(call.fd), this.fd(call.onto)];
        // To a closed number: it may have become somebody else's.
        if (onto < 0) return undefined;
        const result = posix.dup2(from, onto);
        if (result >= 0 && from !== onto)
          if (this.tcp.has(from)) this.tcp.add(onto);
          else this.tcp.delete(onto);
        return result < 0 ? errnoName(result) : 'done';
      }
      case 'write': {
        for (let i = 0; i < call.size; i++) bytes[i] = (this.written + i) & 0xff;
        const result = posix.write(this.fd(call.fd), bytes, 0, call.size);
        if (result > 0) this.written += result;
        return answerOf(result);
      }
      case 'read':
        return this.read(posix.read(this.fd(call.fd), bytes, 0, call.size));
      case 'peek':
        return this.read(posix.recv(this.fd(call.fd), bytes, 0, call.size, MSG_PEEK));
      case 'fill':
        return this.fill(this.fd(call.fd), call.size);
      case 'drain':
        return this.drain(this.fd(call.fd), call.size);
      case 'resize':
        return [
          answerOf(posix.fcntl(this.fd(call.fd), F_SETPIPE_SZ, call.size)),
          answerOf(posix.fcntl(this.fd(call.fd), F_GETPIPE_SZ)),
        ];
      case 'shutdown':
        return answerOf(posix.shutdown(this.fd(call.fd), call.how));
      case 'available':
        return answerOf(posix.fionread(this.fd(call.fd)));
      case 'error':
        return answerOf(posix.getsockopt(this.fd(call.fd), SOL_SOCKET, SO_ERROR));
      case 'options':
        return this.options(this.fd(call.fd));
      case 'names':
        return this.names(this.fd(call.fd));
      case 'control': {
        const tag = ++this.registrations;
        return answerOf(
          posix.epoll_ctl(this.fd(call.epoll), call.operation, this.fd(call.fd), call.events, tag),
        );
      }
      case 'wait':
        return this.wait(this.fd(call.epoll), call.most);
      case 'poll':
        return this.poll(call.fds, call.events);
      case 'select':
        return this.select(call.fds, call.events);
    }
  }

  /** Closes everything. */
  end(): void {
    for (const fd of this.fds) {
      if (fd < 0) continue;
      if (this.tcp.has(fd)) this.posix.setLinger(fd, 0);
      this.posix.close(fd);
    }
  }

  private fd(index: number): number {
    return this.fds[index % this.fds.length] ?? -1;
  }

  private opened(result: number, tcp = false): unknown {
    if (result < 0) return errnoName(result);
    this.fds.push(result);
    if (tcp) this.tcp.add(result);
    else this.tcp.delete(result);
    return 'opened';
  }

  private two(result: number): unknown {
    if (result < 0) return errnoName(result);
    const [a, b] = [this.pair[0]!, this.pair[1]!];
    return [this.opened(a), this.opened(b)];
  }

  private close(index: number): unknown {
    const fd = this.fd(index);
    const result = this.posix.close(fd);
    if (result >= 0) {
      this.fds[index % this.fds.length] = -1;
      this.tcp.delete(fd);
    }
    return answerOf(result);
  }

  private listener(family: 'unix' | 'ipv4', backlog: number): unknown {
    const { posix } = this;
    const path = `${this.path}-${this.fds.length}`;
    const at: Address = family === 'unix' ? { family, path } : { family, host: '127.0.0.1', port: 0 };
    const fd = posix.socket(DOMAINS[family], SOCK_STREAM | FLAGS, 0);
    const opened = this.opened(fd, family === 'ipv4');
    return [opened, answerOf(posix.bind(fd, at)), answerOf(posix.listen(fd, backlog))];
  }

  /** Connects a new socket. */
  private connect(to: number): unknown {
    const { posix, address } = this;
    const named = posix.getsockname(to, address);
    const at = address.get();
    if (named < 0 || at === undefined) return errnoName(named);
    if (at.family !== 'unix' && at.port === 0) return 'nowhere';
    const fd = posix.socket(at.family === 'unix' ? AF_UNIX : AF_INET, SOCK_STREAM | FLAGS, 0);
    const opened = this.opened(fd, at.family === 'ipv4');
    const result = posix.connect(fd, at);
    return [opened, errnoName(result), result === -EINPROGRESS ? undefined : answerOf(result)];
  }

  private read(result: number): unknown {
    return result > 0 ? bytes.toString('latin1', 0, result) : answerOf(result);
  }

  /** Writes until it is full; an eventfd, or a file, never is. */
  private fill(fd: number, size: number): unknown {
    const tcp = this.tcp.has(fd);
    const length = tcp ? bytes.length : size;
    bytes.fill(1, 0, length);
    let total = 0;
    let result = 0;
    for (let i = 0; i < MOST_WRITES && result >= 0; i++) {
      result = this.posix.write(fd, bytes, 0, length);
      if (result > 0) total += result;
    }
    return tcp ? errnoName(result) : [total, answerOf(result)];
  }

  private drain(fd: number, size: number): unknown {
    for (let total = 0; ;) {
      const result = this.posix.read(fd, bytes, 0, size);
      if (result > 0) total += result;
      else if (this.tcp.has(fd)) return errnoName(result);
      else return [total, answerOf(result)];
    }
  }

  private options(fd: number): unknown {
    const { posix } = this;
    const flags = posix.fcntl(fd, F_GETFL);
    const buffers = this.tcp.has(fd)
      ? []
      : [SO_SNDBUF, SO_RCVBUF].map((option) => answerOf(posix.getsockopt(fd, SOL_SOCKET, option)));
    return [
      flags < 0 ? errnoName(flags) : flags & (O_ACCMODE | O_NONBLOCK),
      answerOf(posix.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN)),
      ...buffers,
    ];
  }

  private names(fd: number): unknown {
    const { posix, address } = this;
    return [posix.getsockname(fd, address), posix.getpeername(fd, address)].map(answerOf);
  }

  private wait(epfd: number, most: number): unknown {
    const events = most === 16 ? this.events : new EpollEvents(most);
    const count = this.posix.epoll_wait(epfd, events, 0);
    if (count < 0) return errnoName(count);
    return Array.from({ length: count }, (_, i) => [events.tag(i), events.events(i)]);
  }

  private poll(fds: readonly number[], events: number): unknown {
    const { set } = this;
    set.clear();
    for (const index of fds) if (this.fds.length > 0) set.push(this.fd(index), events);
    const count = this.posix.poll(set, 0);
    return [count, ...Array.from({ length: set.length }, (_, i) => set.revents(i))];
  }

  private select(indices: readonly number[], events: number): unknown {
    const [readable, writable] = this.sets;
    const fds = indices.map((index) => this.fd(index)).filter((fd) => fd >= 0);
    readable.clear();
    writable.clear();
    for (const fd of fds) (events === POLLIN ? readable : writable).add(fd);
    const count = this.posix.select(1024, readable, writable, null, 0);
    return [answerOf(count), ...fds.map((fd) => [readable.has(fd), writable.has(fd)])];
  }
}

const answerOf = (result: number): unknown => (result < 0 ? errnoName(result) : result);
