"""HTTP: a small declarative layer over aiohttp, and the desk's resources, pages and live stream on it."""
