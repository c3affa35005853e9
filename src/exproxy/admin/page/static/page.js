// What a page does beyond its HTML: it follows what happens, and draws.  Nothing here is needed to read it.

import { listen } from "./actions.js";
import { follow } from "./live.js";
import { draw } from "./plots.js";

document.documentElement.classList.add("scripted");
draw(document);
follow();
listen();
