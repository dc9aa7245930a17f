// The desk's live events over a WebSocket, resumed after the last one seen.
import { signal } from "../ui/html.js";
import { backoff } from "../ui/backoff.js";
import { close } from "../ui/socket.js";

const SIGNED_OUT = 4401;
const SHOWN_LOST_AFTER = 1; // one failed attempt may be a restart; more is worth a word

export class Stream {
  lost = signal(false);
  #socket = null;
  #after = null;
  #attempts = 0;
  #timer = 0;
  #wanted = false;

  #watched = null;

  /** `onEvent(event)`; `onTyping(conversation)`; `onReset()` when all that is shown must be loaded again; `onRefused()` when it was not let in. */
  constructor(onEvent, onTyping, onReset, onRefused) {
    this.onEvent = onEvent;
    this.onTyping = onTyping;
    this.onReset = onReset;
    this.onRefused = onRefused;
    addEventListener("online", () => this.#wanted && this.#connect());
    addEventListener("offline", () => close(this.#socket));
  }

  start() {
    this.#wanted = true;
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.#after = null;
    clearTimeout(this.#timer);
    close(this.#socket);
  }

  /** Be told when the customer of this conversation types; null for none. */
  watch(conversation, again = false) {
    if (conversation === this.#watched && !again) return;
    this.#watched = conversation;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(conversation ? { watch: conversation } : {}));
  }

  #connect() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    const address = new URL("/api/v1/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    if (this.#after !== null) address.searchParams.set("after", this.#after);
    const socket = new WebSocket(address);
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      this.#attempts = 0;
      this.lost.value = false;
      if (this.#watched) this.watch(this.#watched, true);
      if (this.#after === null) this.onReset();
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(opened && code !== SIGNED_OUT);
  }

  #take(event) {
    if (event.type === "typing") return this.onTyping(event.conversation_id);
    this.#after = event.seq;
    if (event.type === "reset") this.onReset();
    else this.onEvent(event);
  }

  #closed(admitted) {
    this.#socket = null;
    if (!this.#wanted) return;
    if (!admitted) this.onRefused();
    this.lost.value = this.#attempts >= SHOWN_LOST_AFTER;
    this.#timer = setTimeout(() => this.#connect(), backoff(this.#attempts));
    this.#attempts += 1;
  }
}
