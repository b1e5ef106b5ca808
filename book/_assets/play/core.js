/* What the figures share: drawing, axes, sliders, points to drag, and a line of live text.
   Plain script, no library, no network; colors and sizes are in play.css. */
"use strict";

const torchbookPlay = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const figures = {};

  function dress(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  /** An SVG element with attributes and children. */
  const draw = (tag, attributes = {}, ...children) =>
    dress(document.createElementNS(SVG, tag), attributes, children);
  /** An HTML element with attributes and children. */
  const make = (tag, attributes = {}, ...children) =>
    dress(document.createElement(tag), attributes, children);

  /** A number as text with a true minus sign. */
  const num = (value, digits = 2) =>
    Number.isFinite(value)
      ? value.toFixed(digits).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "\u2212")
      : String(value);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const round = (value) => Math.round(value * 10) / 10; // of a pixel: short files
  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  /** Axes, and a canvas inside them that cuts off what sticks out.
      `px` and `py` take numbers to the canvas, `at` takes a pointer back to numbers. */
  function plane(parent, options) {
    const o = { width: 360, height: 270, left: 40, bottom: 36, show: (v) => num(v, 1), ...options };
    const w = o.width - o.left - 10, h = o.height - o.bottom - 10;
    const svg = draw("svg", {
      viewBox: `0 0 ${o.width} ${o.height}`, class: "play-plane",
      role: o.interactive ? "group" : "img", "aria-label": o.label,
    });
    const axes = draw("g", { class: "play-axes", "aria-hidden": "true" });
    const canvas = draw("svg", { x: o.left, y: 10, width: w, height: h, role: "presentation" });
    const origin = draw("g");
    canvas.append(origin);
    svg.append(axes, canvas);
    parent.append(svg);
    const p = { svg, width: w, height: h, layer };
    p.px = (v) => round(((v - o.x[0]) / (o.x[1] - o.x[0])) * w);
    p.py = (v) => round((1 - (v - o.y[0]) / (o.y[1] - o.y[0])) * h);
    p.at = (event) => {
      const q = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(origin.getScreenCTM().inverse());
      return [o.x[0] + (q.x / w) * (o.x[1] - o.x[0]), o.y[0] + (1 - q.y / h) * (o.y[1] - o.y[0])];
    };
    /** Other limits, and other ticks where they are given. */
    p.limits = (more) => {
      Object.assign(o, more);
      Object.assign(p, { x: o.x, y: o.y });
      axes.replaceChildren(...frame(p, o, w, h));
    };
    p.limits({});
    return p;

    function layer(attributes = {}) {
      const g = draw("g", attributes);
      canvas.append(g);
      return g;
    }
  }

  /** Ticks, grid lines and the names of the axes. */
  function frame(p, o, w, h) {
    const parts = [draw("path", { d: `M${o.left} 10v${h}h${w}`, class: "play-axis" })];
    const text = (x, y, label, anchor = "middle", more = {}) =>
      parts.push(draw("text", { x, y, "text-anchor": anchor, ...more }, label));
    for (const v of o.xticks ?? ticks(o.x)) {
      const x = o.left + p.px(v);
      parts.push(draw("path", { d: `M${x} 10v${h}`, class: "play-grid" }));
      text(x, h + 23, o.showX ? o.showX(v) : o.show(v));
    }
    for (const v of o.yticks ?? ticks(o.y)) {
      const y = 10 + p.py(v);
      parts.push(draw("path", { d: `M${o.left} ${y}h${w}`, class: "play-grid" }));
      text(o.left - 5, round(y + 4), o.show(v), "end");
    }
    text(o.left + w, o.height - 2, o.xlabel ?? "", "end", { class: "play-name" });
    text(o.left + 5, 20, o.ylabel ?? "", "start", { class: "play-name" });
    return parts;
  }

  /** Some five round numbers between two limits. */
  function ticks([low, high]) {
    const rough = (high - low) / 5, ten = 10 ** Math.floor(Math.log10(rough));
    const step = ten * [1, 2, 5, 10].find((k) => k * ten >= rough * 0.99);
    const found = [];
    for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-9) + 1e-9; k++) found.push(k * step);
    return found;
  }

  /** A curve through pairs of numbers. */
  const curve = (p, points) =>
    points.map(([x, y], n) => `${n ? "L" : "M"}${p.px(x)} ${p.py(y)}`).join("");

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  /** A point that the pointer drags and arrow keys move; with Shift ten times as far.
      `move([x, y])` is called for each move, `press()` for a click, Enter or Space. */
  function handle(p, parent, o) {
    const g = draw("g", { class: `play-handle ${o.class ?? ""}`, tabindex: 0, role: "slider",
      "aria-label": o.label, "aria-roledescription": "point to move" },
      draw("circle", { r: 15, class: "play-grip" }), ...o.shape);
    parent.append(g);
    const step = o.step ?? 0.05;
    let place = o.at, from = null;
    const set = (at) => {
      const fit = (v, [low, high]) => clamp(Math.round(v / step) * step, low, high);
      place = [fit(at[0], p.x), fit(at[1], p.y)];
      g.setAttribute("transform", `translate(${p.px(place[0])} ${p.py(place[1])})`);
      const [low, high] = p.x;
      for (const [key, value] of Object.entries({ valuemin: low, valuemax: high,
        valuenow: num(place[0]).replace("\u2212", "-"), valuetext: place.map((v) => num(v)).join(", ") }))
        g.setAttribute(`aria-${key}`, value);
    };
    const moved = (at) => { set(at); o.move(place); };
    g.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key], far = step * (event.shiftKey ? 10 : 1);
      if (arrow) moved([place[0] + arrow[0] * far, place[1] + arrow[1] * far]);
      else if (o.press && (event.key === "Enter" || event.key === " ")) o.press();
      else return;
      event.preventDefault();
    });
    g.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY, false];
      g.setPointerCapture(event.pointerId);
    });
    g.addEventListener("pointermove", (event) => {
      if (!from) return;
      from[2] ||= Math.hypot(event.clientX - from[0], event.clientY - from[1]) > 3;
      if (from[2]) moved(p.at(event));
    });
    g.addEventListener("pointerup", () => {
      if (from && !from[2]) o.press?.();
      from = null;
    });
    g.addEventListener("pointercancel", () => { from = null; });
    set(place);
    return { node: g, set, get at() { return place; } };
  }

  /** A labeled slider; `show` writes its value. */
  function slider(parent, o, changed) {
    const shown = make("span", { class: "play-value", "aria-hidden": "true" });
    const input = make("input", { type: "range", min: o.min, max: o.max, step: o.step, value: o.value });
    const tell = () => {
      shown.textContent = (o.show ?? String)(Number(input.value));
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.addEventListener("input", () => { tell(); changed(Number(input.value)); });
    tell();
    const box = make("label", { class: "play-slider" }, make("span", {}, o.label), input, shown);
    parent.append(box);
    return {
      box, input,
      get value() { return Number(input.value); },
      set value(v) { input.value = v; tell(); },
    };
  }

  /** A labeled list to choose from: {value: what is shown}. */
  function choice(parent, label, options, changed) {
    const select = make("select", {}, ...Object.entries(options).map(
      ([value, text]) => make("option", { value }, text)));
    select.addEventListener("change", () => changed(select.value));
    parent.append(make("label", { class: "play-choice" }, make("span", {}, label), select));
    return select;
  }

  function button(parent, label, pressed) {
    const made = make("button", { type: "button" }, label);
    made.addEventListener("click", pressed);
    parent.append(made);
    return made;
  }

  const row = (parent, kind = "controls") => {
    const made = make("div", { class: `play-${kind}` });
    parent.append(made);
    return made;
  };

  /** A line that screen readers read out when it changes. */
  function teller(parent) {
    const line = make("p", { class: "play-says", role: "status", "aria-live": "polite" });
    parent.append(line);
    return (text) => { if (line.textContent !== text) line.textContent = text; };
  }

  /** Numbers from 0 to 1 by chance, the same for the same seed (mulberry32). */
  function chance(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), a | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  /** Each figure file hands in its name, its arithmetic, and start(root, data). */
  const figure = (name, made) => { figures[name] = made; };

  const waiting = () => document.querySelectorAll("figure.playground:not(.play-ready)");

  /** Fill a figure of the page. The picture gives way only where that went well. */
  function start(box) {
    near.unobserve(box);
    const root = box.querySelector(".play-live");
    const data = box.querySelector("script[type='application/json']");
    figures[root.dataset.figure].start(root, data && JSON.parse(data.textContent));
    root.hidden = false;
    box.classList.add("play-ready");
  }
  const startAll = () => waiting().forEach(start);

  // Some have much to compute: those far below the screen wait until one comes near.
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => start(one.target)),
    { rootMargin: "50%" },
  );
  document.addEventListener("DOMContentLoaded", () => waiting().forEach((box) => near.observe(box)));

  return { figures, figure, startAll, draw, make, num, clamp, round, count, plane, curve,
    handle, slider, choice, button, row, teller, chance };
})();
