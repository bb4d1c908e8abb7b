(() => {
  "use strict";
  const filters = document.getElementById("filters");
  if (!filters) return;
  filters.hidden = false;
  const search = document.getElementById("search");
  const differ = document.getElementById("differ");
  const shown = document.getElementById("shown");
  const selects = [...filters.querySelectorAll("select")];
  const problems = [...document.querySelectorAll(".answered")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
  }));
  const fits = ({ element, text }, words) =>
    words.every((word) => text.includes(word)) &&
    (!differ || !differ.checked || "differs" in element.dataset) &&
    selects.every(({ value, dataset }) => {
      const own = element.dataset[dataset.name] || "";
      return !value || (dataset.name === "outcome" ? own.split(" ").includes(value) : own === value);
    });
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const problem of problems) {
      const visible = fits(problem, words);
      problem.element.hidden = !visible;
      count += visible ? 1 : 0;
    }
    shown.textContent = `${count} of ${problems.length}`;
  };
  filters.addEventListener("input", apply);
  apply();
})();
