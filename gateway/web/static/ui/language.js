// Which language a page speaks: a choice kept in the browser, else what the browser asks for.
import { signal } from "./html.js";
import { read, write } from "./storage.js";

const KEY = "frontdesk:language";

export function known(tag) {
  return /^zh\b/i.test(tag ?? "") ? "zh" : "en";
}

export const language = signal(read(KEY) ?? known(navigator.language));

export function choose(tag) {
  language.value = tag;
  write(KEY, tag);
}

/** `t(name, values)` over a table `{en: {...}, zh: {...}}`: `{x}` in a text stands for `values.x`. */
export function translator(table) {
  return (name, values = {}) => {
    const text = table[language.value][name] ?? table.en[name] ?? name;
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  };
}

export function locale() {
  return language.value === "zh" ? "zh-CN" : (navigator.language || "en").startsWith("en") ? navigator.language : "en";
}
