// What the visitor said and the desk has not yet accepted, oldest first; outlives a reload of the page.
//
// One storage key a message, so that two tabs never overwrite each other's; both may send the same message,
// which the desk takes once, by its client_id.
import { signal } from "../ui/html.js";
import { newId } from "../ui/ids.js";
import { forget, keysFrom, read, write } from "../ui/storage.js";

export class Outbox {
  constructor(channel) {
    this.prefix = `frontdesk:${channel}:outbox:`;
    this.entries = signal(this.#stored());
  }

  /** `frame`: what goes over the wire, without its client_id. */
  add(frame) {
    const entry = { frame: { ...frame, client_id: newId() }, at: Date.now(), failed: null };
    this.#save(entry);
    this.entries.value = [...this.entries.value, entry];
  }

  settle(clientId) {
    forget(this.prefix + clientId);
    this.entries.value = this.entries.value.filter((entry) => entry.frame.client_id !== clientId);
  }

  clear() {
    for (const { frame } of this.entries.value) this.settle(frame.client_id);
  }

  mark(clientId, failed) {
    this.entries.value = this.entries.value.map((entry) => {
      if (entry.frame.client_id !== clientId) return entry;
      const marked = { ...entry, failed };
      this.#save(marked);
      return marked;
    });
  }

  next() {
    return this.entries.value.find((entry) => !entry.failed) ?? null;
  }

  #save(entry) {
    write(this.prefix + entry.frame.client_id, JSON.stringify(entry));
  }

  #stored() {
    const entries = [];
    for (const key of keysFrom(this.prefix)) {
      try {
        entries.push(JSON.parse(read(key)));
      } catch {
        forget(key);
      }
    }
    return entries.sort((a, b) => a.at - b.at);
  }
}
