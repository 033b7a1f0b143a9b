/** Cutting a template in two. Positions count bytes of text; a hole, or one copy of a repetition, counts as one. */
import type { Part, Template } from '../../spec/exchange.js';

const sizeOf = (part: Part): number => {
  if (part.is === 'text') return part.text.length;
  return part.is === 'repeat' && part.count.limit === undefined ? part.count.plus : 1;
};

/** Places in a template, its end left out. */
export const placesIn = (template: Template): number => template.reduce((sum, part) => sum + sizeOf(part), 0);

/** In front of, inside of and behind each CRLF: where a parser changes its state. */
export function lineEnds(template: Template): number[] {
  const places: number[] = [];
  let at = 0;
  for (const part of template) {
    if (part.is === 'text')
      for (const { index } of part.text.matchAll(/\r\n/g))
        places.push(at + index, at + index + 1, at + index + 2);
    at += sizeOf(part);
  }
  return places;
}

function cutPart(part: Part, at: number): [Part, Part] {
  if (part.is === 'text')
    return [
      { ...part, text: part.text.slice(0, at) },
      { ...part, text: part.text.slice(at) },
    ];
  if (part.is !== 'repeat') throw new RangeError('a hole can not be cut');
  const { plus } = part.count;
  return [
    { ...part, count: { ...part.count, plus: at } },
    { ...part, count: { ...part.count, plus: plus - at } },
  ];
}

/** @param places in rising order, each inside of the template */
export function cutAt(template: Template, places: readonly number[]): Template[] {
  const pieces: Part[][] = [[]];
  let at = 0;
  let next = 0;
  for (let part of template) {
    for (let end = at + sizeOf(part); next < places.length && places[next]! < end; next++) {
      const place = places[next]!;
      if (place > at) {
        const [before, behind] = cutPart(part, place - at);
        pieces.at(-1)!.push(before);
        part = behind;
        at = place;
      }
      pieces.push([]);
      end = at + sizeOf(part);
    }
    pieces.at(-1)!.push(part);
    at += sizeOf(part);
  }
  return pieces.filter((piece) => piece.length > 0);
}
