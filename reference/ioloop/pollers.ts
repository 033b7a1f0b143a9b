/**
 * The pollers by name.
 */
import type { Posix } from '../../posix/index.js';
import { EpollPoller } from './epoll-poller.js';
import { PollPoller } from './poll-poller.js';
import type { Poller, Watches } from './poller.js';
import { SelectPoller } from './select-poller.js';

const POLLERS = { epoll: EpollPoller, poll: PollPoller, select: SelectPoller } as const;

export type PollerName = keyof typeof POLLERS;

export function createPoller(name: PollerName, posix: Posix, watches: Watches): Poller {
  return new POLLERS[name](posix, watches);
}
