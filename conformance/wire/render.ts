/** Templates of an exchange → bytes, once the server and what it declares are known. */
import type { Count, Template } from '../../spec/exchange.js';
import type { LimitName } from '../../spec/server-contract.js';

/** What the holes of templates are filled with. */
export interface Values {
  /** What stands in a Host field: name and port. */
  readonly host: string;
  /** Over TLS; by default it is not. */
  readonly tls?: boolean;
  /** Sizes in bytes, times in ms. */
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
}

/** The most that one template may come to. */
export const MOST_BYTES = 64 * 1024 * 1024 + 4096;

/** @throws RangeError if it depends on a limit that the server does not declare */
export function numberOf({ limit, plus }: Count, { limits }: Values): number {
  if (limit === undefined) return plus;
  const value = limits[limit];
  if (value === undefined) throw new RangeError(`the server declares no ${limit}`);
  return Math.max(0, value + plus);
}

function schemeOf({ tls = false }: Values, inCapitals: boolean): string {
  const scheme = tls ? 'https' : 'http';
  return inCapitals ? scheme.toUpperCase() : scheme;
}

/** @throws RangeError if it is too long, or depends on a limit that the server does not declare */
export function render(template: Template, values: Values): Buffer {
  let size = 0;
  const parts = template.map((part): Buffer => {
    const text =
      part.is === 'host'
        ? values.host
        : part.is === 'scheme'
          ? schemeOf(values, part.inCapitals)
          : part.is === 'number'
            ? numberOf(part.count, values).toString(part.radix)
            : part.text;
    const times = part.is === 'repeat' ? numberOf(part.count, values) : 1;
    size += text.length * times;
    if (size > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes would have to be sent`);
    const one = Buffer.from(text, 'latin1');
    return times === 1 ? one : Buffer.alloc(one.length * times, one);
  });
  return Buffer.concat(parts);
}
