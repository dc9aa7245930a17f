// The conditions of a rule as rows: a field, how it is compared, and with what; others as text.
import { html } from "../ui/html.js";
import { choicesOf, fieldGroups, fieldNamed, OPEN, operatorsOf, wordOf } from "./rule_grammar.js";
import { Area, Choice, GroupedChoice, Lines, Number_, Several, Text, Time, While } from "./rule_value.js";
import { t } from "./words.js";

const LISTS = new Set(["in", "not_in", "contains_any", "contains_all"]);
const NUMBERS = new Set(["greater", "less", "at_least", "at_most"]);

/** `{mode, rows}` of a rule's `if`: every row must hold (`all`), or one (`any`). What no row can show is text. */
export function readCondition(condition) {
  if (condition === undefined || condition === null) return { mode: "all", rows: [] };
  const mode = ["all", "any"].find((key) => Array.isArray(condition[key]) && Object.keys(condition).length === 1);
  return { mode: mode ?? "all", wrapped: Boolean(mode), rows: (mode ? condition[mode] : [condition]).map(readRow) };
}

function readRow(part) {
  const plain = part?.not ?? part;
  const simple = plain && typeof plain.field === "string" && fieldNamed(plain.field) && typeof plain.op === "string" && (plain === part || Object.keys(part).length === 1);
  return simple ? { denied: plain !== part, ...plain, own: unlisted(plain.field) } : { text: JSON.stringify(part) };
}

/** The `if` that rows say; undefined where there are none: it always matches. */
export function writeCondition({ mode, rows, wrapped }) {
  const parts = rows.map(writeRow);
  if (!parts.length) return undefined;
  return parts.length === 1 && !wrapped ? parts[0] : { [mode]: parts };
}

function writeRow(row) {
  if (row.text !== undefined) return parsed(row.text);
  const { denied, own, value, ...rest } = row;
  const made = value === undefined || row.op.endsWith("exists") ? rest : { ...rest, value: written(value) };
  return denied ? { not: made } : made;
}

// Lines that are still empty are no phrases.
function written(value) {
  if (Array.isArray(value)) return value.map((one) => (typeof one === "string" ? one.trim() : one)).filter((one) => one !== "");
  return value?.phrases ? { ...value, phrases: written(value.phrases) } : value;
}

/** What is written as JSON; what is none stays text, and the desk says so. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const newRow = () => ({ field: "text", op: "contains_any", value: [] });

export function Condition({ row, set, label }) {
  if (row.text !== undefined) return html`<div class="wide"><${Area} code rows=${3} label=${label} value=${row.text} set=${(text) => set({ text })} /><small>${t("as_text_hint")}</small></div>`;
  const field = fieldNamed(row.field);
  const operators = operatorsOf(field);
  const choose = (name) => {
    const next = fieldNamed(name);
    const op = operatorsOf(next).some(([one]) => one === row.op) ? row.op : operatorsOf(next)[0][0];
    set({ field: name, own: name in OPEN, op, ...(next.name === field.name && !next.family ? { value: row.value } : empty(next, op)) });
  };
  const compare = (chosen) => {
    const op = chosen.replace("!", "");
    const kept = shape(field, op) === shape(field, row.op) ? { value: row.value } : empty(field, op);
    set({ denied: chosen !== op, field: row.field, own: row.own, op, ...kept });
  };
  return html`<${GroupedChoice} label=${`${label}: ${t("the_field")}`} value=${row.field} set=${choose} groups=${fieldGroups()} otherwise=${wordOf(row.field)} />
    ${row.own && html`<${Text} label=${t("the_key")} placeholder=${t("the_key")} value=${field.key} set=${(key) => set({ ...row, field: field.name + key })} />`}
    <${Choice} label=${`${label}: ${t("the_operator")}`} value=${(row.denied ? "!" : "") + row.op} set=${compare} options=${denying(row, operators)} empty="" />
    <${Value} field=${field} op=${row.op} value=${row.value} set=${(value) => set({ ...row, value })} label=${`${label}: ${t("the_value")}`} />`;
}

// A key of the customer's system, which no list has.
const unlisted = (name) => fieldNamed(name).name in OPEN && !fieldGroups().some(([, fields]) => fields.some(([one]) => one === name));

// A comparison that was denied where it has an opposite of its own keeps what it says.
function denying(row, operators) {
  const words = operators.find(([op]) => op === row.op)?.[1] ?? row.op;
  return row.denied && !operators.some(([op]) => op === `!${row.op}`) ? [...operators, [`!${row.op}`, t("not_so", { what: words })]] : operators;
}

/** What kind of value an operator takes of a field. */
function shape(field, op) {
  if (op.endsWith("exists")) return "none";
  if (op === "older_than" || op === "newer_than") return "while";
  if (op === "before" || op === "after") return field.kind === "hour" ? "hour" : "time";
  if (op === "fuzzy") return "fuzzy";
  const numeric = field.kind === "number" || field.holds === "number" || (NUMBERS.has(op) && field.kind !== "priority");
  const chosen = choicesOf(field) && (op === "is" || op === "is_not" || LISTS.has(op) || NUMBERS.has(op));
  if (LISTS.has(op)) return chosen ? "several" : numeric ? "numbers" : "lines";
  return field.holds === "boolean" ? "boolean" : chosen ? "choice" : numeric ? "number" : "text";
}

const empty = (field, op) => ({ none: {}, several: { value: [] }, numbers: { value: [] }, lines: { value: [] }, fuzzy: { value: { phrases: [], score: 85 } } })[shape(field, op)] ?? { value: "" };

function Value({ field, op, value, set, label }) {
  const options = choicesOf(field) ?? [];
  switch (shape(field, op)) {
    case "none": return null;
    case "while": return html`<${While} label=${label} value=${value} set=${set} />`;
    case "hour": return html`<${Time} label=${label} value=${value} set=${set} />`;
    case "time": return html`<${Text} label=${label} value=${value} set=${set} placeholder="2026-12-31T18:00:00Z" />`;
    case "several": return html`<${Several} label=${label} value=${value} set=${set} options=${options} />`;
    case "lines": return html`<${Lines} label=${label} value=${value} set=${set} />`;
    case "numbers": return html`<${Lines} label=${label} value=${value} set=${(lines) => set(lines.map((one) => (one === "" || Number.isNaN(Number(one)) ? one : Number(one))))} />`;
    case "choice": return html`<${Choice} label=${label} value=${value} set=${set} options=${options} />`;
    case "boolean": return html`<${Choice} label=${label} value=${value === "" ? "" : String(value)} set=${(one) => set(one === "" ? "" : one === "true")} options=${options} />`;
    case "number": return html`<${Number_} label=${label} value=${value} set=${set} />`;
    case "fuzzy": return html`<${Fuzzy} label=${label} value=${value} set=${set} />`;
    default: return html`<${Text} label=${label} value=${typeof value === "object" ? JSON.stringify(value) : value} set=${set} />`;
  }
}

function Fuzzy({ label, value, set }) {
  const { phrases, score } = value?.phrases ? { score: 85, ...value } : { phrases: [value ?? []].flat(), score: 85 };
  return html`<span class="fuzzy"><${Lines} label=${label} value=${phrases} set=${(lines) => set({ phrases: lines, score })} />
    <label>${t("alike")} <${Number_} label=${t("alike")} value=${score} set=${(one) => set({ phrases, score: one })} /></label></span>`;
}
