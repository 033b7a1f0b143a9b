/**
 * The reference, from the bottom up: `ioloop/` waits for fds and calls back; `iostream/` makes streams of bytes of them; `httpserver/`
 * answers requests on these. The index of each says in which order to read it.
 */
export * from './ioloop/index.js';
export * from './iostream/index.js';
export * from './httpserver/index.js';
