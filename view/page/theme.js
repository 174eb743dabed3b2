// Set the theme before anything is drawn: the one chosen on this page, or else the system's. This is a classic script, so
// the page never flashes in the wrong theme.

(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // the browser keeps nothing for us
    }
  };
  const apply = () => {
    document.documentElement.dataset.theme = stored() ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("theme"));
  };
  globalThis.switchTheme = () => {
    const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      if (other === (system.matches ? "dark" : "light"))
        localStorage.removeItem("theme"); // follow the system again
      else localStorage.setItem("theme", other);
      apply();
    } catch {
      document.documentElement.dataset.theme = other;
      dispatchEvent(new Event("theme"));
    }
  };
  system.addEventListener("change", apply);
  apply();
})();
