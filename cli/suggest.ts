/** Names that someone may have meant. */

/** Edits (insert, delete, replace) from one word to another. O(a × b). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The three names nearest to the word, ignoring case; none that has little in common with it. */
export function nearest(word: string, names: readonly string[]): string[] {
  const asked = word.toLowerCase();
  return names
    .map((name) => ({ name, off: distance(asked, name.toLowerCase()) }))
    .filter(({ name, off }) => off <= Math.max(3, name.length / 2))
    .sort((a, b) => a.off - b.off)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `: did you mean a, b or c?`, or an empty text. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  if (near.length === 0) return '';
  const last = near[near.length - 1]!;
  return `: did you mean ${near.length === 1 ? last : `${near.slice(0, -1).join(', ')} or ${last}`}?`;
}
