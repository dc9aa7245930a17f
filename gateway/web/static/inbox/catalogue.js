// What the desk is set up with, by kind: agents, queues, tiers, types, fields, skills; and what each is called here.
import { signal } from "../ui/html.js";
import { language } from "../ui/language.js";
import { all } from "./api.js";

const PATHS = { queues: "/queues", tiers: "/tiers", types: "/ticket-types", fields: "/fields", skills: "/skills", channels: "/channels", calendars: "/calendars" };

export const agents = signal([]);
const loaded = signal({});

export const catalogue = (kind) => loaded.value[kind] ?? [];

/** A queue's, tier's, type's, field's or skill's name in the reader's language; what is not known is called as given. */
export function nameOf(kind, id, otherwise = id) {
  const found = catalogue(kind).find((one) => one.id === id);
  return found?.names?.[language.value] ?? found?.name ?? otherwise;
}

/** Loads it all; what may not be read stays empty, and ids are shown instead. */
export async function loadCatalogue() {
  const [people, ...kinds] = await Promise.allSettled([all("/agents"), ...Object.values(PATHS).map((path) => all(path))]);
  agents.value = (people.value ?? []).filter((agent) => agent.active !== false);
  loaded.value = Object.fromEntries(Object.keys(PATHS).map((kind, at) => [kind, kinds[at].value ?? []]));
}
