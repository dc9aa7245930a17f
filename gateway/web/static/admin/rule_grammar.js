// What rules can be made of, as the desk tells it: fields, operators and effects, and what there is to choose from.
import { signal } from "../ui/html.js";
import { language, locale } from "../ui/language.js";
import { all, call } from "../inbox/api.js";
import { agents, catalogue, nameOf } from "../inbox/catalogue.js";
import { t, told } from "./words.js";

const grammar = signal(null);
const policies = signal([]);
const articles = signal([]);

/** Loads it, once a page. */
export async function loadGrammar() {
  if (!grammar.value) grammar.value = await call("GET", "/routing/grammar");
  const fill = async (into, path) => void (into.value = await all(path));
  fill(policies, "/sla-policies").catch(() => {}); // ids are shown instead
  fill(articles, "/articles").catch(() => {});
  return grammar.value;
}

export const words = (one) => one[language.value];
export const EVENTS = () => grammar.value.events;
export const effectsOf = (stage) => grammar.value.effects[stage].map((one) => [one.name, words(one)]);
export const settable = () => [...grammar.value.settable.map((name) => [name, wordOf(name)]), ...keysOf("fields.").map((key) => [`fields.${key}`, wordOf(`fields.${key}`)])];

const KEYS = {
  "context.": () => ["page", "referrer", "campaign", "device"],
  "customer.attributes.": () => fieldsOn("customer"),
  "ticket.fields.": () => fieldsOn("ticket"), "previous.fields.": () => fieldsOn("ticket"), "fields.": () => fieldsOn("ticket"),
  "hours.": () => catalogue("calendars").map(({ id }) => id), "weekday.": () => catalogue("calendars").map(({ id }) => id), "local_time.": () => catalogue("calendars").map(({ id }) => id),
};
const fieldsOn = (what) => catalogue("fields").filter(({ on }) => on === what).map(({ id }) => id);
const keysOf = (family) => KEYS[family]();

/** The field of a name: `{name, kind, choices, family, key}`; undefined where there is none. */
export function fieldNamed(name) {
  const found = grammar.value.fields.find((one) => !one.family && one.name === name) ?? grammar.value.fields.find((one) => one.family && name.startsWith(one.name));
  return found?.family ? { ...found, key: name.slice(found.name.length), ...definedAs(found.name, name.slice(found.name.length)) } : found;
}

// What an admin has defined as a number or a choice is compared as one.
function definedAs(family, key) {
  const defined = family.endsWith("fields.") || family === "customer.attributes." ? catalogue("fields").find(({ id }) => id === key) : null;
  return defined ? { holds: defined.type, choices: defined.type === "choice" ? defined.choices : [] } : {};
}

export function wordOf(name) {
  const field = fieldNamed(name);
  if (!field?.family) return field ? words(field) : name;
  const named = { "hours.": "calendars", "weekday.": "calendars", "local_time.": "calendars", "context.": "" }[field.name] ?? "fields";
  return `${words(field)} ${t("in_quotes", { what: named ? nameOf(named, field.key) : field.key })}`;
}

const GROUPS = [["message", /^(text|subject|language|kind|attachments|sender|channel|context)/], ["customer", /^customer\./], ["ticket", /^ticket\./], ["now", /^(queue|queue_\w+|priority|type|tier|tags|fields\..*|conversation\.with)$/],
  ["before", /^previous\./], ["scores", /^(match\.|urgency|complaint)/], ["time", /./]];

/** All fields in groups, `[[group, [[name, words]]]]`; a family with the keys that are known. */
export function fieldGroups() {
  const names = grammar.value.fields.flatMap(({ name, family }) => (family ? [...keysOf(name).map((key) => name + key), ...(name in OPEN ? [name] : [])] : [name]));
  const groups = new Map(GROUPS.map(([group]) => [group, []]));
  for (const name of names) groups.get(GROUPS.find(([, pattern]) => pattern.test(name))[0]).push([name, name in OPEN ? t(OPEN[name]) : wordOf(name)]);
  return [...groups].filter(([, fields]) => fields.length).map(([group, fields]) => [t(`fields_${group}`), fields]);
}

/** Families whose keys the desk can't list. */
export const OPEN = { "context.": "other_context", "customer.attributes.": "other_attribute" };

/** The operators of a field; one that has no opposite of its own can be denied: `!name`. */
export function operatorsOf(field) {
  const kind = { number: "number", boolean: "id", choice: "id" }[field.holds] ?? field.kind;
  const names = grammar.value.operators[kind];
  const has = (name) => names.some((one) => one.name === name);
  const denied = names.filter(({ name }) => DENIED.has(name) && has(name));
  return [...names.map((one) => [one.name, words(one)]), ...denied.map((one) => [`!${one.name}`, t("not_so", { what: words(one) })])];
}
const DENIED = new Set(["contains_any", "contains_all", "starts_with", "ends_with", "matches", "fuzzy"]);

const OF_FIELD = { channel: "channels", queue: "queues", tier: "tiers", type: "types", owner: "agents", assignee: "agents", article: "articles", policy: "policies" };

/** What a field's value is one of, `[[id, words]]`; null where it is written freely. */
export function choicesOf(field) {
  if (field.holds === "boolean") return [["true", t("yes")], ["false", t("no")]];
  if (field.choices?.length) return field.choices.map((one) => [one, choiceWord(field, one)]);
  if (field.name.endsWith("language")) return languages();
  if (field.kind !== "text" && field.kind !== "id") return null;
  const kind = OF_FIELD[field.name.split(".").at(-1)];
  return kind && !field.family ? named(kind) : null;
}

function languages() {
  const names = new Intl.DisplayNames([locale()], { type: "language" });
  return ["en", "zh", "ja", "ko", "fr", "de", "es", "pt", "it", "ru", "ar", "th", "vi", "id"].map((tag) => [tag, names.of(tag)]);
}

function choiceWord(field, choice) {
  if (field.family && field.holds) return choice;
  const last = field.family ? field.name.slice(0, -1) : field.name.split(".").at(-1);
  return told(`${last}_${choice}`, told(choice, choice));
}

/** Everything of a kind, by the reader's names. */
export function named(kind) {
  const others = { agents: agents.value.map(({ id, name }) => [id, name]), policies: policies.value.map(({ id, name, names }) => [id, names?.[language.value] ?? name]), articles: articles.value.map(({ id, title }) => [id, title]) };
  return others[kind] ?? catalogue(kind).map(({ id }) => [id, nameOf(kind, id)]);
}
