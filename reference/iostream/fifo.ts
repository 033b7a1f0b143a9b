/**
 * First in, first out: an array and the index of its first element. What was taken out is cut off once it is half of the array,
 * so that on average an element is moved once.
 */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  /** O(1) */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The first; undefined if there is none. O(1) */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** O(1) */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first out. O(1), amortised */
  shift(): T | undefined {
    const item = this.first;
    if (this.length === 0) return undefined;
    this.#head++;
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes all out, in order. O(n) */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
