/** A line that values join at the end and leave from anywhere, each in constant time however long it is. */

/** A value's place in a list; what `remove` takes. */
export interface Link<T> {
  readonly value: T;
}

interface Node<T> extends Link<T> {
  list: LinkedList<T> | undefined;
  previous: Node<T> | undefined;
  next: Node<T> | undefined;
}

export class LinkedList<T> {
  #head: Node<T> | undefined;
  #tail: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value that has been there longest. */
  get first(): T | undefined {
    return this.#head?.value;
  }

  /** Adds at the end. */
  push(value: T): Link<T> {
    const node: Node<T> = { value, list: this, previous: this.#tail, next: undefined };
    if (this.#tail === undefined) this.#head = node;
    else this.#tail.next = node;
    this.#tail = node;
    this.#size++;
    return node;
  }

  /** In order of arrival; the value at hand may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let node = this.#head; node !== undefined;) {
      const { next } = node;
      yield node.value;
      node = next;
    }
  }

  /** Takes out the value that has been there longest. */
  shift(): T | undefined {
    const node = this.#head;
    if (node !== undefined) this.remove(node);
    return node?.value;
  }

  /** Takes a value out; false where it is not there any more. */
  remove(link: Link<T>): boolean {
    const node = link as Node<T>;
    if (node.list !== this) return false;
    if (node.previous === undefined) this.#head = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#tail = node.previous;
    else node.next.previous = node.previous;
    node.list = node.previous = node.next = undefined;
    this.#size--;
    return true;
  }
}
