/**
 * Constants of the Linux ABI, by the call that takes them. The values are the same on x64 and arm64; what differs
 * between the two (O_DIRECTORY, O_DIRECT and their like) is not needed here.
 */

// open(2), pipe2(2), fcntl(2) F_SETFL
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
/** Mask of the three above. */
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;

// fstat(2), man 7 inode
/** Mask of the type in a file's mode. */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

// fcntl(2)
/** Duplicate to the lowest free fd not below the argument. */
export const F_DUPFD = 0;
/** Read the fd's own flags: FD_CLOEXEC or 0. */
export const F_GETFD = 1;
export const F_SETFD = 2;
/** Read the status flags of the open file, which all its duplicates share: O_NONBLOCK, O_APPEND, access mode. */
export const F_GETFL = 3;
export const F_SETFL = 4;
/** As F_DUPFD, and set FD_CLOEXEC on the new fd. */
export const F_DUPFD_CLOEXEC = 1030;
/** Resize a pipe's buffer. Answers the size that it got, in bytes. */
export const F_SETPIPE_SZ = 1031;
/** A pipe's capacity in bytes. */
export const F_GETPIPE_SZ = 1032;
export const FD_CLOEXEC = 1;

// socket(2), socketpair(2), accept4(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
/** Or-ed to the type (or to accept4's flags): the new fd is non-blocking from the start. */
export const SOCK_NONBLOCK = O_NONBLOCK;
/** Or-ed to the type (or to accept4's flags): the new fd is closed on exec. */
export const SOCK_CLOEXEC = O_CLOEXEC;

// getsockopt(2), setsockopt(2): levels
export const SOL_SOCKET = 1;
export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_IPV6 = 41;
// level SOL_SOCKET, man 7 socket
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
/** The error of an asynchronous connect or a reset: read once, then cleared. A positive errno, or 0. */
export const SO_ERROR = 4;
export const SO_BROADCAST = 6;
/** Bytes; the kernel doubles what is set. */
export const SO_SNDBUF = 7;
/** Bytes; the kernel doubles what is set. */
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
/** A struct, not an int: see `setLinger`. */
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_RCVLOWAT = 18;
/** 1 if the socket listens. */
export const SO_ACCEPTCONN = 30;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
// level IPPROTO_TCP, man 7 tcp
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_QUICKACK = 12;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
// level IPPROTO_IPV6, man 7 ipv6
export const IPV6_V6ONLY = 26;

// listen(2)
/** The backlog that most servers ask for; the kernel cuts it to /proc/sys/net/core/somaxconn. */
export const SOMAXCONN = 4096;

// shutdown(2)
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

// recv(2), send(2)
export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
/** EPIPE as a result, without SIGPIPE. `send` always sets it. */
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

// readv(2), writev(2)
/** The most buffers that one call takes; more is -EINVAL. */
export const IOV_MAX = 1024;

// ioctl(2)
/** The request of `fionread`. */
export const FIONREAD = 0x541b;

// epoll_create1(2), epoll_ctl(2)
export const EPOLL_CLOEXEC = O_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 0x001;
/** Urgent data, and other exceptional conditions. */
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
/** Reported whether asked for or not: e.g. the write end of a pipe without readers, a refused connect. */
export const EPOLLERR = 0x008;
/** Reported whether asked for or not: both directions are shut, or a pipe's last writer is gone. */
export const EPOLLHUP = 0x010;
/** The peer has shut its writing side. */
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 1 << 28;
/** Report once, then ignore the fd until EPOLL_CTL_MOD. */
export const EPOLLONESHOT = 1 << 30;
/** Edge-triggered. Bit 31: negative as a JavaScript number; the kernel sees the same bits. */
export const EPOLLET = 1 << 31;

// poll(2). The numbers are epoll's, but for POLLNVAL, which epoll has no use for: it refuses such an fd at once.
export const POLLIN = 0x001;
export const POLLPRI = 0x002;
export const POLLOUT = 0x004;
/** Only in revents. */
export const POLLERR = 0x008;
/** Only in revents. */
export const POLLHUP = 0x010;
/** Only in revents: the fd is not open. */
export const POLLNVAL = 0x020;
export const POLLRDHUP = 0x2000;

// select(2)
/** fds from here on do not fit an fd_set. */
export const FD_SETSIZE = 1024;

// eventfd(2)
/** A read takes 1 off the counter, where otherwise it takes all. */
export const EFD_SEMAPHORE = 1;
export const EFD_NONBLOCK = O_NONBLOCK;
export const EFD_CLOEXEC = O_CLOEXEC;

// getrlimit(2)
/** One more than the highest fd number the process may open. */
export const RLIMIT_NOFILE = 7;

// kill(2), man 7 signal
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGURG = 23;
export const SIGWINCH = 28;

// clock_gettime(2)
/** Time since boot, never set back; the clock of Python's time.monotonic() and of Node's process.hrtime(). */
export const CLOCK_MONOTONIC = 1;
/** CPU time that the calling thread has used. */
export const CLOCK_THREAD_CPUTIME_ID = 3;
