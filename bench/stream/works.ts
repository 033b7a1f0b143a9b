/**
 * What is measured of a stream. Both ends belong to the library that is measured, in one process with one thread, over a
 * connection of the kernel.
 *
 *     bulk       blocks of 64 KB are written, each when the one before is out; the other end counts what comes
 *     exchange   a line goes there and back, then the next: messages with nothing to gather
 *     lines      one end writes lines, each by a call of its own, 256 before it waits; the other reads them one by one
 *     flood      one end writes blocks of 1024 lines; the other reads them one by one: reading alone
 *     until      one end writes a message of so many bytes, in blocks of 64 KB; the other reads it in one piece, by its delimiter
 *
 * A line has 64 bytes, the last of which is the delimiter. All reads but those of `bulk` are readUntil("\n") and what the library
 * has in its place: net.Socket has no reads, so its lines are cut out of what 'data' brings, by indexOf and subarray, which is as fast
 * as Node can be.
 */
export const LINE_BYTES = 64;
export const BLOCK_BYTES = 65_536;
export const LINES_A_BLOCK = BLOCK_BYTES / LINE_BYTES;
/** Lines that `lines` writes before it waits. */
export const BURST_LINES = 256;
export const DELIMITER = 0x0a;

/** 63 letters and the delimiter. */
export const line = Buffer.alloc(LINE_BYTES, 'a').fill('\n', LINE_BYTES - 1);
export const blockOfLines = Buffer.concat(Array.from({ length: LINES_A_BLOCK }, () => line));
/** Without a delimiter. */
export const block = Buffer.alloc(BLOCK_BYTES, 'a');
