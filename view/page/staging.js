// Where what is drawn stands: in a grid where some cards are groups or all are around one, and else as a layout or a person placed it.

import { Arrangement, routes } from "./arrange.js";
import { Places } from "./place.js";
import { holding } from "./ways.js";

/** @import { Box, Card, Drawn, Memory, PlacedCard, Places as Positions, Point, Ways } from "./types.js" */

/** @typedef {{ at: Positions, ways: Map<string, Point[]>, boxes: Map<string, Box>, moved: boolean, fresh: boolean }} Staged */

export class Staging {
  /**
   * @param {Memory} storage
   * @param {(key: string) => void} onBetter called with the key of a layout that has better places now
   */
  constructor(storage, onBetter) {
    this.places = new Places(storage, onBetter);
    this.arrangement = new Arrangement();
  }

  /**
   * The places of cards and the ways of lines.
   * @param {string} key
   * @param {Drawn} drawn
   * @param {Map<string, Card>} cards
   * @returns {Promise<Staged>}
   */
  async of(key, drawn, cards) {
    if (drawn.folded || drawn.columns) return this.arranged(key, drawn, cards);
    /** @type {[string, string][]} */
    const pairs = drawn.all.flatMap(({ client, server, edges }) => edges.map(() => [client, server]));
    const placed = await this.places.of(key, [...cards.values()], pairs);
    return { ...placed, ways: held(drawn, cards, placed), boxes: new Map() };
  }

  /**
   * The same in a grid.
   * @param {string} key
   * @param {Drawn} drawn
   * @param {Map<string, Card>} cards
   * @returns {Staged}
   */
  arranged(key, drawn, cards) {
    const made = this.arrangement.of(key, drawn, cards);
    const ways = routes(drawn.bundles, cards, made);
    return { at: made.at, ways, boxes: made.boxes, moved: false, fresh: false };
  }

  /**
   * The same from what is known by now.
   * @param {string} key
   * @param {Drawn} drawn
   * @param {Map<string, Card>} cards
   * @returns {Staged}
   */
  known(key, drawn, cards) {
    const placed = { at: this.places.at(key), ways: this.places.waysAt(key) };
    return { at: placed.at, ways: held(drawn, cards, placed), boxes: new Map(), moved: false, fresh: false };
  }

  /**
   * Somebody dragged cards.
   * @param {string} key
   * @param {Positions} moved
   */
  put(key, moved) {
    this.places.put(key, moved);
  }

  /** @param {string} key */
  forget(key) {
    this.places.forget(key);
    this.arrangement.forget(key);
  }
}

/**
 * @param {Drawn} drawn
 * @param {Map<string, Card>} cards
 * @param {{ at: Positions, ways: Ways }} placed
 */
function held({ bundles }, cards, { at, ways }) {
  const there = [...cards.values()].map((card) => /** @type {PlacedCard} */ ({ ...card, ...at.get(card.id) }));
  return holding(bundles, ways, there);
}
