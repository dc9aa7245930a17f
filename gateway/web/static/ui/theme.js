// Sets the chosen theme before the page is painted; loaded as a plain script in <head> for that reason.
(() => {
  try {
    const theme = localStorage.getItem("frontdesk:theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is refused: the system's theme stays.
  }
})();
