// Browser storage that may be refused (private windows, third-party frames): then things last as long as the page.
function open(name) {
  try {
    const area = window[name];
    area.setItem("frontdesk:probe", "1");
    area.removeItem("frontdesk:probe");
    return area;
  } catch {
    return null;
  }
}

const memory = new Map();
const area = open("localStorage");

export const lasting = area !== null;

export function read(key) {
  return area ? area.getItem(key) : (memory.get(key) ?? null);
}

export function write(key, value) {
  try {
    area ? area.setItem(key, value) : memory.set(key, value);
  } catch {
    memory.set(key, value);
  }
}

export function forget(key) {
  memory.delete(key);
  area?.removeItem(key);
}

export function keysFrom(prefix) {
  const keys = area ? Object.keys(area) : [];
  return [...new Set([...keys, ...memory.keys()])].filter((key) => key.startsWith(prefix));
}
