/**
 * The fields of a head, as the program sees them. They are looked at when somebody asks: most handlers ask for two of ten. The text
 * was found well-formed by then (head-grammar.ts), so taking it apart needs no checks.
 */
import { trimOws } from './ows.js';

interface Field {
  /** As it was sent. */
  readonly name: string;
  readonly lowerName: string;
  /** Without the whitespace around it; one character (U+0000 to U+00FF) a byte. */
  readonly value: string;
}

export class HTTPHeaders implements Iterable<[string, string]> {
  readonly #text: string;
  readonly #start: number;
  #fields: Field[] | undefined;

  /**
   * @param text Ends with the section: `name: value`, CR LF, any number of times, and an empty line; or it is empty.
   * @param start Where in it the section begins.
   */
  constructor(text: string, start = 0) {
    this.#text = text;
    this.#start = start;
  }

  /**
   * The value of a field; of one that was sent several times, all, joined by ', ' (RFC 9110 5.3). O(fields)
   * @param name In any case.
   * @returns undefined if there is none.
   */
  get(name: string): string | undefined {
    const lowerName = name.toLowerCase();
    let value: string | undefined;
    for (const field of this.#all())
      // SERVER-REQUEST-5
      if (field.lowerName === lowerName)
        value = value === undefined ? field.value : `${value}, ${field.value}`;
    return value;
  }

  /** The values of a field, each as it was sent; none if there is none. O(fields) */
  getAll(name: string): string[] {
    const lowerName = name.toLowerCase();
    return this.#all()
      .filter((field) => field.lowerName === lowerName)
      .map(({ value }) => value);
  }

  /** O(fields) */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** How many fields there are. */
  get size(): number {
    return this.#all().length;
  }

  /** Name, as it was sent, and value of each field, in their order. */
  *entries(): IterableIterator<[string, string]> {
    for (const { name, value } of this.#all()) yield [name, value];
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  #all(): Field[] {
    return (this.#fields ??= parseFields(this.#text, this.#start));
  }
}

function parseFields(text: string, start: number): Field[] {
  const fields: Field[] = [];
  for (let at = start; ;) {
    const end = text.indexOf('\r\n', at);
    if (end <= at) return fields;
    const colon = text.indexOf(':', at);
    const name = text.slice(at, colon);
    const value = trimOws(text.slice(colon + 1, end)); // HTTP-FIELD-2
    fields.push({ name, lowerName: name.toLowerCase(), value }); // HTTP-FIELD-4
    at = end + 2;
  }
}
