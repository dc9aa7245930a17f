// How long to wait before the next attempt: exponential, half of it by chance, half a second to thirty.
export function backoff(attempt, random = Math.random) {
  const ceiling = Math.min(30_000, 500 * 2 ** attempt);
  return ceiling / 2 + (random() * ceiling) / 2;
}
