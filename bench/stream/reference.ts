/**
 * The contestant `reference`: IOStream on IOLoop, callback form, under start().
 */
import { posix } from '../../posix/index.js';
import { IOLoop } from '../../reference/ioloop/index.js';
import { IOStream } from '../../reference/iostream/index.js';
import { answerJobs, stopwatch, type Job, type Reading } from '../contestant.js';
import { connectedPair } from './pairs.js';
import { BLOCK_BYTES, BURST_LINES, LINES_A_BLOCK, block, blockOfLines, line } from './works.js';

const NEWLINE = Buffer.from('\n');

type Work = (near: IOStream, far: IOStream, count: number, done: () => void) => void;

const ignore = (): void => {};

/** Calls `each` for each line that comes. */
function readLines(stream: IOStream, each: (bytes: Uint8Array | undefined) => void): void {
  const next = (error: Error | undefined, bytes: Uint8Array | undefined) => {
    if (error !== undefined) return;
    stream.readUntil(NEWLINE, next);
    each(bytes);
  };
  stream.readUntil(NEWLINE, next);
}

/** Writes a block over and over, each when the one before is out. */
function writeBlocks(stream: IOStream, bytes: Uint8Array, count: number, then: () => void = ignore): void {
  const next = (error?: Error) => {
    if (error !== undefined) return;
    if (count-- > 0) stream.write(bytes, next);
    else then();
  };
  next();
}

const WORKS: Readonly<Record<string, Work>> = {
  bulk(near, far, count, done) {
    let missing = count * BLOCK_BYTES;
    const next = (error: Error | undefined, bytes: Uint8Array | undefined) => {
      if (error !== undefined) return;
      missing -= bytes!.length;
      if (missing === 0) done();
      else far.readSome(BLOCK_BYTES, next);
    };
    far.readSome(BLOCK_BYTES, next);
    writeBlocks(near, block, count);
  },
  exchange(near, far, count, done) {
    readLines(far, (bytes) => far.write(bytes!, ignore));
    readLines(near, () => (--count > 0 ? near.write(line, ignore) : done()));
    near.write(line, ignore);
  },
  lines(near, far, count, done) {
    let unread = count;
    readLines(far, () => --unread === 0 && done());
    const burst = () => {
      for (let i = 1; i < BURST_LINES && count > 1; i++, count--) near.write(line, ignore);
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
    far.readUntil(NEWLINE, (_error, bytes) => {
      if (bytes?.length !== count + 1) throw new Error(`${bytes?.length} bytes in place of ${count + 1}`);
      done();
    });
    writeBlocks(near, block, count / BLOCK_BYTES, () => near.write(NEWLINE, ignore));
  },
};

function run({ work, transport, count }: Job): Promise<Reading> {
  // From setImmediate: so microtasks run between the loop's callbacks, as they do in a program.
  return new Promise((resolve) => {
    setImmediate(() => {
      const loop = new IOLoop();
      const [near, far] = connectedPair(transport).map((fd) => new IOStream(loop, fd, { posix }));
      const stop = stopwatch();
      WORKS[work]!(near!, far!, count, () => loop.stop());
      loop.start();
      const reading = stop();
      near!.close();
      far!.close();
      loop.close();
      resolve(reading);
    });
  });
}

await answerJobs(run);
