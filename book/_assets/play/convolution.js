/* A kernel of nine numbers to edit, slid over a picture: page "Kernels, channels, pooling",
   torchbook.scratch.conv. */
"use strict";

(() => {
  const { draw, make, num, clamp, count, choice, row, teller } = torchbookPlay;
  const SIZE = 36, SCALE = 5, GAP = 24, LEVELS = 16, TOP = 20;

  /** The kernel (3, 3) at each place of a picture (H, W), zeros around it: scores (H, W). */
  const convolve = (X, kernel) => X.map((line, y) => line.map((_, x) => at(X, kernel, y, x)));

  function at(X, kernel, y, x) {
    let sum = 0;
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) sum += kernel[i][j] * (X[y + i - 1]?.[x + j - 1] ?? 0);
    return sum;
  }

  const KERNELS = {
    "edges from left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "edges from top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "edges all around": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur": [[0.1, 0.1, 0.1], [0.1, 0.2, 0.1], [0.1, 0.1, 0.1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "nothing changed": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
  };
  const SHOWN = { // a score to a gray from 0 to 1
    zero: [(v) => 0.5 + v / 4, "gray is zero"],
    relu: [(v) => v, "black is zero or less (ReLU)"],
    size: [(v) => Math.abs(v), "black is zero, both signs bright"],
  };

  const grid = (value) => Array.from({ length: SIZE }, (_, y) =>
    Array.from({ length: SIZE }, (_, x) => value(x, y)));
  /** Pairs of hexadecimal digits, row after row, to numbers from 0 to 1. */
  const unpack = (text) => grid((x, y) => {
    const n = 2 * (SIZE * y + x);
    return parseInt(text.slice(n, n + 2), 16) / 255;
  });
  const SHAPES = grid((x, y) =>
    Math.hypot(x - 11, y - 12) < 7.5 || (x > 19 && x < 31 && y > 15 && y < 31) ||
    (y === 33 && x > 3 && x < 32) || (x + y === 42 && y < 13) ? 1 : 0.1);

  /** A group that shows a grid of grays: one path for each gray, or drawing would be slow. */
  function screen(parent, left) {
    const g = draw("g", { transform: `translate(${left} ${TOP + SCALE / 2}) scale(${SCALE})`, class: "play-pixels" });
    const paths = Array.from({ length: LEVELS + 1 }, (_, n) => {
      const gray = Math.round((255 * n) / LEVELS);
      return draw("path", { stroke: `rgb(${gray},${gray},${gray})`, d: "" });
    });
    g.append(...paths);
    parent.append(g);
    return (Z) => {
      const runs = paths.map(() => "");
      Z.forEach((line, y) => {
        for (let x = 0, end; x < SIZE; x = end) {
          const level = Math.round(LEVELS * clamp(line[x], 0, 1));
          for (end = x + 1; end < SIZE && Math.round(LEVELS * clamp(line[end], 0, 1)) === level;) end++;
          runs[level] += `M${x} ${y}h${end - x}`;
        }
      });
      runs.forEach((d, n) => paths[n].setAttribute("d", d));
    };
  }

  function start(root, data) {
    const pictures = { pagoda: unpack(data.photo), shapes: SHAPES };
    const side = SIZE * SCALE, second = side + GAP;
    const svg = draw("svg", { viewBox: `0 0 ${second + side} ${side + TOP + 2}`, class: "play-plane play-wide",
      role: "group", "aria-label": "A picture, and beside it the scores of the kernel" },
      draw("text", { x: 0, y: 12, class: "play-strong" }, "picture"),
      draw("text", { x: second, y: 12, class: "play-strong" }, "scores of the kernel"));
    root.append(svg);
    const before = screen(svg, 0), after = screen(svg, second);
    const box = (left, n) => {
      const made = draw("rect", { width: n * SCALE, height: n * SCALE, class: "play-window" });
      svg.append(draw("g", { transform: `translate(${left} ${TOP})` }, made));
      return (x, y) => { made.setAttribute("x", x * SCALE); made.setAttribute("y", y * SCALE); };
    };
    const there = box(second, 1), controls = row(root), fields = editor(root), say = teller(root);
    let X = pictures.pagoda, Z, place = [14, 12];

    choice(controls, "Kernel", Object.fromEntries(Object.keys(KERNELS).map((k) => [k, k])),
      (name) => { fields.set(KERNELS[name]); redraw(); });
    choice(controls, "Picture", { pagoda: "pagoda", shapes: "shapes" },
      (name) => { X = pictures[name]; redraw(); });
    const shown = choice(controls, "Scores", Object.fromEntries(
      Object.entries(SHOWN).map(([k, [, text]]) => [k, text])), redraw);
    fields.changed(redraw);
    const here = viewer(svg, (at) => { place = at; look(); });

    function redraw() {
      Z = convolve(X, fields.value);
      before(X);
      after(Z.map((line) => line.map(SHOWN[shown.value][0])));
      look();
    }

    /** The window that the reader has moved to: its nine products and their sum. */
    function look() {
      const [x, y] = place;
      here(x, y);
      there(x, y);
      const used = fields.value.flat().filter(Boolean).length;
      const sum = fields.value.flat().reduce((a, b) => a + b, 0);
      say(`Window at row ${y + 1}, column ${x + 1}: score ${num(Z[y][x])}, the sum of ` +
        `${count(used, "product")} with a weight that is not zero. ` +
        `The weights add up to ${num(sum)}, the score of an even area of brightness 1.`);
    }
    redraw();
  }

  /** The frame of a window: dragged by the pointer, moved by arrow keys. */
  function viewer(svg, moved) {
    const rect = draw("rect", { width: 3 * SCALE, height: 3 * SCALE, class: "play-window" });
    const g = draw("g", { class: "play-handle", tabindex: 0, role: "slider", "aria-valuemin": 1,
      "aria-valuemax": SIZE, "aria-label": "Window on the picture; arrow keys move it" },
      draw("rect", { width: 3 * SCALE, height: 3 * SCALE, class: "play-grip" }), rect);
    const area = draw("g", { transform: `translate(0 ${TOP})` },
      draw("rect", { width: SIZE * SCALE, height: SIZE * SCALE, class: "play-touch" }), g);
    svg.append(area);
    let x = 0, y = 0, held = false;
    const go = (nx, ny) => moved([clamp(nx, 0, SIZE - 1), clamp(ny, 0, SIZE - 1)]);
    g.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 5 : 1;
      const step = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
      if (!step) return;
      event.preventDefault();
      go(x + step[0], y + step[1]);
    });
    const follow = (event) => {
      const q = new DOMPoint(event.clientX, event.clientY).matrixTransform(area.getScreenCTM().inverse());
      go(Math.floor(q.x / SCALE), Math.floor(q.y / SCALE));
    };
    area.addEventListener("pointerdown", (event) => {
      held = true;
      area.setPointerCapture(event.pointerId);
      follow(event);
    });
    area.addEventListener("pointermove", (event) => held && follow(event));
    for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, () => { held = false; });
    return (nx, ny) => {
      [x, y] = [nx, ny];
      g.setAttribute("transform", `translate(${(x - 1) * SCALE} ${(y - 1) * SCALE})`);
      g.setAttribute("aria-valuenow", x + 1);
      g.setAttribute("aria-valuetext", `row ${y + 1}, column ${x + 1}`);
    };
  }

  /** Nine fields for the weights; an empty one counts as 0. */
  function editor(root) {
    const box = make("fieldset", { class: "play-kernel" }, make("legend", {}, "Weights of the kernel"));
    const inputs = Array.from({ length: 9 }, (_, n) => make("input", { type: "number", step: 0.1,
      "aria-label": `row ${Math.floor(n / 3) + 1}, column ${(n % 3) + 1}` }));
    box.append(...inputs);
    root.append(box);
    const set = (kernel) => inputs.forEach((input, n) => { input.value = kernel[Math.floor(n / 3)][n % 3]; });
    set(Object.values(KERNELS)[0]);
    return {
      set,
      get value() {
        const w = inputs.map((input) => Number(input.value) || 0);
        return [w.slice(0, 3), w.slice(3, 6), w.slice(6)];
      },
      changed: (call) => inputs.forEach((input) => input.addEventListener("input", call)),
    };
  }

  torchbookPlay.figure("convolution", { convolve, unpack, KERNELS, start });
})();
