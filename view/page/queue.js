// A queue of numbers by what they cost, the cheapest first: a binary heap. Pure.

export class Queue {
  constructor() {
    /** @type {[number, number][]} */
    this.heap = [];
  }

  /**
   * @param {number} cost
   * @param {number} state
   */
  push(cost, state) {
    const { heap } = this;
    let at = heap.push([cost, state]) - 1;
    while (at && heap[(at - 1) >> 1][0] > heap[at][0]) {
      const up = (at - 1) >> 1;
      [heap[at], heap[up]] = [heap[up], heap[at]];
      at = up;
    }
  }

  /** @returns {number | undefined} */
  pop() {
    const { heap } = this;
    const [first, last] = [heap[0], heap.pop()];
    if (!first || !last) return undefined;
    if (heap.length) heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && heap[left][0] < heap[least][0]) least = left;
      if (right < heap.length && heap[right][0] < heap[least][0]) least = right;
      if (least === at) return first[1];
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}
