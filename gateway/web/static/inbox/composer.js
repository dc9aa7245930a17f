// Where the agent writes: a reply to the customer or a note to the team.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { fileSize, wordsOf } from "../ui/text.js";
import { complain } from "./desk.js";
import { Icon } from "./icons.js";
import { compose } from "./keys.js";
import { draftOf, redraft, resolve, sayTyping, send, upload } from "./work.js";
import { t } from "./words.js";

const KINDS = ["reply", "note"];

export function Composer({ ticket }) {
  const [kind, setKind] = useState("reply");
  const field = useRef(null);
  const asked = useRef(compose.value.asked);
  const draft = draftOf(ticket.id, kind);
  const blank = !draft.text.trim();
  const name = ticket.customer?.name || t("visitor");
  const set = (changes) => redraft(ticket.id, kind, changes);

  useEffect(() => {
    if (compose.value.asked === asked.current) return;
    asked.current = compose.value.asked;
    setKind(compose.value.kind);
    field.current.focus();
  }, [compose.value]);

  const submit = async (event, then) => {
    event?.preventDefault();
    const sent = await send(ticket.id, kind);
    if (sent && then) await then();
    field.current?.focus();
  };
  const key = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) submit(event);
  };
  const input = ({ currentTarget: { value } }) => {
    set({ text: value, newer: null });
    if (kind === "reply" && ticket.channel_kind === "widget") sayTyping(ticket.conversation_id);
  };

  return html`<form class=${`composer ${kind}`} onSubmit=${submit}>
    ${draft.newer && html`<${Newer} name=${name} messages=${draft.newer} again=${() => submit()} keep=${() => set({ newer: null })} />`}
    <${Tabs} kind=${kind} choose=${(next) => { setKind(next); field.current.focus(); }} />
    <label class="unseen" for="reply">${t(kind)}</label>
    <textarea id="reply" ref=${field} rows="3" maxlength="20000" value=${draft.text} onInput=${input} onKeyDown=${key}
      placeholder=${kind === "reply" ? t("reply_to", { name }) : t("note_hint")}></textarea>
    ${draft.files.length > 0 && html`<ul class="files">${draft.files.map((file) => html`<li key=${file.upload_id}>${file.name} <small>${fileSize(file.size)}</small>
      <button type="button" class="plain bare" aria-label=${t("detach", { name: file.name })}
        onClick=${() => set({ files: draft.files.filter((one) => one !== file) })}><${Icon} name="close" /></button></li>`)}</ul>`}
    <div class="line">
      ${kind === "reply" && html`<${Attach} add=${(file) => set({ files: [...draftOf(ticket.id, kind).files, file] })} />`}
      <span class="hint">${t("keys_send")}</span>
      ${kind === "reply" && html`<button type="button" disabled=${blank || draft.sending} onClick=${() => submit(null, resolve)}>${t("send_resolve")}</button>`}
      <button class="primary" disabled=${blank || draft.sending}>${t(kind === "reply" ? "send" : "add_note")}</button>
    </div>
  </form>`;
}

function Tabs({ kind, choose }) {
  const move = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    choose(kind === "reply" ? "note" : "reply");
  };
  return html`<div class="tabs" role="tablist" onKeyDown=${move}>${KINDS.map((one) => html`<button key=${one} type="button" role="tab"
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
