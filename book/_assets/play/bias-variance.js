/* Polynomials of a chosen degree through many draws of points: page "Too simple or too
   flexible", the same measurements as there. */
"use strict";

(() => {
  const { draw, num, plane, curve, slider, button, row, teller, chance } = torchbookPlay;
  const MOST = 11, SETS = 200, SHOWN = 20;
  const PLACES = Array.from({ length: 41 }, (_, n) => n / 20 - 1);
  const truth = (x) => Math.sin(3 * x);
  const powers = (x, degree) => Array.from({ length: degree + 1 }, (_, k) => x ** k);
  const dot = (a, b) => a.reduce((sum, v, n) => sum + v * b[n], 0);
  const mean = (a) => a.reduce((sum, v) => sum + v, 0) / a.length;

  /** Weights of the polynomial with the least squares, by modified Gram and Schmidt. */
  function fit(x, y, degree) {
    const D = degree + 1, rows = x.map((v) => powers(v, degree)), left = [...y], R = [], c = [];
    const Q = Array.from({ length: D }, (_, k) => rows.map((r) => r[k]));
    for (let k = 0; k < D; k++) {
      const size = Math.sqrt(dot(Q[k], Q[k]));
      Q[k] = Q[k].map((v) => v / size);
      R[k] = { [k]: size };
      const take = (a, r) => a.forEach((_, n) => { a[n] -= r * Q[k][n]; });
      for (let j = k + 1; j < D; j++) take(Q[j], (R[k][j] = dot(Q[k], Q[j])));
      take(left, (c[k] = dot(Q[k], left)));
    }
    const w = Array(D).fill(0);
    for (let k = D - 1; k >= 0; k--) {
      for (let j = k + 1; j < D; j++) c[k] -= R[k][j] * w[j];
      w[k] = c[k] / R[k][k];
    }
    return w;
  }
  const value = (w, x) => w.reduceRight((sum, v) => sum * x + v, 0);

  /** Squared bias and variance of answers (sets, places), each a mean over the places. */
  function parts(answers, f) {
    const middle = f.map((_, m) => mean(answers.map((a) => a[m])));
    return {
      bias: mean(middle.map((v, m) => (v - f[m]) ** 2)),
      variance: mean(middle.map((v, m) => mean(answers.map((a) => (a[m] - v) ** 2)))),
      middle,
    };
  }

  /** Sets of points: one in each N-th of -1 to 1, on the wave, with normal noise. */
  function sets(n, noise, seed) {
    const u = chance(seed);
    const normal = () => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
    return Array.from({ length: SETS }, () => {
      const x = Array.from({ length: n }, (_, k) => (2 * (k + u())) / n - 1);
      return { x, y: x.map((v) => truth(v) + noise * normal()) };
    });
  }

  function start(root) {
    const pair = row(root, "pair");
    const p = plane(pair, { x: [-1, 1], y: [-2, 2], xlabel: "x", ylabel: "y",
      label: "A wave, points on it, and the polynomials of twenty draws" });
    const q = plane(pair, { x: [0, MOST], y: [-4, 1], yticks: [-4, -3, -2, -1, 0, 1], xlabel: "degree", ylabel: "error",
      showX: (v) => num(v, 0), show: (v) => `1e${num(v, 0)}`,
      label: "Squared bias falls with the degree, variance rises, their sum with the noise is lowest between" });
    const layer = p.layer(), lines = q.layer(), controls = row(root), buttons = row(root, "buttons"), say = teller(root);
    const degree = slider(controls, { label: "Degree", min: 0, max: MOST, step: 1, value: 1 }, redraw);
    const size = slider(controls, { label: "Points in a set", min: 15, max: 60, step: 5, value: 15 }, measure);
    const noise = slider(controls, { label: "Noise", min: 0.05, max: 0.6, step: 0.05, value: 0.3, show: (v) => num(v) }, measure);
    let seed = 1, drawn, found;
    button(buttons, "Other points", () => { seed += 1; measure(); });
    measure();

    function measure() {
      drawn = sets(size.value, noise.value, seed);
      found = Array.from({ length: MOST + 1 }, (_, d) => {
        const answers = drawn.map(({ x, y }) => { const w = fit(x, y, d); return PLACES.map((v) => value(w, v)); });
        return { answers, ...parts(answers, PLACES.map(truth)) };
      });
      redraw();
    }

    function redraw() {
      const { answers, bias, variance, middle } = found[degree.value], sigma = noise.value ** 2;
      const line = (values, kind) => draw("path", { class: `play-curve ${kind}`, d: curve(p, values.map((v, n) => [PLACES[n], v])) });
      layer.replaceChildren(...answers.slice(0, SHOWN).map((a) => line(a, "play-orange play-faint")),
        line(PLACES.map(truth), "play-old"), line(middle, "play-orange"),
        ...drawn[0].x.map((v, n) => draw("circle", { cx: p.px(v), cy: p.py(drawn[0].y[n]), r: 3.5, class: "play-zero" })));
      const over = (f, kind) => draw("path", { class: `play-curve ${kind}`,
        d: curve(q, found.map((e, d) => [d, Math.max(-6, Math.log10(f(e)))])) });
      lines.replaceChildren(draw("path", { class: "play-line play-faint", d: `M${q.px(degree.value)} 0v${q.height}` }),
        over((e) => e.bias, "play-blue"), over((e) => e.variance, "play-orange"),
        over((e) => e.bias + e.variance + sigma, ""));
      say(`Degree ${degree.value}: squared bias (blue) ${num(bias, 3)}, variance (orange) ${num(variance, 3)}, ` +
        `noise ${num(sigma, 3)}; together (the upper curve) ${num(bias + variance + sigma, 3)}.`);
    }
  }

  torchbookPlay.figure("bias-variance", { fit, value, parts, sets, start });
})();
