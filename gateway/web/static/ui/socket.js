// Closing a WebSocket in whatever state it is.

/** Close it; one that is still connecting is closed once it is open, since browsers log an error for it else. */
export function close(socket) {
  if (socket?.readyState === WebSocket.CONNECTING) socket.addEventListener("open", () => socket.close());
  else socket?.close();
}
