/** How `--target URL --start COMMAND --insecure` become a server to judge. */
import { commandLine } from '../conformance/subject/launch.js';
import type { Target } from '../conformance/wire/target.js';
import { UsageError } from './errors.js';

/** What was said about the target. */
export interface TargetWords {
  readonly target?: string;
  readonly start?: string;
  readonly insecure?: true;
}

export interface ChosenTarget {
  readonly target: Target;
  /** The words that choose it again. */
  readonly words: string;
}

const EXAMPLE = 'say for example http://127.0.0.1:8080';

/** Undefined: no target was named. @throws UsageError */
export function chooseTarget({ target, start, insecure }: TargetWords): ChosenTarget | undefined {
  if (target === undefined) {
    if (start !== undefined)
      throw new UsageError('--start needs --target: the address at which the command makes a server listen');
    if (insecure !== undefined) throw new UsageError('--insecure needs --target https://…');
    return undefined;
  }
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    throw new UsageError(`'${target}' is no URL: ${EXAMPLE}`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`'${target}' is neither http:// nor https://: ${EXAMPLE}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UsageError(
      `--target takes a server, without a path: '${url.protocol}//${url.host}' of '${target}'`,
    );
  if (start?.trim() === '') throw new UsageError('--start takes a command, and none was given');
  const tls = url.protocol === 'https:';
  if (insecure !== undefined && !tls)
    throw new UsageError('--insecure is about certificates, and http:// has none');
  const words = [
    '--target',
    target,
    ...(start === undefined ? [] : ['--start', start]),
    ...(insecure ? ['--insecure'] : []),
  ];
  return {
    target: {
      address: {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: Number(url.port === '' ? (tls ? 443 : 80) : url.port),
        tls,
        insecure: insecure === true,
      },
      url: `${url.protocol}//${url.host}`,
      start,
    },
    words: commandLine({ command: words[0]!, args: words.slice(1) }),
  };
}
