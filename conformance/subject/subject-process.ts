/**
 * One process of a subject: started, fed, read, ended. Knows lines and replies, but not what was asked.
 *
 * All that comes from it is bounded: a line (MAX_LINE_BYTES), what it writes without giving an answer (FLOOD_BYTES for
 * each stream; then it is killed), what is kept of its standard error (64 KiB). At most one chunk of each stream is in the
 * kit's hands at a time, so the kit's memory does not depend on how much a subject writes.
 *
 * Its end. When the process has exited, all its answers are in the pipe, so reading goes on until a turn of the kit's own
 * loop brings nothing more. End of file is not waited for: a grandchild may hold the pipe open for ever.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { MARK_VARIABLE, MAX_LINE_BYTES, type Request } from '../../spec/protocol.js';
import { commandLine, type Launch } from './launch.js';
import { LineSplitter } from './line-splitter.js';
import { kill, killTree } from './offspring.js';
import type { Problem } from './problems.js';
import { parseReply, type Answer } from './reply-parser.js';
import { Tail } from './tail.js';
import { excerpt } from './visible.js';

/** A subject may write this much to a stream between two answers. */
export const FLOOD_BYTES = 4 * MAX_LINE_BYTES;

export interface SubjectListener {
  onReply(id: number, answer: Answer): void;
  /** The process is gone, all it said has been passed on. Comes once. */
  onEnd(problem: Problem): void;
}

export class SubjectProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** The most JSON values that an answer to what is asked now can have. */
  values = 10_000;
  readonly #child: ChildProcessWithoutNullStreams | undefined;
  readonly #listener: SubjectListener;
  readonly #stderr = new Tail();
  readonly #lines: LineSplitter;
  /** Why it was killed, if it was. */
  #blame: Problem | undefined;
  #exit: Problem | undefined;
  #ended = false;
  readonly #unanswered = { stdout: 0, stderr: 0 };
  #turns = 0;

  /** @param mark by which its offspring is found */
  constructor(launch: Launch, mark: string, listener: SubjectListener) {
    this.#listener = listener;
    this.#lines = new LineSplitter(
      MAX_LINE_BYTES,
      (line) => {
        this.#onLine(line);
      },
      (start) => {
        const shown = excerpt(start.toString('utf8', 0, 1000));
        this.kill({ name: 'too-long-line', limit: MAX_LINE_BYTES, shown });
      },
    );
    try {
      this.#child = spawn(launch.command, [...launch.args], {
        cwd: launch.cwd,
        env: { ...process.env, ...launch.env, [MARK_VARIABLE]: mark },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {
      setImmediate(() => {
        this.#end(spawnFailed(launch, error));
      });
      return;
    }
    this.pid = this.#child.pid;
    this.#listen(launch, this.#child);
  }

  send(request: Request): void {
    this.#child?.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /** The kit wants nothing more from it. */
  endInput(): void {
    this.#child?.stdin.end();
  }

  /** Ends it at once, with all its descendants; the problem will be given as the reason of its end. */
  kill(problem: Problem): void {
    if (this.#blame !== undefined || this.#ended) return;
    this.#blame = problem;
    this.#lines.stop();
    if (this.pid !== undefined && this.#exit === undefined) killTree(this.pid);
  }

  /** {@link kill}, because it writes and writes and gives no answer. */
  killFlooding(stream: 'stdout' | 'stderr'): void {
    this.kill({ name: 'flood', stream, bytes: this.#unanswered[stream] });
  }

  /** The last that it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr.text();
  }

  #listen(launch: Launch, child: ChildProcessWithoutNullStreams): void {
    child.stdout.on('data', (chunk: Buffer) => {
      this.#turns = 0;
      if (this.#count('stdout', chunk.length)) this.#lines.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#turns = 0;
      this.#stderr.push(chunk);
      this.#count('stderr', chunk.length);
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      // A broken pipe is the end of the process, which `exit` reports.
      stream.on('error', () => undefined);
    }
    child.once('error', (error) => {
      if (this.pid === undefined) this.#end(spawnFailed(launch, error));
    });
    child.once('exit', (code, signal) => {
      this.#exit = { name: 'died', code, signal };
      // Those that stayed in its group; others are found by the mark.
      if (this.pid !== undefined) kill(-this.pid);
      setImmediate(this.#drain);
    });
  }

  /** False if that was too much. */
  #count(stream: 'stdout' | 'stderr', bytes: number): boolean {
    this.#unanswered[stream] += bytes;
    if (this.#unanswered[stream] <= FLOOD_BYTES) return this.#blame === undefined;
    this.killFlooding(stream);
    return false;
  }

  #onLine(line: Buffer): void {
    const parsed = parseReply(line, this.values);
    if ('problem' in parsed) {
      this.kill(parsed.problem);
      return;
    }
    if (parsed.answer.kind !== 'records') {
      this.#unanswered.stdout = 0;
      this.#unanswered.stderr = 0;
    }
    this.#listener.onReply(parsed.id, parsed.answer);
  }

  readonly #drain = (): void => {
    if (this.#ended) return;
    if (this.#blame === undefined && ++this.#turns <= 2) setImmediate(this.#drain);
    else this.#end(this.#exit ?? { name: 'died', code: null, signal: null });
  };

  #end(exit: Problem): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#child?.stdin.destroy();
    this.#child?.stdout.destroy();
    this.#child?.stderr.destroy();
    const problem = this.#blame ?? exit;
    const stderr = this.stderr;
    this.#listener.onEnd(stderr === '' ? problem : { ...problem, stderr });
  }
}

function spawnFailed(launch: Launch, error: unknown): Problem {
  const missing =
    launch.cwd !== undefined && !existsSync(launch.cwd) ? `no such directory: ${launch.cwd}` : undefined;
  const reason = missing ?? (error instanceof Error ? error.message : String(error));
  return { name: 'spawn-failed', command: commandLine(launch), reason: excerpt(reason, 300) };
}
