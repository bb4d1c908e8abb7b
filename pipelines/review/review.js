// The page's keys. Rows come from a server (one answer a key), or from the page itself (`--html`).
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const told = (text) => { const line = byId("told"); line.textContent = ""; line.textContent = text; };

  const csrf = document.querySelector("meta[name=mathmill-csrf]")?.content ?? "";
  const post = async (action, form) => {
    const answer = await fetch(`/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-mathmill-csrf": csrf },
      body: JSON.stringify(form, (_, value) => value?.toWellFormed?.() ?? value), // half a sign, where a limit cut one
    });
    if (answer.status === 403) { location.reload(); throw new Error("load the page again"); }
    if (!answer.headers.get("content-type")?.startsWith("application/json")) throw new Error(await answer.text());
    return answer.json();
  };

  const who = byId("who");
  if (who) {
    who.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await post("who", { person: byId("person").value });
      told(answer.told);
      if (answer.told.startsWith("hello")) location.assign("/");
    });
  }
  const embedded = byId("state");
  if (!embedded) return;
  const state = JSON.parse(embedded.textContent);
  const desk = window.mathmillDesk?.(state) ?? {
    act: (action, form) => post(action, { queue: state.queue, ...form }),
    groups: async () => (await (await fetch(`/groups?queue=${state.queue}`)).json()).groups,
    rerun: async () => (await post("rerun", { queue: state.queue })).html,
  };

  let card = null, note = "", busy = false;
  const show = (next) => {
    card = next;
    note = "";
    byId("card").innerHTML = next.html;
    byId("rerun").textContent = "";
    byId("left").textContent = `${next.left.toLocaleString("en")} left`;
    byId("row")?.focus({ preventScroll: true });
    scrollTo(0, 0);
    document.body.dataset.ticket = next.ticket ?? "";
  };

  const act = async (action, form) => {
    if (busy) return; // a key pressed before the next row shows decides nothing
    busy = true;
    try {
      const answer = await desk.act(action, form(card));
      if (answer.card) show(answer.card);
      told(answer.told);
    } catch (error) {
      told(`no answer: ${error.message}; load the page again to see whether it was written`);
    } finally {
      busy = false;
    }
  };
  const decide = (vote, more = {}) => {
    if (card?.ticket) act("decide", (shown) => ({ ticket: shown.ticket, vote, comment: note, ...more }));
  };

  const dialog = (name) => {
    const box = byId(`${name}-dialog`);
    box.returnValue = "";
    box.showModal();
    return new Promise((done) => box.addEventListener("close", () => done(box.returnValue === "done"), { once: true }));
  };
  const keepNote = () => {
    note = byId("note").value.trim();
    told(note ? "the note goes with your decision" : "no note");
  };
  const takeNote = async () => {
    byId("note").value = note;
    if (await dialog("note")) keepNote();
    byId("row")?.focus({ preventScroll: true });
  };
  const edit = async () => {
    if (!card?.texts) { told("nothing of this row can be corrected here"); return; }
    for (const [name, text] of Object.entries(card.texts)) byId(`edit-${name}`).value = text;
    if (!await dialog("edit")) return;
    const corrected = Object.fromEntries(Object.keys(card.texts).map((name) => [name, byId(`edit-${name}`).value]));
    decide("accepted", { corrected });
  };
  const rerun = async () => {
    if (!desk.rerun) { told("programs run only where `mathmill review --serve` does"); return; }
    told("running");
    byId("rerun").innerHTML = await desk.rerun();
    told("run");
    byId("rerun").scrollIntoView();
  };

  const button = (label, action, off) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.disabled = Boolean(off);
    made.addEventListener("click", action);
    return made;
  };
  const groups = async () => {
    const list = byId("group-list");
    list.textContent = "";
    const close = () => byId("groups-dialog").close();
    for (const { at, title, rows, left, decided } of await desk.groups()) {
      const line = document.createElement("div");
      const label = document.createElement("p");
      label.textContent = `${title}: ${left.toLocaleString("en")} of ${rows.toLocaleString("en")} left`;
      const seen = decided >= Math.min(5, rows);
      const settle = (vote, word) => button(
        `${word} all ${left.toLocaleString("en")}`,
        () => { close(); act("settle", () => ({ group: at, vote })); },
        !seen || !left,
      );
      line.append(label, button("Go there", () => { close(); act("jump", () => ({ group: at })); }, !left));
      if (state.queue !== "audit" && state.queue !== "adjudicate") {
        line.append(settle("accepted", "Accept"), settle("rejected", "Reject"));
        if (!seen) line.append(Object.assign(document.createElement("small"), { textContent: `decide ${Math.min(5, rows) - decided} more one by one first` }));
      }
      list.append(line);
    }
    dialog("groups");
  };

  const actions = {
    accept: () => decide("accepted"),
    reject: () => decide("rejected"),
    unsure: () => decide("unsure"),
    skip: () => decide("skip"),
    undo: () => act("undo", () => ({})),
    note: takeNote,
    edit,
    rerun,
    groups,
    help: () => dialog("help"),
    save: () => desk.save?.(),
  };
  const keys = { a: "accept", r: "reject", u: "unsure", s: "skip", z: "undo", n: "note", e: "edit", x: "rerun", g: "groups", "?": "help", d: "save" };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (document.querySelector("dialog[open]")) {
      if (event.key === "Enter" && event.target.id === "note") {
        event.preventDefault();
        keepNote(); // the dialog tells of its end a task later, when a quick hand has decided already
        byId("note-dialog").close("done");
      }
      return;
    }
    if (event.target.closest?.("input, textarea, select")) return;
    if (event.key === "j" || event.key === "k") scrollBy(0, (event.key === "j" ? 0.6 : -0.6) * innerHeight);
    const action = actions[keys[event.key]];
    if (action && byId("row")) { event.preventDefault(); action(); }
  });
  for (const control of document.querySelectorAll("[data-action]")) control.addEventListener("click", () => actions[control.dataset.action]());
  show(state.card);
  if (!state.person && byId("name-dialog")) {
    dialog("name").then(() => { byId("who-am-i").textContent = byId("person-name").value.trim(); byId("row")?.focus(); });
  }
})();
