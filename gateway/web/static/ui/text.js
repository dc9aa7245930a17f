// Message text as nodes: links found in plain text, sizes and addresses made safe to show.
import { html } from "./html.js";

// An address ends before white space, quotes, brackets and Chinese punctuation.
const ADDRESS = /https?:\/\/[^\s<>"'`{}|\\^，。；：！？、）】》」』“”‘’（【《「『]+/g;
const TRAILING = /[.,;:!?)\]]+$/;

export function linked(text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const trimmed = found.replace(TRAILING, "");
    // Keep a closing bracket that the address itself opened, as in Wikipedia's.
    const address = trimmed.includes("(") && found[trimmed.length] === ")" ? `${trimmed})` : trimmed;
    parts.push(text.slice(end, index), link(address, address));
    end = index + address.length;
  }
  parts.push(text.slice(end));
  return parts;
}

export function link(address, label) {
  const href = webAddress(address);
  if (!href) return label;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${label}</a>`;
}

/** The address if it is http(s) or a path of ours, else null: never `javascript:` or `data:`. */
export function webAddress(address) {
  try {
    const url = new URL(address, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** What a message says: its plain text, or the words of its HTML where there is no other. */
export function wordsOf(message) {
  if (message.text || !message.html) return message.text ?? "";
  const body = new DOMParser().parseFromString(message.html, "text/html").body;
  for (const hidden of body.querySelectorAll("script,style")) hidden.remove();
  return body.textContent.trim();
}

export function fileSize(bytes) {
  if (!(bytes >= 0)) return "";
  if (bytes < 1024) return `${bytes} B`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.ceil(kilobytes)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}
