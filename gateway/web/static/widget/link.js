// The widget's line to the desk: visitor token, socket, resume, and sending one message at a time.
//
// States: connecting -> ready -> (closed) connecting ...; `refused` is final (the page's origin is not allowed).
// What it speaks is in docs/WIDGET_PROTOCOL.md.
import { signal } from "../ui/html.js";
import { backoff } from "../ui/backoff.js";
import { close } from "../ui/socket.js";
import { forget, read, write } from "../ui/storage.js";

const ACCEPT_WITHIN_MS = 15_000; // then the socket is taken for dead, though nobody closed it
const TYPING_EVERY_MS = 3_000;
const REFUSED = 4403;
const TOKEN_REFUSED = 4401;

export class Link {
  state = signal("connecting");
  attempts = signal(0);
  channelName = signal("");
  ask = signal([]); // what somebody new is asked for
  hours = signal(null);
  helper = signal(null); // the agent who has the conversation
  wait = signal(null); // {seconds}: they wait for a person, and likely for so long (null: nobody knows)
  #socket = null;
  #opening = false;
  #identifying = false;
  #named = null;
  #cursor = null;
  #inFlight = null;
  #timer = 0;
  #acceptTimer = 0;
  #typedAt = 0;
  #readTo = null;
  #told = false; // whether this socket has said who helps
  #visits = [];

  /** `onFrame` gets `message`, `typing`, `accepted` and `joined` frames; `onOther` is told that the visitor changed. */
  constructor(channel, outbox, onFrame, onOther) {
    this.base = `/widget/${channel}`;
    this.onOther = onOther;
    this.tokenKey = `frontdesk:${channel}:token`;
    this.outbox = outbox;
    this.onFrame = onFrame;
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => close(this.#socket));
    addEventListener("pageshow", (event) => event.persisted && this.connect());
  }

  async connect() {
    clearTimeout(this.#timer);
    if (this.#socket || this.#opening || this.#identifying || this.state.value === "refused") return;
    this.#opening = true;
    try {
      const token = this.token ?? (await this.#newToken());
      if (!this.#identifying) this.#open((this.token ??= token));
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
    this.#acceptTimer = setTimeout(() => close(this.#socket), ACCEPT_WITHIN_MS);
  }

  typing() {
    if (this.state.value !== "ready" || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.#send({ type: "typing" });
  }

  /** Everything that is on the screen has been seen. */
  seen() {
    if (this.state.value !== "ready" || this.#cursor === this.#readTo) return;
    this.#readTo = this.#cursor;
    this.#send({ type: "read", cursor: this.#cursor });
  }

  /** A page or an event, for which the visitor's consent was given. */
  visited(frame) {
    this.#visits.push(frame);
    if (this.state.value === "ready") this.#tellVisits();
  }

  /** A file ahead of its message: resolves to {upload_id, name, type, size}, or throws. */
  async upload(file) {
    const token = (this.token ??= await this.#newToken());
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": file.type || "application/octet-stream" };
    const answer = await fetch(`${this.base}/files?name=${encodeURIComponent(file.name)}`, { method: "POST", headers, body: file });
    if (!answer.ok) throw new Error(answer.status === 413 ? "file_too_large" : "file_failed");
    return answer.json();
  }

  /** The site names its user, with the HMAC its server made; null: nobody is signed in any more. The last word holds. */
  async identify(user, hmac) {
    this.#named = { user, hmac };
    if (this.#identifying) return;
    this.#identifying = true;
    while (this.#named) {
      const named = this.#named;
      this.#named = null;
      await this.#identify(named);
    }
    this.#identifying = false;
    this.connect();
  }

  async #identify({ user, hmac }) {
    const id = user ? `user:${user.id}` : null;
    const current = subject(this.token);
    const signedIn = current?.startsWith("user:");
    if (id ? current === id : !signedIn) return;
    // What the user before has not sent yet is not for somebody else to send.
    if (signedIn) this.outbox.clear();
    this.#become(null);
    if (!user) return;
    // Until it is answered or the site says something else: a desk that is away now is no refusal.
    while (!this.#named) {
      try {
        return this.#become(await this.#newToken({ user: { ...user, id: `${user.id}` }, hmac: hmac ?? "" }));
      } catch ({ message, status }) {
        if (status < 500 && status !== 429) return console.warn(`frontdesk: identify was refused (${message}); see docs/WIDGET_PROTOCOL.md`);
      }
      await new Promise((resolve) => setTimeout(resolve, backoff(this.attempts.value)));
      this.attempts.value += 1;
    }
  }

  #become(token) {
    token ? (this.token = token) : forget(this.tokenKey);
    this.#cursor = this.#readTo = null;
    this.helper.value = null;
    this.wait.value = null;
    this.ask.value = [];
    this.onOther();
    // At once, and not when it has closed: what still comes through it is not for the new visitor.
    close(this.#socket);
    this.#socket = this.#inFlight = null;
    clearTimeout(this.#acceptTimer);
    this.state.value = "connecting";
  }

  async #newToken(body = {}) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.base}/visitor`, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.status === 403) this.state.value = "refused";
    if (!answer.ok) throw Object.assign(new Error(`visitor: ${answer.status}`), { status: answer.status });
    return (await answer.json()).token;
  }

  #open(token) {
    const address = new URL(`${this.base}/socket`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#told = false;
    // What an earlier socket still has to say may belong to another visitor.
    const current = (then) => (event) => this.#socket === socket && then(event);
    socket.onopen = current(() => this.#send({ type: "hello", token, after: this.#cursor }));
    socket.onmessage = current(({ data }) => this.#take(JSON.parse(data)));
    socket.onclose = current(({ code }) => this.#closed(code));
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
    else if (frame.type === "agent") this.#helped(frame);
    else if (frame.type === "wait") this.wait.value = frame.waiting ? { seconds: frame.seconds } : null;
    else {
      if (frame.type === "message") this.#cursor = frame.cursor ?? this.#cursor;
      this.onFrame(frame);
    }
  }

  #ready(frame) {
    this.state.value = "ready";
    this.attempts.value = 0;
    this.channelName.value = frame.channel?.name ?? "";
    this.ask.value = frame.ask ?? [];
    this.hours.value = frame.hours ?? null;
    this.wait.value = null; // said next where they still wait
    this.flush();
    this.#tellVisits();
  }

  #helped({ name }) {
    if (this.#told && name && name !== this.helper.value) this.onFrame({ type: "joined", name });
    this.#told = true;
    this.helper.value = name;
  }

  #tellVisits() {
    for (const frame of this.#visits.splice(0)) this.#send(frame);
  }

  #accepted({ client_id, id }) {
    const entry = this.outbox.entries.value.find((one) => one.frame.client_id === client_id);
    if (entry) this.onFrame({ type: "accepted", id, client_id, text: entry.frame.text ?? "", at: entry.at });
    this.outbox.settle(client_id);
    this.#landed(client_id);
  }

  #failed({ code, detail, client_id, retry_after }) {
    if (code === "unauthorized") {
      forget(this.tokenKey);
      close(this.#socket);
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

/** Whose token it is; the desk alone can tell whether it is good. */
function subject(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return null;
  }
}
