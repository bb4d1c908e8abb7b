(() => {
  "use strict";
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const filters = document.getElementById("filters");
  if (!filters) return;
  filters.hidden = false;
  const search = document.getElementById("search");
  const byFormat = document.getElementById("filter-format");
  const bySource = document.getElementById("filter-source");
  const shown = document.getElementById("shown");
  const examples = [...document.querySelectorAll(".example")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
  }));
  const groups = [...document.querySelectorAll(".group")];
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { element, text } of examples) {
      const fits =
        words.every((word) => text.includes(word)) &&
        (!byFormat.value || element.dataset.format === byFormat.value) &&
        (!bySource.value || element.dataset.source === bySource.value);
      element.hidden = !fits;
      count += fits ? 1 : 0;
    }
    const asked = words.length || byFormat.value || bySource.value;
    for (const group of groups) {
      group.hidden = !group.querySelector(".example:not([hidden])");
      if (asked) group.open = true;
    }
    shown.textContent = `${count} of ${examples.length}`;
  };
  for (const control of [search, byFormat, bySource]) control.addEventListener("input", apply);
  apply();

  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
