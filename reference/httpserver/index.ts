/**
 * The reference HTTPServer: HTTP/1.1 on the reference IOStream. To be read in this order:
 *
 *     http-server.ts      what a server is: listeners, connections, the program's handler; options.ts, listener.ts
 *     connection.ts       the life of a connection: one request at a time, lingering, deadlines; outbox.ts, held-bytes.ts
 *     request-parser.ts   from bytes to requests, without a socket
 *         head-grammar.ts   what a head may look like, as a table; head-scanner.ts walks over it
 *         request-head.ts   what a head means: how long the body is, and whether the connection goes on
 *         chunked-decoder.ts, limits.ts, refusals.ts
 *     request.ts          what the handler gets; headers.ts, body-buffer.ts, body-reader.ts, proxy.ts, methods.ts
 *         form.ts           arguments and files: urlencoded.ts, multipart.ts, parameters.ts
 *     response.ts         what may be said when; response-head.ts, raw-response.ts, status.ts, date.ts
 *     errors.ts           what the program is refused
 */
export * from './errors.js';
export { BodyReader } from './body-reader.js';
export { HTTPHeaders } from './headers.js';
export { HTTPServer, type Handler } from './http-server.js';
export { refuseMethod } from './methods.js';
export type { HTTPFile } from './multipart.js';
export type { HTTPServerOptions } from './options.js';
export { HTTPRequest, type Client } from './request.js';
export type { ResponseHeaders, Status } from './response-head.js';
export type { ResponseWriter } from './response.js';
