// The conversation as the visitor sees it: messages by id, in the order they came, and who is writing.
import { signal } from "../ui/html.js";

const TYPING_LASTS_MS = 5_000;

export class Log {
  messages = signal([]);
  typing = signal("");
  #timer = 0;

  /** Puts a message in its place; one that is already there is replaced, not doubled. */
  put(message) {
    const all = this.messages.value;
    const at = all.findIndex((one) => one.id === message.id);
    this.messages.value = at < 0 ? [...all, message] : all.with(at, message);
    if (message.author !== "customer") this.#quiet();
  }

  /** A message of the visitor's own that the desk has just taken: shown until its own frame comes. */
  taken({ id, client_id, text, at }) {
    if (this.messages.value.some((one) => one.id === id)) return;
    this.put({ id, client_id, author: "customer", text, created_at: new Date(at).toISOString() });
  }

  /** An agent has come into the conversation. */
  joined(name) {
    this.put({ id: `joined:${name}:${this.messages.value.length}`, author: "joined", text: name, created_at: new Date().toISOString() });
  }

  clear() {
    this.messages.value = [];
    this.#quiet();
  }

  writing(name) {
    this.typing.value = name || " ";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#quiet(), TYPING_LASTS_MS);
  }

  #quiet() {
    clearTimeout(this.#timer);
    this.typing.value = "";
  }
}
