/**
 * The contestant `net.Socket`: Node's own streams on Node's own loop.
 */
import { Socket } from 'node:net';
import { answerJobs, stopwatch, type Job, type Reading } from '../contestant.js';
import { connectedPair } from './pairs.js';
import { BLOCK_BYTES, BURST_LINES, DELIMITER, LINES_A_BLOCK, block, blockOfLines, line } from './works.js';

type Work = (near: Socket, far: Socket, count: number, done: () => void) => void;

/** Calls `each` for each line that comes. */
function readLines(socket: Socket, each: (bytes: Buffer) => void): void {
  /** The beginning of a line whose end has not come. */
  let begun: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    let start = 0;
    let end = chunk.indexOf(DELIMITER);
    if (begun !== undefined) {
      if (end === -1) {
        begun = Buffer.concat([begun, chunk]);
        return;
      }
      each(Buffer.concat([begun, chunk.subarray(0, end + 1)]));
      begun = undefined;
      start = end + 1;
      end = chunk.indexOf(DELIMITER, start);
    }
    while (end !== -1) {
      each(chunk.subarray(start, end + 1));
      start = end + 1;
      end = chunk.indexOf(DELIMITER, start);
    }
    if (start < chunk.length) begun = chunk.subarray(start);
  });
}

/** Writes a block over and over, each when the one before is out. */
function writeBlocks(socket: Socket, bytes: Buffer, count: number, then?: () => void): void {
  const next = (error?: Error | null) => {
    if (error) return;
    if (count-- > 0) socket.write(bytes, next);
    else then?.();
  };
  next();
}

const WORKS: Readonly<Record<string, Work>> = {
  bulk(near, far, count, done) {
    let missing = count * BLOCK_BYTES;
    far.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing === 0) done();
    });
    writeBlocks(near, block, count);
  },
  exchange(near, far, count, done) {
    readLines(far, (bytes) => far.write(bytes));
    readLines(near, () => (--count > 0 ? near.write(line) : done()));
    near.write(line);
  },
  lines(near, far, count, done) {
    let unread = count;
    readLines(far, () => --unread === 0 && done());
    const burst = () => {
      for (let i = 1; i < BURST_LINES && count > 1; i++, count--) near.write(line);
      if (count-- > 0) near.write(line, burst);
    };
    burst();
  },
  flood(near, far, count, done) {
    let unread = count;
    readLines(far, () => --unread === 0 && done());
    writeBlocks(near, blockOfLines, count / LINES_A_BLOCK);
  },
  until(near, far, count, done) {
    const chunks: Buffer[] = [];
    far.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (!chunk.includes(DELIMITER)) return;
      const message = Buffer.concat(chunks);
      if (message.length !== count + 1) throw new Error(`${message.length} bytes in place of ${count + 1}`);
      done();
    });
    writeBlocks(near, block, count / BLOCK_BYTES, () => near.write('\n'));
  },
};

function run({ work, transport, count }: Job): Promise<Reading> {
  return new Promise((resolve) => {
    const [near, far] = connectedPair(transport).map(
      (fd) => new Socket({ fd, readable: true, writable: true }),
    );
    // What is on its way to an end that is destroyed at the end of the run breaks the other.
    for (const socket of [near!, far!]) socket.on('error', () => {});
    const stop = stopwatch();
    WORKS[work]!(near!, far!, count, () => {
      const reading = stop();
      near!.destroy();
      far!.destroy();
      resolve(reading);
    });
  });
}

await answerJobs(run);
