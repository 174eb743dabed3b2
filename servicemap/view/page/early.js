// Asks for the first map while the rest of the page is still being loaded: half a second on a busy machine.

import { get } from "./api.js";
import { State } from "./state.js";

const DEFAULT = "1m"; // what the server takes for the map when it is not told
const state = new State(location.hash);

/** The map of the address as a promise; null where what is newest must be known first. */
export const early = state.live && state.width === DEFAULT ? get("map", { level: state.level }) : null;
early?.catch(() => undefined); // whoever awaits it hears of it
