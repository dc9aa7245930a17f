// The widget's line to the desk: visitor token, socket, resume, and sending one message at a time.
//
// States: connecting -> ready -> (closed) connecting ...; `refused` is final (the page's origin is not allowed).
import { signal } from "../ui/html.js";
import { backoff } from "../ui/backoff.js";
import { forget, read, write } from "../ui/storage.js";

const ACCEPT_WITHIN_MS = 15_000; // then the socket is taken for dead, though nobody closed it
const TYPING_EVERY_MS = 3_000;
const REFUSED = 4403;
const TOKEN_REFUSED = 4401;

export class Link {
  state = signal("connecting");
  attempts = signal(0);
  channelName = signal("");
  #socket = null;
  #opening = false;
  #cursor = null;
  #inFlight = null;
  #timer = 0;
  #acceptTimer = 0;
  #typedAt = 0;

  /** `onFrame` gets `message` and `typing` frames. */
  constructor(channel, outbox, onFrame) {
    this.base = `/widget/${channel}`;
    this.tokenKey = `frontdesk:${channel}:token`;
    this.outbox = outbox;
    this.onFrame = onFrame;
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.#socket?.close());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
  }

  async connect() {
    clearTimeout(this.#timer);
    if (this.#socket || this.#opening || this.state.value === "refused") return;
    this.#opening = true;
    try {
      this.#open(this.token ?? (await this.#newToken()));
    } catch {
      this.#later();
    } finally {
      this.#opening = false;
    }
  }

  get token() {
    return read(this.tokenKey);
  }

  set token(token) {
    write(this.tokenKey, token);
  }

  flush() {
    const entry = this.outbox.next();
    if (this.state.value !== "ready" || this.#inFlight || !entry) return;
    this.#inFlight = entry.frame.client_id;
    this.#send(entry.frame);
    this.#acceptTimer = setTimeout(() => this.#socket?.close(), ACCEPT_WITHIN_MS);
  }

  typing() {
    if (this.state.value !== "ready" || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.#send({ type: "typing" });
  }

  async #newToken() {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.base}/visitor`, { method: "POST", headers, body: "{}" });
    if (answer.status === 403) this.state.value = "refused";
    if (!answer.ok) throw new Error(`visitor: ${answer.status}`);
    const { token } = await answer.json();
    this.token = token;
    return token;
  }

  #open(token) {
    const address = new URL(`${this.base}/socket`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => this.#send({ type: "hello", token, after: this.#cursor });
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #closed(code) {
    clearTimeout(this.#acceptTimer);
    this.#socket = null;
    this.#inFlight = null;
    if (code === TOKEN_REFUSED) forget(this.tokenKey);
    this.state.value = code === REFUSED ? "refused" : "connecting";
    this.#later();
  }

  #later() {
    if (this.state.value === "refused") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), backoff(this.attempts.value));
    this.attempts.value += 1;
  }

  #take(frame) {
    if (frame.type === "ready") this.#ready(frame);
    else if (frame.type === "accepted") this.#accepted(frame);
    else if (frame.type === "error") this.#failed(frame);
    else {
      if (frame.type === "message") this.#cursor = frame.cursor ?? this.#cursor;
      this.onFrame(frame);
    }
  }

  #ready(frame) {
    this.state.value = "ready";
    this.attempts.value = 0;
    this.channelName.value = frame.channel?.name ?? "";
    this.flush();
  }

  #accepted({ client_id, id }) {
    const entry = this.outbox.entries.value.find((one) => one.frame.client_id === client_id);
    if (entry) this.onFrame({ type: "accepted", id, client_id, text: entry.frame.text, at: entry.at });
    this.outbox.settle(client_id);
    this.#landed(client_id);
  }

  #failed({ code, detail, client_id, retry_after }) {
    if (code === "unauthorized") {
      forget(this.tokenKey);
      this.#socket?.close();
    } else if (code === "too_large" || code === "malformed") {
      const id = client_id ?? this.#inFlight;
      this.outbox.mark(id, { code, detail });
      this.#landed(id);
    } else if (this.#inFlight) {
      clearTimeout(this.#acceptTimer);
      const wait = retry_after ? retry_after * 1000 : backoff(2);
      setTimeout(() => this.#landed(client_id ?? this.#inFlight), wait);
    }
  }

  #landed(clientId) {
    if (clientId !== this.#inFlight) return;
    clearTimeout(this.#acceptTimer);
    this.#inFlight = null;
    this.flush();
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
