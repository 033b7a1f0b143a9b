/**
 * Why a request is refused by the server itself, before any handler has it: the status, and a sentence for who wrote the client.
 *
 * All of them end the connection. After a request that could not be understood nobody knows where the next one begins.
 */

export interface Refusal {
  readonly status: number;
  readonly text: string;
}

export const REFUSALS = {
  malformedHead: { status: 400, text: 'The head of the request is malformed (RFC 9112, 2 to 5).' },
  emptyLines: { status: 400, text: 'There are too many empty lines before the request.' },
  target: { status: 400, text: 'The request target has none of the four forms (RFC 9112, 3.2).' },
  version: { status: 400, text: 'The protocol version is malformed (RFC 9112, 2.3).' },
  noHost: { status: 400, text: 'An HTTP/1.1 request has exactly one Host (RFC 9112, 3.2).' },
  host: { status: 400, text: 'The Host is no host and port (RFC 9110, 7.2).' },
  contentLength: { status: 400, text: 'The Content-Length is no number (RFC 9110, 8.6).' },
  twoLengths: { status: 400, text: 'There is more than one Content-Length (RFC 9112, 6.3).' },
  twoFramings: {
    status: 400,
    text: 'Content-Length and Transfer-Encoding exclude each other (RFC 9112, 6.1).',
  },
  oldTransferEncoding: { status: 400, text: 'HTTP/1.0 has no Transfer-Encoding (RFC 9112, 6.1).' },
  notChunkedLast: { status: 400, text: 'The last transfer coding is not chunked (RFC 9112, 6.3).' },
  chunkedTwice: { status: 400, text: 'The transfer coding chunked is applied twice (RFC 9112, 6.1).' },
  malformedCoding: { status: 400, text: 'A transfer coding is no token (RFC 9112, 7).' },
  malformedChunk: { status: 400, text: 'A chunk is malformed (RFC 9112, 7.1).' },
  malformedTrailers: { status: 400, text: 'The trailers are malformed (RFC 9112, 7.1.2).' },
  manyExtensions: { status: 400, text: 'The chunk extensions are too long (RFC 9112, 7.1.1).' },
  malformedBody: { status: 400, text: 'The body is not what its Content-Type says.' },
  requestTimeout: { status: 408, text: 'The request did not arrive in time.' },
  longBody: { status: 413, text: 'The body is longer than this server allows.' },
  longTarget: { status: 414, text: 'The request line is longer than this server allows.' },
  expectation: { status: 417, text: 'The only expectation that can be met is 100-continue.' },
  longHead: { status: 431, text: 'The head is longer than this server allows.' },
  manyFields: { status: 431, text: 'There are more fields than this server allows.' },
  failed: { status: 500, text: 'The server has failed.' },
  longMethod: { status: 501, text: 'There is no method with a name as long as that.' },
  connect: { status: 501, text: 'This server is no proxy.' },
  transferCoding: { status: 501, text: 'The only transfer coding known is chunked (RFC 9112, 6.1).' },
  httpVersion: { status: 505, text: 'This server speaks HTTP/1.0 and HTTP/1.1.' },
} as const satisfies Record<string, Refusal>;
