/**
 * A doubly linked list: append, take the first, and remove from the middle, each in constant time and without holes.
 *
 * An array's shift() copies, and a Set used as a queue scans the places of what was deleted.
 *
 * @module
 */

/** A place in a list. Subclasses may carry more than the value. */
export class Link<T> {
  /** The list that it is in; undefined when in none. */
  list: LinkedList<T> | undefined;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;

  constructor(readonly value: T) {}
}

export class LinkedList<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #length = 0;

  get first(): T | undefined {
    return this.#first?.value;
  }

  get firstLink(): Link<T> | undefined {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a link that is in no list. */
  append(link: Link<T>): void {
    link.list = this;
    link.previous = this.#last;
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#length++;
  }

  /** Takes a link out; one that is not in this list is left alone. */
  remove(link: Link<T>): void {
    if (link.list !== this) return;
    if (link.previous === undefined) this.#first = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#last = link.previous;
    else link.next.previous = link.previous;
    link.list = link.previous = link.next = undefined;
    this.#length--;
  }

  /** Removes the first and gives its value. */
  shift(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.remove(first);
    return first.value;
  }
}
