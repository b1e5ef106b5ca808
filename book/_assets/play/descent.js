/* Six ways to step downhill, on four surfaces: pages "Momentum" and "A rate for each weight",
   torchbook.landscape and torchbook.scratch.optim. */
"use strict";

(() => {
  const { draw, num, clamp, round, plane, curve, handle, slider, choice, button, row, teller } = torchbookPlay;
  const C = Math.cos(Math.PI / 6), S = Math.sin(Math.PI / 6);
  const well = (x, hump) => x ** 4 / 4 - (hump * x ** 3) / 3 - x ** 2 / 2 + hump * x + 1 / 4 + (2 * hump) / 3;
  const wellSlope = (x, hump) => (x + 1) * (x - hump) * (x - 1);

  /** Height and slopes at (a, b), where walks begin, and what the map shows. */
  const SURFACES = {
    ravine: {
      height: (a, b) => ((C * a + S * b) ** 2 + 50 * (C * b - S * a) ** 2) / 2,
      slope: (a, b) => {
        const u = C * a + S * b, v = 50 * (C * b - S * a);
        return [C * u - S * v, S * u + C * v];
      },
      start: [-2, -0.5], limits: [-2.5, 2.5, -1.8, 1.8], lowest: [0, 0],
    },
    saddle: {
      height: (a, b) => a ** 2 / 2 + (b ** 2 - 1) ** 2 / 4,
      slope: (a, b) => [a, b * (b ** 2 - 1)],
      start: [-1.5, 0.01], limits: [-2, 2, -1.7, 1.7], lowest: [0, 1],
    },
    "several minima": {
      height: (a, b) => well(a, 0.3) + well(b, 0.1),
      slope: (a, b) => [wellSlope(a, 0.3), wellSlope(b, 0.1)],
      start: [0.6, 0.5], limits: [-1.7, 1.7, -1.7, 1.7], lowest: [-1, -1],
    },
    plateau: {
      height: (a, b) => Math.tanh(2 * (a * a + b * b)) + (a * a + b * b) / 100,
      slope: (a, b) => {
        const k = 4 * (1 - Math.tanh(2 * (a * a + b * b)) ** 2) + 0.02;
        return [k * a, k * b];
      },
      start: [2.2, 1.2], limits: [-2.7, 2.7, -2, 2], lowest: [0, 0],
    },
  };

  /** One weight: from its slope g and what is remembered in m to how far it goes down.
      `lr` is a rate and `mu` momentum; t counts steps from 1. */
  const RULES = {
    plain: (g, m, lr) => lr * g,
    momentum: (g, m, lr, mu) => lr * (m.v = mu * (m.v ?? 0) + g),
    Nesterov: (g, m, lr, mu) => lr * (g + mu * (m.v = mu * (m.v ?? 0) + g)),
    Adagrad: (g, m, lr) => (lr * g) / (Math.sqrt(m.s = (m.s ?? 0) + g * g) + 1e-10),
    RMSprop: (g, m, lr) => (lr * g) / (Math.sqrt(m.s = 0.99 * (m.s ?? 0) + 0.01 * g * g) + 1e-8),
    Adam: (g, m, lr, mu, t) => {
      m.m = mu * (m.m ?? 0) + (1 - mu) * g;
      m.v = 0.999 * (m.v ?? 0) + 0.001 * g * g;
      return (lr * m.m) / (1 - mu ** t) / (Math.sqrt(m.v / (1 - 0.999 ** t)) + 1e-8);
    },
  };
  const RATES = { plain: 0.02, momentum: 0.02, Nesterov: 0.02, Adagrad: 0.5, RMSprop: 0.02, Adam: 0.2 };
  const REMEMBER = ["momentum", "Nesterov", "Adam"];

  /** The places of a walk, its start among them: (steps + 1) pairs. */
  function walk(surface, rule, { lr, momentum = 0.9, steps, start }) {
    const { slope, start: own } = SURFACES[surface], memory = [{}, {}];
    const path = [[...(start ?? own)]];
    for (let t = 1; t <= steps; t++) {
      const w = path[t - 1], g = slope(...w);
      path.push(w.map((v, k) => v - RULES[rule](g[k], memory[k], lr, momentum, t)));
    }
    return path;
  }

  /** Pieces of the line at one height, found in the squares of a grid (marching squares). */
  function contour(p, heights, level, nx, ny, limits) {
    const [x0, x1, y0, y1] = limits, parts = [];
    const place = (i, j) => [x0 + ((x1 - x0) * i) / nx, y0 + ((y1 - y0) * j) / ny];
    for (let i = 0; i < nx; i++) for (let j = 0; j < ny; j++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], cuts = [];
      corners.forEach((a, n) => {
        const b = corners[(n + 1) % 4], ha = heights[a[0]][a[1]] - level, hb = heights[b[0]][b[1]] - level;
        if (ha < 0 === hb < 0) return;
        const t = ha / (ha - hb), [pa, pb] = [place(...a), place(...b)];
        cuts.push(`${p.px(pa[0] + t * (pb[0] - pa[0]))} ${p.py(pa[1] + t * (pb[1] - pa[1]))}`);
      });
      for (let n = 0; n + 1 < cuts.length; n += 2) parts.push(`M${cuts[n]}L${cuts[n + 1]}`);
    }
    return parts.join("");
  }

  function map(p, surface) {
    const { height, limits } = SURFACES[surface], [x0, x1, y0, y1] = limits, nx = 36, ny = 27;
    const heights = Array.from({ length: nx + 1 }, (_, i) => Array.from({ length: ny + 1 }, (_, j) =>
      height(x0 + ((x1 - x0) * i) / nx, y0 + ((y1 - y0) * j) / ny)));
    const all = heights.flat(), low = Math.min(...all), high = Math.max(...all);
    const levels = Array.from({ length: 11 }, (_, n) => low + (high - low) * ((n + 0.5) / 11) ** 2);
    const d = levels.map((level) => contour(p, heights, level, nx, ny, limits)).join("");
    return draw("path", { d, class: "play-contour" });
  }

  const rateOf = (v) => Number((10 ** v).toPrecision(2)); // of a slider for its logarithm
  const far = (v) => clamp(Number.isFinite(v) ? v : 1e4, -1e4, 1e4);
  const log = (h) => clamp(Math.log10(h), -8, 4);

  function start(root) {
    const pair = row(root, "pair");
    const p = plane(pair, { x: [-1, 1], y: [-1, 1], interactive: true, xlabel: "w\u2081", ylabel: "w\u2082",
      label: "Map of the surface with the path of the optimizer" });
    const losses = plane(pair, { x: [0, 40], y: [-6, 3], yticks: [-6, -4, -2, 0, 2], xlabel: "step", ylabel: "height",
      showX: (v) => num(v, 0), show: (v) => `1e${num(v, 0)}`, label: "Height at each step, on a logarithmic axis" });
    const lines = p.layer(), kept = p.layer(), paths = p.layer(), ends = p.layer();
    const curves = losses.layer(), controls = row(root), buttons = row(root, "buttons"), say = teller(root);
    let surface = "ravine", rule = root.dataset.first || "momentum", from, old = null;

    choice(controls, "Surface", names(SURFACES), (name) => { surface = name; open(); });
    const rules = choice(controls, "Optimizer", names(RULES), (name) => { rule = name; adopt(); redraw(); });
    const rate = slider(controls, { label: "Rate", min: -3, max: 0.5, step: 0.01, value: -1.7,
      show: (v) => String(rateOf(v)) }, redraw);
    const mu = slider(controls, { label: "Momentum", min: 0, max: 0.98, step: 0.01, value: 0.8, show: (v) => num(v) }, redraw);
    const steps = slider(controls, { label: "Steps", min: 0, max: 100, step: 1, value: 30 }, redraw);
    button(buttons, "Keep this path", () => { old = current(); redraw(); });
    button(buttons, "Start again", () => { rule = root.dataset.first || "momentum"; adopt(); open(); });
    rules.value = rule;

    function adopt() {
      rules.value = rule;
      rate.value = Math.log10(RATES[rule]);
    }
    const current = () => ({ rule, path: walk(surface, rule,
      { lr: rateOf(rate.value), momentum: mu.value, steps: steps.value, start: from }) });

    function open() {
      const { limits, start: own, lowest } = SURFACES[surface];
      p.limits({ x: limits.slice(0, 2), y: limits.slice(2) });
      [from, old] = [own, null];
      lines.replaceChildren(map(p, surface), draw("path", { class: "play-star",
        transform: `translate(${p.px(lowest[0])} ${p.py(lowest[1])})`, d: "M0-7L2-2 7-2 3 1 5 7 0 3-5 7-3 1-7-2-2-2z" }));
      ends.replaceChildren();
      handle(p, ends, { at: own, step: 0.01, label: "Start of the walk; arrow keys move it", move: (at) => { from = at; old = null; redraw(); },
        shape: [draw("rect", { x: -5, y: -5, width: 10, height: 10, class: "play-start" })] });
      redraw();
    }

    function redraw() {
      const now = current(), { height } = SURFACES[surface];
      mu.input.disabled = !REMEMBER.includes(rule);
      const trail = (made, kind) => draw("path", { class: `play-curve ${kind}`, d: curve(p, made.path.map((w) => w.map(far))) });
      const fall = (made, kind) => draw("path", { class: `play-curve ${kind}`,
        d: curve(losses, made.path.map((w, n) => [n, log(height(...w.map(far)))])) });
      losses.limits({ x: [0, Math.max(10, steps.value)] });
      kept.replaceChildren(...(old ? [trail(old, "play-blue play-old")] : []));
      paths.replaceChildren(trail(now, "play-orange"), draw("path", { class: "play-step", d: now.path.slice(1)
        .filter((w) => w.every((v) => Math.abs(v) < 9))
        .map((w) => `M${round(p.px(w[0]) - 2)} ${p.py(w[1])}a2 2 0 1 0 4 0 2 2 0 1 0-4 0`).join("") }));
      curves.replaceChildren(...(old ? [fall(old, "play-blue play-old")] : []), fall(now, "play-orange"));
      tell(now, height);
    }

    function tell({ path }, height) {
      const last = path.at(-1), end = height(...last), first = height(...path[0]);
      const shown = (h) => (h !== 0 && h < 0.01 ? h.toExponential(1).replace("-", "\u2212") : num(h, 3));
      if (!Number.isFinite(end) || end > 100 * (first + 1)) return say("The walk runs away: the rate is too high here.");
      say(`${rule} with rate ${rateOf(rate.value)}${REMEMBER.includes(rule) ? ` and momentum ${num(mu.value)}` : ""}: ` +
        `after ${path.length - 1} steps at (${num(last[0])}, ${num(last[1])}), height ${shown(end)}; it began at ${shown(first)}.` +
        (old ? ` Dashed: ${old.rule}, kept for comparison.` : ""));
    }
    adopt();
    open();
  }
  const names = (table) => Object.fromEntries(Object.keys(table).map((name) => [name, name]));

  torchbookPlay.figure("descent", { SURFACES, walk, start });
})();
