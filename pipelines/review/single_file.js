// The desk of a page without a server: rows stand in the page, decisions in the browser until they are saved.
window.mathmillDesk = (state) => {
  "use strict";
  const key = `mathmill-review:${state.data}:${state.queue}`;
  const html = [...document.querySelectorAll("template[data-row]")].map((row) => row.innerHTML);
  let acts = [], at = 0, shown = Date.now(), saved = 0;
  try { acts = JSON.parse(localStorage.getItem(key) ?? "[]"); } catch { acts = []; }
  const keep = () => { try { localStorage.setItem(key, JSON.stringify(acts)); } catch { /* saved by hand alone */ } };
  const decided = () => new Map(acts.flatMap((act) => act.lines.map((line) => [line.at, line])));
  const person = () => state.person || (state.person = document.getElementById("person-name").value.trim() || "somebody");

  const card = () => {
    const done = decided();
    const open = state.rows.map((_, row) => row).filter((row) => !done.has(row));
    const again = state.rows.map((_, row) => row).filter((row) => done.get(row)?.decision === "skip");
    at = open.find((row) => row >= at) ?? open[0] ?? again[0] ?? -1;
    shown = Date.now();
    const left = open.length;
    if (at < 0) return { html: document.getElementById("finished").innerHTML, ticket: null, left, texts: null };
    return { html: html[at], ticket: `${at}-${acts.length}`, left, texts: state.rows[at].texts };
  };
  const line = (row, vote, more) => {
    const { texts, ...about } = state.rows[row];
    const who = more.corrected ? { reviewer: person() } : { annotator: person() };
    return { ...about, decision: vote, ...who, time: new Date().toISOString(), queue: state.queue, data: state.data, ...more };
  };
  const correction = (texts, edited) => {
    const changed = Object.keys(texts).filter((name) => edited[name] !== texts[name]);
    if (!changed.length) return {};
    if (changed.length === 1 && changed[0] === "answer") return { corrected: { answer: edited.answer }, vote: "accepted" };
    return { corrected: edited, vote: "rejected" };
  };
  const name = () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const add = (rows, vote, more) => {
    const act = name();
    acts.push({ lines: rows.map((row) => ({ at: row, ...line(row, vote, { ...more, act }) })) });
    keep();
  };
  const say = { accepted: "accepted", rejected: "rejected", unsure: "unsure", skip: "skipped" };

  const act = async (action, form) => {
    let told = "";
    if (action === "undo") {
      const last = acts.pop();
      keep();
      at = last ? last.lines[0].at : at;
      told = last ? `undone: ${last.lines.length} row${last.lines.length === 1 ? "" : "s"}` : "nothing to undo";
    } else if (action === "jump") {
      at = state.rows.findIndex((row) => row.group === state.groups[form.group]);
    } else if (action === "settle") {
      const done = decided();
      const rows = state.rows.map((_, row) => row).filter((row) => !done.has(row) && state.rows[row].group === state.groups[form.group]);
      add(rows, form.vote, {});
      told = `${rows.length} rows ${form.vote} at once; z takes it back`;
    } else if (form.ticket === `${at}-${acts.length}`) {
      const { corrected, vote } = form.corrected ? correction(state.rows[at].texts, form.corrected) : {};
      const seconds = (Date.now() - shown) / 1000;
      add([at], vote ?? form.vote, { seconds, ...(form.comment ? { comment: form.comment } : {}), ...(corrected ? { corrected } : {}) });
      told = corrected ? "corrected" : say[form.vote];
    }
    return { told, card: card() };
  };
  const groups = async () => {
    const done = decided();
    return state.groups.map((group, index) => {
      const rows = state.rows.map((row, at) => [row, at]).filter(([row]) => row.group === group).map(([, at]) => at);
      const seen = rows.filter((row) => done.has(row) && done.get(row).decision !== "skip").length;
      return { at: index, title: state.titles[index], rows: rows.length, left: rows.filter((row) => !done.has(row)).length, decided: seen };
    });
  };
  const save = () => {
    const lines = [...decided().values()].map(({ at: _, ...line }) => JSON.stringify(line) + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = `decisions-${person()}.jsonl`;
    link.click();
    saved = acts.length;
    document.getElementById("told").textContent = `${lines.length} decisions saved to your downloads`;
  };
  addEventListener("beforeunload", (event) => { if (acts.length !== saved) event.preventDefault(); });
  state.card = card();
  return { act, groups, save };
};
