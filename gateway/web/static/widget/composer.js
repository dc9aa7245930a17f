// Where the visitor writes: what somebody new is asked for, the files to send, the field.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui/html.js";
import { translator } from "../ui/language.js";
import { fileSize } from "../ui/text.js";
import { Icon } from "./icon.js";
import { words } from "./words.js";

const MOST_FILES = 10;
const t = translator(words);

export function Composer({ link, log, draft, open, actions }) {
  const field = useRef(null);
  const form = useRef(null);
  const [files, setFiles] = useState([]);
  const asked = log.messages.value.length ? [] : link.ask.value;
  const sent = files.filter((one) => one.upload);
  const ready = draft.value.trim() || files.some((one) => !one.error);
  const uploading = files.some((one) => !one.upload && !one.error);
  const [sending, setSending] = useState(false); // asked for, as soon as the files are there

  useEffect(() => {
    if (open.value && !asked.length) field.current.focus();
  }, [open.value]);
  useLayoutEffect(() => {
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [draft.value, open.value]);

  useEffect(() => {
    if (!sending || uploading) return;
    files.some((one) => one.error) ? setSending(false) : send();
  }, [sending, uploading]);

  const change = (key, news) => setFiles((all) => all.map((one) => (one.key === key ? { ...one, ...news } : one)));
  const add = (chosen) => {
    for (const file of [...chosen].slice(0, MOST_FILES - files.length)) {
      const key = Symbol(file.name);
      setFiles((all) => [...all, { key, name: file.name, size: file.size }]);
      actions.upload(file).then(
        (upload) => change(key, { upload }),
        (error) => change(key, { error: words.en[error.message] ? error.message : "file_failed" }),
      );
    }
  };
  const submit = (event) => {
    event.preventDefault();
    if (!ready || sending || !form.current.reportValidity()) return;
    setFiles((all) => all.filter((one) => !one.error));
    setSending(true);
  };
  const send = () => {
    setSending(false);
    if (!draft.value.trim() && !sent.length) return;
    const told = Object.fromEntries(asked.map((name) => [name, form.current.elements[name].value.trim()]));
    actions.write({ text: draft.value.trim(), ...(sent.length && { attachments: sent.map((one) => one.upload.upload_id) }), ...told });
    draft.value = "";
    setFiles([]);
    field.current.focus();
  };
  const key = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
    if (event.key === "Escape") actions.close();
  };
  const input = (event) => {
    draft.value = event.currentTarget.value;
    if (draft.value.trim()) actions.typing();
  };
  const paste = (event) => event.clipboardData.files.length && (event.preventDefault(), add(event.clipboardData.files));

  return html`<form class="composer" ref=${form} onSubmit=${submit} onDragOver=${(event) => event.preventDefault()}
      onDrop=${(event) => { event.preventDefault(); add(event.dataTransfer.files); }}>
    ${asked.length > 0 && html`<div class="asked">
      ${asked.map((name) => html`<label key=${name}>${t(`ask_${name}`)}
        <input name=${name} required maxlength="250" type=${name === "email" ? "email" : "text"} autocomplete=${name} /></label>`)}</div>`}
    ${files.length > 0 && html`<ul class="files">${files.map((one) => html`<li key=${one.key} class=${one.error ? "failed" : ""}>
      <span>${one.name}</span> <small role="status">${one.error ? t(one.error) : one.upload ? fileSize(one.size) : t("uploading")}</small>
      <button type="button" aria-label=${t("remove_file", { name: one.name })} onClick=${() => setFiles(files.filter((other) => other !== one))}><${Icon} d="M6 6l12 12M18 6L6 18" /></button></li>`)}</ul>`}
    <div class="line">
      <label class="attach" title=${t("attach")}><${Icon} d="M21 11l-9 9a5.5 5.5 0 0 1-8-8l9-9a3.6 3.6 0 0 1 5 5l-9 9a1.8 1.8 0 0 1-2.5-2.5l8-8" />
        <input type="file" multiple class="unseen" aria-label=${t("attach")} onChange=${({ currentTarget }) => { add(currentTarget.files); currentTarget.value = ""; }} /></label>
      <label class="unseen" for="text">${t("message")}</label>
      <textarea id="text" ref=${field} rows="1" maxlength="8000" placeholder=${t("placeholder")} value=${draft.value}
        onInput=${input} onKeyDown=${key} onPaste=${paste}></textarea>
      <button class="send" disabled=${!ready || sending} aria-label=${t("send")}><${Icon} d="M5 12h13M12 5l7 7-7 7" /></button>
    </div>
  </form>`;
}
