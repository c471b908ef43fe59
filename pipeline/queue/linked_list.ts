/**
 * A doubly linked list: append, take the first, and remove from the middle, each in constant time and without holes.
 *
 * An array's shift() copies, and a Set used as a queue scans the places of what was deleted. What is listed extends
 * `ListNode`, so a place costs no object of its own.
 *
 * @module
 */

/** What can be in one list at a time. */
export abstract class ListNode<Self extends ListNode<Self>> {
  /** The list that it is in; undefined when in none. */
  list: LinkedList<Self> | undefined;
  previous: Self | undefined;
  next: Self | undefined;
}

export class LinkedList<Node extends ListNode<Node>> {
  #first: Node | undefined;
  #last: Node | undefined;
  #length = 0;

  get first(): Node | undefined {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a node that is in no list. */
  append(node: Node): void {
    node.list = this;
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#length++;
  }

  /** Takes a node out; one that is not in this list is left alone. */
  remove(node: Node): void {
    if (node.list !== this) return;
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.list = node.previous = node.next = undefined;
    this.#length--;
  }

  /** Removes the first and gives it. */
  shift(): Node | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }
}
