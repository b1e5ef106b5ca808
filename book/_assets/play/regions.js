/* What networks made of sixty points, for each dropout and weight decay: page "Dropout".
   They were trained beforehand (book/_tools/play_data.py); here they are only shown. */
"use strict";

(() => {
  const { draw, num, count, plane, slider, row, teller } = torchbookPlay;
  const CUT = 4.5; // digits are ninths: above this a square is of class 1

  /** Numbers (cells, cells) of a frame, the first row the lowest. */
  const unpack = (frame, cells) =>
    Array.from({ length: cells }, (_, n) => Array.from(frame.slice(n * cells, (n + 1) * cells), Number));

  function start(root, data) {
    const [x0, x1, y0, y1] = data.limits, n = data.cells;
    const p = plane(root, { x: [x0, x1], y: [y0, y1], height: 320, xlabel: "x\u2081", ylabel: "x\u2082",
      label: "Regions of two classes, as a network sees them, and its training points" });
    const area = p.layer({ class: "play-pixels" }), border = p.layer(), dots = p.layer();
    data.points.forEach(([a, b, k]) => dots.append(k
      ? draw("rect", { x: p.px(a) - 4, y: p.py(b) - 4, width: 8, height: 8, class: "play-one" })
      : draw("circle", { cx: p.px(a), cy: p.py(b), r: 4.2, class: "play-zero" })));
    const controls = row(root), say = teller(root);
    const dial = (label, values) => slider(controls, { label, min: 0, max: values.length - 1, step: 1, value: 0,
      show: (k) => String(values[k]) }, redraw);
    const drop = dial("Dropout", data.dropouts), decay = dial("Weight decay", data.decays);
    const w = p.width / n, h = p.height / n;
    const at = (i, j) => `M${(j * w).toFixed(1)} ${(p.height - (i + 1) * h).toFixed(1)}`;

    function redraw() {
      const Z = unpack(data.frames[drop.value][decay.value], n);
      const tints = Array.from({ length: 10 }, () => "");
      let edges = "";
      Z.forEach((line, i) => {
        for (let j = 0, end; j < n; j = end) {
          for (end = j + 1; end < n && line[end] === line[j];) end++;
          tints[line[j]] += `${at(i, j)}h${((end - j) * w).toFixed(1)}v${h.toFixed(1)}h${((j - end) * w).toFixed(1)}z`;
        }
        line.forEach((v, j) => {
          if (j && v > CUT !== line[j - 1] > CUT) edges += `${at(i, j)}v${h.toFixed(1)}`;
          if (i && v > CUT !== Z[i - 1][j] > CUT) edges += `${at(i - 1, j)}h${w.toFixed(1)}`;
        });
      });
      area.replaceChildren(...tints.map((d, v) => draw("path", { d,
        class: v > CUT ? "play-one" : "play-zero", opacity: num(Math.abs(v - CUT) / 15) })));
      border.replaceChildren(draw("path", { d: edges, class: "play-line" }));
      const [train, other] = data.errors[drop.value][decay.value], N = data.points.length;
      say(`Dropout ${data.dropouts[drop.value]}, weight decay ${data.decays[decay.value]}: ` +
        `${count(Math.round(train * N), "mistake")} on the ${N} points it was trained on, ` +
        `${num(100 * other, 1)}% on 2,000 others.`);
    }
    redraw();
  }

  torchbookPlay.figure("regions", { unpack, start });
})();
