// The filter of the page of error messages: paste a message, see the entries that fit, best first.
// Numbers and shapes differ from reader to reader, so only words count; rare ones count more.
"use strict";

(() => {
  const ENOUGH = 0.6; // the share of the weight of an entry, or of the question, that must be shared
  const NONE = "No entry fits: this list holds the errors that the book makes on purpose. " +
    "Try fewer words, those that name what went wrong, here or in the search.";
  const STACK = /^\s*(File "|Traceback |at )/; // lines of a traceback that say where, not what

  // A name in code is one word: check_nan says nothing of nan.
  const wordsOf = (text) => new Set(text.toLowerCase().match(/[\p{L}_]{2,}/gu) || []);

  function readEntries(lists) {
    return lists.flatMap((list) => [...list.children].map((item) => {
      const message = item.querySelector("p:first-child > code");
      const words = wordsOf(item.textContent);
      return { item, list, words, message: message ? wordsOf(message.textContent) : words };
    }));
  }

  // A word in few entries says more than one in many.
  function weigher(entries) {
    const counts = new Map();
    for (const { words } of entries) {
      for (const word of words) counts.set(word, (counts.get(word) || 0) + 1);
    }
    const unknown = Math.log(1 + entries.length);
    return (word) => (counts.has(word) ? Math.log(1 + entries.length / counts.get(word)) : unknown);
  }

  function sum(words, weight) {
    let total = 0;
    for (const word of words) total += weight(word);
    return total;
  }

  // Long text covers an entry's message, short text is covered by an entry: either will do.
  function likeness(asked, entry, weight) {
    const inMessage = [...entry.message].filter((word) => asked.has(word));
    const inEntry = [...asked].filter((word) => [...entry.words].some((own) => own.startsWith(word)));
    const ofMessage = sum(inMessage, weight) / sum(entry.message, weight);
    const ofQuestion = sum(inEntry, weight) / sum(asked, weight);
    return Math.max(ofMessage, ofQuestion) + 0.001 * Math.min(ofMessage, ofQuestion);
  }

  function asked(text) {
    return wordsOf(text.split("\n").filter((line) => !STACK.test(line)).join("\n"));
  }

  function show(entries, weight, text, status) {
    const words = asked(text);
    for (const entry of entries) entry.score = words.size ? likeness(words, entry, weight) : 1;
    const found = entries.filter((entry) => entry.score >= ENOUGH);
    for (const entry of entries) entry.item.hidden = !found.includes(entry);
    const inOrder = words.size ? [...entries].sort((a, b) => b.score - a.score) : entries;
    for (const entry of inOrder) entry.list.append(entry.item);
    if (!words.size) status.textContent = `All ${entries.length} entries are shown.`;
    else if (found.length) status.textContent = `${found.length} of ${entries.length} entries fit, the best of each list first.`;
    else status.textContent = NONE;
  }

  function build(box, entries) {
    const label = document.createElement("label");
    const field = document.createElement("textarea");
    const status = document.createElement("p");
    label.htmlFor = field.id = "messages-text";
    label.textContent = "Paste the message, or write a few words of it";
    field.rows = 3;
    field.spellcheck = false;
    field.setAttribute("aria-describedby", "messages-status");
    status.id = "messages-status";
    status.setAttribute("role", "status");
    status.setAttribute("aria-live", "polite");
    box.append(label, field, status);
    const weight = weigher(entries);
    const update = () => show(entries, weight, field.value, status);
    field.addEventListener("input", update);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !field.value) return;
      field.value = "";
      update();
    });
    update(); // a reload may have kept what was written
  }

  const box = document.querySelector(".messages-filter");
  if (box) build(box, readEntries([...document.querySelectorAll("ul.messages")]));
})();
