// Where the agent writes: a reply to the customer, a note to the team, or a mail that passes a message on.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { fileSize, wordsOf } from "../ui/text.js";
import { complain, open } from "./desk.js";
import { draftOf, redraft, restore, saveNow, writers } from "./drafts.js";
import { Icon } from "./icons.js";
import { compose } from "./keys.js";
import { Recipients } from "./recipients.js";
import { picked, ready, resolve, sayTyping, send, upload } from "./work.js";
import { t } from "./words.js";

const HINTS = { note: "note_hint", forward: "forward_hint" };
const ACTS = { reply: "send", note: "add_note", forward: "send_on" };
const SHOWN = 80; // characters of a message that is forwarded

export function Composer({ ticket }) {
  const [kind, setKind] = useState("reply");
  const field = useRef(null);
  const asked = useRef(compose.value.asked);
  const draft = draftOf(ticket.id, kind);
  const others = writers.value[ticket.id] ?? [];
  const unready = !ready(draft, kind);
  const kinds = open.value.mailbox ? ["reply", "note", "forward"] : ["reply", "note"];
  const name = ticket.customer?.name || t("visitor");
  const set = (changes) => redraft(ticket.id, kind, changes);

  useEffect(() => {
    restore(ticket.id).then((begun) => begun && !draftOf(ticket.id, "reply").text && setKind(begun));
    return saveNow;
  }, []);
  useEffect(() => {
    if (compose.value.asked === asked.current) return;
    asked.current = compose.value.asked;
    const { kind: wanted, message } = compose.value;
    if (!kinds.includes(wanted)) return;
    setKind(wanted);
    if (message) redraft(ticket.id, wanted, { message });
    field.current.focus();
  }, [compose.value]);

  const submit = async (event, then) => {
    event?.preventDefault();
    const sent = await send(ticket.id, kind);
    if (sent && kind === "forward") setKind("reply");
    if (sent && then) await then();
    field.current?.focus();
  };
  const key = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) submit(event);
  };
  const input = ({ currentTarget: { value } }) => {
    // What was taken from an article is gone with the text.
    set({ text: value, newer: null, ...(value.trim() ? {} : { article: null }) });
    if (kind === "reply" && ticket.channel_kind === "widget") sayTyping(ticket.conversation_id);
  };

  return html`<form class=${`composer ${kind}`} onSubmit=${submit}>
    ${draft.newer && html`<${Newer} name=${name} messages=${draft.newer} again=${() => submit()} keep=${() => set({ newer: null })} />`}
    <${Tabs} kinds=${kinds} kind=${kind} choose=${(next) => { setKind(next); field.current.focus(); }} />
    ${(kind === "forward" || (kind === "reply" && open.value.recipients)) && html`<${Recipients} key=${kind} draft=${draft} known=${open.value.recipients} forward=${kind === "forward"} set=${set} />`}
    ${others.length > 0 && html`<p class="passed-on">${t("have_begun", { names: others.map((one) => one.name).join(", ") })}</p>`}
    <label class="unseen" for="reply">${t(kind)}</label>
    <textarea id="reply" ref=${field} rows="3" maxlength="20000" value=${draft.text} onInput=${input} onKeyDown=${key}
      placeholder=${kind === "reply" ? t("reply_to", { name }) : t(HINTS[kind])}></textarea>
    ${kind === "forward" && html`<${PassedOn} message=${picked(draft)} />`}
    ${kind === "reply" && draft.article && html`<p class="passed-on">${t("from_article")} <q>${draft.article.title}</q></p>`}
    ${draft.files.length > 0 && html`<ul class="files">${draft.files.map((file) => html`<li key=${file.upload_id}>${file.name} <small>${fileSize(file.size)}</small>
      <button type="button" class="plain bare" aria-label=${t("detach", { name: file.name })}
        onClick=${() => set({ files: draft.files.filter((one) => one !== file) })}><${Icon} name="close" /></button></li>`)}</ul>`}
    <div class="line">
      ${kind !== "note" && html`<${Attach} add=${(file) => set({ files: [...draftOf(ticket.id, kind).files, file] })} />`}
      <span class="hint">${t("keys_send")}</span>
      ${kind === "reply" && html`<button type="button" disabled=${unready} onClick=${() => submit(null, resolve)}>${t("send_resolve")}</button>`}
      <button class="primary" disabled=${unready}>${t(ACTS[kind])}</button>
    </div>
  </form>`;
}

function PassedOn({ message }) {
  if (!message) return null;
  const words = wordsOf(message).replace(/\s+/g, " ");
  const files = message.attachments.length;
  return html`<p class="passed-on">${t("passes_on")} <q>${words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words}</q>${files > 0 && html` <small>${t("with_files", { n: files })}</small>`}</p>`;
}

function Tabs({ kinds, kind, choose }) {
  const move = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) choose(kinds[(kinds.indexOf(kind) + by + kinds.length) % kinds.length]);
  };
  return html`<div class="tabs" role="tablist" onKeyDown=${move}>${kinds.map((one) => html`<button key=${one} type="button" role="tab"
    aria-selected=${one === kind} tabindex=${one === kind ? 0 : -1} onClick=${() => choose(one)}>${t(one)}</button>`)}</div>`;
}

function Newer({ name, messages, again, keep }) {
  return html`<div class="newer" role="alert">
    <p>${t("newer", { name })}</p>
    ${messages.map((message) => html`<blockquote key=${message.id}>${wordsOf(message)}</blockquote>`)}
    <button type="button" onClick=${again}>${t("send_anyway")}</button>
    <button type="button" onClick=${keep}>${t("keep_editing")}</button>
  </div>`;
}

function Attach({ add }) {
  const [busy, setBusy] = useState(false);
  const picked = async ({ currentTarget }) => {
    setBusy(true);
    try {
      for (const file of currentTarget.files) add(await upload(file));
    } catch (problem) {
      complain(problem);
    }
    currentTarget.value = "";
    setBusy(false);
  };
  return html`<label class="attach" title=${t("attach")}><input class="unseen" type="file" multiple disabled=${busy} onChange=${picked} />
    <${Icon} name="attach" /><span class=${busy ? "" : "unseen"}>${t(busy ? "uploading" : "attach")}</span></label>`;
}
