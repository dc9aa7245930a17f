// Calls to /api/v1 with the session's cookie; what goes wrong becomes a Problem with words to show.
import { t } from "./words.js";

export class Problem extends Error {
  /** `status` 0: the desk was not reached. `newer`: the messages a 409 brings; `errors`: what of the input is at fault. */
  constructor(status, detail, { newer = null, errors = [] } = {}) {
    super(detail);
    this.status = status;
    this.newer = newer;
    this.errors = errors;
  }
}

let csrf = "";
let signedOut = () => {};

export function keepToken(token) {
  csrf = token;
}

export function onSignedOut(callback) {
  signedOut = callback;
}

/** Returns the answer's body (null for 204). `body` is JSON or a FormData; `keepalive`: the page may go meanwhile. */
export async function call(method, path, how) {
  const { value } = await callWithTag(method, path, how);
  return value;
}

/** The body and its ETag. */
export async function callWithTag(method, path, { body, key, etag, keepalive = false } = {}) {
  const headers = { Accept: "application/json" };
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (key) headers["Idempotency-Key"] = key;
  if (etag) headers["If-Match"] = etag;
  const form = body instanceof FormData;
  if (body && !form) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, keepalive, body: form ? body : body && JSON.stringify(body) });
  } catch {
    throw new Problem(0, t("no_connection"));
  }
  if (!answer.ok) throw await problemOf(answer, path);
  const value = answer.status === 204 ? null : await answer.json();
  return { value, etag: answer.headers.get("ETag") };
}

/** Every page of a list. */
export async function all(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await call("GET", `${path}${path.includes("?") ? "&" : "?"}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

async function problemOf(answer, path) {
  if (answer.status === 401 && path !== "/session") signedOut();
  let said = {};
  try {
    said = await answer.json();
  } catch {
    // Not JSON, as from a proxy: the status says what there is to say.
  }
  return new Problem(answer.status, inWords(answer.status, said.errors?.[0]?.detail ?? said.detail), said);
}

// The desk says what is wrong in English; the reader's language at least says what kind of wrong it is.
const SAID = new Set([403, 404, 409, 412, 413, 415, 422, 429, 503]);

function inWords(status, detail) {
  const kind = SAID.has(status) ? t(`problem_${status}`) : t("server_failed", { status });
  if (!detail) return kind;
  return t("language_tag") === "en" ? detail : `${kind}（${detail}）`;
}
